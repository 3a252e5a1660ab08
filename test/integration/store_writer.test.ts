import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { OperatingError } from "../../src/core/errors.ts";
import { DAY_MS } from "../../src/core/limits.ts";
import type { StoredRecord } from "../../src/core/record.ts";
import { exportLines } from "../../src/query/stream/export.ts";
import { BlockReader } from "../../src/store/block_reader.ts";
import { openForReading, openForWriting } from "../../src/store/database.ts";
import { lockData } from "../../src/store/lock.ts";
import { APPLICATION_ID, FORMAT_VERSION } from "../../src/store/schema.ts";
import { Maintenance } from "../../src/store/space/maintenance.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { readingAt } from "../support/clock_reading.ts";
import { withFolder } from "../support/folder.ts";
import { groupOf, mergeNow, NOTHING, recordOf } from "../support/groups.ts";

function record(id: number, time: number, message = `message ${id}`): StoredRecord {
  return recordOf(id, { time, receivedAt: time, message });
}

function exportIds(file: string, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY): number[] {
  const reader = new BlockReader(file);
  const filter = { project: undefined, from, to, expiredBefore: () => Number.NEGATIVE_INFINITY };
  const lineOf = (shown: { readonly id: number }) => String(shown.id);
  const onDamaged = (block: { readonly id: number }) => {
    throw new Error(`block ${block.id} is damaged`);
  };
  const ids = [...exportLines(reader, { filter, lineOf, onDamaged })].flat().map(Number);
  reader.close();
  return ids;
}

describe("a data file", () => {
  test("is opened with the pragmas that the durability levels promise", async () => {
    await withFolder((folder) => {
      for (const [durability, synchronous] of [
        ["sync", 2],
        ["write", 1],
        ["memory", 1],
      ] as const) {
        const database = openForWriting(join(folder, `${durability}.db`), durability);
        const pragma = (name: string) => Object.values(database.query(`PRAGMA ${name}`).get() as object)[0];
        expect([pragma("journal_mode"), pragma("synchronous"), pragma("auto_vacuum")]).toEqual(["wal", synchronous, 2]);
        expect([pragma("application_id"), pragma("user_version")]).toEqual([APPLICATION_ID, FORMAT_VERSION]);
        database.close();
      }
    });
  });

  test("returns the records of several projects in order of ids, also after a merge and a restart", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const store = new StoreWriter(file, "sync", "run");
      const time = 10 * DAY_MS;
      for (let id = 1; id <= 40; id++) store.commit(groupOf(id % 3 === 0 ? "b" : "a", [record(id, time + 40 - id)]));
      const ids = Array.from({ length: 40 }, (_, index) => index + 1);
      expect(exportIds(file)).toEqual(ids);
      while (mergeNow(store));
      expect([store.catalog.size, store.catalog.records]).toEqual([2, 40]);
      expect(exportIds(file)).toEqual(ids);
      expect(exportIds(file, time + 10, time + 12)).toEqual([29, 30]);
      store.close();
      const again = new StoreWriter(file, "sync", "run");
      expect([again.catalog.size, again.catalog.records, again.restore().nextRecordId]).toEqual([2, 40, 41]);
      again.close();
    });
  });

  test("never merges across a UTC day", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const store = new StoreWriter(file, "sync", "run");
      for (let id = 1; id <= 8; id++) store.commit(groupOf("a", [record(id, (id % 2) * DAY_MS + id)]));
      while (mergeNow(store));
      expect([...store.catalog.all()].map((block) => [block.day, block.records])).toEqual([
        [1, 4],
        [0, 4],
      ]);
      store.close();
    });
  });

  test("returns the last batch of this run of the process, and none of another", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const store = new StoreWriter(file, "sync", "run 1");
      store.commit({ ...NOTHING, lastBatch: 17 });
      store.close();
      for (const [run, expected] of [
        ["run 1", 17],
        ["run 2", 0],
      ] as const) {
        const again = new StoreWriter(file, "sync", run);
        expect(again.lastBatch()).toBe(expected);
        again.close();
      }
    });
  });

  test("keeps pending timings, the state log, usage and touchpoints for the next start", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const store = new StoreWriter(file, "sync", "run");
      const usage = [{ project: "a", month: "2026-11", name: "received", value: 3 }];
      const data = Uint8Array.of(1, 2, 3);
      const pendingAdded = [
        { id: 1, item: "one" },
        { id: 2, item: "two" },
      ];
      const touchpoints = [{ project: "a", name: "x/y", firstSeen: 5, change: "server" as const }];
      const stateChanges = [{ kind: "dedupe", receivedAt: 10, data }];
      store.commit({ ...NOTHING, usage, pendingAdded, touchpoints, stateChanges });
      store.commit({ ...NOTHING, pendingRemoved: [1] });
      const restored = store.restore();
      expect(restored.pending).toEqual([{ id: 2, item: "two" }]);
      expect(restored.usage).toEqual(usage);
      expect(restored.touchpoints).toEqual([{ project: "a", name: "x/y" }]);
      expect(restored.stateLog).toEqual([{ kind: "dedupe", receivedAt: 10, data }]);
      store.pruneStateLog("dedupe", 11);
      expect(store.restore().stateLog).toEqual([]);
      store.close();
    });
  });

  test("stores the key type of a touchpoint, and removes it with the name", async () => {
    await withFolder((folder) => {
      const store = new StoreWriter(join(folder, "data.db"), "write", "run");
      const note = (name: string, change: "client" | "server" | "removed") => ({
        project: "a",
        name,
        firstSeen: 5,
        change,
      });
      store.commit({
        ...NOTHING,
        touchpoints: [note("x", "client"), note("y", "client"), note("z", "server"), note("w", "client")],
      });
      store.commit({ ...NOTHING, touchpoints: [note("y", "server"), note("w", "removed"), note("z", "server")] });
      const listed = () => store.restore().touchpoints.map(({ name, isClientOnly }) => [name, isClientOnly === true]);
      expect(listed()).toEqual([
        ["x", true],
        ["y", false],
        ["z", false],
      ]);
      store.changeTouchpoint({ kind: "register_touchpoint", project: "a", name: "x" }, 9);
      expect(listed()).toContainEqual(["x", false]);
      store.commit({ ...NOTHING, touchpoints: [note("v", "client")] });
      store.changeTouchpoint({ kind: "rename_touchpoint", project: "a", name: "v", to: "u" }, 9);
      const clients = store.database.query("SELECT count(*) FROM client_touchpoints").values();
      expect([listed().map(([name]) => name), clients]).toEqual([["u", "x", "y", "z"], [[0]]]);
      store.close();
    });
  });

  test("keeps the latest batches that were set aside, up to a limit of bytes, but at least one", async () => {
    await withFolder((folder) => {
      const store = new StoreWriter(join(folder, "data.db"), "write", "run");
      const aside = (size: number, receivedAt: number) => {
        const setAside = { project: "a", apiKey: "k", receivedAt, entryCount: 1, body: "é".repeat(size / 2) };
        store.commit({ ...NOTHING, setAside });
      };
      const kept = () => store.database.query("SELECT received_at FROM set_aside ORDER BY id").values().flat();
      for (let at = 1; at <= 6; at++) aside(5_000_000, at);
      expect(kept()).toEqual([4, 5, 6]);
      aside(40_000_000, 7);
      expect(kept()).toEqual([7]);
      aside(10, 8);
      expect(kept()).toEqual([8]);
      store.close();
    });
  });

  test("keeps the latest thousand rejections a project", async () => {
    await withFolder((folder) => {
      const store = new StoreWriter(join(folder, "data.db"), "write", "run");
      const rejection = { apiKey: "k", receivedAt: 1, reason: "empty", entry: "{}" } as const;
      const many = (project: string, count: number) => Array.from({ length: count }, () => ({ ...rejection, project }));
      store.commit({ ...NOTHING, rejections: [...many("a", 1_500), ...many("b", 3)] });
      store.commit({ ...NOTHING, rejections: many("a", 10) });
      const counts = store.database.query(
        "SELECT project, count(*) AS count, max(id) AS last FROM rejections GROUP BY project",
      );
      expect(counts.all()).toEqual([
        { project: 1, count: 1_000, last: 1_513 },
        { project: 2, count: 3, last: 1_503 },
      ]);
      store.close();
    });
  });
});

describe("retention", () => {
  test("removes expired blocks, frees their space, and never reuses an id", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const store = new StoreWriter(file, "sync", "run");
      let now = 100 * DAY_MS;
      const noise = () => Buffer.from(crypto.getRandomValues(new Uint8Array(30_000))).toString("base64");
      for (let id = 1; id <= 400; id++)
        store.commit(groupOf("a", [record(id, now - (id <= 300 ? 5 : 0) * DAY_MS, noise())]));
      const maintenance = new Maintenance(store, {
        file,
        bytesMax: () => 1e12,
        clock: () => readingAt(now),
        retentionMsOf: () => 3 * DAY_MS,
      });
      expect(maintenance.prepare()).toBe(true);
      const before = Number(Object.values(store.database.query("PRAGMA page_count").get() as object)[0]);
      while (maintenance.step(true));
      store.database.query("PRAGMA wal_checkpoint(TRUNCATE)").all();
      const after = Number(Object.values(store.database.query("PRAGMA page_count").get() as object)[0]);
      // Of 30,000 incompressible bytes each, 100 records are left: eight pages one.
      expect([before > 3_000, after < 900]).toEqual([true, true]);
      expect(exportIds(file)).toEqual(Array.from({ length: 100 }, (_, index) => 301 + index));
      now += 30 * DAY_MS;
      maintenance.rulesChanged();
      while (maintenance.step(true));
      expect(exportIds(file)).toEqual([]);
      expect(store.restore().nextRecordId).toBe(401);
      store.close();
    });
  });

  test("drops the oldest received blocks of all projects while the file is over its size limit", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const store = new StoreWriter(file, "sync", "run");
      const noise = () => Buffer.from(crypto.getRandomValues(new Uint8Array(30_000))).toString("base64");
      for (let id = 1; id <= 100; id++) {
        store.commit(groupOf(id % 2 === 0 ? "a" : "b", [record(id, 1_000 * DAY_MS - id * 1_000, noise())]));
      }
      const maintenance = new Maintenance(store, {
        file,
        bytesMax: () => 2_000_000,
        clock: () => readingAt(1_000 * DAY_MS),
        retentionMsOf: () => 30 * DAY_MS,
      });
      while (maintenance.step(true));
      const ids = exportIds(file);
      // The newest by time are the smallest ids here.
      expect(ids).toEqual(Array.from({ length: ids.length }, (_, index) => 101 - ids.length + index));
      expect(ids.length).toBeGreaterThan(40);
      expect(ids.length).toBeLessThan(65);
      store.close();
    });
  });
});

describe("a data file is refused", () => {
  test("when its format is newer", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      new StoreWriter(file, "sync", "run").close();
      const database = new Database(file);
      database.run(`PRAGMA user_version = ${FORMAT_VERSION + 1}`);
      database.close();
      for (const open of [() => openForWriting(file, "sync"), () => openForReading(file)]) {
        expect(open).toThrow(
          new OperatingError(
            "data_format_newer",
            `cannot use ${file}: it has format ${FORMAT_VERSION + 1}, this program knows formats up to ${FORMAT_VERSION}; use a newer simplelogs`,
          ),
        );
      }
    });
  });

  test("when it is another program's database, or no database at all", async () => {
    await withFolder(async (folder) => {
      const other = join(folder, "other.db");
      const database = new Database(other);
      database.run("CREATE TABLE t (x)");
      database.close();
      expect(() => openForWriting(other, "sync")).toThrow("it is a database of another program");
      const text = join(folder, "text.db");
      await Bun.write(text, "this is not a database, whatever its name says, and it is long enough".repeat(50));
      expect(() => openForWriting(text, "sync")).toThrow(OperatingError);
      expect(() => openForReading(join(folder, "absent.db"))).toThrow("there is no such file");
    });
  });

  test("while another holds its lock, naming the process", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "data.db");
      const lockModule = JSON.stringify(join(import.meta.dir, "../../src/store/lock.ts"));
      // Kept by the global object: a lock that nobody holds is collected, and its file closed.
      const program = `
        const { lockData } = await import(${lockModule});
        globalThis.lock = lockData(${JSON.stringify(file)});
        console.log("locked");
        setInterval(() => {}, 1000);`;
      const holder = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe" });
      try {
        const told = await holder.stdout.getReader().read();
        expect(new TextDecoder().decode(told.value)).toBe("locked\n");
        expect(() => lockData(file)).toThrow(`process ${holder.pid} is running on it`);
      } finally {
        holder.kill("SIGKILL");
        await holder.exited;
      }
      lockData(file).release();
    });
  });
});
