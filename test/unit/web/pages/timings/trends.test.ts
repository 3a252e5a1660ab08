// The sparklines of the tree: which requests load them, and when they are forgotten.

import { describe, expect, test } from "bun:test";
import type { SeriesBucket } from "../../../../../src/core/responses.ts";
import {
  type FetchTrend,
  type TrendQuery,
  Trends,
  trendInterval,
} from "../../../../../src/web/pages/timings/trends.ts";
import { failure } from "../../../../../src/web/state/query.ts";
import type { Selection } from "../../../../../src/web/state/selection.ts";

const NO_FIGURES = { min: null, mean: null, max: null, p50: null, p75: null, p90: null, p99: null };

function buckets(...p95: readonly (number | null)[]): SeriesBucket[] {
  return p95.map((value, time) => ({ time, count: 1, ...NO_FIGURES, p95: value, running: 0, unfinished: 0 }));
}

const touchpoint = (name: string): Selection => ({ kind: "touchpoint", name });
const API: Selection = { kind: "category", name: "api/" };

/** Resolves when nothing waits any more. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

function stage() {
  const requested: TrendQuery[] = [];
  const trends = new Trends();
  const fetch: FetchTrend = async (query) => {
    requested.push(query);
    if (query.by === undefined) return { ok: true, value: { interval: 1, buckets: buckets(3, null) } };
    return {
      ok: true,
      value: { interval: 1, touchpoints: [{ project: "shop", touchpoint: "api/a", buckets: buckets(1, 2) }] },
    };
  };
  return { requested, trends, fetch };
}

describe("trends", () => {
  test("of touchpoints load with one request, and each category with one of its own", async () => {
    const { requested, trends, fetch } = stage();
    trends.start(fetch, "level:info");
    trends.want([API, touchpoint("api/a"), touchpoint("api/b"), { kind: "none" }]);
    await settled();
    expect(requested).toEqual([
      { q: '(level:info) (touchpoint:"api/a","api/b")', by: "touchpoint" },
      { q: '(level:info) (touchpoint:"api/"*)' },
      { q: "(level:info) (-touchpoint:*)" },
    ]);
    expect([...trends.trends.value]).toEqual([
      ["touchpoint:api/a", [1, 2]],
      ["touchpoint:api/b", []],
      ["category:api/", [3, null]],
      ["none", [3, null]],
    ]);
  });

  test("load once, until they are refreshed, and stay visible in the meantime", async () => {
    const { requested, trends, fetch } = stage();
    trends.start(fetch, "");
    trends.want([API]);
    await settled();
    trends.want([API]);
    await settled();
    expect(requested).toHaveLength(1);
    trends.refresh();
    expect(trends.trends.value.get("category:api/")).toEqual([3, null]);
    trends.want([API]);
    await settled();
    expect(requested).toHaveLength(2);
  });

  test("of many touchpoints load in requests that fit a URL", async () => {
    const { requested, trends, fetch } = stage();
    trends.start(fetch, "");
    trends.want(Array.from({ length: 100 }, (_, at) => touchpoint(`api/${at}`)));
    trends.want([touchpoint("é".repeat(900)), touchpoint("b".repeat(900))]);
    await settled();
    expect(requested.map(({ q }) => q.split(",").length)).toEqual([40, 40, 20, 1, 1]);
  });

  test("of another scope are forgotten at once, and a late response is ignored", async () => {
    const { trends, fetch } = stage();
    let response: (() => void) | undefined;
    const late: FetchTrend = () =>
      new Promise((resolve) => {
        response = () => resolve({ ok: true, value: { interval: 1, buckets: buckets(99) } });
      });
    trends.start(late, "");
    trends.want([API]);
    trends.start(fetch, "");
    response?.();
    await settled();
    expect(trends.trends.value.size).toBe(0);
  });
});

describe("trends whose requests fail", () => {
  test("leave rows without a shape, and fetch no further", async () => {
    let count = 0;
    const trends = new Trends();
    trends.start(async () => {
      count++;
      return failure("busy", "too many queries", 503);
    }, "");
    trends.want([API, touchpoint("a")]);
    await settled();
    expect([count, trends.trends.value.size]).toEqual([1, 0]);
  });
});

describe("the interval of a trend", () => {
  test.each<[number | undefined, number | undefined]>([
    [undefined, undefined],
    [15 * 60_000, 30_000],
    [3_600_000, 120_000],
    [86_400_000, 3_600_000],
    [30 * 86_400_000, 86_400_000],
    [100 * 365 * 86_400_000, undefined],
  ])("over %p ms is %p ms", (lengthMs, interval) => {
    expect(trendInterval(lengthMs)).toBe(interval);
  });
});
