import { describe, expect, test } from "bun:test";
import { DurationSketch } from "../../../../src/block/stats/duration_sketch.ts";
import { DURATION_CELLS_MAX, DURATION_ROWS_MAX } from "../../../../src/core/limits.ts";
import type { SeriesResponse } from "../../../../src/core/responses.ts";
import { durationRows } from "../../../../src/query/responses/duration_rows.ts";
import { StatisticsCache } from "../../../../src/query/scan/statistics_cache.ts";
import { EMPTY_TABLES } from "../../../support/empty_tables.ts";
import { MemorySource, randomRecord } from "../../../support/memory_source.ts";
import { integer, pick, runSeed, seededRandom } from "../../../support/random.ts";
import { runQuery } from "../../../support/run_query.ts";

const seed = runSeed("duration rows");

function sketchOf(durations: readonly number[]): DurationSketch {
  const sketch = new DurationSketch();
  for (const duration of durations) sketch.add(duration);
  return sketch;
}

/** How many durations lie in each row. */
function countsOf(durations: readonly number[], bounds: readonly number[]): number[] {
  return bounds.slice(1).map((upper, row) => {
    const lower = bounds[row] as number;
    return durations.filter((one) => (one > lower || (row === 0 && one === lower)) && one <= upper).length;
  });
}

describe("rows of durations", () => {
  test("have each duration between their bounds, whatever the durations", () => {
    const random = seededRandom(seed);
    for (let round = 0; round < 200; round++) {
      const spread = pick(random, [0.01, 1, 5, 12]);
      const hasZeros = random() < 0.5;
      const sets = Array.from({ length: integer(random, 20) + 1 }, () =>
        Array.from({ length: integer(random, 50) }, () =>
          hasZeros && random() < 0.1 ? 0 : 7.123 * 10 ** (random() * spread),
        ),
      );
      const { bounds, counts } = durationRows(
        sets.map((durations) => (durations.length === 0 ? undefined : sketchOf(durations))),
      );
      expect(bounds.length - 1).toBeLessThanOrEqual(DURATION_ROWS_MAX);
      expect(bounds).toEqual(bounds.toSorted((a, b) => a - b));
      sets.forEach((durations, set) => expect(counts[set]).toEqual(countsOf(durations, bounds)));
    }
  });

  test("are few where there are many sets, and have finite bounds for the least and the greatest double", () => {
    const extreme = sketchOf([0, Number.MIN_VALUE, 1, Number.MAX_VALUE]);
    const { bounds, counts } = durationRows([extreme, ...new Array<undefined>(9_999)]);
    expect((bounds.length - 1) * counts.length).toBeLessThanOrEqual(DURATION_CELLS_MAX);
    expect(bounds.every(Number.isFinite)).toBe(true);
    expect(counts[0]?.reduce((sum, count) => sum + count, 0)).toBe(4);
  });

  test("are none without timings, and one where all took no time", () => {
    expect(durationRows([undefined, undefined])).toEqual({ bounds: [], counts: [[], []] });
    expect(durationRows([undefined, sketchOf([0, 0])])).toEqual({ bounds: [0, 1], counts: [[0], [2]] });
  });
});

test("a series by duration has each completed timing once, beside the same figures as without", () => {
  const random = seededRandom(seed);
  const DAY = Date.UTC(2026, 5, 1);
  const EVER = { retentionMs: 3_650 * 86_400_000, monthlyEntries: undefined, overage: "continue" } as const;
  const source = new MemorySource();
  const durations = new Map<number, number[]>();
  for (let block = 0; block < 20; block++) {
    const batch = Array.from({ length: integer(random, 200) + 1 }, () => randomRecord(random, DAY, DAY + 86_400_000));
    for (const { kind, time, duration, level } of source.write("shop", batch)) {
      if (kind !== "completed" || duration === undefined || level === "error") continue;
      const bucket = Math.floor(time / 3_600_000) * 3_600_000;
      durations.set(bucket, [...(durations.get(bucket) ?? []), duration]);
    }
    if (random() < 0.3) source.merge("shop", random() < 0.5);
  }
  const scope = { project: "shop", q: "-level:error", from: DAY, to: DAY + 86_400_000 };
  const ask = (byDuration: boolean) => {
    const request = { kind: "series", scope, intervalMs: 3_600_000, byTouchpoint: false, byDuration } as const;
    const rules = { projects: {}, defaultProject: EVER };
    const options = { source, tables: EMPTY_TABLES, cache: new StatisticsCache(), rules, now: DAY + 86_400_000 };
    const outcome = runQuery(request, { ...options, limitMs: Number.POSITIVE_INFINITY });
    if (!outcome.ok) throw new Error(outcome.refusal.message);
    return outcome.answer as SeriesResponse;
  };
  const { buckets = [], durationBounds = [] } = ask(true);
  expect(buckets).toHaveLength(24);
  for (const { time, durations: counts } of buckets) {
    expect(counts).toEqual(countsOf(durations.get(time) ?? [], durationBounds));
  }
  const plain = ask(false).buckets ?? [];
  expect(buckets).toEqual(plain.map((figures, at) => ({ ...figures, durations: [...(buckets[at]?.durations ?? [])] })));
});
