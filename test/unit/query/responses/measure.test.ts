import { describe, expect, test } from "bun:test";
import type { MeasureRequest } from "../../../../src/core/queries.ts";
import type { StoredRecord } from "../../../../src/core/record.ts";
import type { MeasureResponse } from "../../../../src/core/responses.ts";
import { StatisticsCache } from "../../../../src/query/scan/statistics_cache.ts";
import { EMPTY_TABLES } from "../../../support/empty_tables.ts";
import { MemorySource, randomRecord } from "../../../support/memory_source.ts";
import { integer, runSeed, seededRandom } from "../../../support/random.ts";
import { runQuery } from "../../../support/run_query.ts";

const DAY = Date.UTC(2026, 5, 1);
const RULES = {
  projects: {},
  defaultProject: { retentionMs: 3_650 * 86_400_000, monthlyEntries: undefined, overage: "continue" },
} as const;

function measure(
  source: MemorySource,
  request: Omit<MeasureRequest, "kind">,
  cache = new StatisticsCache(),
): MeasureResponse {
  const options = { source, tables: EMPTY_TABLES, cache, rules: RULES, now: DAY, limitMs: 1e9 };
  const outcome = runQuery({ kind: "measure", ...request }, options);
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return outcome.answer as MeasureResponse;
}

const scopeOf = (q: string) => ({ project: undefined, q, from: undefined, to: undefined });

const SEARCHES: readonly (readonly [q: string, matches: (record: StoredRecord) => boolean])[] = [
  ["", () => true],
  ["level:error", ({ level }) => level === "error"],
  ["kind:log", ({ kind }) => kind === "log"],
  ["-level:info", ({ level }) => level !== "info"],
  ["touchpoint:api/*", ({ touchpoint }) => touchpoint?.startsWith("api/") === true],
];
const GROUPS: readonly (readonly [field: string, value: (record: StoredRecord) => string | undefined])[] = [
  ["touchpoint", ({ touchpoint }) => touchpoint],
  ["level", ({ level }) => level],
  ["apiKey", ({ apiKey }) => apiKey],
  ["metadata.count", ({ metadata }) => (metadata === undefined ? undefined : String(metadata["count"]))],
  ["key", ({ key }) => key],
];

describe("a measure", () => {
  test("counts, of all and by group, what a naive filter counts in the window of receipt", () => {
    const random = seededRandom(runSeed("measure"));
    for (let round = 0; round < 40; round++) {
      const source = new MemorySource();
      const records: StoredRecord[] = [];
      for (let block = integer(random, 6); block >= 0; block--) {
        const made = Array.from({ length: 1 + integer(random, 30) }, () => randomRecord(random, DAY, DAY + 20_000));
        records.push(...source.write("shop", made));
        if (random() < 0.4) source.merge("shop", random() < 0.5);
      }
      const after = DAY + integer(random, 20_000) - 2_000;
      const upTo = after + integer(random, 24_000);
      const [q, matches] = SEARCHES[integer(random, SEARCHES.length - 1)] as (typeof SEARCHES)[number];
      const [of, isOf] = SEARCHES[integer(random, SEARCHES.length - 1)] as (typeof SEARCHES)[number];
      const [field, valueOf] = GROUPS[integer(random, GROUPS.length - 1)] as (typeof GROUPS)[number];
      const hasOf = random() < 0.5;
      const fromId = random() < 0.4 ? integer(random, 60) : undefined;
      const inWindow = records.filter(
        ({ receivedAt, id }) => receivedAt > after && receivedAt <= upTo && id >= (fromId ?? 0),
      );
      const base = inWindow.filter((record) => (hasOf ? isOf(record) : matches(record)));
      const found = base.filter(matches);
      const request = {
        scope: scopeOf(q),
        received: { after, upTo, fromId },
        ...(hasOf ? { of } : {}),
        ...(random() < 0.5 ? { percentile: 100 } : {}),
      };
      const expected = (of: StoredRecord[], of_: StoredRecord[]) => {
        const durations = of.flatMap(({ kind, duration }) => (kind === "completed" ? [duration as number] : []));
        return {
          count: of.length,
          of: of_.length,
          timings: "percentile" in request ? durations.length : 0,
        };
      };
      const bare = ({ count, of, timings }: MeasureResponse | NonNullable<MeasureResponse["groups"]>[number]) => ({
        count,
        of,
        timings,
      });
      expect(bare(measure(source, request))).toEqual(expected(found, base));
      const grouped = measure(source, { ...request, groups: { field, known: ["not there"], isOfAll: true } });
      const values = new Set(base.flatMap((record) => valueOf(record) ?? []));
      expect(new Set(grouped.groups?.map(({ value }) => value))).toEqual(new Set([...values, "not there"]));
      for (const group of grouped.groups ?? []) {
        const own = (record: StoredRecord) => valueOf(record) === group.value;
        expect(bare(group)).toEqual(expected(found.filter(own), base.filter(own)));
      }
    }
  });

  test("is the same with what was kept of blocks before, while the window moves and blocks come and are merged", () => {
    const random = seededRandom(runSeed("kept measures"));
    let spared = 0;
    for (let round = 0; round < 8; round++) {
      const source = new MemorySource();
      const cache = new StatisticsCache();
      const requests = Array.from({ length: 3 }, () => {
        const [q] = SEARCHES[integer(random, SEARCHES.length - 1)] as (typeof SEARCHES)[number];
        const [of] = SEARCHES[integer(random, SEARCHES.length - 1)] as (typeof SEARCHES)[number];
        const [field] = GROUPS[integer(random, GROUPS.length - 1)] as (typeof GROUPS)[number];
        return {
          scope: scopeOf(q),
          of: random() < 0.5 ? of : undefined,
          percentile: random() < 0.5 ? 50 : undefined,
          groups: random() < 0.6 ? { field, known: ["not there"], isOfAll: random() < 0.5 } : undefined,
        };
      });
      for (let step = 0; step < 12; step++) {
        const made = Array.from({ length: 1 + integer(random, 30) }, () => randomRecord(random, DAY, DAY + 20_000));
        source.write("shop", made);
        if (random() < 0.3) source.merge("shop", random() < 0.5);
        const after = DAY - 1_000 + step * 500;
        const fromId = random() < 0.3 ? integer(random, 90) : undefined;
        const received = { after, upTo: after + 15_000 + integer(random, 8_000), fromId };
        for (const request of requests) {
          const measured = measure(source, { ...request, received }, cache);
          const read = source.chunksRead;
          expect(measure(source, { ...request, received }, cache)).toEqual(measured);
          const again = source.chunksRead;
          expect({ request, received, measured }).toEqual({
            request,
            received,
            measured: measure(source, { ...request, received }),
          });
          if (source.chunksRead - again > again - read) spared++;
        }
      }
    }
    expect(spared).toBeGreaterThan(20);
  });

  test("reads no column of a block again that lies in the window as a whole", () => {
    const source = new MemorySource();
    const random = seededRandom(2);
    for (let block = 0; block < 5; block++)
      source.write(
        "shop",
        Array.from({ length: 20 }, () => ({ ...randomRecord(random, DAY, DAY + 1), receivedAt: DAY + block * 10 })),
      );
    const cache = new StatisticsCache();
    const request = { scope: scopeOf('"a"'), percentile: 50, groups: { field: "touchpoint", known: [] } };
    const chunksRead = (after: number, upTo: number) => {
      const before = source.chunksRead;
      measure(source, { ...request, received: { after, upTo } }, cache);
      return source.chunksRead - before;
    };
    expect(chunksRead(DAY - 1, DAY + 100)).toBeGreaterThan(0);
    expect(chunksRead(DAY - 1, DAY + 200)).toBe(0);
    expect(chunksRead(DAY + 5, DAY + 300)).toBe(0);
  });

  test("has the percentile of completed timings that match", () => {
    const source = new MemorySource();
    const random = seededRandom(1);
    const timing = (duration: number, receivedAt: number) => ({
      ...randomRecord(random, DAY, DAY + 1),
      kind: "completed" as const,
      startTime: DAY,
      duration,
      receivedAt,
    });
    source.write("shop", [timing(100, DAY + 1), timing(200, DAY + 2), timing(300, DAY + 3), timing(9_000, DAY + 4)]);
    const request = { scope: scopeOf(""), received: { after: DAY, upTo: DAY + 3 } };
    expect(measure(source, { ...request, percentile: 50 }).percentile).toBeCloseTo(200, -1);
    expect(measure(source, { ...request, percentile: 100 }).percentile).toBeCloseTo(300, -1);
    expect(measure(source, { ...request, received: { after: DAY + 5, upTo: DAY + 9 }, percentile: 50 })).toMatchObject({
      timings: 0,
      percentile: null,
    });
  });
});

test("what was received last in a window is what a naive search finds", () => {
  const random = seededRandom(runSeed("latest received"));
  for (let round = 0; round < 40; round++) {
    const source = new MemorySource();
    const records: StoredRecord[] = [];
    for (let block = integer(random, 6); block >= 0; block--) {
      const made = Array.from({ length: 1 + integer(random, 30) }, () => randomRecord(random, DAY, DAY + 20_000));
      records.push(...source.write(random() < 0.5 ? "shop" : "blog", made));
      if (random() < 0.4) source.merge("shop", random() < 0.5);
    }
    const after = DAY + integer(random, 20_000) - 2_000;
    const upTo = random() < 0.5 ? Number.MAX_SAFE_INTEGER : after + integer(random, 24_000);
    const options = {
      source,
      tables: EMPTY_TABLES,
      cache: new StatisticsCache(),
      rules: RULES,
      now: DAY,
      limitMs: 1e9,
    };
    const outcome = runQuery({ kind: "latest_received", scope: scopeOf(""), after, upTo }, options);
    const found = records.filter(({ receivedAt }) => receivedAt > after && receivedAt <= upTo);
    const latest =
      found.length === 0
        ? null
        : {
            receivedAt: Math.max(...found.map(({ receivedAt }) => receivedAt)),
            id: Math.max(...found.map(({ id }) => id)),
          };
    expect(outcome).toEqual({ ok: true, answer: { latest } });
  }
});
