// Breakdowns against a naive count over all records.

import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../../../src/core/json.ts";
import { METADATA_COLUMNS_MAX } from "../../../../src/core/limits.ts";
import type { QueryScope } from "../../../../src/core/queries.ts";
import type { StoredRecord } from "../../../../src/core/record.ts";
import type { BreakdownResponse } from "../../../../src/core/responses.ts";
import { StatisticsCache } from "../../../../src/query/scan/statistics_cache.ts";
import { metadataFieldName } from "../../../../src/search/fields.ts";
import { EMPTY_TABLES } from "../../../support/empty_tables.ts";
import { MemorySource, randomRecord } from "../../../support/memory_source.ts";
import { inScope, MODEL_SEARCHES, type ModelRecord } from "../../../support/query_model.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../../support/random.ts";
import { runQuery } from "../../../support/run_query.ts";

const DAY = Date.UTC(2026, 5, 1);
const NOW = DAY + 86_400_000;
const EVER = { retentionMs: 3_650 * 86_400_000, monthlyEntries: undefined, overage: "continue" } as const;
const ALL: QueryScope = { project: undefined, q: "", from: undefined, to: undefined };
const seed = runSeed("breakdowns");

interface Asked {
  readonly among?: string;
  readonly scope?: Partial<QueryScope>;
  readonly limit?: number;
  readonly limitMs?: number;
}

function breakdown(source: MemorySource, { scope, limit = 100, limitMs, among }: Asked): BreakdownResponse {
  const rules = { projects: {}, defaultProject: EVER };
  const options = { source, tables: EMPTY_TABLES, cache: new StatisticsCache(), rules, now: NOW };
  const request = {
    kind: "breakdown",
    scope: { ...ALL, ...scope },
    limit,
    ...(among === undefined ? {} : { among }),
  } as const;
  const outcome = runQuery(request, { ...options, limitMs: limitMs ?? Number.POSITIVE_INFINITY });
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return outcome.answer as BreakdownResponse;
}

type Value = string | number | boolean | null;

/** The dotted names of members with their values, each once. A list stands for its elements. */
function leavesOf(name: string, value: unknown): [string, Value][] {
  if (typeof value !== "object" || value === null) return [[name, value as Value]];
  const members: [string, unknown][] = Array.isArray(value)
    ? value.map((element) => [name, element])
    : Object.entries(value).map(([member, one]) => [name === "" ? member : `${name}.${member}`, one]);
  const leaves = members.flatMap(([leaf, one]) => leavesOf(leaf, one));
  return [...new Map(leaves.map((leaf) => [JSON.stringify(leaf), leaf])).values()];
}

/** The fields of a record, as a search names them. */
function fieldsOf({ project, record }: ModelRecord, hasProjects: boolean): [string, Value][] {
  const { level, touchpoint, apiKey, source, keyType, kind, metadata = {} } = record satisfies StoredRecord;
  const fields: [string, Value | undefined][] = [
    ["level", level],
    ["touchpoint", touchpoint],
    ["apiKey", apiKey],
    ["source", source],
    ["keyType", keyType],
    ["kind", kind === "log" ? "log" : "timing"],
    ["status", kind === "log" ? undefined : kind],
    ["project", hasProjects ? project : undefined],
    ...leavesOf("", metadata).map(([name, value]): [string, Value] => [metadataFieldName(name), value]),
  ];
  return fields.filter((entry): entry is [string, Value] => entry[1] !== undefined);
}

function countsOf(records: readonly ModelRecord[], hasProjects: boolean): Map<string, Map<Value, number>> {
  const counts = new Map<string, Map<Value, number>>();
  for (const record of records) {
    for (const [name, value] of fieldsOf(record, hasProjects)) {
      const values = counts.get(name) ?? new Map<Value, number>();
      counts.set(name, values.set(value, (values.get(value) ?? 0) + 1));
    }
  }
  return counts;
}

function randomMetadata(random: Random): Record<string, unknown> {
  const value = () => pick<unknown>(random, ["a", "b", "[x", '{"', 1, 2.5, -0, true, null, "1", ""]);
  return {
    flag: random() < 0.5,
    none: null,
    n: integer(random, 3),
    mixed: pick<unknown>(random, [
      value(),
      [value(), value()],
      { deep: value(), list: [{ id: value() }, value()] },
      [],
      {},
    ]),
    "odd name": { "a.b": value(), 'q"': [[value()]] },
    ["long".repeat(40)]: value(),
  };
}

describe("a breakdown", () => {
  test("counts each value here and in everything else of the range, whatever the search and the blocks", () => {
    const random = seededRandom(seed);
    for (const search of MODEL_SEARCHES) {
      const source = new MemorySource();
      const records: ModelRecord[] = [];
      for (let block = 0; block < 15; block++) {
        const project = pick(random, ["shop", "blog"]);
        const length = integer(random, pick(random, [3, 300])) + 1;
        const batch = Array.from({ length }, () => ({
          ...randomRecord(random, DAY, NOW),
          ...(random() < 0.3 ? { metadata: randomMetadata(random) } : {}),
        }));
        for (const record of source.write(project, batch)) records.push({ project, record });
        if (random() < 0.3) source.merge(project, random() < 0.5);
      }
      const project = pick(random, [undefined, "shop"]);
      if (project !== undefined && !source.projects().includes(project)) continue;
      const scope = { ...ALL, q: search.q, project, from: pick(random, [undefined, DAY + 20_000_000]) };
      const among = pick(random, MODEL_SEARCHES);
      const isAmong = random() < 0.5;
      const within = (one: ModelRecord) => !isAmong || among.matches(one.record);
      const found = inScope(records, scope, search).filter(within);
      const all = inScope(records, scope, { q: "", matches: () => true }).filter(within);
      const answer = breakdown(source, { scope, ...(isAmong ? { among: among.q } : {}) });
      expect([answer.found, answer.others]).toEqual([found.length, all.length - found.length]);
      const here = countsOf(found, project === undefined);
      const everywhere = countsOf(all, project === undefined);
      for (const { field, count, more, values } of answer.fields) {
        const expected = here.get(field) ?? new Map<Value, number>();
        expect(new Map(values.map((one) => [one.value, one.count]))).toEqual(expected);
        expect([count, more]).toEqual([[...expected.values()].reduce((sum, one) => sum + one, 0), 0]);
        for (const { value, count: own, share, otherCount, otherShare } of values) {
          expect(otherCount).toBe((everywhere.get(field)?.get(value) ?? 0) - own);
          expect([share, otherShare]).toEqual([
            own / answer.found,
            answer.others === 0 ? 0 : otherCount / answer.others,
          ]);
        }
      }
      // A field in which a value repeats is listed.
      const repeating = [...here].filter(([, values]) => found.length < 2 || Math.max(...values.values()) > 1);
      expect(answer.fields.map(({ field }) => field).toSorted()).toEqual(repeating.map(([name]) => name).toSorted());
      expect(answer.fields.length + answer.more).toBe(here.size);
    }
  });

  test("puts first what is common here and rare elsewhere, and leaves out a field in which no value repeats", () => {
    const source = new MemorySource();
    const base = { ...randomRecord(seededRandom(seed), DAY, DAY + 1), touchpoint: "checkout" };
    const records = Array.from({ length: 1_000 }, (_, index) => {
      const isError = index % 10 === 0;
      const region = isError || index % 2 === 1 ? "eu-west-1" : "us-east-1";
      return {
        ...base,
        level: isError ? ("error" as const) : ("info" as const),
        metadata: { region, id: `r${index}` },
      };
    });
    source.write("shop", records);
    for (const merged of [false, true]) {
      if (merged) source.merge("shop", true);
      const { fields, found, others } = breakdown(source, { scope: { project: "shop", q: "level:error" }, limit: 5 });
      expect([found, others]).toEqual([100, 900]);
      expect(fields.map(({ field }) => field).slice(0, 2)).toEqual(["level", "metadata.region"]);
      expect(fields[1]?.values).toEqual([
        { value: "eu-west-1", count: 100, share: 1, otherCount: 500, otherShare: 5 / 9 },
      ]);
      expect(fields.some(({ field }) => field === "metadata.id")).toBe(false);
    }
  });

  test("finds a value that comes late among very many, with its exact counts", () => {
    const source = new MemorySource();
    const base = randomRecord(seededRandom(seed), DAY, DAY + 1);
    const record = (user: string, isError: boolean) => ({
      ...base,
      level: isError ? ("error" as const) : ("info" as const),
      metadata: { user },
    });
    const many = (from: number) => Array.from({ length: 2_000 }, (_, index) => record(`u${from + index}`, true));
    source.write("shop", [...many(0), ...many(0)]);
    source.write("shop", many(2_000));
    source.write("shop", [...Array(500).fill(record("late", true)), ...Array(30).fill(record("late", false))]);
    source.write("shop", Array(970).fill(record("quiet", false)));
    const { fields } = breakdown(source, { scope: { q: "level:error" }, limit: 2 });
    const users = fields.find(({ field }) => field === "metadata.user");
    expect(users?.values[0]).toMatchObject({ value: "late", count: 500, otherCount: 30 });
    expect([users?.values.length, users?.count, users?.more]).toEqual([2, 6_500, 3_999]);
  });

  test("counts a field also in blocks where it has no column, since others came before it", () => {
    const source = new MemorySource();
    const base = randomRecord(seededRandom(seed), DAY, DAY + 1);
    const record = (metadata: object) => ({ ...base, metadata: metadata as JsonObject });
    const others = Object.fromEntries(Array.from({ length: METADATA_COLUMNS_MAX }, (_, n) => [`other${n}`, n]));
    source.write("shop", Array(10).fill(record({ late: "x" })));
    source.write("shop", [record(others), ...Array(30).fill(record({ late: "x" }))]);
    const { fields } = breakdown(source, {});
    expect(fields.find(({ field }) => field === "metadata.late")?.values[0]).toMatchObject({ value: "x", count: 40 });
  });

  test("compares only among the records of another search, and says what is wrong with it", () => {
    const source = new MemorySource();
    const base = randomRecord(seededRandom(seed), DAY, DAY + 1);
    const record = (touchpoint: string, duration: number, build: string) => ({
      ...base,
      kind: "completed" as const,
      touchpoint,
      duration,
      metadata: { build },
    });
    source.write("shop", [
      ...Array(10).fill(record("a", 900, "2")),
      ...Array(30).fill(record("a", 10, "1")),
      ...Array(60).fill(record("b", 10, "2")),
    ]);
    const slow = breakdown(source, { scope: { q: "duration:>500" }, among: "touchpoint:a" });
    expect([slow.found, slow.others]).toEqual([10, 30]);
    expect(slow.fields.find(({ field }) => field === "metadata.build")?.values).toEqual([
      { value: "2", count: 10, share: 1, otherCount: 0, otherShare: 0 },
    ]);
    expect(() => breakdown(source, { among: "level:eror" })).toThrow(/^among: level takes/);
  });

  test("compares the same records in both shares where the time limit ends it", () => {
    const source = new MemorySource();
    const base = randomRecord(seededRandom(seed), DAY, DAY + 1);
    for (let block = 0; block < 40; block++) {
      const records = Array.from({ length: 200 }, (_, index) => ({
        ...base,
        level: index % 4 === 0 ? ("error" as const) : ("info" as const),
        metadata: { region: index % 8 < 4 ? "a" : "b" },
      }));
      source.write("shop", records);
    }
    for (const limitMs of [0.5, 1, 2, 4, 8]) {
      const { found, others, fields } = breakdown(source, { scope: { q: "level:error" }, limitMs });
      expect(others).toBe(3 * found);
      for (const { share, otherShare } of fields.find(({ field }) => field === "metadata.region")?.values ?? []) {
        expect([share, otherShare]).toEqual([0.5, 0.5]);
      }
    }
  });

  test("stays bounded with very many names and values, and counts what it leaves out", () => {
    const source = new MemorySource();
    const base = randomRecord(seededRandom(seed), DAY, DAY + 1);
    const records = Array.from({ length: 4_000 }, (_, index) => {
      const metadata: Record<string, unknown> = { twice: `v${index >> 1}` };
      for (let name = 0; name < 150; name++) metadata[`n${name}`] = name;
      return { ...base, level: "info" as const, metadata: index % 100 === 0 ? metadata : { twice: `v${index >> 1}` } };
    });
    source.write("shop", records);
    const { fields, more } = breakdown(source, { limit: 3 });
    expect([fields.length, fields.length + more >= 150]).toEqual([50, true]);
    const twice = fields.find(({ field }) => field === "metadata.twice");
    expect([twice?.count, twice?.values.map(({ count }) => count), (twice?.more ?? 0) > 1_500]).toEqual([
      4_000,
      [2, 2, 2],
      true,
    ]);
  });

  test("leaves a damaged block out, says when the time limit ended it, and is empty where nothing is found", () => {
    const source = new MemorySource();
    const base = randomRecord(seededRandom(seed), DAY, DAY + 1);
    for (let block = 0; block < 3; block++) source.write("shop", [base, base]);
    expect(breakdown(source, { scope: { q: "zyzzyva" } })).toMatchObject({ found: 0, others: 6, fields: [] });
    source.damage(2);
    const damaged = breakdown(source, {});
    expect([damaged.found, damaged.others, damaged.damagedBlocks]).toEqual([4, 0, 1]);
    expect(breakdown(source, { limitMs: 0 }).stoppedEarly).toContain("time limit");
  });
});
