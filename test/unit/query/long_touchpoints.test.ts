// Touchpoint names that are too long to be listed: statistics and tables have their beginning, searches match the whole
// name.

import { describe, expect, test } from "bun:test";
import { STATISTICS_CHUNK } from "../../../src/block/codec/column_chunks.ts";
import { openBlock } from "../../../src/block/open_block.ts";
import { readStatistics } from "../../../src/block/stats/statistics.ts";
import { DAY_MS } from "../../../src/core/limits.ts";
import type { QueryRequest } from "../../../src/core/queries.ts";
import type { StoredRecord } from "../../../src/core/record.ts";
import type {
  EntriesResponse,
  HistogramResponse,
  RunningResponse,
  SeriesResponse,
  TimingsResponse,
  ValuesResponse,
} from "../../../src/core/responses.ts";
import { cutTouchpoint, TOUCHPOINT_LENGTH_MAX } from "../../../src/core/touchpoint.ts";
import type { TablesSource } from "../../../src/query/responses/tables.ts";
import { StatisticsCache } from "../../../src/query/scan/statistics_cache.ts";
import { EMPTY_TABLES } from "../../support/empty_tables.ts";
import { MemorySource } from "../../support/memory_source.ts";
import { runQuery } from "../../support/run_query.ts";
import { record } from "./match/search_block.ts";

const NOW = 20_000 * DAY_MS + 5_000;
const RULES = {
  projects: {},
  defaultProject: { retentionMs: DAY_MS, monthlyEntries: undefined, overage: "continue" },
} as const;

const FITTING = "f".repeat(TOUCHPOINT_LENGTH_MAX);
const LONG = `${"l".repeat(2_000)}/end of one`;
/** Has the same beginning. */
const OTHER = `${"l".repeat(2_000)}/end of the other`;
/** Its 512th character is half of a pair. */
const ODD = `${"o".repeat(TOUCHPOINT_LENGTH_MAX - 1)}\u{1f98a}…`;
const SLASHES = "s/".repeat(2_000);
const NAMES = [FITTING, LONG, OTHER, ODD, SLASHES, undefined];

function timing(touchpoint: string | undefined, duration: number): Omit<StoredRecord, "id"> {
  const time = NOW - 1_000;
  return record(0, { kind: "completed", level: undefined, touchpoint, time, startTime: time, endTime: NOW, duration });
}

function sourceWith(isMerged: boolean): MemorySource {
  const source = new MemorySource();
  NAMES.forEach((name, index) => {
    source.write("shop", [timing(name, index + 1), record(0, { touchpoint: name, time: NOW - 1_000, level: "warn" })]);
  });
  if (isMerged) source.merge("shop", true);
  return source;
}

function ask<T>(source: MemorySource, request: QueryRequest, tables: TablesSource = EMPTY_TABLES): T {
  const options = { source, tables, cache: new StatisticsCache(), rules: RULES, now: NOW, limitMs: 1e9 };
  const outcome = runQuery(request, options);
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return outcome.answer as T;
}

function scope(q: string) {
  return { project: "shop", q, from: undefined, to: undefined };
}

/** Asks of small blocks and of merged ones, which must agree. */
function askBoth<T>(request: QueryRequest): T {
  const [small, merged] = [ask<T>(sourceWith(false), request), ask<T>(sourceWith(true), request)];
  expect(merged).toEqual(small);
  return small;
}

describe("a touchpoint of more than 512 characters", () => {
  test("is found by its whole name, and by no other name with the same beginning", () => {
    const durations = (q: string) => {
      const { entries } = askBoth<EntriesResponse>({ kind: "entries", scope: scope(q), limit: 100, cursor: undefined });
      return entries.flatMap(({ duration }) => duration ?? []).sort((a, b) => a - b);
    };
    expect(durations(`touchpoint:"${LONG}"`)).toEqual([2]);
    expect(durations(`-touchpoint:"${LONG}"`)).toEqual([1, 3, 4, 5, 6]);
    expect(durations(`touchpoint:"${"l".repeat(600)}"*`)).toEqual([2, 3]);
    expect(durations(`touchpoint:"${cutTouchpoint(LONG)}"`)).toEqual([]);
    expect(durations('"end of the OTHER"')).toEqual([3]);
    expect(durations('"ooo…"')).toEqual([]);
    expect(durations('-"end of"')).toEqual([1, 4, 5, 6]);
    expect(durations("touchpoint:*")).toEqual([1, 2, 3, 4, 5]);
  });

  test("is counted for searches that match it", () => {
    const sum = (q: string) => {
      const { buckets } = askBoth<HistogramResponse>({ kind: "histogram", scope: scope(q), intervalMs: 60_000 });
      return buckets.map(({ warn, timing: timings }) => [warn, timings]).filter(([warn, timings]) => warn || timings);
    };
    expect(sum("")).toEqual([[6, 6]]);
    expect(sum(`touchpoint:"${LONG}","${FITTING}"`)).toEqual([[2, 2]]);
  });

  test("is cut in tables, where names with the same beginning are one", () => {
    const cut = cutTouchpoint(LONG);
    expect([cut.length, cut.endsWith("l…"), cutTouchpoint(ODD).isWellFormed()]).toEqual([513, true, true]);
    const { touchpoints } = askBoth<TimingsResponse>({ kind: "timings", scope: scope(""), byCategory: true });
    const shown = (name: string | undefined) => cutTouchpoint(name ?? "");
    const expected = new Map<string, number>();
    for (const name of NAMES) expected.set(shown(name), (expected.get(shown(name)) ?? 0) + 1);
    expect(new Map(touchpoints.map(({ touchpoint, count }) => [touchpoint, count]))).toEqual(expected);
    const values = askBoth<ValuesResponse>({ kind: "values", scope: scope(""), field: "touchpoint", limit: 10 });
    expect(new Map(values.values.map(({ value, count }) => [String(value), count / 2]))).toEqual(
      new Map([...expected].filter(([name]) => name !== "")),
    );
    const series = askBoth<SeriesResponse>({
      kind: "series",
      scope: scope(""),
      intervalMs: 60_000,
      byTouchpoint: true,
    });
    expect(new Set(series.touchpoints?.map(({ touchpoint }) => touchpoint))).toEqual(new Set(expected.keys()));
  });

  test("is cut in the list of running timings", () => {
    const start = { ...timing(LONG, 1), duration: undefined, startTime: NOW - 5 };
    const tables = { ...EMPTY_TABLES, openStarts: () => [{ project: "shop", start }] };
    const source = sourceWith(true);
    const { running } = ask<RunningResponse>(source, { kind: "running", scope: scope(""), limit: 10 }, tables);
    expect(running.map(({ touchpoint }) => touchpoint)).toEqual([cutTouchpoint(LONG)]);
    const { touchpoints } = ask<TimingsResponse>(source, { kind: "timings", scope: scope("") }, tables);
    expect(touchpoints.filter((row) => row.running > 0).map(({ touchpoint }) => touchpoint)).toEqual([
      cutTouchpoint(LONG),
    ]);
  });

  test("does not make its categories longer than a few names", () => {
    const { categories = [] } = askBoth<TimingsResponse>({ kind: "timings", scope: scope(""), byCategory: true });
    expect(categories.length).toBeLessThanOrEqual(16);
    expect(categories.every(({ category }) => category.length <= 128)).toBe(true);
  });

  test("takes as much of a block's statistics as a short one, however long it is", () => {
    const source = new MemorySource();
    for (let index = 0; index < 20; index++) source.write("shop", [timing(`${index}`.padEnd(200_000, "x"), 1)]);
    source.merge("shop", true);
    const [block] = source.list({ project: undefined, from: 0, to: 8.64e15 });
    const pieces = source.open(block?.id ?? 0);
    const summary = pieces?.chunk(STATISTICS_CHUNK);
    if (pieces === undefined || summary === undefined) throw new Error("a merged block has a summary");
    const { cells, bytes } = readStatistics(summary);
    expect([cells.length, bytes < 20 * 3_000]).toEqual([20, true]);
    const names = openBlock(
      pieces.names().flatMap((name) => pieces.chunk(name) ?? []),
      20,
    ).touchpoint().dictionary;
    expect(names.every(({ length }) => length === 200_000)).toBe(true);
  });
});
