// The files of [tls] as a start would find them. Certificates are made here, so nothing expires.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createPrivateKey } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadSettings } from "../../../src/config/load.ts";
import { checkTlsFiles } from "../../../src/config/tls_files.ts";
import { selfSignedCertificate } from "../../support/certificate.ts";
import { problemLines } from "../../support/configuration.ts";

const DAY_MS = 86_400_000;
const one = selfSignedCertificate();
const other = selfSignedCertificate();
const key = createPrivateKey(one.key);
const encrypted = key.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "secret" });
const SEC1 = key.export({ format: "pem", type: "sec1" });
const derOf = (pem: string) => Buffer.from(pem.replaceAll(/-----.*-----|\s/g, ""), "base64");

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "simplelogs-tls-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function found(cert: string | Buffer, keyText: string | Buffer, now = Date.now()): Promise<string[]> {
  const paths = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  writeFileSync(paths.cert, cert);
  writeFileSync(paths.key, keyText, { mode: 0o600 });
  const { problems, warnings } = await checkTlsFiles(paths, now);
  const lines = [...problems, ...warnings.map(({ name, message }) => ({ name, message: `warning: ${message}` }))];
  return lines.map(({ name, message }) => `${name}: ${message}`);
}

describe("nothing is found", () => {
  test.each([
    ["in a certificate and its key", one.cert, one.key],
    ["in files with text around", `subject=x\n${one.cert}\n# end\n`, `\r\n${one.key}`],
    ["in a key in the older form", one.cert, SEC1],
    [
      "in a key after its parameters",
      one.cert,
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${SEC1}`,
    ],
    ["in lines that end as on Windows", one.cert.replaceAll("\n", "\r\n"), one.key.replaceAll("\n", "\r\n")],
  ])("%s", async (_, cert, keyText) => {
    expect(await found(cert, keyText)).toEqual([]);
  });
});

describe("a problem is", () => {
  test.each<[string, string | Buffer, string | Buffer, string[]]>([
    ["another key's certificate", one.cert, other.key, ["cert: it is the certificate of another key than tls.key"]],
    ["a certificate in DER", derOf(one.cert), one.key, ["cert: expected PEM, not DER (openssl x509"]],
    ["a key in DER", one.cert, derOf(one.key), ["key: expected PEM, not DER (openssl pkey"]],
    ["an encrypted key", one.cert, encrypted, ["key: expected a key without a passphrase"]],
    [
      "an encrypted key in the older form",
      one.cert,
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
      ["key: expected a key without a passphrase"],
    ],
    ["empty files", "", " \n", ["cert: expected PEM, but it is empty", "key: expected PEM, but it is empty"]],
    [
      "empty PEM",
      "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
      "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
      ["cert: certificate 1 in it cannot be read", "key: the private key in it cannot be read"],
    ],
    [
      "any other text",
      "hello",
      "hello",
      ["cert: expected a certificate in PEM; there is no", "key: expected a private key"],
    ],
    ["a damaged certificate", one.cert.replace(/\n.{20}/, "\nAAAAAAAAAAAAAAAAAAAA"), one.key, ["cert: certificate 1"]],
    ["a cut certificate", one.cert.slice(0, -40), one.key, ["cert: expected a certificate in PEM"]],
    [
      "exchanged files",
      one.key,
      one.cert,
      ["cert: expected a certificate in PEM; it holds a key", "key: expected a private"],
    ],
    [
      "a chain whose own certificate is not first",
      other.cert + one.cert,
      one.key,
      ["cert: the key's own certificate is number 2"],
    ],
    [
      "a public key",
      one.cert,
      "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n",
      ["key: expected a private key"],
    ],
    ["a file of another kind", Buffer.alloc(2 ** 20 + 1), one.key, ["cert: expected at most"]],
  ])("%s", async (_, cert, keyText, says) => {
    expect(await found(cert, keyText)).toEqual(says.map((text) => expect.stringContaining(text)));
  });

  test("a file that is not there, or is a folder", async () => {
    const paths = { cert: join(folder, "none.pem"), key: folder };
    const { problems } = await checkTlsFiles(paths, Date.now());
    expect(problems.map(({ message }) => message)).toEqual([
      `cannot read ${JSON.stringify(paths.cert)}: there is no such file`,
      `expected a file, not a folder: ${JSON.stringify(folder)}`,
    ]);
  });

  test("reported with every other problem, and shows nothing of the key", async () => {
    const file = join(folder, "simplelogs.toml");
    writeFileSync(file, '[tls]\ncert = "cert.pem"\nkey = "key.pem"\n[queue]\nbytes = "lots"\n');
    await found(one.cert, other.key);
    const lines = problemLines(await loadSettings(file, {}));
    expect(lines).toEqual([
      expect.stringMatching(/^2: tls\.cert: it is the/),
      expect.stringMatching(/^5: queue\.bytes/),
    ]);
    expect(lines.join("")).not.toContain("MI");
  });
});

describe("a warning is", () => {
  test("a certificate that has expired", async () => {
    expect(await found(one.cert, one.key, Date.now() + 3 * DAY_MS)).toEqual([
      expect.stringMatching(/^cert: warning: the certificate has expired: \d{4}-\d\d-\d\d$/),
    ]);
  });

  test("a chain whose next certificate did not issue the one before", async () => {
    const { cert } = selfSignedCertificate("somebody else");
    expect(await found(one.cert + cert, one.key)).toEqual([
      "cert: warning: certificate 2 of the chain did not issue number 1: clients may refuse it",
    ]);
  });

  test("a key that every user of the machine can read", async () => {
    const paths = { cert: join(folder, "cert.pem"), key: join(folder, "open.pem") };
    await found(one.cert, one.key);
    writeFileSync(paths.key, one.key);
    chmodSync(paths.key, 0o644);
    expect((await checkTlsFiles(paths, Date.now())).warnings).toEqual([
      { name: "key", message: "every user of this machine can read it (mode 0644): run chmod 600" },
    ]);
  });

  test("one that is not valid yet", async () => {
    expect(await found(one.cert, one.key, Date.now() - 3 * DAY_MS)).toEqual([
      expect.stringContaining("cert: warning: the certificate is valid only from"),
    ]);
  });
});
