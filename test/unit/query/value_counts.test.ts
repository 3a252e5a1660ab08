// The statistics of blocks against their columns: the same queries over the same blocks, with their statistics and
// without.

import { describe, expect, test } from "bun:test";
import type { ChunkSource, ColumnChunk } from "../../../src/block/codec/column_chunks.ts";
import { STATISTICS_CHUNK } from "../../../src/block/codec/column_chunks.ts";
import { type JsonObject, setMember } from "../../../src/core/json.ts";
import type { QueryRequest } from "../../../src/core/queries.ts";
import type { StoredRecord } from "../../../src/core/record.ts";
import type { FieldsResponse, TimingsResponse, ValuesResponse } from "../../../src/core/responses.ts";
import { StatisticsCache } from "../../../src/query/scan/statistics_cache.ts";
import { EMPTY_TABLES } from "../../support/empty_tables.ts";
import { formerRecords, formerSummary } from "../../support/former_summary.ts";
import { MemorySource, randomRecord } from "../../support/memory_source.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../support/random.ts";
import { runQuery } from "../../support/run_query.ts";

const DAY = Date.UTC(2026, 5, 1);
const RULES = {
  projects: {},
  defaultProject: { retentionMs: 3_650 * 86_400_000, monthlyEntries: undefined, overage: "continue" },
} as const;

/** Records which column chunks are read, and hides statistics on demand. */
class WatchedSource extends MemorySource {
  isBlind = false;
  /** Replaces the statistics of every block. */
  otherSummary: ColumnChunk | undefined;
  readonly columnsRead = new Set<string>();

  override open(block: number): ChunkSource | undefined {
    const pieces = super.open(block);
    if (pieces === undefined) return undefined;
    const isSeen = (name: string) => !this.isBlind || name !== STATISTICS_CHUNK;
    return {
      chunk: (name) => {
        if (name !== STATISTICS_CHUNK) this.columnsRead.add(name);
        if (!isSeen(name)) return undefined;
        return name === STATISTICS_CHUNK && this.otherSummary !== undefined ? this.otherSummary : pieces.chunk(name);
      },
      names: () => pieces.names().filter(isSeen),
    };
  }
}

function ask<T>(source: MemorySource, request: QueryRequest): T {
  const options = { source, tables: EMPTY_TABLES, cache: new StatisticsCache(), rules: RULES, now: DAY, limitMs: 1e9 };
  const outcome = runQuery(request, options);
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return outcome.answer as T;
}

/**
 * Queries with the statistics and without. Returns the response, and the columns that were read despite the statistics.
 */
function compare<T>(source: WatchedSource, request: QueryRequest): { readonly answer: T; readonly columns: string[] } {
  source.columnsRead.clear();
  source.isBlind = false;
  const answer = ask<T>(source, request);
  const columns = [...source.columnsRead];
  source.isBlind = true;
  expect(answer).toEqual(ask<T>(source, request));
  return { answer, columns };
}

/** Values that are easily taken for one another, or cut, or written wrong. */
const ODD_TEXTS: readonly unknown[] = '1 true null 0 -0 [] {"a":1} '
  .concat("ünï 日本 🦊 \uFFFD \uFEFFbom a\0b line\nbreak ")
  .split(" ");
const ODD_NUMBERS = [
  0,
  -0,
  1,
  -1,
  404,
  0.1,
  247.7829,
  1e-7,
  2 ** 53,
  -(2 ** 53),
  1e21,
  1e300,
  5e-324,
  Number.MAX_VALUE,
];
const ODD_OTHERS = [true, false, null, [], [1, "1", null], {}, { a: 1 }, { a: "🦊", b: [{}] }];
const ODD_VALUES = [...ODD_TEXTS, ...ODD_NUMBERS, ...ODD_OTHERS];
/** One value where texts are cut: in the middle of a pair. */
const LONG_TEXTS: readonly unknown[] = ["🦊", "🦋"].map((end) => `${"x".repeat(999)}${end}`);
const FIELD_NAMES = ["constructor", "__proto__", "toString", "a.b", "ünï", "status", "level", "*"];

/** A merged block's worth of records whose fields take few values; and some that take many, or are rare. */
function randomRecords(random: Random, count: number): Omit<StoredRecord, "id">[] {
  const fields = FIELD_NAMES.map((name) => {
    const values = Array.from({ length: 1 + integer(random, 6) }, () => pick(random, ODD_VALUES));
    return { name, values, share: pick(random, [0.01, 0.5, 1]) };
  });
  fields.push({ name: "long", values: [...LONG_TEXTS], share: 0.5 });
  const keys = pick(random, [3, 1_000_000]);
  const messages = random() < 0.5 ? ["", "one", "日本", "m".repeat(1_001)] : undefined;
  return Array.from({ length: count }, () => {
    const metadata: JsonObject = { unique: random() };
    for (const { name, values, share } of fields) if (random() < share) setMember(metadata, name, pick(random, values));
    const record = randomRecord(random, DAY, DAY + 3_600_000);
    const message = messages === undefined ? record.message : pick(random, [...messages, undefined]);
    const key = random() < 0.5 ? `key ${integer(random, keys)}` : undefined;
    return { ...record, metadata: random() < 0.9 ? metadata : undefined, message, key };
  });
}

const EVERYTHING = { project: undefined, q: "", from: undefined, to: undefined };

describe("the statistics of blocks agree with their columns", () => {
  const random = seededRandom(runSeed("value counts"));

  test("on the values of a field, and spare the column of a field with value counts", () => {
    const saved = new Set<string>();
    for (let round = 0; round < 2; round++) {
      const source = new WatchedSource();
      for (let part = 0; part < 4; part++) source.write("shop", randomRecords(random, 4_000));
      source.merge("shop", true);
      const { answer } = compare<FieldsResponse>(source, { kind: "fields", scope: EVERYTHING });
      const names = [...answer.fields.map(({ name }) => name), "metadata.nowhere", "metadata."];
      for (const field of names.filter((name) => name !== "metadata.")) {
        const others = ["level:error", "-touchpoint:web", "metadata.status:404"];
        for (const q of ["", "kind:log OR kind:timing", pick(random, others)]) {
          const request = { kind: "values", scope: { ...EVERYTHING, q }, field, limit: 10_000 } as const;
          const { columns } = compare<ValuesResponse>(source, request);
          if (!others.includes(q) && columns.length === 0) saved.add(`${q} ${field}`);
        }
        const edge = { ...EVERYTHING, from: DAY + 60_000 };
        compare<ValuesResponse>(source, { kind: "values", scope: edge, field, limit: 10_000 });
      }
    }
    const noted =
      "apiKey level touchpoint metadata.nowhere metadata.__proto__ metadata.constructor metadata.long".split(" ");
    for (const field of noted) {
      expect([field, saved.has(` ${field}`), saved.has(`kind:log OR kind:timing ${field}`)]).toEqual([
        field,
        true,
        true,
      ]);
    }
    expect(saved.has(" metadata.unique")).toBe(false);
  }, 30_000);

  test("where some values of a field are in no column of their own", () => {
    const source = new WatchedSource();
    const record = randomRecord(random, DAY, DAY + 1);
    const names = Object.fromEntries(Array.from({ length: 256 }, (_, index) => [`n${index}`, 1]));
    const ofRest = Array.from({ length: 20 }, () => ({ ...record, metadata: { ...names, last: "in the rest" } }));
    const ofColumn = Array.from({ length: 300 }, () => ({ ...record, metadata: { last: "in a column" } }));
    for (const [first, second] of [
      [ofRest, ofColumn],
      [ofColumn, ofRest],
    ] as const) {
      source.write("shop", first);
      source.write("shop", second);
      source.merge("shop", true);
    }
    for (const field of ["metadata.last", "metadata.n0", "metadata.n255"]) {
      const { answer } = compare<ValuesResponse>(source, { kind: "values", scope: EVERYTHING, field, limit: 10 });
      expect(answer.count).toBe(field === "metadata.last" ? 640 : 40);
    }
  });

  test("on durations, and spare all columns where touchpoint, level and source decide", () => {
    for (let round = 0; round < 10; round++) {
      const source = new WatchedSource();
      const records = Array.from({ length: 600 }, () => randomRecord(random, DAY, DAY + 3_600_000));
      source.write("shop", records);
      source.merge("shop", true);
      for (const q of [
        "",
        "level:error",
        "-level:error",
        "source:client",
        "touchpoint:web level:info OR source:server",
      ]) {
        const request = { kind: "timings", scope: { ...EVERYTHING, q }, byCategory: true } as const;
        source.columnsRead.clear();
        source.isBlind = false;
        const noted = ask<TimingsResponse>(source, request);
        expect([q, ...source.columnsRead]).toEqual([q]);
        source.isBlind = true;
        const read = ask<TimingsResponse>(source, request);
        // Sums are added in another order.
        for (const list of [noted.touchpoints, read.touchpoints, noted.categories ?? [], read.categories ?? []]) {
          for (const figures of list) Object.assign(figures, { mean: Math.fround(figures.mean ?? 0) });
        }
        expect(noted).toEqual(read);
      }
    }
  });

  test("where an earlier version wrote them", () => {
    const source = new WatchedSource();
    source.write("shop", formerRecords());
    source.merge("shop", true);
    source.otherSummary = formerSummary();
    for (const q of ["", "kind:timing", "touchpoint:a", "level:error", "source:client"]) {
      const scope = { ...EVERYTHING, q };
      const { columns } = compare<TimingsResponse>(source, { kind: "timings", scope, byCategory: true });
      expect([q, columns.length > 0]).toEqual([q, q.startsWith("level") || q.startsWith("source")]);
      for (const field of ["level", "message", "metadata.n", "metadata.nowhere"]) {
        compare<ValuesResponse>(source, { kind: "values", scope, field, limit: 10 });
      }
      compare<FieldsResponse>(source, { kind: "fields", scope });
    }
  });
});
