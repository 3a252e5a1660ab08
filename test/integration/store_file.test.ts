import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { BlockReader } from "../../src/store/block_reader.ts";
import { openForReading, openForWriting, upgradeFormat } from "../../src/store/database.ts";
import { checkpointFully, cutFile, spaceUsed, vacuumStep } from "../../src/store/disk_space.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { withFolder } from "../support/folder.ts";

function modeOf(file: string): string {
  return (statSync(file).mode & 0o777).toString(8);
}

/** Runs a program in another process that is killed as it stands, without closing anything. */
async function dieAfter(program: string): Promise<void> {
  const child = Bun.spawn([process.execPath, "-e", `${program}\nprocess.kill(process.pid, "SIGKILL");`], {
    stderr: "pipe",
  });
  expect([await child.exited, await new Response(child.stderr).text()]).toEqual([137, ""]);
}

const writeModule = JSON.stringify(join(import.meta.dir, "../../src/store/database.ts"));

describe("free space", () => {
  test("is removed from the file at once, without waiting for a checkpoint", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const store = new StoreWriter(file, "write", "run");
      const { database } = store;
      for (let id = 1; id <= 20; id++) {
        database
          .query("INSERT INTO journal (id, received_at, kind, data) VALUES (?, 1, 'x', zeroblob(1000000))")
          .run(id);
      }
      checkpointFully(database);
      cutFile(database, file);
      const before = statSync(file).size;
      database.run("DELETE FROM journal");
      while (vacuumStep(database, 0)) continue;
      expect([before > 20_000_000, statSync(file).size]).toEqual([true, before]);
      cutFile(database, file);
      expect(statSync(file).size).toBeLessThan(1_000_000);
      store.close();
    });
  });
});

describe("the data file", () => {
  test("and the files beside it are created for this user alone, and an existing file keeps its mode", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const database = openForWriting(file, "sync");
      expect(["", "-wal", "-shm"].map((suffix) => modeOf(file + suffix))).toEqual(["600", "600", "600"]);
      database.close();
      chmodSync(file, 0o640);
      openForWriting(file, "sync").close();
      expect(modeOf(file)).toBe("640");
    });
  });

  test("is read with the log of a killed server", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "data.db");
      await dieAfter(`
        const { openForWriting } = await import(${writeModule});
        const database = openForWriting(${JSON.stringify(file)}, "sync");
        database.run("INSERT INTO projects (id, name) VALUES (1, 'shop')");`);
      expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
      const reader = new BlockReader(file);
      expect(reader.projects()).toEqual(["shop"]);
      reader.close();
      const again = new BlockReader(file);
      expect(again.projects()).toEqual(["shop"]);
      again.close();
    });
  });

  test("in another journal mode is set to WAL again when it is opened for writing", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      openForWriting(file, "sync").close();
      const other = new Database(file);
      expect(other.query("PRAGMA journal_mode = DELETE").values()).toEqual([["delete"]]);
      other.close();
      const database = openForWriting(file, "sync");
      expect(database.query("PRAGMA journal_mode").values()).toEqual([["wal"]]);
      database.close();
    });
  });

  test("whose creation was interrupted is created again", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "data.db");
      await Bun.write(file, "");
      expect(() => openForReading(file)).toThrow("it holds no data yet");
      openForWriting(file, "sync").close();
      openForReading(file).close();
    });
  });

  test("of an older format is upgraded in one transaction", () => {
    const database = new Database(":memory:");
    const steps = ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y", "ALTER TABLE a ADD COLUMN z"];
    const state = () => [
      Object.values(database.query("PRAGMA user_version").get() as object)[0],
      (database.query("SELECT name FROM pragma_table_info('a')").values() as string[][]).flat(),
    ];
    upgradeFormat(database, 1, steps.slice(0, 1));
    expect(state()).toEqual([2, ["x"]]);
    upgradeFormat(database, 2, steps);
    expect(state()).toEqual([4, ["x", "y", "z"]]);
    upgradeFormat(database, 4, steps);
    expect(state()).toEqual([4, ["x", "y", "z"]]);
    expect(() => upgradeFormat(database, 4, [...steps, "ALTER TABLE a ADD COLUMN w", "nonsense"])).toThrow("syntax");
    expect(state()).toEqual([4, ["x", "y", "z"]]);
    database.close();
  });
});

describe("space", () => {
  test("is freed in steps, down to the amount to keep", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const database = openForWriting(file, "write");
      database.run("CREATE TABLE t (x BLOB)");
      for (let row = 0; row < 8; row++) database.run("INSERT INTO t VALUES (randomblob(1000000))");
      const full = spaceUsed(database, file);
      database.run("DROP TABLE t");
      const { free, inUse } = spaceUsed(database, file);
      expect([free > 8_000_000, inUse < 1_000_000, full.inUse > 8_000_000]).toEqual([true, true, true]);
      let steps = 0;
      while (vacuumStep(database, 100)) steps++;
      expect([spaceUsed(database, file).free, steps]).toEqual([100 * 4_096, Math.ceil(free / 4_096 / 256) - 1]);
      while (vacuumStep(database, 0));
      checkpointFully(database);
      const left = spaceUsed(database, file);
      expect(left).toEqual({ free: 0, onDisk: left.inUse, inUse: left.inUse });
      expect(left.inUse).toBeLessThanOrEqual(inUse);
      database.close();
      expect(existsSync(file)).toBe(true);
    });
  });
});
