// The figures of the overview: from counts, durations and usage.

import { describe, expect, test } from "bun:test";
import type { UsageResponse } from "../../../../../src/core/account_responses.ts";
import type { HistogramBucket, TouchpointTimings } from "../../../../../src/core/responses.ts";
import { formatShare } from "../../../../../src/web/components/values.tsx";
import {
  droppedEntries,
  formatRate,
  hasEntries,
  lengthReaching,
  monthElapsed,
  newestRecord,
  p95Series,
  planRows,
  pollOf,
  searchForTouchpoints,
  slowest,
  sparklineInterval,
  trafficInterval,
  trafficOf,
} from "../../../../../src/web/pages/overview/figures.ts";
import { lastOf, PRESETS } from "../../../../../src/web/state/time_range.ts";

const NOW = Date.UTC(2026, 10, 16);
const MINUTE = 60_000;

function bucket(time: number, counts: Partial<HistogramBucket>): HistogramBucket {
  return { time, debug: 0, info: 0, warn: 0, error: 0, timing: 0, ...counts };
}

describe("traffic", () => {
  test("is counted per minute, whatever the buckets' length, and errors are a share of the logs alone", () => {
    const buckets = [bucket(0, { info: 6, error: 2, timing: 4 }), bucket(30_000, {}), bucket(60_000, { timing: 5 })];
    expect(trafficOf({ interval: 30_000, buckets })).toEqual({
      times: [0, 30_000, 60_000],
      rates: { error: [4, 0, 0], warn: [0, 0, 0], info: [12, 0, 0], debug: [0, 0, 0], timing: [8, 0, 10] },
      errorShares: [0.25, null, null],
      entries: 17,
      logs: 8,
      errors: 2,
      timings: 9,
      errorShare: 0.25,
      rate: 17 / 1.5,
    });
  });

  test("without any bucket is nothing at all", () => {
    const { entries, rate, errorShare, times } = trafficOf({ interval: 1_000, buckets: [] });
    expect({ entries, rate, errorShare, times }).toEqual({ entries: 0, rate: 0, errorShare: null, times: [] });
  });

  test("is counted by the minute where that makes 10 to 120 bars", () => {
    const interval = (length: string) => trafficInterval(lastOf(length), NOW);
    expect(["9m", "10m", "1h", "2h", "121m", "7d"].map(interval)).toEqual([
      undefined,
      "1m",
      "1m",
      "1m",
      undefined,
      undefined,
    ]);
    expect(trafficInterval({ kind: "between", from: NOW - 20 * MINUTE, to: undefined }, NOW)).toBe("1m");
    expect(trafficInterval({ kind: "between", from: undefined, to: NOW }, NOW)).toBeUndefined();
  });

  test("is refreshed within seconds for a short range, within a minute for a long one, and never for one that has ended", () => {
    expect([lastOf("15m"), lastOf("1h"), lastOf("30d")].map((range) => pollOf(range, NOW))).toEqual([
      2_500, 5_000, 60_000,
    ]);
    expect(pollOf({ kind: "between", from: undefined, to: NOW + 1 }, NOW)).toBe(60_000);
    expect(pollOf({ kind: "between", from: 0, to: NOW }, NOW)).toBeUndefined();
  });
});

describe("a time range", () => {
  test("that reaches an instant is the shortest which does for a while yet", () => {
    const reaching = (ago: number) => lengthReaching(NOW - ago, NOW, PRESETS)?.text;
    expect([0, 13 * MINUTE, 14 * MINUTE, 55 * MINUTE, 29 * 86_400_000].map(reaching)).toEqual([
      "15m",
      "15m",
      "1h",
      "6h",
      undefined,
    ]);
  });
});

describe("for people", () => {
  test("a rate has as many digits as matter", () => {
    expect([0, 0.001, 0.02, 0.5, 12.34, 12, 99.96, 123.4, 12_345].map(formatRate)).toEqual([
      "0",
      "<0.01",
      "0.02",
      "0.5",
      "12.3",
      "12",
      "100",
      "123",
      "12,345",
    ]);
  });

  test("a share is nothing or everything only when it is", () => {
    expect([0, 0.000_1, 0.023, 0.45, 0.995, 0.999_5, 1, 11.7].map(formatShare)).toEqual([
      "0 %",
      "<0.1 %",
      "2.3 %",
      "45 %",
      "99.5 %",
      ">99.9 %",
      "100 %",
      "1,170 %",
    ]);
  });
});

describe("the slowest touchpoints", () => {
  const timing = (touchpoint: string, p95: number | null) => ({ touchpoint, p95 }) as TouchpointTimings;

  test("are those with the highest p95, and only those that have one", () => {
    const all = [timing("c", 5), timing("a", 5), timing("never", null), timing("b", 9), timing("d", 1)];
    expect(slowest(all, 3).map(({ touchpoint }) => touchpoint)).toEqual(["b", "a", "c"]);
  });

  test("are searched for by name as it is, quotes and stars and all", () => {
    expect(searchForTouchpoints(["api/*", 'a"b\\c', ""])).toBe(
      String.raw`touchpoint:"api/*" OR touchpoint:"a\"b\\c" OR -touchpoint:*`,
    );
    expect(searchForTouchpoints([])).toBe("");
  });

  test("get a sparkline of a few points over the range", () => {
    expect(sparklineInterval(lastOf("24h"), NOW)).toBe(3_600_000);
    expect(sparklineInterval({ kind: "between", from: 5, to: 6 }, NOW)).toBe(1);
    expect(sparklineInterval({ kind: "between", from: undefined, to: 6 }, NOW)).toBeUndefined();
    expect(sparklineInterval({ kind: "between", from: NOW + 5, to: undefined }, NOW)).toBeUndefined();
  });

  test("have no trend where the response lacks them", () => {
    const buckets = [{ p95: 3 }, { p95: null }] as never;
    const response = { interval: 1, touchpoints: [{ project: "shop", touchpoint: "a", buckets }] };
    expect(p95Series(response, { project: "shop", touchpoint: "a" })).toEqual([3, null]);
    for (const other of [
      { project: "shop", touchpoint: "b" },
      { project: "blog", touchpoint: "a" },
    ]) {
      expect(p95Series(response, other)).toBeUndefined();
    }
    expect(p95Series(undefined, { project: "shop", touchpoint: "a" })).toBeUndefined();
  });
});

describe("usage", () => {
  type Row = UsageResponse["usage"][number];
  const row = (project: string, more: Partial<Row>): Row => ({
    project,
    month: "2026-11",
    received: 0,
    stored: 0,
    admitted: 0,
    dropped: {},
    limit: null,
    overage: 0,
    overagePolicy: "continue",
    ambiguous: 0,
    bytes: 0,
    ...more,
  });
  const storage = (project: string, newest: number | null, records = 1) => ({
    project,
    records,
    blocks: 1,
    bytes: 1,
    retentionMs: 1,
    oldest: newest,
    newest,
  });

  test("of this month alone is shown, nearest to its limit first", () => {
    const usage = [
      row("free", { admitted: 900 }),
      row("half", { admitted: 50, limit: 100 }),
      row("old", { month: "2026-10", admitted: 999, limit: 1 }),
      row("over", { admitted: 30, limit: 10, overage: 20, overagePolicy: "drop" }),
      row("closed", { limit: 0 }),
    ];
    const response = { usage, storage: [] };
    expect(planRows(response, "", NOW).map(({ project, share }) => [project, share])).toEqual([
      ["over", 3],
      ["closed", 1],
      ["half", 0.5],
      ["free", null],
    ]);
    expect(planRows(response, "half", NOW)).toEqual([
      { project: "half", admitted: 50, limit: 100, share: 0.5, overage: 0, overagePolicy: "continue", lost: 0 },
    ]);
  });

  test("measures the month in UTC", () => {
    expect(monthElapsed(NOW)).toBe(0.5);
    expect(monthElapsed(Date.UTC(2026, 11, 1))).toBe(0);
  });

  test("distinguishes a server that stored something from one that received nothing or dropped it all", () => {
    const has = (usage: readonly Row[], rows: UsageResponse["storage"] = []) => hasEntries({ usage, storage: rows });
    expect(has([])).toBe(false);
    expect(has([row("a", { received: 3, dropped: { empty: 1, too_old: 2 } })])).toBe(false);
    expect(has([row("a", { received: 3, dropped: { empty: 1 } })])).toBe(true);
    expect(has([], [storage("a", null, 0)])).toBe(false);
    expect(has([], [storage("a", 5)])).toBe(true);
    expect(droppedEntries({ usage: [row("a", { dropped: { empty: 1, too_old: 2 } })], storage: [] })).toBe(3);
  });

  test("knows the newest record of a project, and of all", () => {
    const response = { usage: [], storage: [storage("a", 5), storage("b", 9), storage("c", null)] };
    expect([newestRecord(response, ""), newestRecord(response, "a"), newestRecord(response, "c")]).toEqual([
      9,
      5,
      undefined,
    ]);
  });
});
