import { describe, expect, test } from "bun:test";
import { BUCKETS_MAX, TIME_MS_MAX } from "../../../../src/core/limits.ts";
import { isRefusal, type ReadRules, resolveScope } from "../../../../src/query/scan/scope.ts";
import { bucketsOf, spanOf } from "../../../../src/query/scan/time_buckets.ts";

const NOW = Date.UTC(2026, 5, 1);
const RULES: ReadRules = {
  projects: {},
  defaultProject: { retentionMs: 86_400_000, monthlyEntries: undefined, overage: "continue" },
};

function bucketsOfScope(from: number | undefined, to: number | undefined, intervalMs?: number) {
  const scope = resolveScope({ project: undefined, q: "", from, to }, RULES, NOW);
  if (isRefusal(scope)) throw new Error(scope.message);
  const span = spanOf(scope, [], NOW);
  return bucketsOf(span.from, span.to, intervalMs);
}

describe("buckets", () => {
  test("of a time that begins in the future and has no end are one, empty", () => {
    expect(bucketsOfScope(NOW + 3_600_000, undefined, 60_000)).toEqual({
      interval: 60_000,
      start: NOW + 3_600_000,
      count: 1,
    });
    expect(bucketsOfScope(TIME_MS_MAX, undefined)).toMatchObject({ count: 1 });
  });

  test("without an interval are never too many, however long the time", () => {
    for (const [from, to] of [
      [-TIME_MS_MAX, TIME_MS_MAX],
      [-TIME_MS_MAX, undefined],
      [undefined, TIME_MS_MAX],
      [0, NOW],
    ] as const) {
      const buckets = bucketsOfScope(from, to);
      if (isRefusal(buckets)) throw new Error(buckets.message);
      expect(buckets.count).toBeGreaterThan(10);
      expect(buckets.count).toBeLessThanOrEqual(122);
      expect(buckets.start).toBeLessThanOrEqual(from ?? NOW);
      expect(buckets.start + buckets.count * buckets.interval).toBeGreaterThanOrEqual(to ?? NOW);
    }
  });
});

describe("buckets are refused", () => {
  test("where the requested interval gives too many", () => {
    expect(bucketsOfScope(NOW - BUCKETS_MAX - 1, NOW, 1)).toMatchObject({ code: "bad_range" });
  });
});
