// A data file that the version before left, taken up by this one: what it holds reads as it was, merges with what is
// new, and is brought within the bounds of the present format.

import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { STATISTICS_CHUNK } from "../../src/block/codec/column_chunks.ts";
import { KEY_TYPE_COLUMN } from "../../src/block/codec/flags.ts";
import { openBlock } from "../../src/block/open_block.ts";
import { readStatistics } from "../../src/block/stats/statistics.ts";
import { batchesOf } from "../../src/commit/redo_group.ts";
import { AgeClock } from "../../src/core/clock.ts";
import type { Source } from "../../src/core/entry.ts";
import type { QueryRequest } from "../../src/core/queries.ts";
import { type ShownRecord, type StoredRecord, showRecord } from "../../src/core/record.ts";
import type { FieldsResponse, TimingsResponse, ValuesResponse } from "../../src/core/responses.ts";
import { Ingester } from "../../src/ingest/ingester.ts";
import { StatisticsCache } from "../../src/query/scan/statistics_cache.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { DataReader } from "../../src/store/tables_reader.ts";
import { verifyData } from "../../src/store/verify/verify.ts";
import { GroupCommits } from "../../src/threads/writer/group_commits.ts";
import { readingAt } from "../support/clock_reading.ts";
import { withFolder } from "../support/folder.ts";
import { chunksOf, mergeNow, NOW } from "../support/groups.ts";
import { runQuery } from "../support/run_query.ts";

const FIXTURES = new URL("../fixtures/", import.meta.url);
const RULES = { retentionMs: 1e12, monthlyEntries: undefined, overage: "continue" } as const;
const KEYS = (["server", "client"] as const).map((type) => ({ project: "shop", name: "web shop", type }));

function fixture(name: string): Buffer {
  return gunzipSync(readFileSync(new URL(name, FIXTURES)));
}

/** What the old version exported. */
const BEFORE = fixture("format_3.ndjson.gz")
  .toString()
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as ShownRecord);

/** A store on a copy of the file, and an ingester that goes on where the old version stopped. */
class Upgraded {
  readonly file: string;
  readonly store: StoreWriter;
  readonly ingester: Ingester;
  readonly commits: GroupCommits;
  #batch = 0;

  constructor(folder: string) {
    this.file = join(folder, "old.db");
    writeFileSync(this.file, fixture("format_3.db.gz"));
    this.store = new StoreWriter(this.file, "write", "run 2");
    this.ingester = new Ingester({
      state: this.store.restore(),
      pairing: { timeoutMs: 3_600_000, orphanGraceMs: 60_000, openMax: 1e5, openBytesMax: 1e8, clientShare: 0.5 },
      requests: { windowMs: 600_000, requests: 1_000, clientShare: 0.5 },
      run: "run 2",
      rules: { keys: KEYS, projects: {}, defaultProject: RULES },
      deadlinesFrom: NOW,
      clock: readingAt(NOW),
    });
    const clock = new AgeClock({ saved: undefined, wall: () => NOW });
    this.commits = new GroupCommits(
      { store: this.store, file: this.file, run: "run 2", clock, usesRedoLog: false },
      this.ingester,
    );
    if (this.commits.hasUnflushed) this.commits.flush();
  }

  send(type: Source, entries: readonly object[]): void {
    const body = { key: "k", source: type, entries };
    const text = JSON.stringify([++this.#batch, KEYS.findIndex((key) => key.type === type), NOW, 100, "s", body]);
    this.commits.commit(this.ingester.group(batchesOf(text, KEYS), this.#batch, readingAt(NOW)));
  }

  /** All records by their ids. */
  records(): ShownRecord[] {
    const shown: ShownRecord[] = [];
    this.#read(({ blocks }) => {
      for (const { id, project, records } of blocks.list({ project: undefined, from: 0, to: 8.64e15 })) {
        const block = openBlock(blocks.chunks(id) ?? [], records);
        const all: StoredRecord[] = block.records(Array.from({ length: records }, (_, row) => row));
        shown.push(...all.map((record) => showRecord(project, record)));
      }
    });
    return shown.sort((a, b) => a.id - b.id);
  }

  ask<T>(request: QueryRequest): T {
    return this.#read(({ blocks, tables: details }) => {
      const rules = { projects: {}, defaultProject: RULES };
      const options = { source: blocks, tables: details, cache: new StatisticsCache(), rules, now: NOW, limitMs: 1e9 };
      const outcome = runQuery(request, options);
      if (!outcome.ok) throw new Error(outcome.refusal.message);
      return outcome.answer as T;
    });
  }

  #read<T>(work: (reader: DataReader) => T): T {
    const reader = new DataReader(this.file);
    try {
      return work(reader);
    } finally {
      reader.close();
    }
  }
}

async function withUpgraded(work: (upgraded: Upgraded) => void): Promise<void> {
  await withFolder((folder) => {
    const upgraded = new Upgraded(folder);
    try {
      work(upgraded);
    } finally {
      upgraded.store.close();
    }
  });
}

const SCOPE = { project: "shop", q: "", from: undefined, to: undefined };

describe("a data file of format 3", () => {
  test("is read unchanged, with key types only where one was stored", async () => {
    await withUpgraded((upgraded) => {
      const [now, later] = [upgraded.records().slice(0, BEFORE.length), upgraded.records().slice(BEFORE.length)];
      expect(now).toEqual([...BEFORE]);
      // The redo log said which keys sent its groups.
      expect(later.map(({ message, source, keyType }) => [message, source, keyType])).toEqual([
        ["kept 0", "server", "server"],
        ["kept 1", "server", "client"],
      ]);
    });
  });

  test("merges with new blocks, and every record keeps its known key type", async () => {
    await withUpgraded((upgraded) => {
      for (let round = 0; round < 3; round++) {
        upgraded.send("client", [{ touchpoint: "api/orders", message: `new ${round}`, source: "server" }]);
        upgraded.send("server", [{ touchpoint: "api/orders", startTime: NOW, duration: round, source: "client" }]);
      }
      const before = upgraded.records();
      while (mergeNow(upgraded.store)) continue;
      expect(upgraded.store.catalog.size).toBe(1);
      expect(upgraded.records()).toEqual(before);
      const [block] = upgraded.store.catalog.all();
      const chunks = chunksOf(upgraded.store, block?.id ?? 0);
      expect(chunks.map(({ name }) => name)).toContain(KEY_TYPE_COLUMN);
      const summary = chunks.find(({ name }) => name === STATISTICS_CHUNK);
      if (summary === undefined) throw new Error("a merged block has a summary");
      const known = before.filter(({ keyType }) => keyType !== undefined);
      expect([known.length, readStatistics(summary).fields?.get("keyType")]).toEqual([8, 8]);
    });
  });

  test("is searched and counted by the known key types, merged or not", async () => {
    await withUpgraded((upgraded) => {
      upgraded.send("client", [{ touchpoint: "api/orders", startTime: NOW, duration: 1e9, source: "server" }]);
      const look = () => {
        const values = upgraded.ask<ValuesResponse>({ kind: "values", scope: SCOPE, field: "keyType", limit: 10 });
        const fields = upgraded.ask<FieldsResponse>({ kind: "fields", scope: SCOPE });
        const timings = (q: string) =>
          upgraded
            .ask<TimingsResponse>({ kind: "timings", scope: { ...SCOPE, q } })
            .touchpoints.filter(({ touchpoint }) => touchpoint === "api/orders")
            .map(({ count, max }) => [count, max]);
        return [
          values.values,
          fields.fields.find(({ name }) => name === "keyType")?.count,
          timings("keyType:client"),
          timings("-keyType:client")[0]?.[1],
        ];
      };
      const expected = [
        [
          { value: "client", count: 2 },
          { value: "server", count: 1 },
        ],
        3,
        [[1, 1e9]],
        460,
      ];
      expect(look()).toEqual(expected);
      while (mergeNow(upgraded.store)) continue;
      expect(look()).toEqual(expected);
    });
  });

  test("pairs its pending timings, with the key type of each start", async () => {
    await withUpgraded((upgraded) => {
      upgraded.send("server", [
        { key: "job-1", endTime: NOW },
        { key: "page-1", endTime: NOW },
      ]);
      const pairs = upgraded.records().filter(({ key }) => key === "job-1" || key === "page-1");
      expect(pairs.map(({ key, keyType, source, duration }) => [key, source, keyType, duration])).toEqual([
        ["job-1", "server", "server", 5_000],
        ["page-1", "server", "client", 4_000],
      ]);
    });
  });

  test("lists names up to 512 characters, and those that nobody registered as client keys' until a server sends them", async () => {
    await withUpgraded((upgraded) => {
      const names = () =>
        upgraded.store.restore().touchpoints.map(({ name, isClientOnly }) => [name, isClientOnly === true]);
      const long = "v".repeat(512);
      expect(names()).toEqual([
        ["api/orders", true],
        ["api/users", true],
        ["by/hand", false],
        ["db/query", false],
        [long, true],
      ]);
      upgraded.send("server", [{ touchpoint: "api/orders" }, { touchpoint: "t".repeat(3_000) }]);
      upgraded.send("client", [{ touchpoint: "api/users" }, { touchpoint: "by/hand" }]);
      expect(names().filter(([, isClientOnly]) => isClientOnly)).toEqual([
        ["api/users", true],
        [long, true],
      ]);
    });
  });

  test("has no faults according to the doctor, also once all of it is merged", async () => {
    await withUpgraded((upgraded) => {
      while (mergeNow(upgraded.store)) continue;
      const steps = verifyData(upgraded.file);
      for (let step = steps.next(); ; step = steps.next()) {
        if (step.done !== true) continue;
        expect(step.value).toMatchObject({ findings: [] });
        break;
      }
    });
  });
});
