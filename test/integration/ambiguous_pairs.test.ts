// Where ambiguous pairs are kept by touchpoint and day: written with a group, read for a range, pruned by age, gone
// with an erasure.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { openDatabase } from "#runtime/sqlite.ts";
import { AMBIGUOUS_DAYS_MAX, DAY_MS } from "../../src/core/limits.ts";
import type { TimingsResponse } from "../../src/core/responses.ts";
import { StatisticsCache } from "../../src/query/scan/statistics_cache.ts";
import { openForReading } from "../../src/store/database.ts";
import { eraseRecords } from "../../src/store/erase/erase.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { TablesReader } from "../../src/store/tables_reader.ts";
import { withFolder } from "../support/folder.ts";
import { groupOf, NOTHING, NOW, recordOf } from "../support/groups.ts";
import { MemorySource } from "../support/memory_source.ts";
import { runQuery } from "../support/run_query.ts";

const DAY = Math.floor(NOW / DAY_MS);
const ROW = { project: "shop", keyType: "server", touchpoint: "a/b", day: DAY, pairs: 2 } as const;

async function withStore(work: (file: string, store: StoreWriter) => void): Promise<void> {
  await withFolder((folder) => {
    const file = join(folder, "data.db");
    work(file, new StoreWriter(file, "write", "run"));
  });
}

function read<T>(file: string, work: (details: TablesReader) => T): T {
  const database = openForReading(file);
  try {
    return work(new TablesReader(database));
  } finally {
    database.close();
  }
}

describe("ambiguous pairs", () => {
  test("are counted by touchpoint over groups and types of key, and are read for the days that a range touches", async () => {
    await withStore((file, store) => {
      store.commit({ ...NOTHING, ambiguous: [ROW, { ...ROW, keyType: "client" }, { ...ROW, project: "blog" }] });
      store.commit({ ...NOTHING, ambiguous: [ROW, { ...ROW, touchpoint: "c", day: DAY - 1 }] });
      store.close();
      read(file, (details) => {
        const all = (project: string | undefined, from: number, to: number) => [
          ...details.ambiguousPairs(project, from, to),
        ];
        const [never, ever] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
        expect(new Map(all(undefined, never, ever))).toEqual(
          new Map([
            ["a/b", 8],
            ["c", 2],
          ]),
        );
        expect(all("shop", NOW, NOW + 1)).toEqual([["a/b", 6]]);
        expect(all("shop", (DAY - 1) * DAY_MS, DAY * DAY_MS)).toEqual([["c", 2]]);
        expect(all("shop", DAY * DAY_MS - 1, DAY * DAY_MS + 1)).toHaveLength(2);
        expect(all("none", never, ever)).toEqual([]);
      });
    });
  });

  test("are known after a restart by the names of the last day, and pruned when they are old", async () => {
    await withStore((_file, store) => {
      for (let day = 0; day <= AMBIGUOUS_DAYS_MAX; day++)
        store.commit({ ...NOTHING, ambiguous: [{ ...ROW, day: DAY + day }] });
      const days = store.database.query("SELECT day FROM ambiguous ORDER BY day").values().flat();
      expect([days.length, days[0]]).toEqual([AMBIGUOUS_DAYS_MAX, DAY + 1]);
      const { pairs: _pairs, ...name } = ROW;
      expect(store.restore().ambiguous).toEqual([{ ...name, day: DAY + AMBIGUOUS_DAYS_MAX }]);
      store.close();
    });
  });

  test("of a failed commit are not counted", async () => {
    await withStore((_file, store) => {
      store.commit({ ...NOTHING, ambiguous: [ROW] });
      const twice = { id: 1, item: "x" };
      expect(() => store.commit({ ...NOTHING, ambiguous: [ROW], pendingAdded: [twice, twice] })).toThrow();
      expect(store.database.query("SELECT pairs FROM ambiguous").values()).toEqual([[2]]);
      store.close();
    });
  });

  test("are zero in a file of a format without their table", async () => {
    await withFolder((folder) => {
      const database = openDatabase(join(folder, "old.db"), { create: true });
      expect(new TablesReader(database).ambiguousPairs(undefined, 0, NOW)).toEqual(new Map());
      database.close();
    });
  });

  test("leave no name behind when records of their project are erased", async () => {
    await withStore((file, store) => {
      const timing = { touchpoint: "a/b", message: "m" };
      store.commit(groupOf("shop", [recordOf(1, timing)], { ambiguous: [ROW, { ...ROW, project: "blog" }] }));
      store.close();
      eraseRecords({
        file,
        scope: { project: "shop", from: undefined, to: undefined, matchRows: undefined },
        dryRun: false,
      });
      expect(read(file, (details) => [...details.ambiguousPairs(undefined, 0, NOW + DAY_MS)])).toEqual([["a/b", 2]]);
    });
  });
});

test("the answer of timings says how many pairs of a touchpoint were ambiguous, also of a name that was cut", async () => {
  const long = "x".repeat(600);
  await withStore((file, store) => {
    store.commit({ ...NOTHING, ambiguous: [ROW, { ...ROW, touchpoint: long.slice(0, 512), pairs: 5 }] });
    store.close();
    read(file, (details) => {
      const source = new MemorySource();
      const completed = { kind: "completed", time: NOW, duration: 1 } as const;
      source.write("shop", [
        recordOf(1, { ...completed, touchpoint: "a/b" }),
        recordOf(2, { ...completed, touchpoint: long }),
        recordOf(3, { ...completed, touchpoint: "fine" }),
      ]);
      const rules = {
        projects: {},
        defaultProject: { retentionMs: 1e12, monthlyEntries: undefined, overage: "drop" },
      } as const;
      const scope = { project: "shop", q: "", from: NOW - 1, to: NOW + 1 };
      const outcome = runQuery(
        { kind: "timings", scope },
        { source, tables: details, cache: new StatisticsCache(), rules, now: NOW, limitMs: 1e9 },
      );
      if (!outcome.ok) throw new Error(outcome.refusal.message);
      const { touchpoints } = outcome.answer as TimingsResponse;
      // A long name is shown cut, with a mark at its end.
      expect(touchpoints.map(({ touchpoint, ambiguous }) => [touchpoint.length, ambiguous])).toEqual([
        [3, 2],
        [4, 0],
        [513, 5],
      ]);
    });
  });
});
