// Files that --data names: read whole, and left as they are.

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ingester } from "../../src/ingest/ingester.ts";
import { FORMAT_STEPS } from "../../src/store/schema.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { readingAt } from "../support/clock_reading.ts";
import { runLine } from "../support/command_line.ts";
import { withFolder } from "../support/folder.ts";
import { groupOf, NOW, recordOf } from "../support/groups.ts";

const YEAR_MS = 365 * 86_400_000;

function commit(store: StoreWriter, ...ids: readonly number[]): void {
  const message = (id: number) => ({ message: `message ${id}`, time: NOW - YEAR_MS, receivedAt: NOW - YEAR_MS });
  for (const id of ids) store.commit(groupOf("shop", [recordOf(id, message(id))]));
}

/** A closed file with records that are a year old. */
function makeFile(file: string, ...ids: readonly number[]): void {
  const store = new StoreWriter(file, "write", "run");
  commit(store, ...ids);
  store.close();
}

/** A file and its log as a server leaves them that is killed: the second record is in the log alone. */
function makeCrashed(file: string): void {
  const work = `${file}.work`;
  makeFile(work, 1);
  const store = new StoreWriter(work, "write", "run");
  commit(store, 2);
  copyFileSync(work, file);
  copyFileSync(`${work}-wal`, `${file}-wal`);
  store.close();
}

function makeFormat3(file: string): void {
  makeFile(file, 1);
  const database = new Database(file);
  const later = FORMAT_STEPS.slice(2).join("");
  for (const [, table] of later.matchAll(/CREATE TABLE (\w+)/g)) database.run(`DROP TABLE ${table}`);
  database.run("PRAGMA user_version = 3");
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
}

/** What lies in a folder, byte for byte; not SQLite's shared memory, which is no data. */
function stateOf(folder: string): unknown {
  return readdirSync(folder)
    .filter((name) => !name.endsWith("-shm") && statSync(join(folder, name)).size > 0)
    .toSorted()
    .map((name) => [
      name,
      statSync(join(folder, name)).isFile() &&
        createHash("sha256")
          .update(readFileSync(join(folder, name)))
          .digest("hex"),
    ]);
}

async function messagesIn(file: string): Promise<unknown[]> {
  const { exitCode, out, err } = await runLine(["query", "--data", file, "--json"], { cwd: tmpdir() });
  expect([exitCode, err]).toEqual([0, ""]);
  return out.split("\n").flatMap((line) => (line === "" ? [] : [(JSON.parse(line) as { message: string }).message]));
}

function privateCopies(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith("simplelogs-read-"));
}

function mustRun(program: string, ...line: string[]): void {
  const { status, stderr } = spawnSync(program, line, { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
}

/** Every command that only reads. */
const READING = [
  ["query"],
  ["timings"],
  ["usage"],
  ["export"],
  ["export", "--format", "csv"],
  ["doctor"],
  ["erase", "--project", "shop", "--dry-run"],
] as const;

describe("a named data file", () => {
  test("is read completely, however old its records are, without a configuration", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "monday.db");
      makeFile(file, 1, 2);
      writeFileSync(join(folder, "simplelogs.toml"), "this is no configuration");
      const before = stateOf(folder);
      for (const line of READING) {
        const { exitCode, err } = await runLine([...line, "--data", "monday.db"], { cwd: folder });
        expect([line, exitCode, line[0] === "erase" ? "" : err]).toEqual([line, 0, ""]);
      }
      expect(await messagesIn(file)).toEqual(["message 1", "message 2"]);
      const usage = JSON.parse((await runLine(["usage", "--data", file, "--json"])).out) as { storage: unknown };
      expect(usage.storage).toMatchObject([{ records: 2, retentionMs: null, oldest: NOW - YEAR_MS }]);
      expect((await runLine(["usage", "--data", file])).out).toContain("  -  20");
      expect(stateOf(folder)).toEqual(before);
    });
  });

  test("of the previous format is read and copied without an upgrade", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "old.db");
      makeFormat3(file);
      const before = stateOf(folder);
      for (const line of READING) {
        const { exitCode, err } = await runLine([...line, "--data", file], { cwd: tmpdir() });
        expect([line, exitCode, line[0] === "erase" ? "" : err]).toEqual([line, 0, ""]);
      }
      expect(await messagesIn(file)).toEqual(["message 1"]);
      expect(stateOf(folder)).toEqual(before);
      const copy = join(folder, "copy.db");
      expect(await runLine(["backup", "--data", file, copy])).toMatchObject({ exitCode: 0, err: "" });
      expect(await messagesIn(copy)).toEqual(["message 1"]);
      new StoreWriter(copy, "write", "run").close();
      expect(await messagesIn(copy)).toEqual(["message 1"]);
    });
  });

  test("of a killed server is read with its log, and neither file is changed", async () => {
    await withFolder(async (folder) => {
      const inner = join(folder, "inner");
      mkdirSync(inner);
      const file = join(inner, "crashed.db");
      makeCrashed(join(folder, "made.db"));
      for (const suffix of ["", "-wal"]) copyFileSync(join(folder, `made.db${suffix}`), `${file}${suffix}`);
      const before = stateOf(inner);
      for (const line of READING) {
        const { exitCode } = await runLine([...line, "--data", file], { cwd: tmpdir() });
        expect([line, exitCode]).toEqual([line, 0]);
      }
      symlinkSync(file, join(folder, "link.db"));
      for (const name of [file, join(folder, "link.db")]) {
        expect(await messagesIn(name)).toEqual(["message 1", "message 2"]);
      }
      expect(await runLine(["backup", "--data", file, join(folder, "copy.db")])).toMatchObject({ exitCode: 0 });
      expect(await messagesIn(join(folder, "copy.db"))).toEqual(["message 1", "message 2"]);
      expect(stateOf(inner)).toEqual(before);
      expect(privateCopies()).toEqual([]);
    });
  });

  test("with groups in its redo log is read with them, from a private copy", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "behind.db");
      const store = new StoreWriter(file, "write", "run");
      const worker = new Ingester({
        state: store.restore(),
        pairing: { openMax: 100, openBytesMax: 1e7, clientShare: 0.5, timeoutMs: 3_600_000, orphanGraceMs: 60_000 },
        requests: { windowMs: 600_000, requests: 1_000, clientShare: 0.5 },
        run: "run",
        rules: {
          keys: [],
          projects: {},
          defaultProject: { retentionMs: 1e12, monthlyEntries: undefined, overage: "continue" },
        },
        deadlinesFrom: 0,
        clock: readingAt(0),
      });
      const rules = { retentionMs: 1e12, overage: "continue" } as const;
      const body = { key: "", source: "server", entries: [{ message: "kept", timestamp: NOW }] };
      const text = JSON.stringify([1, 0, NOW, 10, "s", body]);
      const keys = [{ index: 0, project: "shop", name: "web shop", type: "server", rules } as const];
      expect([store.appendToRedoLog({ lastBatch: 1, keys, text }), worker.counts().received]).toEqual([true, 0]);
      store.close();
      const before = stateOf(folder);
      expect(await messagesIn(file)).toEqual(["kept"]);
      expect(stateOf(folder)).toEqual(before);
      expect(privateCopies()).toEqual([]);
    });
  });

  test("in a read-only folder is read with and without a log, and no file is created", async () => {
    await withFolder(async (folder) => {
      const [made, still, work] = ["made", "still", "work"].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      for (const one of [made, still, work]) mkdirSync(one);
      const files = ["clean.db", "crashed.db", "old.db"];
      makeFile(join(work, "clean.db"), 1, 2);
      makeFormat3(join(work, "old.db"));
      makeCrashed(join(work, "crashed.db"));
      for (const name of [...files, "crashed.db-wal"]) copyFileSync(join(work, name), join(made, name));
      const before = stateOf(made);
      mustRun("mount", "--bind", made, still);
      try {
        mustRun("mount", "-o", "remount,bind,ro", still);
        for (const name of files) {
          const file = join(still, name);
          for (const line of READING) {
            const { exitCode, err } = await runLine([...line, "--data", file], { cwd: work });
            expect([line, name, exitCode, line[0] === "erase" ? "" : err]).toEqual([line, name, 0, ""]);
          }
          const copy = join(work, `copy of ${name}`);
          expect(await runLine(["backup", "--data", file, copy])).toMatchObject({ exitCode: 0, err: "" });
          const messages = name === "old.db" ? ["message 1"] : ["message 1", "message 2"];
          expect([await messagesIn(file), await messagesIn(copy)]).toEqual([messages, messages]);
        }
      } finally {
        mustRun("umount", "--lazy", still);
      }
      expect(stateOf(made)).toEqual(before);
      expect(privateCopies()).toEqual([]);
    });
  });
});

describe("a named data file is refused", () => {
  test.each([
    [["query", "--data", "none.db"]],
    [["export", "--data", "none.db"]],
    [["backup", "--data", "none.db", "copy.db"]],
  ])("when it is missing: %j", async (line) => {
    await withFolder(async (folder) => {
      const { exitCode, err } = await runLine(line, { cwd: folder });
      expect([exitCode, err]).toEqual([1, expect.stringContaining("there is no such file")]);
      expect(readdirSync(folder)).toEqual([]);
    });
  });

  test("when its format is older than the previous one", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "old.db");
      makeFile(file, 1);
      const database = new Database(file);
      database.run("PRAGMA user_version = 2");
      database.close();
      expect((await runLine(["query", "--data", file])).err).toContain("it has the older format 2");
    });
  });
});
