import { describe, expect, test } from "bun:test";
import type { QueryScope } from "../../../../src/core/queries.ts";
import type { TraceResponse } from "../../../../src/core/responses.ts";
import type { OpenStart } from "../../../../src/query/responses/running.ts";
import { StatisticsCache } from "../../../../src/query/scan/statistics_cache.ts";
import { EMPTY_TABLES } from "../../../support/empty_tables.ts";
import { MemorySource, randomRecord } from "../../../support/memory_source.ts";
import { inScope, type ModelRecord } from "../../../support/query_model.ts";
import { integer, pick, runSeed, seededRandom } from "../../../support/random.ts";
import { runQuery } from "../../../support/run_query.ts";

const DAY = Date.UTC(2026, 5, 1);
const EVER = { retentionMs: 3_650 * 86_400_000, monthlyEntries: undefined, overage: "continue" } as const;
const ALL: QueryScope = { project: undefined, q: "", from: undefined, to: undefined };
const seed = runSeed("traces");

interface Asked {
  readonly scope?: Partial<QueryScope>;
  readonly key: string;
  readonly around: number;
  readonly openStarts?: readonly OpenStart[];
  readonly limitMs?: number;
}

function trace(source: MemorySource, { scope, key, around, openStarts = [], limitMs }: Asked): TraceResponse {
  const outcome = runQuery(
    { kind: "trace", scope: { ...ALL, ...scope }, key, around },
    {
      source,
      tables: { ...EMPTY_TABLES, openStarts: () => openStarts },
      cache: new StatisticsCache(),
      rules: { projects: { shop: EVER, blog: EVER }, defaultProject: EVER },
      now: DAY + 86_400_000,
      limitMs: limitMs ?? Number.POSITIVE_INFINITY,
    },
  );
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return outcome.answer as TraceResponse;
}

function openStart(project: string, key: string, startTime: number): OpenStart {
  return {
    project,
    start: { time: startTime, receivedAt: startTime, source: "server", apiKey: "web shop", key, startTime },
  } as OpenStart;
}

describe("a trace", () => {
  test("has all records of its key and no others, oldest first, whatever blocks they are in", () => {
    const random = seededRandom(seed);
    for (let round = 0; round < 20; round++) {
      const source = new MemorySource();
      const records: ModelRecord[] = [];
      for (let block = 0; block < 20; block++) {
        const project = pick(random, ["shop", "blog"]);
        const batch = Array.from({ length: integer(random, 60) + 1 }, () => randomRecord(random, DAY, DAY + 900));
        for (const record of source.write(project, batch)) records.push({ project, record });
        if (random() < 0.2) source.merge(project, random() < 0.5);
      }
      const q = pick(random, ["", "level:error", "source:client level:warn,error"]);
      const scope = { ...ALL, q, project: pick(random, [undefined, "shop"]) };
      const matches = ({ record: { key, level, source: sender } }: ModelRecord) =>
        key === "req-7" &&
        (q === "" || (q === "level:error" ? level === "error" : sender === "client" && /warn|error/.test(level ?? "")));
      const expected = inScope(records.filter(matches), scope, { q, matches: () => true }).toReversed();
      const found = trace(source, { scope, key: "req-7", around: DAY + integer(random, 900) });
      expect(found.records.map(({ id }) => id)).toEqual(expected.map(({ record }) => record.id));
      expect([found.isCutBefore, found.isCutAfter]).toEqual([false, false]);
    }
  });

  test("takes its key literally: no pattern, no other case, no other spelling of a number", () => {
    const source = new MemorySource();
    const base = randomRecord(seededRandom(seed), DAY, DAY + 1);
    const keys = ["a*", "ab", "A*", '"a*"', "1.0", "1", "a b OR c"];
    source.write(
      "shop",
      keys.map((key) => ({ ...base, key })),
    );
    for (const key of keys) {
      expect(trace(source, { key, around: DAY }).records.map((record) => record.key)).toEqual([key]);
    }
  });

  test("that is too long has the records nearest to the time, and says on which sides it is cut", () => {
    const source = new MemorySource();
    const base = { ...randomRecord(seededRandom(seed), DAY, DAY + 1), key: "k" };
    const written = Array.from({ length: 5_000 }, (_, index) => ({ ...base, time: DAY + index * 10 }));
    source.write("shop", written);
    source.merge("shop", true);
    const cutOf = (around: number) => {
      const { records, isCutBefore, isCutAfter } = trace(source, { key: "k", around });
      return [records.length, records[0]?.time, records.at(-1)?.time, isCutBefore, isCutAfter];
    };
    expect(cutOf(DAY + 25_000)).toEqual([2_000, DAY + 15_010, DAY + 35_000, true, true]);
    expect(cutOf(DAY)).toEqual([2_000, DAY, DAY + 19_990, false, true]);
    expect(cutOf(8.64e15)).toEqual([2_000, DAY + 30_000, DAY + 49_990, true, false]);
  });

  test("of very long records is shorter, and says that it is cut", () => {
    const source = new MemorySource();
    const base = { ...randomRecord(seededRandom(seed), DAY, DAY + 1), key: "k", message: "x".repeat(1_000_000) };
    source.write(
      "shop",
      Array.from({ length: 12 }, (_, index) => ({ ...base, time: DAY + index })),
    );
    const { records, isCutBefore, isCutAfter } = trace(source, { key: "k", around: DAY + 6 });
    expect([records.length, isCutBefore, isCutAfter]).toEqual([4, true, true]);
    expect(records.map(({ time }) => time - DAY)).toEqual([5, 6, 7, 8]);
  });

  test("has the running starts of its key, those of the range and the search alone", () => {
    const openStarts = [
      openStart("shop", "k", DAY + 2),
      openStart("shop", "k", DAY + 1),
      openStart("shop", "other", DAY),
      openStart("blog", "k", DAY),
      openStart("shop", "k", DAY + 50),
    ];
    const source = new MemorySource();
    const base = randomRecord(seededRandom(seed), DAY, DAY + 1);
    source.write("shop", [{ ...base, key: "k", source: "server" }]);
    const asked = { key: "k", around: DAY, openStarts };
    const { running, records } = trace(source, { ...asked, scope: { project: "shop", to: DAY + 50 } });
    expect(running.map(({ startTime }) => startTime - DAY)).toEqual([1, 2]);
    expect(records).toHaveLength(1);
    expect(trace(source, { ...asked, scope: { q: "source:client" } })).toMatchObject({ running: [], records: [] });
  });

  test("counts the running starts that it does not list, and leaves room for them", () => {
    const source = new MemorySource();
    const base = { ...randomRecord(seededRandom(seed), DAY, DAY + 1), key: "k" };
    source.write(
      "shop",
      Array.from({ length: 3_000 }, () => base),
    );
    const openStarts = Array.from({ length: 1_500 }, (_, index) => openStart("shop", "k", DAY + index));
    const { running, moreRunning, records } = trace(source, { key: "k", around: DAY, openStarts });
    expect([running.length, moreRunning, records.length]).toEqual([1_000, 500, 1_000]);
  });

  test("that the time limit cut says so", () => {
    const source = new MemorySource();
    source.write("shop", [{ ...randomRecord(seededRandom(seed), DAY, DAY + 1), key: "k" }]);
    const cut = trace(source, { key: "k", around: DAY, limitMs: 0 });
    expect(cut).toMatchObject({ records: [], stoppedEarly: expect.stringContaining("time limit") });
    expect(cut.isCutBefore || cut.isCutAfter).toBe(true);
  });

  test("leaves a damaged block out and counts it once", () => {
    const source = new MemorySource();
    const base = { ...randomRecord(seededRandom(seed), DAY, DAY + 1), key: "k" };
    for (let block = 0; block < 3; block++) source.write("shop", [base]);
    source.damage(2);
    const { records, damagedBlocks } = trace(source, { key: "k", around: 8.64e15 });
    expect([records.length, damagedBlocks]).toEqual([2, 1]);
  });
});
