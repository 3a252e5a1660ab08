import { Database, type SQLiteError } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { batchesOf } from "../../src/commit/redo_group.ts";
import type { Entry } from "../../src/core/entry.ts";
import { Ingester, type StagedBatch } from "../../src/ingest/ingester.ts";
import type { IngestRules } from "../../src/ingest/rules.ts";
import { exportLines } from "../../src/query/stream/export.ts";
import { BlockReader } from "../../src/store/block_reader.ts";
import { isStoreError } from "../../src/store/database.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { readingAt } from "../support/clock_reading.ts";
import { withFolder } from "../support/folder.ts";

const NOW = Date.UTC(2026, 10, 23, 12);
const PROJECT = { retentionMs: 30 * 86_400_000, monthlyEntries: undefined, overage: "continue" } as const;
const RULES: IngestRules = {
  keys: [{ project: "shop", name: "web shop", type: "server" }],
  projects: {},
  defaultProject: PROJECT,
};

function workerOf(store: StoreWriter): Ingester {
  return new Ingester({
    state: store.restore(),
    pairing: { openMax: 100, openBytesMax: 1e7, clientShare: 0.5, timeoutMs: 3_600_000, orphanGraceMs: 60_000 },
    requests: { windowMs: 600_000, requests: 1_000, clientShare: 0.5 },
    run: "run",
    rules: RULES,
    deadlinesFrom: 0,
    clock: readingAt(NOW),
  });
}

function groupOf(number: number, entries: readonly Entry[]): StagedBatch[] {
  const text = JSON.stringify([number, 0, NOW, 100, "sender", { key: "k", source: "server", timestamp: NOW, entries }]);
  return batchesOf(text, RULES.keys);
}

function messagesOf(file: string): string[] {
  const reader = new BlockReader(file);
  const filter = {
    project: undefined,
    from: Number.NEGATIVE_INFINITY,
    to: Number.POSITIVE_INFINITY,
    expiredBefore: () => Number.NEGATIVE_INFINITY,
  };
  const lineOf = (shown: { id: number; message?: string; status?: string }) =>
    `${shown.id} ${shown.message?.slice(0, 5) ?? shown.status}`;
  const onDamaged = (_block: unknown, reason: string) => {
    throw new Error(reason);
  };
  const lines = [...exportLines(reader, { filter, lineOf, onDamaged })].flat();
  reader.close();
  return lines;
}

function errorOf(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("a group whose commit fails", () => {
  test("leaves no trace on disk or in the reloaded state, and can be committed again", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const store = new StoreWriter(file, "sync", "run");
      let ingester = workerOf(store);
      const commit = (number: number, entries: readonly Entry[]) => {
        store.commit(ingester.group(groupOf(number, entries), number, readingAt(NOW)));
        ingester.committed();
      };
      commit(1, [
        { message: "first" },
        { key: "a", startTime: NOW - 5 },
        { key: "b", startTime: NOW, standalone: true },
      ]);
      const before = { counts: ingester.counts(), state: store.restore(), blocks: store.catalog.size };
      expect(before.counts).toMatchObject({ received: 3, stored: 2, open: 1 });

      const noise = () => Buffer.from(crypto.getRandomValues(new Uint8Array(300_000))).toString("base64");
      const entries: Entry[] = [
        { key: "a", endTime: NOW },
        { key: "b", endTime: NOW },
        { key: "new", startTime: NOW },
        {},
        { message: `large${noise()}`, touchpoint: "t" },
      ];
      store.database.run("PRAGMA max_page_count = 40");
      for (let attempt = 0; attempt < 3; attempt++) {
        const error = errorOf(() => commit(2, entries)) as SQLiteError;
        expect([error.code, isStoreError(error), store.database.inTransaction]).toEqual(["SQLITE_FULL", true, false]);
        ingester = workerOf(store);
        expect({ counts: ingester.counts(), state: store.restore(), blocks: store.catalog.size }).toEqual(before);
        expect([store.lastBatch(), messagesOf(file)]).toEqual([1, ["1 first", "2 started"]]);
      }

      store.database.run("PRAGMA max_page_count = 1000000");
      commit(2, entries);
      expect(ingester.counts()).toMatchObject({ received: 8, stored: 6, open: 1, dropped: { empty: 1, duplicate: 0 } });
      expect(messagesOf(file)).toEqual(["1 first", "2 started", "3 completed", "4 completed", "5 large"]);
      store.close();
    });
  });

  test("through a faulty statement is not reported as a disk error, so the writer must end", async () => {
    await withFolder((folder) => {
      const store = new StoreWriter(join(folder, "data.db"), "sync", "run");
      const ingester = workerOf(store);
      const write = ingester.group(groupOf(1, [{ key: "a", startTime: NOW }]), 1, readingAt(NOW));
      store.commit(write);
      const error = errorOf(() => store.commit(write)) as SQLiteError;
      expect([error.code, isStoreError(error)]).toEqual(["SQLITE_CONSTRAINT_PRIMARYKEY", false]);
      store.close();
    });
  });
});

describe("a damaged file", () => {
  test("yields every block but the damaged one, and names its damaged column", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const store = new StoreWriter(file, "sync", "run");
      const ingester = workerOf(store);
      for (const number of [1, 2, 3]) {
        store.commit(ingester.group(groupOf(number, [{ message: `line ${number}` }]), number, readingAt(NOW)));
        ingester.committed();
      }
      store.close();
      const database = new Database(file);
      const { data } = database.query("SELECT data FROM pieces ORDER BY key LIMIT 1 OFFSET 1").get() as {
        data: Uint8Array;
      };
      data[12] = (data[12] as number) ^ 1;
      database
        .query("UPDATE pieces SET data = ? WHERE key = (SELECT key FROM pieces ORDER BY key LIMIT 1 OFFSET 1)")
        .run(data);
      database.run("UPDATE blocks SET time_max = time_max + 1 WHERE id = 3");
      database.close();
      const reader = new BlockReader(file);
      expect(reader.damagedZoneMaps()).toEqual([3]);
      const damaged: [number, string][] = [];
      const lines = exportLines(reader, {
        filter: { project: undefined, from: 0, to: Number.POSITIVE_INFINITY, expiredBefore: () => 0 },
        lineOf: (shown) => String(shown.message),
        onDamaged: (block, reason) => damaged.push([block.id, reason]),
      });
      expect([...lines]).toEqual([["line 1", "line 3"]]);
      expect(damaged).toEqual([[2, expect.stringMatching(/^column "\*" is damaged: checksum \d+, expected \d+$/)]]);
      reader.close();
    });
  });
});

describe("an export that is not finished", () => {
  test("does not prevent the checkpoint and reuse of the log", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const store = new StoreWriter(file, "write", "run");
      const ingester = workerOf(store);
      const commit = (number: number) => {
        const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(400_000))).toString("base64");
        store.commit(ingester.group(groupOf(number, [{ message: noise }]), number, readingAt(NOW)));
        ingester.committed();
      };
      for (let number = 1; number <= 20; number++) commit(number);
      const reader = new BlockReader(file);
      const lines = exportLines(reader, {
        filter: { project: undefined, from: 0, to: Number.POSITIVE_INFINITY, expiredBefore: () => 0 },
        lineOf: (shown) => String(shown.id),
        onDamaged: (_block, reason) => {
          throw new Error(reason);
        },
        windowBytes: 1,
      });
      const ids: string[] = [];
      let logBytesMax = 0;
      let number = 20;
      for (const window of lines) {
        ids.push(...window);
        for (let count = 0; count < 8; count++) commit(++number);
        logBytesMax = Math.max(logBytesMax, statSync(`${file}-wal`).size);
      }
      expect(ids).toEqual(Array.from({ length: 20 }, (_, index) => String(index + 1)));
      // 70 MB were written meanwhile; the log is copied back each 16 MiB.
      expect(logBytesMax).toBeLessThan(24 * 1024 * 1024);
      reader.close();
      store.close();
    });
  });
});
