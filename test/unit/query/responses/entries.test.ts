// Pages of records in both orders against all records sorted: in blocks of all sizes, while records arrive, blocks
// merge and records expire.

import { describe, expect, test } from "bun:test";
import type { EntriesOrder, QueryRequest, QueryScope } from "../../../../src/core/queries.ts";
import type { EntriesResponse } from "../../../../src/core/responses.ts";
import type { ReadRules } from "../../../../src/query/scan/scope.ts";
import { StatisticsCache } from "../../../../src/query/scan/statistics_cache.ts";
import { EMPTY_TABLES } from "../../../support/empty_tables.ts";
import { MemorySource, randomRecord } from "../../../support/memory_source.ts";
import { inScope, MODEL_SEARCHES, type ModelRecord } from "../../../support/query_model.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../../support/random.ts";
import { runQuery } from "../../../support/run_query.ts";

const DAY = Date.UTC(2026, 5, 1);
const NOW = DAY + 86_400_000;
const EVER = { retentionMs: 3_650 * 86_400_000, monthlyEntries: undefined, overage: "continue" } as const;
const ALL: QueryScope = { project: undefined, q: "", from: undefined, to: undefined };
const ORDERS: readonly EntriesOrder[] = ["desc", "asc"];
/** Many worlds, on a machine that may be busy. */
const TEST_MS_MAX = 30_000;
const seed = runSeed("pages of records");

interface World {
  readonly source: MemorySource;
  readonly records: ModelRecord[];
}

/** Records of few different times, so that many share one, or of many; in blocks of all sizes. */
function randomWorld(random: Random): World {
  const source = new MemorySource();
  const records: ModelRecord[] = [];
  const spanMs = pick(random, [3, 5_000, 86_400_000]);
  for (let group = 0; group < 25; group++) {
    const project = pick(random, ["shop", "blog"]);
    const length = integer(random, pick(random, [1, 10, 100])) + 1;
    const batch = Array.from({ length }, () => randomRecord(random, DAY, DAY + spanMs));
    for (const record of source.write(project, batch)) records.push({ project, record });
    if (random() < 0.2) source.merge(project, random() < 0.5);
  }
  return { source, records };
}

interface Rules {
  readonly retentionMs?: number;
  readonly limitMs?: number;
}

function ask(source: MemorySource, request: QueryRequest, { retentionMs, limitMs }: Rules = {}): EntriesResponse {
  const rules: ReadRules = {
    projects: {},
    defaultProject: { ...EVER, retentionMs: retentionMs ?? EVER.retentionMs },
  };
  const options = { source, tables: EMPTY_TABLES, cache: new StatisticsCache(), rules, now: NOW };
  const outcome = runQuery(request, { ...options, limitMs: limitMs ?? Number.POSITIVE_INFINITY });
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return outcome.answer as EntriesResponse;
}

/** The ids of all pages; `between` runs after each. */
function idsOf(
  source: MemorySource,
  page: { readonly scope: QueryScope; readonly order: EntriesOrder; readonly limit: number },
  between: () => void = () => undefined,
): number[] {
  const ids: number[] = [];
  for (let cursor: string | undefined; ; ) {
    const { entries, nextCursor } = ask(source, { kind: "entries", ...page, cursor });
    ids.push(...entries.map(({ id }) => id));
    if (nextCursor === null) return ids;
    expect(entries).toHaveLength(page.limit);
    cursor = nextCursor;
    between();
  }
}

const idOf = ({ record }: ModelRecord): number => record.id;

describe("pages of records", () => {
  test(
    "have the same records in both orders, one the reverse of the other, whatever the search",
    () => {
      const random = seededRandom(seed);
      for (const search of [...MODEL_SEARCHES, ...MODEL_SEARCHES]) {
        const { source, records } = randomWorld(random);
        const scope = { ...ALL, q: search.q, project: pick(random, [undefined, source.projects()[0]]) };
        const limit = pick(random, [7, 100, 10_000]);
        const newest = inScope(records, scope, search).map(idOf);
        expect(idsOf(source, { scope, order: "desc", limit })).toEqual(newest);
        expect(idsOf(source, { scope, order: "asc", limit })).toEqual(newest.toReversed());
      }
    },
    TEST_MS_MAX,
  );

  test(
    "skip and repeat nothing while records arrive at both ends and blocks merge",
    () => {
      const random = seededRandom(seed);
      for (let round = 0; round < 12; round++) {
        const { source, records } = randomWorld(random);
        source.beforeOpen = () => {
          if (random() < 0.3) source.merge(pick(random, ["shop", "blog"]), random() < 0.3);
        };
        const order = pick(random, ORDERS);
        const before = new Set(records.map(idOf));
        const arrive = () => {
          source.write(pick(random, ["shop", "blog"]), [randomRecord(random, NOW - 1_000, NOW)]);
          source.write("shop", [randomRecord(random, DAY - 1_000, DAY)]);
        };
        const ids = idsOf(source, { scope: ALL, order, limit: 37 }, arrive);
        expect(new Set(ids).size).toBe(ids.length);
        const expected = inScope(records, ALL, { q: "", matches: () => true }).map(idOf);
        if (order === "asc") expected.reverse();
        expect(ids.filter((id) => before.has(id))).toEqual(expected);
      }
    },
    TEST_MS_MAX,
  );

  test("go on where records expired between two pages", () => {
    const source = new MemorySource();
    const stored = source.write(
      "shop",
      Array.from({ length: 20 }, (_, hour) => ({
        ...randomRecord(seededRandom(seed), DAY, DAY + 1),
        time: DAY + hour * 3_600_000,
      })),
    );
    const first = ask(source, { kind: "entries", scope: ALL, limit: 5, cursor: undefined, order: "asc" });
    const cursor = first.nextCursor ?? "";
    // Only the last ten hours are left.
    const request: QueryRequest = { kind: "entries", scope: ALL, limit: 3, cursor, order: "asc" };
    const second = ask(source, request, { retentionMs: 14.5 * 3_600_000 });
    expect(second.entries.map(({ id }) => id)).toEqual(stored.slice(10, 13).map(({ id }) => id));
  });

  test("that the time limit cut go on without a gap, in both orders", () => {
    const random = seededRandom(seed);
    for (const order of ORDERS) {
      const { source, records } = randomWorld(random);
      const first = ask(source, { kind: "entries", scope: ALL, limit: 50, cursor: undefined, order }, { limitMs: 0 });
      expect(first).toMatchObject({ entries: [], stoppedEarly: expect.stringContaining("go on with nextCursor") });
      const ids: number[] = [];
      for (let cursor = first.nextCursor; cursor !== null; ) {
        const page = ask(source, { kind: "entries", scope: ALL, limit: 50, cursor, order });
        ids.push(...page.entries.map(({ id }) => id));
        cursor = page.nextCursor;
      }
      expect(ids).toHaveLength(records.length);
    }
  });
});

describe("a record's time:id as the cursor", () => {
  test("gives what stands before and after it, without it, though many share its time", () => {
    const random = seededRandom(seed);
    for (let round = 0; round < 20; round++) {
      const { source, records } = randomWorld(random);
      const oldest = inScope(records, ALL, { q: "", matches: () => true }).toReversed();
      const at = integer(random, oldest.length - 1);
      const { time, id } = (oldest[at] as ModelRecord).record;
      const side = (order: EntriesOrder) =>
        ask(source, { kind: "entries", scope: ALL, limit: 50, cursor: `${time}:${id}`, order }).entries.map(
          (record) => record.id,
        );
      expect(side("asc")).toEqual(oldest.slice(at + 1, at + 51).map(idOf));
      expect(side("desc")).toEqual(
        oldest
          .slice(Math.max(0, at - 50), at)
          .toReversed()
          .map(idOf),
      );
    }
  });

  test("may have a time with a fraction, and a record that is gone", () => {
    const source = new MemorySource();
    const base = randomRecord(seededRandom(seed), DAY, DAY + 1);
    source.write("shop", [
      { ...base, time: DAY + 0.25 },
      { ...base, time: DAY + 0.5 },
    ]);
    const page = (cursor: string) =>
      ask(source, { kind: "entries", scope: ALL, limit: 9, cursor, order: "asc" }).entries.map(({ id }) => id);
    expect(page(`${DAY}.25:1`)).toEqual([2]);
    expect(page(`${DAY}.3:999`)).toEqual([2]);
    expect(page(`${DAY + 1}:0`)).toEqual([]);
  });

  test.each(["1:", ":1", "1:2:3", "-1:2", "1e3:2", "1:2.5", "x:1", " 1:2", "1:2\n"])(
    "is refused where it is none: %j",
    (cursor) => {
      const source = new MemorySource();
      expect(() => ask(source, { kind: "entries", scope: ALL, limit: 1, cursor, order: "asc" })).toThrow("time:id");
    },
  );
});
