import { describe, expect, test } from "bun:test";
import type { QueryOutcome } from "../../../../src/core/queries.ts";
import type {
  RunningResponse,
  SeriesResponse,
  TimingsResponse,
  ValuesResponse,
} from "../../../../src/core/responses.ts";
import type { OpenStart } from "../../../../src/query/responses/running.ts";
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

describe("equal names of two projects", () => {
  const records = (duration: number) => [
    { ...randomRecord(seededRandom(1), DAY, DAY + 1), kind: "completed" as const, duration, touchpoint: "api/pay" },
  ];
  const source = new MemorySource();
  source.write("shop", records(5));
  source.write("blog", [...records(900), ...records(900)]);
  const tables = { ...EMPTY_TABLES, registered: (project: string | undefined) => (project === "blog" ? ["x"] : []) };
  const options = { source, tables, cache: new StatisticsCache(), rules: RULES, now: DAY, limitMs: 1e9 };
  const scope = { project: undefined, q: "", from: DAY, to: DAY + 10_000 };

  test("are two touchpoints of two categories, and the answer names the projects that register any", () => {
    const outcome = runQuery({ kind: "timings", scope, byCategory: true }, options);
    if (!outcome.ok) throw new Error(outcome.refusal.message);
    const { touchpoints, categories = [], registering, more } = outcome.answer as TimingsResponse;
    expect(touchpoints.map(({ project, touchpoint, count, max }) => [project, touchpoint, count, max])).toEqual([
      ["blog", "api/pay", 2, 900],
      ["shop", "api/pay", 1, 5],
    ]);
    expect(categories.map(({ project, category, count }) => [project, category, count])).toEqual([
      ["blog", "api/", 2],
      ["shop", "api/", 1],
    ]);
    expect([registering, more]).toEqual([["blog"], 0]);
  });

  test("have series of their own", () => {
    const outcome = runQuery({ kind: "series", scope, intervalMs: 10_000, byTouchpoint: true }, options);
    if (!outcome.ok) throw new Error(outcome.refusal.message);
    const { touchpoints = [], more } = outcome.answer as SeriesResponse;
    expect(touchpoints.map(({ project, buckets }) => [project, buckets[0]?.count])).toEqual([
      ["blog", 2],
      ["shop", 1],
    ]);
    expect(more).toBe(0);
  });

  test("are counted apart among a field's values where the request says so", () => {
    const values = (limit: number, byProject: boolean) => {
      const outcome = runQuery({ kind: "values", scope, field: "touchpoint", limit, byProject }, options);
      if (!outcome.ok) throw new Error(outcome.refusal.message);
      return outcome.answer as ValuesResponse;
    };
    expect(values(9, false).values).toEqual([{ value: "api/pay", count: 3 }]);
    expect(values(9, true).values).toEqual([
      { value: "api/pay", count: 2, project: "blog" },
      { value: "api/pay", count: 1, project: "shop" },
    ]);
    expect([values(1, true).more, values(2, true).more, values(1, true).count]).toEqual([true, false, 3]);
  });
});

describe("running starts", () => {
  const NOW = DAY + 60_000;
  const timing = (touchpoint: string, duration: number) => {
    return { ...randomRecord(seededRandom(2), DAY, DAY + 1), kind: "completed" as const, duration, touchpoint };
  };
  const source = new MemorySource();
  source.write("shop", [
    ...Array.from({ length: 20 }, () => timing("quick", 10)),
    ...Array.from({ length: 20 }, () => timing("slow", 50_000)),
    ...Array.from({ length: 9 }, () => timing("rare", 1)),
  ]);
  source.write(
    "blog",
    Array.from({ length: 20 }, () => timing("quick", 20_000)),
  );
  const start = (project: string, touchpoint: string | undefined, ageMs: number): OpenStart => {
    const startTime = NOW - ageMs;
    const { source, apiKey } = randomRecord(seededRandom(3), DAY, DAY + 1);
    const own = touchpoint === undefined ? {} : { touchpoint };
    return {
      project,
      start: { source, apiKey, time: startTime, receivedAt: startTime + 5, startTime, ...own },
    } as OpenStart;
  };
  const openStarts = () => [
    start("shop", "slow", 30_000),
    start("shop", "quick", 1_400),
    start("blog", "quick", 20_000),
    start("shop", "rare", 50_000),
    start("shop", undefined, 40_000),
  ];
  const tables = { ...EMPTY_TABLES, openStarts };
  const rules = { ...RULES, timeoutMs: 3_600_000 };
  const options = { source, tables, cache: new StatisticsCache(), rules, now: NOW, limitMs: 1e9 };
  const scope = { project: undefined, q: "", from: NOW, to: undefined };
  const ask = (more: object) => {
    const outcome = runQuery({ kind: "running", scope, limit: 10, ...more }, options);
    if (!outcome.ok) throw new Error(outcome.refusal.message);
    return (outcome.answer as RunningResponse).running;
  };

  test("tell when they time out, and no p99 unless it is asked for", () => {
    expect(
      ask({}).map(({ touchpoint, startTime, timeoutAt, p99 }) => [touchpoint, timeoutAt! - startTime, p99]),
    ).toEqual(["rare", undefined, "slow", "quick", "quick"].map((name) => [name, 3_600_005, undefined]));
  });

  test("tell the p99 of their touchpoint in their project; few timings tell none", () => {
    const rounded = ask({ withP99: true }).map(({ project, touchpoint, p99 = null }) => [
      project,
      touchpoint,
      p99 === null ? null : Math.round(p99 / 1_000) * 1_000 || Math.round(p99),
    ]);
    expect(rounded).toEqual([
      ["shop", "rare", null],
      ["shop", undefined, null],
      ["shop", "slow", expect.closeTo(50_000, -3)],
      ["blog", "quick", expect.closeTo(20_000, -3)],
      ["shop", "quick", 10],
    ]);
  });

  test("are ordered by how many times the p99 they run; those without come last, by age", () => {
    const byP99 = ask({ isByP99: true });
    expect(byP99.map(({ project, touchpoint }) => [project, touchpoint])).toEqual([
      ["shop", "quick"],
      ["blog", "quick"],
      ["shop", "slow"],
      ["shop", "rare"],
      ["shop", undefined],
    ]);
    expect(ask({ isByP99: true, limit: 1 })).toEqual(byP99.slice(0, 1));
  });
});
