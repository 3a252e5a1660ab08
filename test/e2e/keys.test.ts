// Keys that are made and revoked by the command line work, and stop working, on the server that runs, without a
// restart.

import { describe, expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { eventually } from "../support/eventually.ts";
import { CLIENT_KEY, configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";

interface Created {
  readonly name: string;
  readonly project: string;
  readonly server: string;
  readonly client: string;
}

const ORIGIN = "https://shop.example.com";

async function create(server: TestServer, ...commandLine: string[]): Promise<Created> {
  const { exitCode, stdout } = await server.command("keys", "create", ...commandLine, "--json");
  expect(exitCode).toBe(0);
  return JSON.parse(stdout) as Created;
}

async function statusOf(server: TestServer, key: string, source: string, origin?: string): Promise<number> {
  const headers: Record<string, string> = origin === undefined ? {} : { origin };
  return (await server.post({ key, source, entries: [{ message: `by ${source}` }] }, headers)).status;
}

describe("keys create, while the server runs,", () => {
  test.each([[[]], [["--hashed"]]])(
    "adds a pair (%p) that is accepted at once, for its project and origins",
    (options: string[]) =>
      withServer(configText(), async (server) => {
        const { pid } = server;
        const pair = await create(server, "web shop", "--project", "shop", "--origin", ORIGIN, ...options);
        await eventually("the new key works", async () => (await statusOf(server, pair.server, "server")) === 202);
        expect(await statusOf(server, pair.client, "client", ORIGIN)).toBe(202);
        expect(await statusOf(server, pair.client, "client", "https://other.example.com")).toBe(403);
        expect(await statusOf(server, pair.client, "client")).toBe(403);
        expect(await statusOf(server, pair.server, "client", ORIGIN)).toBe(401);
        const records = await server.export("--project", "shop");
        expect(records.map(({ apiKey, source }) => [apiKey, source])).toEqual([
          ["web shop", "server"],
          ["web shop", "client"],
        ]);
        expect(server.pid).toBe(pid);
        expect(readFileSync(server.configFile, "utf8").includes(pair.server)).toBe(options.length === 0);
        expect(statSync(server.configFile).mode & 0o777).toBe(0o600);
        expect(server.stderr).not.toContain(pair.server);
      }),
  );

  test("changes no existing line of the file", () =>
    withServer(`# a comment of mine\n${configText()}# the end\n`, async (server) => {
      const before = readFileSync(server.configFile, "utf8");
      await create(server, "another");
      const after = readFileSync(server.configFile, "utf8").split("\n");
      expect(before.split("\n").filter((line) => !after.includes(line))).toEqual([]);
      expect(after[0]).toBe("# a comment of mine");
    }));
});

describe("keys revoke, while the server runs,", () => {
  test("revokes both keys of the pair and no others, and their records stay", () =>
    withServer(configText({ pair: `origins = ["${ORIGIN}"]` }), async (server) => {
      const other = await create(server, "other");
      await eventually("the new key works", async () => (await statusOf(server, other.server, "server")) === 202);
      expect(await statusOf(server, SERVER_KEY, "server")).toBe(202);
      expect((await server.command("keys", "revoke", "test")).exitCode).toBe(0);
      await eventually("the key is refused", async () => (await statusOf(server, SERVER_KEY, "server")) === 401);
      expect(await statusOf(server, CLIENT_KEY, "client", ORIGIN)).toBe(401);
      expect(await statusOf(server, other.server, "server")).toBe(202);
      const names = (await server.export()).map((record) => record.apiKey);
      expect(names.filter((name) => name === "test").length).toBeGreaterThanOrEqual(1);
      // Twice is as good as once.
      expect((await server.command("keys", "revoke", "test")).exitCode).toBe(0);
    }));
});

describe("keys list", () => {
  test("shows every pair, keys masked, and which are revoked", () =>
    withServer(configText(), async (server) => {
      const other = await create(server, "other", "--project", "shop", "--origin", ORIGIN, "--rate", "500");
      await server.command("keys", "revoke", "test");
      const json = await server.command("keys", "list", "--json");
      expect(JSON.parse(json.stdout)).toMatchObject([
        { name: "test", project: "default", revoked: true, origins: ["http://localhost:3000"], rate: null },
        { name: "other", project: "shop", revoked: false, origins: [ORIGIN], rate: 500 },
      ]);
      const table = await server.command("keys", "list");
      expect(table.stdout.split("\n").map((line) => line.split(/ {2,}/)[0])).toEqual(["NAME", "test", "other", ""]);
      for (const key of [SERVER_KEY, CLIENT_KEY, other.server, other.client]) {
        expect(json.stdout + table.stdout).not.toContain(key);
      }
    }));
});
