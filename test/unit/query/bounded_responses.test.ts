// Responses are bounded, whatever was sent: the most frequent are listed exactly, and the others are counted.

import { describe, expect, test } from "bun:test";
import type { RejectionsResponse, TouchpointsResponse } from "../../../src/core/account_responses.ts";
import type { QueryRequest } from "../../../src/core/queries.ts";
import type { StoredRecord } from "../../../src/core/record.ts";
import type {
  EntriesResponse,
  FieldsResponse,
  RunningResponse,
  SeriesResponse,
  TimingsResponse,
  ValuesResponse,
} from "../../../src/core/responses.ts";
import type { TablesSource } from "../../../src/query/responses/tables.ts";
import { QueryMemory } from "../../../src/query/scan/query_memory.ts";
import { StatisticsCache } from "../../../src/query/scan/statistics_cache.ts";
import { EMPTY_TABLES } from "../../support/empty_tables.ts";
import { MemorySource } from "../../support/memory_source.ts";
import { runQuery } from "../../support/run_query.ts";
import { record } from "./match/search_block.ts";

const DAY = Date.UTC(2026, 5, 1);
const RULES = {
  projects: {},
  defaultProject: { retentionMs: 3_650 * 86_400_000, monthlyEntries: undefined, overage: "continue" },
} as const;
const SCOPE = { project: undefined, q: "", from: undefined, to: undefined };
const MIB = 1024 * 1024;

function ask<T>(source: MemorySource, request: QueryRequest, tables: TablesSource = EMPTY_TABLES): T {
  return asked<T>(source, request, tables).answer;
}

/** With the most that the query said it holds. */
function asked<T>(source: MemorySource, request: QueryRequest, tables: TablesSource = EMPTY_TABLES) {
  const memory = new QueryMemory();
  let bytesMax = 0;
  const collected = memory.setCollected.bind(memory);
  memory.setCollected = (bytes) => {
    collected(bytes);
    bytesMax = Math.max(bytesMax, bytes);
  };
  const options = { source, tables, cache: new StatisticsCache(), rules: RULES, now: DAY + 1, limitMs: 1e9, memory };
  const outcome = runQuery(request, options);
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return { answer: outcome.answer as T, bytesMax };
}

/** Stored in blocks of so many, in the order of the parts. */
function sourceOf(parts: readonly Partial<StoredRecord>[], blockRecords = 10_000): MemorySource {
  const source = new MemorySource();
  for (let from = 0; from < parts.length; from += blockRecords) {
    source.write(
      "shop",
      parts.slice(from, from + blockRecords).map((one) => record(0, { time: DAY, ...one })),
    );
  }
  return source;
}

const timing = (touchpoint: string): Partial<StoredRecord> => ({
  kind: "completed",
  touchpoint,
  startTime: DAY,
  endTime: DAY + 5,
  duration: 5,
});
const manyTouchpoints = () => [
  ...Array.from({ length: 16_000 }, (_, index) => timing(`early/${index}`)),
  ...Array.from({ length: 7 }, () => timing("late")),
];

describe("timings", () => {
  test("list the touchpoints with the most timings, whenever these came, and count the others", () => {
    const source = sourceOf(manyTouchpoints());
    for (const merge of [false, true]) {
      if (merge) source.merge("shop", true);
      const { answer, bytesMax } = asked<TimingsResponse>(source, { kind: "timings", scope: SCOPE });
      expect(answer.touchpoints.length).toBe(10_000);
      expect(answer.more).toBe(6_001);
      expect(answer.touchpoints.at(-1)).toMatchObject({ touchpoint: "late", count: 7, p50: 5 });
      expect(bytesMax).toBeLessThan(48 * MIB);
    }
  });

  test("by category are made of the listed touchpoints, and bounded as well", () => {
    const parts = Array.from({ length: 2_000 }, (_, index) =>
      timing(Array.from({ length: 30 }, (__, at) => `${index}.${at}`).join("/")),
    );
    const answer = ask<TimingsResponse>(sourceOf(parts), { kind: "timings", scope: SCOPE, byCategory: true });
    expect(answer.touchpoints.length).toBe(2_000);
    expect(answer.categories?.length).toBe(10_000);
  });

  test("of a very long touchpoint are listed under its beginning", () => {
    const parts = ["a", "b"].map((end) => timing("x".repeat(1_000_000) + end));
    const answer = ask<TimingsResponse>(sourceOf(parts), { kind: "timings", scope: SCOPE });
    expect(answer.touchpoints.map(({ touchpoint, count }) => [touchpoint.length, count])).toEqual([[513, 2]]);
    expect(JSON.stringify(answer).length).toBeLessThan(2_000);
  });

  test("series by touchpoint are those of the touchpoints with the most timings", () => {
    const request = { kind: "series", scope: SCOPE, intervalMs: 3_600_000, byTouchpoint: true } as const;
    const { more, touchpoints = [] } = ask<SeriesResponse>(sourceOf(manyTouchpoints()), request);
    expect([more, touchpoints.length]).toEqual([6_001, 10_000]);
    expect(touchpoints.at(-1)).toMatchObject({ touchpoint: "late", buckets: [{ count: 7 }] });
  });
});

describe("fields", () => {
  test("are listed if the most records have them, and the others are counted", () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `n${index}`);
    const objects: Record<string, number>[] = [];
    for (let from = 0; from < names.length; from += 100) {
      objects.push(Object.fromEntries(names.slice(from, from + 100).map((name) => [name, 1])));
    }
    const parts = [...objects, ...Array.from({ length: 3 }, () => ({ late: true }))].map((metadata) => ({ metadata }));
    const source = sourceOf(parts, 50);
    for (const merge of [false, true]) {
      if (merge) source.merge("shop", true);
      const { fields, more } = ask<FieldsResponse>(source, { kind: "fields", scope: SCOPE });
      expect(fields.length).toBe(2_000);
      expect(fields.length + more).toBe(20_000 + 1 + ["apiKey", "kind", "source", "level"].length);
      expect(fields).toContainEqual({ name: "metadata.late", count: 3 });
    }
  });

  test("with very long names are listed under their beginnings", () => {
    const metadata = { ["x".repeat(1_000_000)]: 1 };
    const { fields } = ask<FieldsResponse>(sourceOf([{ metadata }]), { kind: "fields", scope: SCOPE });
    expect(Math.max(...fields.map(({ name }) => name.length))).toBe(512);
  });
});

describe("values", () => {
  test("are the most frequent, whenever they came, while few are held in memory", () => {
    const different = Array.from({ length: 60_000 }, (_, index) => ({ metadata: { v: `early ${index}` } }));
    const late = Array.from({ length: 9 }, () => ({ metadata: { v: "late" } }));
    const one = Array.from({ length: 8 }, () => ({ metadata: { v: 1 } }));
    const source = sourceOf([...different, ...late, ...one]);
    const request = { kind: "values", scope: SCOPE, field: "metadata.v", limit: 2 } as const;
    expect(ask<ValuesResponse>(source, request)).toEqual({
      field: "metadata.v",
      values: [
        { value: "late", count: 9 },
        { value: 1, count: 8 },
      ],
      count: 60_017,
      more: true,
    });
  });

  test("that are very long are held by their beginnings only", () => {
    const parts = Array.from({ length: 40 }, (_, index) => ({ message: `${index} ${"x".repeat(1_000_000)}` }));
    const request = { kind: "values", scope: SCOPE, field: "message", limit: 100 } as const;
    const { answer, bytesMax } = asked<ValuesResponse>(sourceOf(parts, 10), request);
    expect(answer.values.map(({ value }) => String(value).length)).toEqual(Array.from({ length: 40 }, () => 1_000));
    expect(bytesMax).toBeLessThan(100_000);
  });
});

describe("pages", () => {
  test("of long records are short, and the next ones have the rest", () => {
    const parts = Array.from({ length: 2_000 }, (_, index) => ({
      time: DAY - index,
      metadata: index % 2 === 0 ? { text: "x".repeat(20_000) } : { list: Array.from({ length: 2_500 }, () => 1) },
    }));
    const source = sourceOf(parts, 500);
    const ids: number[] = [];
    for (let cursor: string | undefined, pages = 0; ; pages++) {
      const request = { kind: "entries", scope: SCOPE, limit: 10_000, cursor } as const;
      const { answer, bytesMax } = asked<EntriesResponse>(source, request);
      ids.push(...answer.entries.map(({ id }) => id));
      expect(JSON.stringify(answer).length).toBeLessThan(10 * MIB);
      expect(bytesMax).toBeLessThan(32 * MIB);
      if (answer.nextCursor === null) break;
      cursor = answer.nextCursor;
      expect(pages).toBeLessThan(20);
    }
    expect(ids).toEqual(Array.from({ length: 2_000 }, (_, index) => index + 1));
  });
});

describe("responses from tables", () => {
  test("the longest running timings are listed, fewer where they are very long", () => {
    let read = 0;
    const tables: TablesSource = {
      ...EMPTY_TABLES,
      *openStarts() {
        for (let index = 0; index < 5_000; index++) {
          read++;
          const start = { ...record(0, {}), startTime: DAY - index, message: "x".repeat(5_000) };
          yield { project: "shop", start };
        }
      },
    };
    const { running, count } = ask<RunningResponse>(
      new MemorySource(),
      { kind: "running", scope: SCOPE, limit: 10_000 },
      tables,
    );
    expect([read, count]).toEqual([5_000, 5_000]);
    expect(running.length).toBeLessThan(2_000);
    expect(running.map(({ startTime }) => startTime)).toEqual(
      Array.from({ length: running.length }, (_, index) => DAY - 4_999 + index),
    );
  });

  test("at most 10,000 touchpoints are listed, and rejections are bounded in characters", () => {
    const rows = Array.from({ length: 12_000 }, (_, index) => ({
      project: "shop",
      name: `t${index}`,
      registered: false,
      firstSeen: 1,
    }));
    let read = 0;
    const tables: TablesSource = {
      ...EMPTY_TABLES,
      touchpoints: () => rows,
      *rejections() {
        for (let id = 10_000; id > 0; id--) {
          read++;
          const entry = JSON.stringify({ message: "x".repeat(4_000) });
          yield { id, project: "shop", apiKey: "web", receivedAt: 1, reason: "empty", entry };
        }
      },
    };
    const source = new MemorySource();
    const list = ask<TouchpointsResponse>(source, { kind: "touchpoints", project: undefined }, tables);
    expect([list.touchpoints.length, list.more]).toEqual([10_000, 2_000]);
    const request = { kind: "rejections", project: undefined, limit: 10_000 } as const;
    const { rejections, more } = ask<RejectionsResponse>(source, request, tables);
    expect(more).toBe(true);
    expect(rejections.length).toBe(read - 1);
    expect(JSON.stringify(rejections).length).toBeLessThan(10 * MIB);
  });
});
