// The first five minutes: an empty folder, one command, and the curl line that it prints works as it stands.

import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { untilTrue } from "../support/condition.ts";
import { EXECUTABLE, run } from "../support/run.ts";
import { configText, type TestServer, withServer, withStoppedServer } from "../support/server.ts";

function curlLine(text: string): string {
  const line = text.split("\n").find((one) => one.startsWith("curl "));
  if (line === undefined) throw new Error(`no curl line in:\n${text}`);
  return line;
}

/** Starts the executable in its empty folder, and waits for the line that it prints last. */
async function startFirst(server: TestServer, ...commandLine: string[]): Promise<string> {
  expect(readdirSync(server.folder)).toEqual([]);
  await server.startAs(...commandLine);
  await untilTrue("a curl line is printed", () => /^curl .*\n/m.test(server.stdout));
  return curlLine(server.stdout);
}

describe("in an empty folder", () => {
  test.each([[["serve", "--port", "0"]], [["--port", "0"]]])(
    "simplelogs %p prints a curl line that stores an entry unchanged",
    (commandLine) =>
      withStoppedServer(undefined, async (server) => {
        const line = await startFirst(server, ...commandLine);
        const { exitCode, stdout } = await run("bash", ["-c", line]);
        expect({ exitCode, answer: JSON.parse(stdout) }).toEqual({ exitCode: 0, answer: { queued: true } });
        const records = await server.export();
        expect(
          records.map(({ id, project, apiKey, touchpoint, message, level, metadata }) => ({
            id,
            project,
            apiKey,
            touchpoint,
            message,
            level,
            metadata,
          })),
        ).toEqual([
          {
            id: 1,
            project: "default",
            apiKey: "default",
            touchpoint: "api/orders/submit",
            message: "Order placed",
            level: "info",
            metadata: { orderId: "ord_123" },
          },
        ]);
        expect(Math.abs((records[0]?.time ?? 0) - Date.now())).toBeLessThan(60_000);
      }),
  );

  test("only the owner can read files with secrets or data, and the next start shows no key", () =>
    withStoppedServer(undefined, async (server) => {
      await startFirst(server, "--port", "0");
      const files = readdirSync(server.folder);
      expect(files).toContain("simplelogs.toml");
      expect(statSync(server.configFile).mode & 0o777).toBe(0o600);
      const keys =
        readFileSync(server.configFile, "utf8")
          .match(/"[sc]k_[^"]+"/g)
          ?.map((key) => key.slice(1, -1)) ?? [];
      expect(keys).toHaveLength(2);
      for (const key of keys) expect(server.stdout).toContain(key);
      expect(await server.stop()).toBe(0);
      const shownBefore = server.stdout.length;
      await server.startAs("--port", "0");
      for (const key of keys) expect(server.stdout.slice(shownBefore) + server.stderr).not.toContain(key);
    }));

  test("init makes a configuration that check accepts, that serve runs with, and whose curl line names its port", () =>
    withStoppedServer(undefined, async (server) => {
      const init = await server.command("init");
      expect(init.exitCode).toBe(0);
      expect(curlLine(init.stdout)).toContain("http://127.0.0.1:7070/api/v1/enqueue");
      const text = readFileSync(server.configFile, "utf8");
      expect(text).toMatch(/^port = 7070 /m);
      // Whether it can listen is looked at as well, and somebody may listen on the default port.
      server.writeConfig(text.replace("port = 7070", "port = 0"));
      const check = await server.command("check", "--json");
      expect(check.exitCode).toBe(0);
      expect(JSON.parse(check.stdout)).toMatchObject({
        ok: true,
        warnings: [],
        port: 0,
        durability: "sync",
        tls: false,
      });
      await server.start();
      const line = curlLine(init.stdout).replace("http://127.0.0.1:7070", server.url);
      expect((await run("bash", ["-c", line])).stdout).toBe('{"queued":true}');
    }));
});

describe("the command line overrides the file:", () => {
  test("--host, --port and --data", () =>
    withStoppedServer(configText(), async (server) => {
      mkdirSync(join(server.folder, "elsewhere"));
      await server.start("--host", "::1", "--port", "0", "--data", "elsewhere/other.db");
      expect(server.url).toStartWith("http://[::1]:");
      await server.send([{ message: "here" }]);
      expect(readdirSync(join(server.folder, "elsewhere"))).toContain("other.db");
      expect((await server.export("--data", "elsewhere/other.db")).map((record) => record.message)).toEqual(["here"]);
      expect(readdirSync(server.folder)).not.toContain("simplelogs.db");
    }));
});

describe("serve refuses", () => {
  test("a faulty configuration with exit code 2, and lists every problem with its line", () =>
    withStoppedServer('port = "x"\nmax_entires = 5\n[[keys]]\nname = "a"\n', async (server) => {
      const { exitCode, stderr } = await server.command("serve");
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/simplelogs\.toml:1: .*port/);
      expect(stderr).toMatch(/simplelogs\.toml:2: .*max_entires.*max_entries/);
      expect(stderr).toMatch(/simplelogs\.toml:[34]: .*name/);
      expect(readdirSync(server.folder)).toEqual(["simplelogs.toml"]);
    }));

  test("a port in use with exit code 1, and the running server still answers", () =>
    withServer(configText(), async (server) => {
      const port = new URL(server.url).port;
      const { exitCode, stderr } = await server.command("serve", "--port", port, "--data", "second.db");
      expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining(`port ${port}`) });
      await server.send([{ message: "still here" }]);
    }));

  test("a folder as the named configuration file", () =>
    withStoppedServer(undefined, async (server) => {
      const { exitCode, stderr } = await run(EXECUTABLE, ["serve", "--config", "."], { cwd: server.folder });
      expect(exitCode).toBe(2);
      expect(stderr).not.toContain("    at ");
      writeFileSync(join(server.folder, "empty.toml"), "");
      expect((await server.command("check", "--config", "empty.toml")).exitCode).toBe(0);
    }));
});
