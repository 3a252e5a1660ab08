// Two stores as one: every kind of query over a data file and a history, split at any id, gives what one data file with
// all records gives.

import { describe, expect, test } from "bun:test";
import type { MeasureRequest, QueryOutcome, QueryRequest, QueryScope } from "../../../../src/core/queries.ts";
import { type EngineOptions, type HistoryRecords, querySteps } from "../../../../src/query/engine.ts";
import { LocalRecords } from "../../../../src/query/scan/local_records.ts";
import type { Records } from "../../../../src/query/scan/records.ts";
import type { Scope } from "../../../../src/query/scan/scope.ts";
import { StatisticsCache } from "../../../../src/query/scan/statistics_cache.ts";
import { allOf } from "../../../../src/search/expression.ts";
import { ruleOf } from "../../../support/alert_rules.ts";
import { aligned } from "../../../support/aligned_sums.ts";
import { EMPTY_TABLES } from "../../../support/empty_tables.ts";
import { MemorySource, randomRecord } from "../../../support/memory_source.ts";
import { MODEL_SEARCHES } from "../../../support/query_model.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../../support/random.ts";

const DAY = Date.UTC(2026, 5, 1);
const NOW = DAY + 86_400_000;
const KEPT = { retentionMs: 3_650 * 86_400_000, monthlyEntries: undefined, overage: "continue" } as const;

/** A history in memory: the records of a source up to an id. */
function historyOf(source: MemorySource, upTo: number): HistoryRecords {
  const local: Records = new LocalRecords(source, new StatisticsCache());
  const shipped = (scope: Scope): Scope => {
    const range = { min: -Infinity, max: upTo, isMinIncluded: true, isMaxIncluded: true };
    return { ...scope, search: allOf([{ kind: "number", field: "id", ranges: [range] }, scope.search]) };
  };
  return {
    projects: (limits) => local.projects(limits),
    firstReceived: (limits) => local.firstReceived(limits),
    spans: (limits, scope) => local.spans(limits, shipped(scope)),
    page: (limits, scope, page, coverage) => local.page(limits, shipped(scope), page, coverage),
    scan: (limits, scopes, coverage, visitor) => local.scan(limits, scopes.map(shipped), coverage, visitor),
    inOrder: () => {
      throw new Error("nobody exports");
    },
  };
}

function ask(
  request: QueryRequest,
  source: MemorySource,
  history?: EngineOptions["history"],
  cache = new StatisticsCache(),
  betweenSteps: () => void = () => undefined,
): QueryOutcome<object> {
  const options: EngineOptions = {
    source,
    history,
    tables: EMPTY_TABLES,
    cache,
    rules: { projects: {}, defaultProject: KEPT, markers: { q: "level:error", label: "message" } },
    now: NOW,
    limitMs: Number.POSITIVE_INFINITY,
  };
  const steps = querySteps(request, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    betweenSteps();
  }
}

function randomRequest(random: Random, key: string): QueryRequest {
  const [from, to] = [DAY + integer(random, 1_000_000), DAY + 2_000_000 + integer(random, 1_600_000)];
  const scope = { project: pick(random, [undefined, "shop", "blog"]), q: pick(random, MODEL_SEARCHES).q, from, to };
  const compared = pick(random, [undefined, { from: DAY, to: DAY + 500_000 }]);
  const intervalMs = 60_000;
  return pick<() => QueryRequest>(random, [
    () => ({ kind: "entries", scope, limit: 30, cursor: undefined, order: pick(random, ["asc", "desc"] as const) }),
    () => ({ kind: "histogram", scope, intervalMs, compared }),
    () => ({ kind: "timings", scope, byCategory: true, compared }),
    () => ({ kind: "series", scope, intervalMs, byTouchpoint: random() < 0.5, byDuration: true }),
    () => ({ kind: "fields", scope }),
    () => ({ kind: "values", scope, field: pick(random, ["touchpoint", "level", "metadata.count", "id"]), limit: 10 }),
    () => ({ kind: "breakdown", scope, limit: 5 }),
    () => ({ kind: "trace", scope, key, around: DAY + 1_000_000 }),
    () => ({ kind: "markers", scope }),
    () => randomMeasure(random, { ...scope, from: undefined, to: undefined }),
    () => ({
      kind: "rule_series",
      scope: { ...scope, from: undefined, to: undefined },
      evaluated: { from, to },
      rule: ruleOf({
        kind: pick(random, ["count", "percentile"] as const),
        everyMs: 60_000,
        windowMs: pick(random, [60_000, 90_500, 600_000]),
        groupBy: pick(random, [undefined, "touchpoint"]),
      }),
    }),
  ])();
}

/** What a rule measures in a window, some of whose bounds come again: what is kept of blocks is found then. */
function randomMeasure(random: Random, scope: QueryScope): QueryRequest {
  const field = pick(random, ["touchpoint", "level", "metadata.count"]);
  return {
    kind: "measure",
    scope,
    received: {
      after: DAY + pick(random, [-1, 0, 1, 2]) * 600_000,
      upTo: DAY + pick(random, [4, 5, 7]) * 600_000,
      fromId: pick(random, [undefined, undefined, 100]),
    },
    of: pick(random, [undefined, "", "kind:timing"]),
    percentile: pick(random, [undefined, 95]),
    groups: pick(random, [undefined, { field, known: [], isOfAll: random() < 0.5 }]),
  };
}

describe("a data file and a history", () => {
  test("answer as one data file with all records does, wherever they are split", () => {
    const seed = runSeed("joined records");
    const random = seededRandom(seed);
    for (let world = 0; world < 12; world++) {
      const source = new MemorySource();
      for (let group = 0; group < 10; group++) {
        const project = pick(random, ["shop", "blog"]);
        source.write(
          project,
          Array.from({ length: 1 + integer(random, 60) }, () => randomRecord(random, DAY, DAY + 3_600_000)),
        );
        if (random() < 0.3) source.merge(project, random() < 0.5);
      }
      const shippedUpTo = integer(random, source.nextRecordId());
      const history = {
        shippedUpTo: () => shippedUpTo,
        removed: () => ({ upTo: shippedUpTo, receivedUpTo: Number.POSITIVE_INFINITY }),
        records: () => historyOf(source, shippedUpTo),
      };
      for (let at = 0; at < 15; at++) {
        const request = randomRequest(random, `req-${integer(random, 20)}`);
        const expected = ask(request, source);
        const found = aligned(ask(request, source, history), expected);
        expect({ seed, request, found }).toEqual({ seed, request, found: expected });
      }
    }
  }, 60_000);

  test("measure the same whatever was kept of blocks while more was shipped", () => {
    const seed = runSeed("measured while shipping");
    const random = seededRandom(seed);
    for (let world = 0; world < 12; world++) {
      const source = new MemorySource();
      const cache = new StatisticsCache();
      let shippedUpTo = 0;
      const history = {
        shippedUpTo: () => shippedUpTo,
        removed: () => ({ upTo: shippedUpTo, receivedUpTo: Number.POSITIVE_INFINITY }),
        records: () => historyOf(source, shippedUpTo),
      };
      for (let at = 0; at < 40; at++) {
        const project = pick(random, ["shop", "blog"]);
        const records = Array.from({ length: 1 + integer(random, 40) }, () =>
          randomRecord(random, DAY, DAY + 3_600_000),
        );
        if (at < 10) source.write(project, records);
        if (random() < 0.2) source.merge(project, random() < 0.5);
        shippedUpTo = Math.max(shippedUpTo, integer(random, source.nextRecordId()));
        if (random() < 0.2) shippedUpTo = integer(random, source.nextRecordId());
        const scope = { project: undefined, q: pick(random, ["", "level:error"]), from: undefined, to: undefined };
        const request = randomMeasure(random, scope);
        const found = ask(request, source, history, cache);
        expect({ seed, request, found }).toEqual({ seed, request, found: ask(request, source) });
      }
    }
  }, 60_000);

  test("measure the same while blocks are removed that the history has, also in the middle of a query", () => {
    const seed = runSeed("measured while removing");
    const random = seededRandom(seed);
    for (let world = 0; world < 12; world++) {
      const [all, kept] = [new MemorySource(), new MemorySource()];
      for (let group = 0; group < 30; group++) {
        const project = pick(random, ["shop", "blog"]);
        const received = DAY + group * 100_000;
        const records = Array.from({ length: 1 + integer(random, 30) }, () => randomRecord(random, received, received));
        for (const source of [all, kept]) source.write(project, records);
        if (random() < 0.4) kept.merge(project, true);
      }
      const shippedUpTo = integer(random, all.nextRecordId());
      let removed = { upTo: 0, receivedUpTo: 0 };
      const removeOne = () => {
        const [oldest] = kept.list({ project: undefined, from: -Infinity, to: Infinity });
        if (oldest === undefined || oldest.idMax > shippedUpTo) return;
        kept.remove(oldest.id);
        removed = {
          upTo: Math.max(removed.upTo, oldest.idMax),
          receivedUpTo: Math.max(removed.receivedUpTo, oldest.receivedMax),
        };
      };
      let asked = 0;
      const history = {
        shippedUpTo: () => shippedUpTo,
        removed: () => removed,
        records: ({ shippedUpTo: upTo }: { readonly shippedUpTo: number }) => {
          asked++;
          return historyOf(all, upTo);
        },
      };
      const cache = new StatisticsCache();
      for (let at = 0; at < 25; at++) {
        const scope = { project: undefined, q: pick(random, ["", "level:error"]), from: undefined, to: undefined };
        const measure = randomMeasure(random, scope) as MeasureRequest;
        const after = DAY + integer(random, 30) * 100_000;
        const request = { ...measure, received: { after, upTo: after + 2_000_000 } };
        const before = { asked, removed };
        const found = ask(request, kept, history, cache, () => {
          if (random() < 0.05) removeOne();
        });
        expect({ seed, request, found }).toEqual({ seed, request, found: ask(request, all) });
        if (removed === before.removed && after >= removed.receivedUpTo) expect(asked).toBe(before.asked);
        if (random() < 0.3) removeOne();
      }
    }
  }, 60_000);
});
