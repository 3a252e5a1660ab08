// Every kind of query against a simple model over the same records: random records in small, merged and finished
// blocks.

import { describe, expect, test } from "bun:test";
import { BlockDamagedError } from "../../../src/block/codec/damage.ts";
import type { QueryOutcome, QueryRequest, QueryScope } from "../../../src/core/queries.ts";
import type { ShownRecord } from "../../../src/core/record.ts";
import type {
  EntriesResponse,
  FieldsResponse,
  HistogramResponse,
  SeriesResponse,
  TimingsResponse,
  ValuesResponse,
} from "../../../src/core/responses.ts";
import type { ReadRules } from "../../../src/query/scan/scope.ts";
import { StatisticsCache } from "../../../src/query/scan/statistics_cache.ts";
import { EMPTY_TABLES } from "../../support/empty_tables.ts";
import { MemorySource, randomRecord } from "../../support/memory_source.ts";
import { exactQuantile, inScope, MODEL_SEARCHES, type ModelRecord, shownAll } from "../../support/query_model.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../support/random.ts";
import { runQuery } from "../../support/run_query.ts";

const DAY = Date.UTC(2026, 5, 1);
const NOW = DAY + 86_400_000;
const PROJECTS = ["shop", "blog"];
const NO_LIMIT = { retentionMs: 3_650 * 86_400_000, monthlyEntries: undefined, overage: "continue" } as const;
const RULES: ReadRules = { projects: {}, defaultProject: NO_LIMIT };

interface World {
  readonly source: MemorySource;
  readonly records: ModelRecord[];
}

/** Some thousand records of an hour or of a day, in blocks of all sizes. */
function randomWorld(random: Random): World {
  const source = new MemorySource();
  const records: ModelRecord[] = [];
  const spanMs = pick(random, [5_000, 3_600_000, 86_400_000]);
  for (let group = 0; group < 30; group++) {
    const project = pick(random, PROJECTS);
    const many = pick(random, [1, 10, 100]);
    const batch = Array.from({ length: integer(random, many) + 1 }, () => randomRecord(random, DAY, DAY + spanMs));
    for (const record of source.write(project, batch)) records.push({ project, record });
    if (random() < 0.2) source.merge(project, random() < 0.5);
  }
  return { source, records };
}

function ask<T>(source: MemorySource, request: QueryRequest, limitMs = Number.POSITIVE_INFINITY): T {
  const outcome = tryAsk(source, request, limitMs);
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return outcome.answer as T;
}

function tryAsk(source: MemorySource, request: QueryRequest, limitMs = Number.POSITIVE_INFINITY): QueryOutcome<object> {
  return runQuery(request, {
    source,
    tables: EMPTY_TABLES,
    cache: new StatisticsCache(),
    rules: RULES,
    now: NOW,
    limitMs,
  });
}

function randomScope(random: Random, q: string): QueryScope {
  const edge = () => (random() < 0.5 ? undefined : DAY + integer(random, 86_400_000));
  const [one, other] = [edge(), edge()];
  const isOrdered = one === undefined || other === undefined || one < other;
  return {
    project: random() < 0.5 ? undefined : pick(random, PROJECTS),
    q,
    from: isOrdered ? one : other,
    to: one === other && one !== undefined ? one + 1 : isOrdered ? other : one,
  };
}

/** Many worlds, on a machine that may be busy. */
const TEST_MS_MAX = 30_000;
const seed = runSeed("query engine");

/** Calls `check` for every search, in several worlds. */
function forAll(check: (world: World, scope: QueryScope, expected: ModelRecord[], random: Random) => void): void {
  const random = seededRandom(seed);
  for (let round = 0; round < 4; round++) {
    const world = randomWorld(random);
    for (const search of MODEL_SEARCHES) {
      const scope = randomScope(random, search.q);
      if (scope.project !== undefined && !world.source.projects().includes(scope.project)) continue;
      check(world, scope, inScope(world.records, scope, search), random);
    }
  }
}

describe("the engine's responses are those of the model", () => {
  test(
    "entries, a page at a time",
    () => {
      forAll(({ source }, scope, expected, random) => {
        const limit = pick(random, [1, 7, 100, 10_000]);
        const pages: ShownRecord[] = [];
        let cursor: string | undefined;
        for (let page = 0; page < (limit === 1 ? 20 : 2_000); page++) {
          const answer: EntriesResponse = ask(source, { kind: "entries", scope, limit, cursor });
          pages.push(...answer.entries);
          if (answer.nextCursor === null) break;
          expect(answer.entries).toHaveLength(limit);
          cursor = answer.nextCursor;
        }
        const all = shownAll(expected);
        expect(pages).toEqual(limit === 1 ? all.slice(0, 20) : all);
      });
    },
    TEST_MS_MAX,
  );

  test(
    "counts over time",
    () => {
      forAll(({ source }, scope, expected, random) => {
        const intervalMs = pick(random, [60_000, 600_000, 7_777_777, 3_600_000]);
        const { buckets, interval }: HistogramResponse = ask(source, { kind: "histogram", scope, intervalMs });
        expect(interval).toBe(intervalMs);
        const counts = new Map(
          buckets.map((bucket) => [bucket.time, { debug: 0, info: 0, warn: 0, error: 0, timing: 0 }]),
        );
        for (const { record } of expected) {
          const bucket = counts.get(Math.floor(record.time / interval) * interval);
          if (bucket === undefined) throw new Error(`no bucket for ${record.time}`);
          bucket[record.kind === "log" ? (record.level ?? "info") : "timing"]++;
        }
        expect(buckets).toEqual([...counts].map(([time, count]) => ({ time, ...count })));
        buckets.forEach(({ time }, index) => {
          expect(time).toBe((buckets[0]?.time ?? 0) + index * interval);
        });
      });
    },
    TEST_MS_MAX,
  );

  test(
    "timings by touchpoint, percentiles within 1 %",
    () => {
      forAll(({ source }, scope, expected) => {
        const request = { kind: "timings", scope, byCategory: true } as const;
        const { touchpoints, categories = [] }: TimingsResponse = ask(source, request);
        const timings = expected.filter(({ record }) => ["completed", "unfinished"].includes(record.kind));
        const nameOf = (name: string, project: string) => `${name}\n${project}`;
        const names = timings.map(({ record, project }) => nameOf(record.touchpoint ?? "", project));
        expect(touchpoints.map(({ touchpoint, project }) => nameOf(touchpoint, project))).toEqual(
          [...new Set(names)].sort(),
        );
        for (const figures of touchpoints) {
          const own = expected.filter(({ project, record }) => {
            return project === figures.project && (record.touchpoint ?? "") === figures.touchpoint;
          });
          checkFigures(figures, own);
        }
        const prefixes = timings.flatMap(({ record: { touchpoint = "" }, project }) =>
          [...touchpoint.matchAll(/\//g)].map(({ index }) => nameOf(touchpoint.slice(0, index + 1), project)),
        );
        expect(categories.map(({ category, project }) => nameOf(category, project))).toEqual(
          [...new Set(prefixes)].sort(),
        );
        for (const figures of categories) {
          const own = expected.filter(({ project, record }) => {
            return project === figures.project && record.touchpoint?.startsWith(figures.category) === true;
          });
          checkFigures(figures, own);
        }
      });
    },
    TEST_MS_MAX,
  );

  test(
    "timings over time",
    () => {
      forAll(({ source }, scope, expected, random) => {
        const intervalMs = pick(random, [600_000, 3_600_000]);
        const { buckets = [] }: SeriesResponse = ask(source, {
          kind: "series",
          scope,
          intervalMs,
          byTouchpoint: false,
        });
        const found = buckets.filter(({ count, unfinished }) => count + unfinished > 0);
        for (const figures of found) {
          checkFigures(
            figures,
            expected.filter(({ record }) => Math.floor(record.time / intervalMs) * intervalMs === figures.time),
          );
        }
        const total = expected.filter(({ record }) => record.kind === "completed").length;
        expect(found.reduce((sum, { count }) => sum + count, 0)).toBe(total);
      });
    },
    TEST_MS_MAX,
  );

  test(
    "fields, and the values of each",
    () => {
      forAll(({ source }, scope, expected) => {
        const { fields }: FieldsResponse = ask(source, { kind: "fields", scope });
        const counts = new Map<string, Map<unknown, number>>();
        const add = (name: string, value: unknown) => {
          const values = counts.get(name) ?? new Map<unknown, number>();
          values.set(value, (values.get(value) ?? 0) + 1);
          counts.set(name, values);
        };
        for (const shown of shownAll(expected)) {
          const { id: _id, project: _project, time: _time, receivedAt: _receivedAt, metadata = {}, ...others } = shown;
          for (const [name, value] of Object.entries(others)) add(name, value);
          for (const [name, value] of Object.entries(metadata)) add(`metadata.${name}`, value);
        }
        const sum = (values: Map<unknown, number>) => [...values.values()].reduce((a, b) => a + b, 0);
        expect(new Map(fields.map(({ name, count }) => [name, count]))).toEqual(
          new Map([...counts].map(([name, values]) => [name, sum(values)])),
        );
        for (const [field, values] of counts) {
          const answer: ValuesResponse = ask(source, { kind: "values", scope, field, limit: 1_000 });
          expect(new Map<unknown, number>(answer.values.map(({ value, count }) => [value, count]))).toEqual(values);
          expect([answer.count, answer.more]).toEqual([sum(values), false]);
          const order = answer.values.map(({ count }) => count);
          expect(order).toEqual([...order].sort((a, b) => b - a));
        }
      });
    },
    TEST_MS_MAX,
  );
});

interface Figures {
  readonly count: number;
  readonly unfinished: number;
  readonly min: number | null;
  readonly mean: number | null;
  readonly max: number | null;
  readonly p50: number | null;
  readonly p75: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

function checkFigures(figures: Figures, records: readonly ModelRecord[]): void {
  const durations = records.flatMap(({ record }) => (record.kind === "completed" ? [record.duration as number] : []));
  expect(figures.count).toBe(durations.length);
  expect(figures.unfinished).toBe(records.filter(({ record }) => record.kind === "unfinished").length);
  if (durations.length === 0) {
    expect([figures.min, figures.mean, figures.max, figures.p50, figures.p99]).toEqual([null, null, null, null, null]);
    return;
  }
  expect([figures.min, figures.max]).toEqual([Math.min(...durations), Math.max(...durations)]);
  expect(figures.mean).toBeCloseTo(durations.reduce((a, b) => a + b, 0) / durations.length, 6);
  for (const [name, q] of [
    ["p50", 0.5],
    ["p75", 0.75],
    ["p90", 0.9],
    ["p95", 0.95],
    ["p99", 0.99],
  ] as const) {
    const exact = exactQuantile(durations, q);
    expect(Math.abs((figures[name] as number) - exact)).toBeLessThanOrEqual(0.01 * exact);
  }
}

describe("while blocks merge during a query", () => {
  test(
    "pages miss nothing and repeat nothing, whatever is stored and merged between and during them",
    () => {
      const random = seededRandom(seed);
      for (let round = 0; round < 8; round++) {
        const { source, records } = randomWorld(random);
        const expected = shownAll(
          inScope(
            records,
            { project: undefined, q: "", from: undefined, to: undefined },
            { q: "", matches: () => true },
          ),
        );
        source.beforeOpen = () => {
          if (random() < 0.3) source.merge(pick(random, PROJECTS), random() < 0.3);
        };
        const pages: ShownRecord[] = [];
        const scope = { project: undefined, q: "", from: undefined, to: undefined };
        for (let cursor: string | undefined; ; ) {
          const answer: EntriesResponse = ask(source, { kind: "entries", scope, limit: 37, cursor });
          pages.push(...answer.entries);
          if (answer.nextCursor === null) break;
          cursor = answer.nextCursor;
          // New records are newer than every page that is still to come.
          source.write(pick(random, PROJECTS), [randomRecord(random, NOW - 1_000, NOW)]);
        }
        expect(pages).toEqual(expected);
      }
    },
    TEST_MS_MAX,
  );

  test(
    "every record is counted once",
    () => {
      const random = seededRandom(seed);
      for (let round = 0; round < 8; round++) {
        const { source, records } = randomWorld(random);
        source.beforeOpen = () => {
          if (random() < 0.3) source.merge(pick(random, PROJECTS), random() < 0.3);
        };
        const scope = { project: undefined, q: "", from: undefined, to: undefined };
        const { buckets }: HistogramResponse = ask(source, { kind: "histogram", scope, intervalMs: 3_600_000 });
        const total = buckets.reduce(
          (sum, { debug, info, warn, error, timing }) => sum + debug + info + warn + error + timing,
          0,
        );
        expect(total).toBe(records.length);
      }
    },
    TEST_MS_MAX,
  );
});

describe("limits", () => {
  const scope = { project: undefined, q: "", from: undefined, to: undefined };

  test("a query whose time is over says so, and its cursor goes on without a gap", () => {
    const { source, records } = randomWorld(seededRandom(seed));
    const first: EntriesResponse = ask(source, { kind: "entries", scope, limit: 10_000, cursor: undefined }, 0);
    expect(first.stoppedEarly).toContain("go on with nextCursor");
    const pages = [...first.entries];
    for (let cursor = first.nextCursor; cursor !== null; ) {
      const answer: EntriesResponse = ask(source, { kind: "entries", scope, limit: 10_000, cursor });
      pages.push(...answer.entries);
      cursor = answer.nextCursor;
    }
    expect(pages).toHaveLength(records.length);
    const counted: HistogramResponse = ask(source, { kind: "histogram", scope, intervalMs: undefined }, 0);
    expect(counted.stoppedEarly).toContain("0 of ");
  });

  test("a page of very long records has fewer of them, and the next pages have the rest", () => {
    const source = new MemorySource();
    const random = seededRandom(seed);
    const long = () => ({ ...randomRecord(random, DAY, DAY + 1_000), message: "x".repeat(5_000_000) });
    for (let block = 0; block < 5; block++) source.write("shop", [long(), long(), long()]);
    const pages: number[][] = [];
    for (let cursor: string | undefined; ; ) {
      const answer: EntriesResponse = ask(source, { kind: "entries", scope, limit: 100, cursor });
      pages.push(answer.entries.map(({ id }) => id));
      if (answer.nextCursor === null) break;
      cursor = answer.nextCursor;
    }
    expect(pages.map(({ length }) => length)).toEqual(Array.from({ length: 15 }, () => 1));
    expect(new Set(pages.flat()).size).toBe(15);
  });

  test("expired records are not shown", () => {
    const source = new MemorySource();
    const random = seededRandom(seed);
    source.write("shop", [randomRecord(random, DAY, DAY + 1), randomRecord(random, NOW - 1, NOW)]);
    const rules = { projects: { shop: { ...NO_LIMIT, retentionMs: 3_600_000 } }, defaultProject: NO_LIMIT };
    const options = { source, tables: EMPTY_TABLES, cache: new StatisticsCache(), rules, now: NOW, limitMs: 1e9 };
    const outcome = runQuery({ kind: "entries", scope, limit: 10, cursor: undefined }, options);
    expect(outcome).toMatchObject({ ok: true, answer: { entries: [{ id: 2 }], nextCursor: null } });
    expect(outcome).not.toMatchObject({ answer: { entries: [{}, {}] } });
  });

  test("a block whose pages are damaged is counted, and all other blocks are read", () => {
    const source = new MemorySource();
    const random = seededRandom(seed);
    for (let block = 0; block < 3; block++) source.write("shop", [randomRecord(random, DAY, DAY + 1_000)]);
    const askDamaged = <T>(request: QueryRequest): T => {
      let opened = 0;
      source.beforeOpen = () => {
        if (++opened === 2) throw new BlockDamagedError("its pages are damaged");
      };
      return ask<T>(source, request);
    };
    const answer = askDamaged<EntriesResponse>({ kind: "entries", scope, limit: 10, cursor: undefined });
    expect([answer.entries.length, answer.damagedBlocks]).toEqual([2, 1]);
    expect(askDamaged<TimingsResponse>({ kind: "timings", scope }).damagedBlocks).toBe(1);
  });

  test("a damaged block is counted, and all other blocks are read", () => {
    const source = new MemorySource();
    const random = seededRandom(seed);
    for (let block = 0; block < 3; block++) source.write("shop", [randomRecord(random, DAY, DAY + 1_000)]);
    source.damage(2);
    const answer: EntriesResponse = ask(source, { kind: "entries", scope, limit: 10, cursor: undefined });
    expect([answer.entries.length, answer.damagedBlocks]).toEqual([2, 1]);
  });

  test("a partly damaged block is left out as a whole", () => {
    const source = new MemorySource();
    const random = seededRandom(seed);
    const records = Array.from({ length: 5_000 }, (_, index) => ({
      ...randomRecord(random, DAY, DAY + 1_000),
      message: `message ${index}`,
    }));
    source.write("shop", records);
    source.merge("shop", true);
    const values: QueryRequest = { kind: "values", scope, field: "message", limit: 1 };
    const before: ValuesResponse = ask(source, values);
    expect([before.count, before.damagedBlocks]).toEqual([5_000, undefined]);
    source.damage(2, "message#1");
    const after: ValuesResponse = ask(source, values);
    expect([after.count, after.damagedBlocks]).toEqual([0, 1]);
  });

  test("a file without records gives empty responses", () => {
    const source = new MemorySource();
    expect(ask<EntriesResponse>(source, { kind: "entries", scope, limit: 10, cursor: undefined })).toEqual({
      entries: [],
      nextCursor: null,
    });
    expect(ask<TimingsResponse>(source, { kind: "timings", scope })).toEqual({
      more: 0,
      touchpoints: [],
      registering: [],
    });
    expect(ask<HistogramResponse>(source, { kind: "histogram", scope, intervalMs: 60_000 }).buckets).toHaveLength(1);
  });
});

describe("refusals", () => {
  const scope = { project: undefined, q: "", from: undefined, to: undefined };
  const source = new MemorySource();

  test("a search that does not parse says where", () => {
    const outcome = tryAsk(source, { kind: "timings", scope: { ...scope, q: "level:fatal" } });
    expect(outcome).toMatchObject({ ok: false, refusal: { code: "bad_query", at: 6, length: 5 } });
  });

  test("a cursor that the engine did not write", () => {
    for (const cursor of ["", "abc", "!!", "MS4xLjE9", "x".repeat(1_000)]) {
      const outcome = tryAsk(source, { kind: "entries", scope, limit: 1, cursor });
      expect(outcome).toMatchObject({ ok: false, refusal: { code: "bad_cursor" } });
    }
  });

  test("an unknown project, a field that does not exist, too many buckets, an empty range", () => {
    const refusals = [
      tryAsk(source, { kind: "timings", scope: { ...scope, project: "nope" } }),
      tryAsk(source, { kind: "values", scope, field: "nope", limit: 1 }),
      tryAsk(source, { kind: "histogram", scope: { ...scope, from: 0, to: 1e12 }, intervalMs: 1 }),
      tryAsk(source, { kind: "fields", scope: { ...scope, from: 5, to: 5 } }),
    ].map((outcome) => (outcome.ok ? "answered" : outcome.refusal.code));
    expect(refusals).toEqual(["unknown_project", "unknown_field", "bad_range", "bad_range"]);
  });
});
