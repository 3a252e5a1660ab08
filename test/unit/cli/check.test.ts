// What would keep `serve` from starting, as `check` finds it.

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { checkStart } from "../../../src/cli/check.ts";
import { loadSettings } from "../../../src/config/load.ts";
import { lockData } from "../../../src/store/lock.ts";
import { FORMAT_VERSION } from "../../../src/store/schema.ts";
import { withFolder } from "../../support/folder.ts";

async function found(folder: string, text: string) {
  const file = join(folder, "simplelogs.toml");
  writeFileSync(file, text, { mode: 0o600 });
  const result = await loadSettings(file, {});
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const { problems, holder } = await checkStart(result.settings);
  return { lines: problems.map(({ line, message }) => `${line}: ${message}`), holder };
}

/** A database with these two numbers in its header. */
function makeDatabase(file: string, version: number, application: number): void {
  const database = new Database(file, { create: true });
  database.run(`PRAGMA user_version = ${version}`);
  database.run(`PRAGMA application_id = ${application}`);
  database.run("CREATE TABLE t (x)");
  database.close();
}

const OURS = 0x534c6f67;

describe("no problem keeps a server from starting", () => {
  test("in an empty folder, and nothing is made in it", () =>
    withFolder(async (folder) => {
      expect(await found(folder, "port = 0\n")).toEqual({ lines: [], holder: undefined });
      expect(readdirSync(folder)).toEqual(["simplelogs.toml"]);
    }));

  test.each([1, FORMAT_VERSION])("on a data file of format %d", (version) =>
    withFolder(async (folder) => {
      makeDatabase(join(folder, "simplelogs.db"), version, OURS);
      expect((await found(folder, "port = 0\n")).lines).toEqual([]);
    }),
  );

  test("where a server runs on it already: neither that server nor its port is a problem", () =>
    withFolder(async (folder) => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const lock = lockData(join(folder, "simplelogs.db"));
      try {
        const { port } = server.address() as AddressInfo;
        expect(await found(folder, `port = ${port}\n`)).toEqual({
          lines: [],
          holder: `process ${process.pid} runs on it`,
        });
      } finally {
        lock.release();
        server.close();
      }
    }));
});

describe("a start would fail", () => {
  const cases: [string, (folder: string) => void, string, string][] = [
    ["in a folder that is not there", () => {}, 'port = 0\ndata = "none/x.db"', "2: data: cannot use"],
    ["on a folder", (folder) => mkdirSync(join(folder, "x.db")), 'data = "x.db"\nport = 0', "1: data: cannot use"],
    ["below a file", (folder) => writeFileSync(join(folder, "x"), ""), 'data = "x/y.db"\nport = 0', "is not a folder"],
    [
      "on a file of another kind",
      (folder) => writeFileSync(join(folder, "x.db"), "hello ".repeat(50)),
      'data = "x.db"\nport = 0',
      "it is not a data file of simplelogs",
    ],
    [
      "on a database of another program",
      (folder) => makeDatabase(join(folder, "x.db"), 3, 7),
      'data = "x.db"\nport = 0',
      "it is a database of another program",
    ],
    [
      "on a data file of a newer version",
      (folder) => makeDatabase(join(folder, "x.db"), FORMAT_VERSION + 1, OURS),
      'data = "x.db"\nport = 0',
      `it has format ${FORMAT_VERSION + 1}`,
    ],
    [
      "on a log without its data file",
      (folder) => writeFileSync(join(folder, "x.db-wal"), "x"),
      'data = "x.db"\nport = 0',
      "put the data file back",
    ],
    [
      "on an address of another machine",
      () => {},
      'port = 0\nhost = "192.0.2.1"',
      '2: host: cannot listen on "192.0.2.1"',
    ],
    ["on a name that nobody has", () => {}, 'port = 0\nhost = "nobody.invalid"', "2: host: cannot listen on"],
  ];
  test.each(cases)("%s", (_, prepare, text, says) =>
    withFolder(async (folder) => {
      prepare(folder);
      expect((await found(folder, text)).lines).toEqual([expect.stringContaining(says)]);
    }),
  );

  test("on a port that another program uses", () =>
    withFolder(async (folder) => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      const { lines } = await found(folder, `port = ${port}\ndata = "none/x.db"\n`);
      server.close();
      expect(lines).toEqual([
        `1: port: something else listens on 127.0.0.1 port ${port}; choose another`,
        expect.stringContaining("2: data: cannot use"),
      ]);
    }));
});
