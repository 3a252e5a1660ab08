// Patterns against a naive count: every message of all records, masked one by one.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { TimeSpan } from "../../../../src/core/compare.ts";
import { PATTERNS_HELD_MAX } from "../../../../src/core/limits.ts";
import type { QueryScope } from "../../../../src/core/queries.ts";
import type { PatternsResponse } from "../../../../src/core/responses.ts";
import { MessagePattern } from "../../../../src/query/match/message_pattern.ts";
import { StatisticsCache } from "../../../../src/query/scan/statistics_cache.ts";
import { quote } from "../../../../src/search/fields.ts";
import { EMPTY_TABLES } from "../../../support/empty_tables.ts";
import { MemorySource, randomRecord } from "../../../support/memory_source.ts";
import { inScope, MODEL_SEARCHES, type ModelRecord } from "../../../support/query_model.ts";
import { integer, pick, runSeed, seededRandom } from "../../../support/random.ts";
import { runQuery } from "../../../support/run_query.ts";

const DAY = Date.UTC(2026, 5, 1);
const HOUR = 3_600_000;
const NOW = DAY + 24 * HOUR;
const EVER = { retentionMs: 3_650 * 24 * HOUR, monthlyEntries: undefined, overage: "continue" } as const;
const ALL: QueryScope = { project: undefined, q: "", from: undefined, to: undefined };
const seed = runSeed("patterns");
const reader = new MessagePattern();

interface Asked {
  readonly scope?: Partial<QueryScope>;
  readonly limit?: number;
  readonly compared?: TimeSpan;
  readonly limitMs?: number;
}

function tryPatterns(source: MemorySource, { scope, limit = 1_000, compared, limitMs }: Asked) {
  return runQuery(
    { kind: "patterns", scope: { ...ALL, ...scope }, limit, compared },
    {
      source,
      tables: EMPTY_TABLES,
      cache: new StatisticsCache(),
      rules: { projects: {}, defaultProject: EVER },
      now: NOW,
      limitMs: limitMs ?? Number.POSITIVE_INFINITY,
    },
  );
}

function patterns(source: MemorySource, asked: Asked): PatternsResponse {
  const outcome = tryPatterns(source, asked);
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return outcome.answer as PatternsResponse;
}

function patternOf(message: string): string {
  reader.read(message);
  return reader.pattern();
}

/** The records with each pattern. */
function byPattern(records: readonly ModelRecord[]): Map<string, ModelRecord[]> {
  const groups = new Map<string, ModelRecord[]>();
  for (const one of records) {
    if (one.record.message === undefined) continue;
    const pattern = patternOf(one.record.message);
    groups.set(pattern, [...(groups.get(pattern) ?? []), one]);
  }
  return groups;
}

describe("patterns of messages", () => {
  test("are counted as one by one, whatever the search, the range and the blocks", () => {
    const random = seededRandom(seed);
    for (const search of MODEL_SEARCHES) {
      const source = new MemorySource();
      const records: ModelRecord[] = [];
      for (let block = 0; block < 20; block++) {
        const project = pick(random, ["shop", "blog"]);
        const isRepeated = random() < 0.5;
        const batch = Array.from({ length: integer(random, pick(random, [3, 300])) + 1 }, (_, index) => {
          const record = randomRecord(random, DAY, NOW);
          return isRepeated ? record : { ...record, message: `${record.message ?? "x"} ${index * 7919} id` };
        });
        for (const record of source.write(project, batch)) records.push({ project, record });
        if (random() < 0.3) source.merge(project, random() < 0.5);
      }
      const from = pick(random, [undefined, DAY + integer(random, 12 * HOUR)]);
      const scope = { ...ALL, q: search.q, from };
      const expected = inScope(records, scope, search);
      const groups = byPattern(expected);
      const answer = patterns(source, { scope, limit: 1_000 });
      expect(answer.count).toBe(expected.filter(({ record }) => record.message !== undefined).length);
      expect(answer.patterns.length + answer.more).toBe(groups.size);
      for (const { pattern, count, first, last, levels, counts, example } of answer.patterns) {
        const group = groups.get(pattern) ?? [];
        const times = group.map(({ record }) => record.time);
        const ofLevel = (level: string) => group.filter(({ record }) => record.level === level).length;
        expect([count, first, last]).toEqual([group.length, Math.min(...times), Math.max(...times)]);
        expect(levels).toEqual({
          debug: ofLevel("debug"),
          info: ofLevel("info"),
          warn: ofLevel("warn"),
          error: ofLevel("error"),
        });
        const byTime = counts.map(() => 0);
        for (const time of times) (byTime[Math.floor((time - answer.start) / answer.interval)] as number)++;
        expect(counts).toEqual(byTime);
        expect(group.find(({ record }) => record.id === example.id)?.record.message).toBe(example.message);
      }
      const order = answer.patterns.map(({ count }) => count);
      expect(order).toEqual(order.toSorted((a, b) => b - a));
    }
  }, 30_000);

  test("are found by a search for each, whatever the blocks, and by none without", () => {
    const random = seededRandom(seed);
    const lines = readFileSync(new URL("../../../fixtures/logs.ndjson", import.meta.url), "utf8")
      .trim()
      .split("\n");
    const messages = lines.map((line) => (JSON.parse(line) as { message: string }).message);
    const base = randomRecord(random, DAY, DAY + 1);
    for (const isMerged of [false, true]) {
      const source = new MemorySource();
      for (let block = 0; block < 8; block++) {
        const batch = Array.from({ length: 300 }, () => {
          const message = pick(random, messages).replaceAll(/\d/g, () => String(integer(random, 9)));
          return {
            ...base,
            message: random() < 0.1 ? `${message}\n  at ${"x".repeat(integer(random, 1_000))} 5` : message,
          };
        });
        source.write("shop", [
          ...batch,
          { ...base, message: "ORDER 5 placed" },
          { ...base, message: "order placed 5" },
        ]);
      }
      if (isMerged) source.merge("shop", true);
      const all = patterns(source, {});
      expect(all.patterns.length).toBeGreaterThan(100);
      const listed = [...all.patterns.slice(0, 40), ...all.patterns.slice(-20)];
      for (const { pattern, count } of listed) {
        const found = patterns(source, { scope: { q: `pattern:${quote(pattern)}` } });
        expect(found.patterns.map((one) => [one.pattern, one.count])).toEqual([[pattern, count]]);
      }
      const others = listed.map(({ pattern }) => `-pattern:${quote(pattern)}`).join(" ");
      const q =
        others.length < 4_000
          ? others
          : `-pattern:${listed
              .slice(0, 5)
              .map(({ pattern }) => quote(pattern))
              .join(",")}`;
      const excluded = others.length < 4_000 ? listed : listed.slice(0, 5);
      const left = patterns(source, { scope: { q } });
      expect(left.count).toBe(all.count - excluded.reduce((sum, { count }) => sum + count, 0));
      const byBeginning = all.patterns.filter(({ pattern }) => pattern.startsWith("order "));
      const begun = patterns(source, { scope: { q: 'pattern:"order "*' } });
      expect(begun.count).toBe(byBeginning.reduce((sum, { count }) => sum + count, 0));
    }
  });

  test("past those that are held are still exact: a frequent one that comes late is listed", () => {
    const source = new MemorySource();
    const base = { ...randomRecord(seededRandom(seed), DAY, DAY + 1), level: "info" as const };
    const words = (index: number) => index.toString().replaceAll(/\d/g, (digit) => "abcdefghij".charAt(Number(digit)));
    const rare = Array.from({ length: PATTERNS_HELD_MAX + 2_000 }, (_, index) => ({ ...base, message: words(index) }));
    source.write("shop", rare);
    source.write(
      "shop",
      Array.from({ length: 50 }, (_, index) => ({ ...base, message: `late comer ${index}` })),
    );
    const { patterns: listed, count, more } = patterns(source, { limit: 3 });
    expect(listed.map((one) => [one.pattern, one.count])).toEqual([
      ["late comer <num>", 50],
      [expect.any(String), 1],
      [expect.any(String), 1],
    ]);
    expect([count, more]).toEqual([rare.length + 50, rare.length - 2]);
  });

  test("are counted in the compared range as well: what is new is 0 there", () => {
    const source = new MemorySource();
    const base = randomRecord(seededRandom(seed), DAY, DAY + 1);
    const at = (hour: number, message: string) => ({ ...base, time: DAY + hour * HOUR, message });
    source.write("shop", [
      at(1, "too early 1"),
      at(3, "both 1"),
      at(4, "both 2"),
      at(3.5, "gone 7"),
      at(5, "both 3"),
      at(5.5, "fresh 9"),
      at(6, "too early 2"),
    ]);
    for (const merged of [false, true]) {
      if (merged) source.merge("shop", true);
      const compared = { from: DAY + 3 * HOUR, to: DAY + 5 * HOUR };
      const asked = { scope: { from: DAY + 5 * HOUR, to: DAY + 7 * HOUR }, compared };
      const { patterns: listed, previous } = patterns(source, asked);
      expect(previous).toEqual({ ...compared, kept: "whole", keptFrom: DAY + HOUR });
      expect(listed.map((one) => [one.pattern, one.count, one.previous])).toEqual([
        ["both <num>", 1, 2],
        ["fresh <num>", 1, 0],
        ["too early <num>", 1, 0],
      ]);
    }
  });

  test("of very long messages are cut, and those that begin alike are one", () => {
    const source = new MemorySource();
    const base = randomRecord(seededRandom(seed), DAY, DAY + 1);
    const long = "😀 word ".repeat(100_000);
    source.write("shop", [
      { ...base, message: `${long}a` },
      { ...base, message: `${long}b` },
      { ...base, message: '"'.repeat(100_000) },
    ]);
    const { patterns: listed } = patterns(source, {});
    expect(listed.map(({ count }) => count)).toEqual([2, 1]);
    for (const { pattern, example } of listed) {
      expect(pattern.length).toBeLessThanOrEqual(500);
      expect(example.message.length).toBeLessThanOrEqual(1_000);
      expect(example.message.isWellFormed() && pattern.isWellFormed()).toBe(true);
    }
  });

  test("leave a damaged block out and count it, and say when the time limit ended them", () => {
    const source = new MemorySource();
    const base = randomRecord(seededRandom(seed), DAY, DAY + 1);
    for (let block = 0; block < 3; block++) source.write("shop", [{ ...base, message: "hello 1" }]);
    source.damage(2);
    expect(patterns(source, {})).toMatchObject({ count: 2, damagedBlocks: 1 });
    expect(patterns(source, { limitMs: 0 })).toMatchObject({
      patterns: [],
      count: 0,
      stoppedEarly: expect.stringContaining("time limit"),
    });
  });
});
