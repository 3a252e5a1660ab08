import { describe, expect, test } from "bun:test";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { compressChunk, FILTER_CHUNK, inflate, STATISTICS_CHUNK } from "../../src/block/codec/column_chunks.ts";
import { DAY_MS } from "../../src/core/limits.ts";
import type { Database } from "../../src/runtime/contract/database.ts";
import { blockChecksum, ZONE_MAP_COLUMNS } from "../../src/store/block_table.ts";
import { openForWriting } from "../../src/store/database.ts";
import { CHUNKS_MAX } from "../../src/store/schema.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { type VerifyReport, verifyData } from "../../src/store/verify/verify.ts";
import { withFolder } from "../support/folder.ts";
import { chunksOf, groupOf, mergeNow, NOW, recordOf } from "../support/groups.ts";
import { runSeed, seededRandom } from "../support/random.ts";
import { randomRecord } from "../unit/block/random_records.ts";

function verify(file: string, onStep: () => void = () => undefined): VerifyReport {
  const steps = verifyData(file);
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return step.value;
    onStep();
  }
}

function usageOf(received: number, stored: number) {
  return [
    { project: "shop", month: "2026-11", name: "received", value: received },
    { project: "shop", month: "2026-11", name: "stored", value: stored },
  ];
}

const FILTERED = 9_000;

/** Two small blocks (1 and 2) of two projects whose ids are mixed, and a merged one large enough for a filter. */
function makeFile(file: string): void {
  const store = new StoreWriter(file, "write", "run");
  store.commit(groupOf("shop", [recordOf(1), recordOf(3, { kind: "completed", duration: -0, level: undefined })]));
  store.commit(groupOf("other", [recordOf(2), recordOf(4)]));
  const long = (from: number) =>
    Array.from({ length: FILTERED / 2 }, (_, n) =>
      recordOf(from + n, { time: NOW - DAY_MS, kind: n % 2 === 0 ? "log" : "completed", duration: n % 7 }),
    );
  store.commit(groupOf("shop", long(10)));
  store.commit(groupOf("shop", long(10 + FILTERED / 2), { usage: usageOf(FILTERED + 4, FILTERED + 4) }));
  while (mergeNow(store));
  store.close();
}

async function withFile(work: (file: string) => void): Promise<void> {
  await withFolder((folder) => {
    const file = join(folder, "data.db");
    makeFile(file);
    work(file);
  });
}

/** What is found after something was changed. */
function after(file: string, change: (database: Database) => void): string[] {
  const database = openForWriting(file, "write");
  change(database);
  database.close();
  return verify(file).findings.map(({ severity, what }) => `${severity}: ${what}`);
}

/** Changes a block's header, with the checksum that belongs to it. */
function setHeader(database: Database, id: number, set: string): void {
  database.run(`UPDATE blocks SET ${set} WHERE id = ${id}`);
  const [values] = database.query(`SELECT ${ZONE_MAP_COLUMNS} FROM blocks WHERE id = ?`).values(id) as number[][];
  const names = database.query(`SELECT name FROM pieces WHERE key / ${CHUNKS_MAX} = ? ORDER BY key`).values(id).flat();
  const checksum = blockChecksum(values as number[], names as string[]);
  database.query("UPDATE blocks SET checksum = ? WHERE id = ?").run(checksum, id);
}

describe("saved views", () => {
  test("that open nothing are found, also beside intact ones", () =>
    withFile((file) => {
      const store = new StoreWriter(file, "write", "run");
      store.changeView({ kind: "save_view", name: "good", project: null, address: "/logs?q=a" }, NOW);
      store.changeView({ kind: "save_view", name: "bad", project: "shop", address: "https://example.com/" }, NOW);
      store.close();
      expect(verify(file).findings).toEqual([
        {
          severity: "warning",
          what: 'the saved view "bad" opens nothing: its address is no page of the app',
          advice: "delete it in the app, or save it again",
        },
      ]);
    }));
});

describe("a whole data file", () => {
  test("has no findings, and every part of it was checked", async () => {
    await withFile((file) => {
      const report = verify(file);
      expect(report).toEqual({ findings: [], blocks: 3, records: FILTERED + 4, bytes: expect.any(Number) });
      const store = new StoreWriter(file, "write", "run");
      expect(report.bytes).toBe(store.catalog.bytes);
      const names = [...store.catalog.all()].flatMap((block) => chunksOf(store, block.id).map((chunk) => chunk.name));
      expect([names.includes(STATISTICS_CHUNK), names.includes(FILTER_CHUNK)]).toEqual([true, true]);
      store.close();
    });
  });

  test("has none with any records", async () => {
    const random = seededRandom(runSeed("verify"));
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const store = new StoreWriter(file, "write", "run");
      for (let id = 1; id <= 200; id++) {
        store.commit(groupOf("shop", [{ ...randomRecord(random, id), time: NOW + (id % 5) }]));
        if (id % 50 === 0) mergeNow(store);
      }
      store.close();
      expect(verify(file).findings).toEqual([]);
    });
  });

  test("has none while blocks are merged and removed during the check", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const store = new StoreWriter(file, "write", "run");
      for (let id = 1; id <= 40; id++) store.commit(groupOf(id % 2 === 0 ? "shop" : "other", [recordOf(id)]));
      let steps = 0;
      const report = verify(file, () => {
        steps++;
        if (steps === 10) while (mergeNow(store));
        if (steps === 20) store.commit(groupOf("shop", [recordOf(41)]));
      });
      expect(report).toMatchObject({ findings: [], records: 9 + 41 });
      store.close();
    });
  });
});

describe("a fault is found", () => {
  test("in the bytes of a chunk, with what to do", async () => {
    await withFile((file) => {
      expect(
        after(file, (database) => database.run("UPDATE pieces SET checksum = checksum + 1 WHERE key < 1024")),
      ).toEqual([expect.stringMatching(/^problem: block 1: column "\*" is damaged: checksum \d+, expected \d+$/)]);
      const [finding] = verify(file).findings;
      expect(finding?.advice).toStartWith(
        'it held 2 records of project "shop" from 2026-11-23T12:00:00.000Z to 2026-11-23T12:00:00.000Z: answers leave them out',
      );
    });
  });

  test("in a header that was changed or contradicts its records", async () => {
    await withFile((file) => {
      const setRaw = (database: Database) => database.run("UPDATE blocks SET received_max = 5 WHERE id = 1");
      expect(after(file, setRaw)).toEqual([
        "problem: block 1: its zone map is damaged",
        "problem: block 1: its zone map does not say what its records are",
      ]);
      const set = (database: Database) => {
        setHeader(database, 1, `received_max = ${NOW}`);
        setHeader(database, 2, "day = day + 1, bytes = 7");
      };
      expect(after(file, set)).toEqual([
        expect.stringMatching(/^problem: block 2: it has \d+ bytes, its zone map says 7$/),
        "problem: block 2: it has records of another day than its zone map says",
      ]);
    });
  });

  test("in a summary or a filter that does not match the records", async () => {
    await withFile((file) => {
      const found = after(file, (database) => {
        for (const name of [STATISTICS_CHUNK, FILTER_CHUNK]) {
          const row = database.query("SELECT key, name, checksum, data FROM pieces WHERE name = ?").get(name) as {
            key: number;
            name: string;
            checksum: number;
            data: Uint8Array;
          };
          const raw = inflate(row);
          // The last count of fields; the last bits of the filter.
          raw[raw.length - 1] = (raw[raw.length - 1] as number) ^ 1;
          const { data, checksum } = compressChunk(name, raw);
          database.query("UPDATE pieces SET data = ?, checksum = ? WHERE key = ?").run(data, checksum, row.key);
          const block = Math.floor(row.key / CHUNKS_MAX);
          setHeader(
            database,
            block,
            `bytes = (SELECT sum(length(data)) FROM pieces WHERE key / ${CHUNKS_MAX} = ${block})`,
          );
        }
      });
      expect(found).toEqual([
        expect.stringContaining("its summary does not say what its records are"),
        expect.stringContaining("its text filter is not that of its records"),
      ]);
    });
  });

  test("in a duplicate record id, and in chunks without a block", async () => {
    await withFile((file) => {
      const copy = (database: Database) => {
        database.run(
          `INSERT INTO pieces SELECT key + ${50 * CHUNKS_MAX}, name, checksum, data FROM pieces WHERE key < 1536`,
        );
        database.run(
          `INSERT INTO blocks SELECT id + 50, ${ZONE_MAP_COLUMNS.replace("id, ", "")}, 0 FROM blocks WHERE id = 2`,
        );
        setHeader(database, 52, "id = 52");
      };
      expect(after(file, copy)).toEqual([
        "problem: 2 record ids are there twice",
        "warning: 1 chunks belong to no block and only take up room",
      ]);
    });
  });

  test("in counters whose sum does not close, and in pending timings", async () => {
    await withFile((file) => {
      const item = JSON.stringify({ project: "shop", keyType: "server", entry: { kind: "end", endTime: 5 } });
      const wait = (database: Database) => database.query("INSERT INTO waiting VALUES (?, ?)").run(1, item);
      const sum = `received ${FILTERED + 4} = stored ${FILTERED + 4} + open 1 + dropped 0 leaves -1 over`;
      expect(after(file, wait)).toEqual([`problem: the sum of the counters does not close: ${sum}`]);
      const received = (database: Database) =>
        database.run("UPDATE usage SET value = value + 2 WHERE name = 'received'");
      const spoil = (database: Database) => database.run("INSERT INTO waiting VALUES (2, '{')");
      expect(after(file, received)).toEqual([expect.stringContaining("leaves 1 over")]);
      expect(after(file, spoil)).toEqual(["problem: 1 entries that wait for their other half cannot be read"]);
    });
  });

  test("in the pages of the file, and the readable rest is still checked", async () => {
    await withFile((file) => {
      const database = openForWriting(file, "write");
      const [page] = database
        .query("SELECT pageno FROM dbstat WHERE name = 'pieces' AND pagetype = 'leaf' ORDER BY pageno DESC LIMIT 1")
        .values()
        .flat() as number[];
      database.close();
      const handle = openSync(file, "r+");
      writeSync(handle, new Uint8Array(4096).fill(0xee), 0, 4096, 4096 * ((page as number) - 1));
      closeSync(handle);
      const { findings } = verify(file);
      expect(findings[0]?.what).toStartWith("the file's pages are damaged: ");
      expect(findings.every(({ severity, advice }) => severity === "problem" && advice.includes("backup"))).toBe(true);
    });
  });
});

describe("a file is not checked", () => {
  test("when it is missing", () => {
    expect(() => verify("/nowhere/data.db")).toThrow("there is no such file");
  });
});
