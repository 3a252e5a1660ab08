// Two ranges in one query against a naive model: the same records, filtered and counted once for each range.

import { describe, expect, test } from "bun:test";
import type { TimeSpan } from "../../../src/core/compare.ts";
import { TIMINGS_COMPARED_MIN } from "../../../src/core/limits.ts";
import type { QueryRequest, QueryScope } from "../../../src/core/queries.ts";
import type {
  HistogramResponse,
  PatternsResponse,
  PreviousTimingStats,
  SeriesResponse,
  TimingsResponse,
  TouchpointTimings,
} from "../../../src/core/responses.ts";
import type { ReadRules } from "../../../src/query/scan/scope.ts";
import { StatisticsCache } from "../../../src/query/scan/statistics_cache.ts";
import { EMPTY_TABLES } from "../../support/empty_tables.ts";
import { MemorySource, randomRecord } from "../../support/memory_source.ts";
import { exactQuantile, inScope, MODEL_SEARCHES, type ModelRecord } from "../../support/query_model.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../support/random.ts";
import { runQuery } from "../../support/run_query.ts";

const DAY_MS = 86_400_000;
const DAY = Date.UTC(2026, 5, 1);
const NOW = DAY + 20 * DAY_MS;
const rulesFor = (days: number): ReadRules["defaultProject"] => {
  return { retentionMs: days * DAY_MS, monthlyEntries: undefined, overage: "continue" };
};
const EVER = rulesFor(3_650);
const ALL: QueryScope = { project: undefined, q: "", from: undefined, to: undefined };
const TEST_MS_MAX = 30_000;
const seed = runSeed("compared ranges");

function ask<T>(source: MemorySource, request: QueryRequest, rules: Partial<ReadRules> = {}): T {
  const outcome = runQuery(request, {
    source,
    tables: EMPTY_TABLES,
    cache: new StatisticsCache(),
    rules: { projects: {}, defaultProject: EVER, ...rules },
    now: NOW,
    limitMs: Number.POSITIVE_INFINITY,
  });
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return outcome.answer as T;
}

interface World {
  readonly source: MemorySource;
  readonly records: ModelRecord[];
}

function randomWorld(random: Random): World {
  const source = new MemorySource();
  const records: ModelRecord[] = [];
  const spanMs = pick(random, [20_000, 7_200_000, 15 * DAY_MS]);
  const areFinished = random() < 0.5;
  for (let group = 0; group < 40; group++) {
    const project = pick(random, ["shop", "blog"]);
    const batch = Array.from({ length: integer(random, pick(random, [3, 200, 900])) + 1 }, () => {
      return randomRecord(random, DAY, DAY + spanMs);
    });
    for (const record of source.write(project, batch)) records.push({ project, record });
    if (random() < 0.3) source.merge(project, areFinished && random() < 0.5);
  }
  return { source, records };
}

/** Two ranges within the records: beside one another, apart, over one another, or of other lengths. */
function randomRanges(random: Random, records: readonly ModelRecord[]): { now: TimeSpan; before: TimeSpan } {
  const times = records.map(({ record }) => record.time);
  const [least, most] = [Math.min(...times), Math.max(...times)];
  const length = Math.max(2, Math.floor((most - least) / pick(random, [2, 3, 10])));
  const from = most - length + 1;
  const now = { from, to: random() < 0.5 ? most + 1 : from + Math.ceil(length / 2) };
  const lengthNow = now.to - now.from;
  const offset = pick(random, [lengthNow, Math.ceil(lengthNow / 3), lengthNow + integer(random, most - least)]);
  const before = { from: now.from - offset, to: now.to - offset };
  return { now, before: random() < 0.3 ? { ...before, to: before.to + integer(random, length) } : before };
}

type Check = (
  world: World,
  scope: QueryScope,
  compared: TimeSpan,
  sides: readonly ModelRecord[][],
  random: Random,
) => void;

function forAll(check: Check): void {
  const random = seededRandom(seed);
  for (let round = 0; round < 3; round++) {
    const world = randomWorld(random);
    for (const search of MODEL_SEARCHES) {
      const project = pick(random, [undefined, "shop"]);
      const { now, before } = randomRanges(random, world.records);
      const scope = { ...ALL, q: search.q, project, ...now };
      const sides = [now, before].map((span) => inScope(world.records, { ...scope, ...span }, search));
      check(world, scope, before, sides, random);
    }
  }
}

function durationsOf(records: readonly ModelRecord[], touchpoint?: string): number[] {
  return records
    .filter(({ record }) => record.kind === "completed")
    .filter(({ record }) => touchpoint === undefined || (record.touchpoint ?? "") === touchpoint)
    .map(({ record }) => record.duration as number);
}

function unfinishedOf(records: readonly ModelRecord[], touchpoint: string): number {
  return records.filter(({ record }) => record.kind === "unfinished" && (record.touchpoint ?? "") === touchpoint)
    .length;
}

function expectNear(found: number | null | undefined, exact: number): void {
  expect(Math.abs((found ?? Number.NaN) - exact)).toBeLessThanOrEqual(Math.max(1e-6, Math.abs(exact) * 0.0101));
}

function expectStats(found: PreviousTimingStats | undefined, durations: readonly number[]): void {
  expect(found?.count).toBe(durations.length);
  if (durations.length === 0) {
    expect(found?.p95).toBeNull();
    return;
  }
  for (const [name, q] of [
    ["p50", 0.5],
    ["p95", 0.95],
  ] as const)
    expectNear(found?.[name], exactQuantile(durations, q));
  expectNear(found?.mean, durations.reduce((sum, one) => sum + one, 0) / durations.length);
  expect([found?.min, found?.max]).toEqual([Math.min(...durations), Math.max(...durations)]);
}

/** The state that follows from the numbers of completed, and of all timings. */
function expectedState(now: readonly [number, number], before: readonly [number, number]): string {
  if (before[1] === 0 && now[1] > 0) return "new";
  if (now[1] === 0 && before[1] > 0) return "gone";
  return Math.min(now[0], before[0]) < TIMINGS_COMPARED_MIN ? "few" : "compared";
}

describe("timings of two ranges are those of the model", () => {
  test(
    "by touchpoint, with their changes, whatever the search, the ranges and the blocks",
    () => {
      const states = new Set<string>();
      forAll(({ source, records }, scope, compared, [now = [], before = []]) => {
        const answer: TimingsResponse = ask(source, { kind: "timings", scope, byCategory: true, compared });
        expect(answer.previous).toMatchObject(compared);
        const names = new Set(
          [...now, ...before]
            .filter(({ record }) => record.kind === "completed" || record.kind === "unfinished")
            .map(({ project, record }) => `${record.touchpoint ?? ""}\n${project}`),
        );
        const listed = answer.touchpoints.map(({ project, touchpoint }) => `${touchpoint}\n${project}`);
        expect(listed).toEqual([...names].toSorted());
        const ownOf = (project: string, all: readonly ModelRecord[]) => all.filter((one) => one.project === project);
        for (const one of answer.touchpoints) {
          const [ownNow, ownBefore] = [ownOf(one.project, now), ownOf(one.project, before)];
          const [durations, earlier] = [durationsOf(ownNow, one.touchpoint), durationsOf(ownBefore, one.touchpoint)];
          expectStats(one, durations);
          expectStats(one.previous, earlier);
          const unfinished = [unfinishedOf(ownNow, one.touchpoint), unfinishedOf(ownBefore, one.touchpoint)] as const;
          expect([one.unfinished, one.previous?.unfinished]).toEqual([...unfinished]);
          const isKept = ownOf(one.project, records).some(({ record }) => record.time < compared.to);
          const judged = expectedState(
            [durations.length, durations.length + unfinished[0]],
            [earlier.length, earlier.length + unfinished[1]],
          );
          const state = isKept ? judged : "unknown";
          expect([one.change?.state, one.change?.count]).toEqual([state as never, durations.length - earlier.length]);
          states.add(state);
          const worse = state === "compared" ? ((one.p95 ?? 0) - (one.previous?.p95 ?? 0)) * one.count : null;
          expect(one.change?.worse).toBe(worse);
          const areBoth = durations.length > 0 && earlier.length > 0;
          expect(one.change?.p50).toBe(areBoth ? (one.p50 ?? 0) - (one.previous?.p50 ?? 0) : null);
          const sum = (all: readonly number[]) => all.reduce((total, each) => total + each, 0);
          expect(one.change?.total).toBeCloseTo(sum(durations) - sum(earlier), 3);
        }
        for (const { project, category, previous, count } of answer.categories ?? []) {
          const within = (records: readonly ModelRecord[]) => {
            return ownOf(project, records).filter(({ record }) => record.touchpoint?.startsWith(category) === true);
          };
          expect(count).toBe(durationsOf(within(now)).length);
          expectStats(previous, durationsOf(within(before)));
        }
      });
      expect([...states]).toEqual(expect.arrayContaining(["compared", "few", "gone", "new"]));
    },
    TEST_MS_MAX,
  );

  test(
    "by bucket, each as far from its range's beginning as the one beside it",
    () => {
      forAll(({ source }, scope, compared, [now = [], before = []], random) => {
        const request = { kind: "series", scope, intervalMs: undefined, compared } as const;
        const answer: SeriesResponse = ask(source, { ...request, byTouchpoint: false });
        const { interval, buckets = [], previousBuckets = [] } = answer;
        const offset = (scope.from ?? 0) - compared.from;
        expect(previousBuckets[0]?.time).toBe((buckets[0]?.time ?? 0) - offset);
        for (const [bucketsOfSide, records] of [
          [buckets, now],
          [previousBuckets, before],
        ] as const) {
          for (const bucket of bucketsOfSide) {
            const own = records.filter(({ record: { time } }) => time >= bucket.time && time < bucket.time + interval);
            expectStats(bucket, durationsOf(own));
          }
          expect(bucketsOfSide.reduce((sum, { count }) => sum + count, 0)).toBe(durationsOf(records).length);
        }
        if (random() < 0.5) return;
        const by: SeriesResponse = ask(source, { ...request, byTouchpoint: true });
        for (const { project, touchpoint, previousBuckets: own = [] } of by.touchpoints ?? []) {
          const expected = durationsOf(
            before.filter((one) => one.project === project),
            touchpoint,
          );
          expect(own.reduce((sum, { count }) => sum + count, 0)).toBe(expected.length);
        }
      });
    },
    TEST_MS_MAX,
  );
});

describe("counts of two ranges are those of the model", () => {
  test(
    "by bucket and level",
    () => {
      forAll(({ source }, scope, compared, [now = [], before = []]) => {
        const request = { kind: "histogram", scope, intervalMs: undefined, compared } as const;
        const { interval, buckets, previousBuckets = [] }: HistogramResponse = ask(source, request);
        expect(previousBuckets[0]?.time).toBe((buckets[0]?.time ?? 0) - (scope.from ?? 0) + compared.from);
        for (const [bucketsOfSide, records] of [
          [buckets, now],
          [previousBuckets, before],
        ] as const) {
          for (const { time, ...counts } of bucketsOfSide) {
            const own = records.filter(({ record }) => record.time >= time && record.time < time + interval);
            const logs = (level: string) => {
              return own.filter(({ record }) => record.kind === "log" && record.level === level).length;
            };
            expect(counts).toEqual({
              debug: logs("debug"),
              info: logs("info"),
              warn: logs("warn"),
              error: logs("error"),
              timing: own.filter(({ record }) => record.kind !== "log").length,
            });
          }
        }
      });
    },
    TEST_MS_MAX,
  );

  test("by pattern", () => {
    forAll(({ source }, scope, compared, [, before = []]) => {
      const answer: PatternsResponse = ask(source, { kind: "patterns", scope, limit: 1_000, compared });
      const counted = answer.patterns.reduce((sum, { previous = 0 }) => sum + previous, 0);
      expect(counted).toBeLessThanOrEqual(before.filter(({ record }) => record.message !== undefined).length);
      expect(answer.previous).toMatchObject(compared);
    });
  });

  test("are refused past the buckets that an answer may have", () => {
    const { source } = randomWorld(seededRandom(seed));
    const request = { intervalMs: 1_000, scope: { ...ALL, from: DAY, to: DAY + 10_000 } } as const;
    const compared = { from: DAY - 20 * DAY_MS, to: DAY };
    for (const kind of [{ kind: "histogram" }, { kind: "series", byTouchpoint: false }] as const) {
      expect(() => ask(source, { ...kind, ...request, compared })).toThrow("in the compared range, at most 10000");
    }
  });
});

const timing = (touchpoint: string, time: number, duration: number) => ({
  ...randomRecord(seededRandom(1), time, time + 1),
  kind: "completed" as const,
  level: undefined,
  startTime: time,
  touchpoint,
  duration,
});

/** Timings of a touchpoint in each range: as many as the second number, of this length. */
function shopOf(
  sides: Readonly<Record<string, readonly [now: [ms: number, count: number], before: [number, number]]>>,
) {
  const source = new MemorySource();
  const records = Object.entries(sides).flatMap(([name, [now, before]]) => [
    ...Array.from({ length: now[1] }, () => timing(name, NOW - DAY_MS, now[0])),
    ...Array.from({ length: before[1] }, () => timing(name, NOW - 3 * DAY_MS, before[0])),
  ]);
  source.write("shop", records);
  return source;
}
const SIDES = {
  scope: { ...ALL, from: NOW - 2 * DAY_MS },
  compared: { from: NOW - 4 * DAY_MS, to: NOW - 2 * DAY_MS },
} as const;

describe("the order by what became worse", () => {
  const source = shopOf({
    often: [
      [110, 1_000],
      [100, 1_000],
    ],
    much: [
      [300, 40],
      [100, 40],
    ],
    seldom: [
      [9_000, 29],
      [100, 500],
    ],
    fresh: [
      [2_000, 50],
      [0, 0],
    ],
    gone: [
      [0, 0],
      [70, 90],
    ],
    same: [
      [50, 100],
      [50, 100],
    ],
    better: [
      [100, 100],
      [200, 100],
    ],
  });

  test("is that of (p95 now − p95 before) × count now; what cannot be judged follows by its total time", () => {
    const answer: TimingsResponse = ask(source, { kind: "timings", ...SIDES, sort: "worse" });
    const shown = answer.touchpoints.map(({ touchpoint, change }) => [touchpoint, change?.state]);
    expect(shown).toEqual([
      ["often", "compared"],
      ["much", "compared"],
      ["seldom", "few"],
      ["fresh", "new"],
      ["same", "compared"],
      ["gone", "gone"],
      ["better", "compared"],
    ]);
    const [often] = answer.touchpoints;
    expectNear(often?.change?.worse, 10_000 + 1_000 * ((often?.p95 ?? 0) - 110 - ((often?.previous?.p95 ?? 0) - 100)));
    expect(answer.touchpoints.find(({ touchpoint }) => touchpoint === "gone")).toMatchObject({ count: 0, p95: null });
  });

  test("is cut where a limit says so, and the rest is counted", () => {
    for (const sort of ["worse", "total", "count", "p95", "name"] as const) {
      const all: TimingsResponse = ask(source, { kind: "timings", ...SIDES, sort });
      const cut: TimingsResponse = ask(source, { kind: "timings", ...SIDES, sort, limit: 3 });
      expect([cut.touchpoints, cut.more, all.more]).toEqual([all.touchpoints.slice(0, 3), 4, 0]);
    }
  });

  test("has orders beside it: by total time, by count, by p95", () => {
    const names = (sort: "total" | "count" | "p95") => {
      const { touchpoints }: TimingsResponse = ask(source, { kind: "timings", scope: SIDES.scope, sort });
      return touchpoints.map(({ touchpoint }) => touchpoint).slice(0, 2);
    };
    expect([names("total"), names("count"), names("p95")]).toEqual([
      ["seldom", "often"],
      ["often", "better"],
      ["seldom", "fresh"],
    ]);
  });
});

describe("a compared range", () => {
  const keptOf = (source: MemorySource, rules: Partial<ReadRules>, project?: string) => {
    const request = { kind: "timings", ...SIDES, scope: { ...SIDES.scope, project } } as const;
    const { previous, touchpoints }: TimingsResponse = ask(source, request, rules);
    return { previous, states: touchpoints.map((one: TouchpointTimings) => one.change?.state) };
  };

  test("says what of it retention has deleted, and calls nothing new where nothing is left", () => {
    const source = shopOf({
      a: [
        [10, 50],
        [10, 50],
      ],
    });
    source.write("shop", [timing("a", NOW - 9 * DAY_MS, 10)]);
    const of = (days: number) => keptOf(source, { projects: { shop: rulesFor(days) } });
    expect(of(30)).toMatchObject({ previous: { kept: "whole" }, states: ["compared"] });
    expect(of(3.5)).toMatchObject({ previous: { kept: "part", keptFrom: NOW - 3.5 * DAY_MS }, states: ["compared"] });
    expect(of(2)).toMatchObject({ previous: { kept: "none", keptFrom: NOW - 2 * DAY_MS }, states: ["unknown"] });
  });

  test("is kept in part where one of the projects keeps less, and whole for the other alone", () => {
    const source = shopOf({
      a: [
        [10, 50],
        [10, 50],
      ],
    });
    source.write("shop", [timing("a", NOW - 9 * DAY_MS, 10)]);
    source.write("blog", [timing("b", NOW - DAY_MS, 10)]);
    const rules = { projects: { blog: rulesFor(2) } };
    expect(keptOf(source, rules)).toMatchObject({ previous: { kept: "part" }, states: ["compared", "unknown"] });
    expect(keptOf(source, rules, "shop").previous?.kept).toBe("whole");
  });

  test("before the first record is not kept, and an empty file keeps nothing", () => {
    expect(
      keptOf(
        shopOf({
          a: [
            [10, 50],
            [0, 0],
          ],
        }),
        {},
      ),
    ).toMatchObject({
      previous: { kept: "none", keptFrom: NOW - DAY_MS },
      states: ["unknown"],
    });
    expect(keptOf(new MemorySource(), {}).previous).toMatchObject({ kept: "none", keptFrom: null });
  });
});
