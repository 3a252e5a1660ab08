// HTTPS with a certificate of one's own: clients that trust it are served, plain HTTP on that port is not.

import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { selfSignedCertificate } from "../support/certificate.ts";
import { exampleText } from "../support/examples.ts";
import { run } from "../support/run.ts";
import { configText, SERVER_KEY, type TestServer, withStoppedServer } from "../support/server.ts";

const CONFIG = configText({ tables: '[tls]\ncert = "cert.pem"\nkey = "key.pem"' });

/** Runs the specification's curl example; a name in `trusted` is a certificate's file that curl believes. */
async function runExample(server: TestServer, url: string, trusted?: string) {
  const environment = { ...(process.env as Record<string, string>) };
  if (trusted !== undefined) environment["CURL_CA_BUNDLE"] = join(server.folder, trusted);
  const { exitCode, stdout } = await run("bash", ["-c", exampleText("curl", url, SERVER_KEY)], { environment });
  return { exitCode, stdout };
}

function withCertificate(work: (server: TestServer) => Promise<void>): Promise<void> {
  return withStoppedServer(CONFIG, async (server) => {
    const { cert, key } = selfSignedCertificate();
    writeFileSync(join(server.folder, "cert.pem"), cert);
    writeFileSync(join(server.folder, "key.pem"), key, { mode: 0o600 });
    await work(server);
  });
}

describe("with [tls], the server", () => {
  test("accepts batches over HTTPS from clients that trust its certificate, and from no others", () =>
    withCertificate(async (server) => {
      await server.start();
      expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
      const accepted = { exitCode: 0, stdout: '{"queued":true}' };
      expect(await runExample(server, server.url, "cert.pem")).toEqual(accepted);
      expect(await runExample(server, server.url.replace("127.0.0.1", "localhost"), "cert.pem")).toEqual(accepted);
      // 60: the certificate cannot be verified.
      expect(await runExample(server, server.url)).toEqual({ exitCode: 60, stdout: "" });
      const plain = await runExample(server, server.url.replace("https", "http"));
      expect(plain.stdout).not.toContain("queued");
      // Within one second both are the same request, and then stored once.
      expect(new Set((await server.export()).map((record) => record.message))).toEqual(new Set(["Order placed"]));
      expect(await server.stop()).toBe(0);
    }));

  test("is reported as serving TLS by check", () =>
    withCertificate(async (server) => {
      const { exitCode, stdout } = await server.command("check", "--json");
      expect({ exitCode, tls: (JSON.parse(stdout) as { tls: boolean }).tls }).toEqual({ exitCode: 0, tls: true });
    }));
});

describe("serve refuses [tls]", () => {
  const cases: readonly (readonly [what: string, damage: (server: TestServer) => void, says: RegExp])[] = [
    ["without its files", () => undefined, /cert\.pem/],
    [
      "with a certificate that is none",
      (server) => {
        for (const name of ["cert.pem", "key.pem"]) writeFileSync(join(server.folder, name), "nothing of the kind\n");
      },
      /cert|key|PEM|TLS/i,
    ],
    [
      "with another certificate's key",
      (server) => {
        writeFileSync(join(server.folder, "cert.pem"), selfSignedCertificate().cert);
        writeFileSync(join(server.folder, "key.pem"), selfSignedCertificate().key);
      },
      /key/i,
    ],
  ];
  test.each(cases)("%s, and names the reason", (_, damage, says) =>
    withStoppedServer(CONFIG, async (server) => {
      damage(server);
      const { exitCode, stdout, stderr } = await server.command("serve");
      expect([1, 2]).toContain(exitCode as number);
      expect(stdout).toBe("");
      expect(stderr).toMatch(says);
      expect(stderr).not.toMatch(/\n +at /);
    }),
  );
});
