import { describe, expect, test } from "bun:test";
import type { QueryOutcome } from "../../../../src/core/queries.ts";
import type { SeriesResponse } from "../../../../src/core/responses.ts";
import { StatisticsCache } from "../../../../src/query/scan/statistics_cache.ts";
import { EMPTY_TABLES } from "../../../support/empty_tables.ts";
import { MemorySource, randomRecord } from "../../../support/memory_source.ts";
import { seededRandom } from "../../../support/random.ts";
import { runQuery } from "../../../support/run_query.ts";

const DAY = Date.UTC(2026, 5, 1);
const RULES = {
  projects: {},
  defaultProject: { retentionMs: 3_650 * 86_400_000, monthlyEntries: undefined, overage: "continue" },
} as const;
/** A second each, over as many buckets of 1 ms as a response may have. */
function seriesOf(touchpoints: number, byTouchpoint: boolean): QueryOutcome<object> {
  const source = new MemorySource();
  const random = seededRandom(1);
  const records = Array.from({ length: touchpoints }, (_, index) => ({
    ...randomRecord(random, DAY, DAY + 1),
    kind: "completed" as const,
    startTime: DAY,
    duration: 5,
    touchpoint: `t${index}`,
  }));
  source.write("shop", records);
  const scope = { project: undefined, q: "", from: DAY, to: DAY + 10_000 };
  const options = { source, tables: EMPTY_TABLES, cache: new StatisticsCache(), rules: RULES, now: DAY, limitMs: 1e9 };
  return runQuery({ kind: "series", scope, intervalMs: 1, byTouchpoint }, options);
}

describe("series by touchpoint", () => {
  test("are listed for the most frequent, as many as fit, and the others are counted", () => {
    const outcome = seriesOf(6, true);
    if (!outcome.ok) throw new Error(outcome.refusal.message);
    const { touchpoints = [], more } = outcome.answer as SeriesResponse;
    expect(more).toBe(2);
    expect(touchpoints.map(({ buckets }) => [buckets.length, buckets[0]?.count])).toEqual(
      Array.from({ length: 4 }, () => [10_000, 1]),
    );
  });

  test("are not limited where all touchpoints are one series", () => {
    const outcome = seriesOf(21, false);
    if (!outcome.ok) throw new Error(outcome.refusal.message);
    expect((outcome.answer as SeriesResponse).buckets?.[0]?.count).toBe(21);
  });
});
