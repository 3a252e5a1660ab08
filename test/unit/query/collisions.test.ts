// Texts with one engine hash cost about what others cost, whatever is asked of them.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { QueryRequest } from "../../../src/core/queries.ts";
import type { StoredRecord } from "../../../src/core/record.ts";
import { StatisticsCache } from "../../../src/query/scan/statistics_cache.ts";
import { cpuRatio } from "../../support/cpu_ratio.ts";
import { EMPTY_TABLES } from "../../support/empty_tables.ts";
import { MemorySource } from "../../support/memory_source.ts";
import { runSeed, seededRandom } from "../../support/random.ts";
import { collidingName, differentNames, ordinaryName } from "../../support/raw_collisions.ts";
import { runQuery } from "../../support/run_query.ts";
import { record } from "./match/search_block.ts";

/** On a machine that does much else. */
setDefaultTimeout(60_000);

const random = seededRandom(runSeed("colliding texts"));
const COUNT = 10_000;
const colliding = differentNames(COUNT, () => collidingName(random));
const ordinary = differentNames(COUNT, () => ordinaryName(random));
const RATIO_MAX = 8;
const DAY = Date.UTC(2026, 5, 1);
const RULES = {
  projects: {},
  defaultProject: { retentionMs: 3_650 * 86_400_000, monthlyEntries: undefined, overage: "continue" },
} as const;
const scope = { project: undefined, q: "", from: undefined, to: undefined };

type Place = (text: string) => Partial<StoredRecord>;
const timing: Place = (touchpoint) => ({ kind: "completed", touchpoint, startTime: DAY, duration: 5 });

function sourceOf(parts: readonly Partial<StoredRecord>[], isMerged: boolean): MemorySource {
  const source = new MemorySource();
  for (let from = 0; from < parts.length; from += 2_500) {
    source.write(
      "shop",
      parts.slice(from, from + 2_500).map((one) => record(0, { time: DAY, ...one })),
    );
  }
  if (isMerged) source.merge("shop", true);
  return source;
}

/** How much longer a query takes over the one than over the other. */
function ratioOf(
  bad: readonly Partial<StoredRecord>[],
  good: readonly Partial<StoredRecord>[],
  request: QueryRequest,
  isMerged: boolean,
) {
  const ask = (parts: readonly Partial<StoredRecord>[]) => {
    const source = sourceOf(parts, isMerged);
    return () => {
      const options = {
        source,
        tables: EMPTY_TABLES,
        cache: new StatisticsCache(),
        rules: RULES,
        now: DAY + 1,
        limitMs: 1e9,
      };
      expect(runQuery(request, options).ok).toBe(true);
    };
  };
  return cpuRatio(ask(bad), ask(good), RATIO_MAX);
}

/** Few names a record, of which none has a column of its own any more. */
function objectsOf(names: readonly string[]): Partial<StoredRecord>[] {
  const parts: Partial<StoredRecord>[] = [];
  for (let from = 0; from < names.length; from += 100) {
    parts.push({ metadata: Object.fromEntries(names.slice(from, from + 100).map((name) => [name, 1])) });
  }
  return parts;
}

const VALUES = (field: string): QueryRequest => ({ kind: "values", scope, field, limit: 100 });
const CASES: readonly (readonly [string, Place, QueryRequest])[] = [
  ["values of a metadata field", (v) => ({ metadata: { v } }), VALUES("metadata.v")],
  ["values that are lists", (v) => ({ metadata: { v: [v] } }), VALUES("metadata.v")],
  ["values of touchpoint", (touchpoint) => ({ touchpoint }), VALUES("touchpoint")],
  ["values of key", (key) => ({ key }), VALUES("key")],
  ["values of message", (message) => ({ message }), VALUES("message")],
  ["timings by touchpoint", timing, { kind: "timings", scope, byCategory: true }],
  ["a series by touchpoint", timing, { kind: "series", scope, intervalMs: 3_600_000, byTouchpoint: true }],
  ["a page of lists", (v) => ({ metadata: { v: [v] } }), { kind: "entries", scope, limit: 10_000, cursor: undefined }],
];

describe("texts with one hash cost about what others cost", () => {
  for (const [name, place, request] of CASES) {
    test(`in ${name}`, () => {
      for (const isMerged of [false, true]) {
        expect(ratioOf(colliding.map(place), ordinary.map(place), request, isMerged)).toBeLessThan(RATIO_MAX);
      }
    });
  }

  test("as names of metadata fields, in the fields, their values and searches", () => {
    const requests: QueryRequest[] = [
      { kind: "fields", scope },
      VALUES(`metadata.${colliding[4_000]}`),
      { kind: "histogram", scope: { ...scope, q: "nowhere OR metadata.nowhere:1" }, intervalMs: undefined },
    ];
    for (const request of requests) {
      for (const isMerged of [false, true]) {
        expect(ratioOf(objectsOf(colliding), objectsOf(ordinary), request, isMerged)).toBeLessThan(RATIO_MAX);
      }
    }
  });
});
