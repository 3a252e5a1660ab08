// A preview, compared with what an evaluator did that looked at the same records at the same instants.

import { describe, expect, test } from "bun:test";
import { Evaluator } from "../../../src/alerts/evaluator.ts";
import { previewRule } from "../../../src/alerts/preview.ts";
import type { AlertPreviewResponse } from "../../../src/core/alert_responses.ts";
import type { AlertRule } from "../../../src/core/alert_rule.ts";
import type { Notification } from "../../../src/core/notification.ts";
import type { QueryRequest } from "../../../src/core/queries.ts";
import type { StoredRecord } from "../../../src/core/record.ts";
import type { OpenStart } from "../../../src/query/responses/running.ts";
import { StatisticsCache } from "../../../src/query/scan/statistics_cache.ts";
import { ruleOf } from "../../support/alert_rules.ts";
import { EMPTY_TABLES } from "../../support/empty_tables.ts";
import { ManualSchedule } from "../../support/manual_schedule.ts";
import { MemorySource, randomRecord } from "../../support/memory_source.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../support/random.ts";
import { runQuery } from "../../support/run_query.ts";

const T0 = Date.UTC(2026, 5, 1) - 1_000;
const SECONDS = 300;
const RULES = {
  projects: {},
  defaultProject: { retentionMs: 3_650 * 86_400_000, monthlyEntries: undefined, overage: "continue" },
  timeoutMs: 3_600_000,
} as const;

type Made = Omit<StoredRecord, "id">;

/** A store, and the timings that were open in it. */
class Store {
  readonly source = new MemorySource();
  /** With the instants at which the halves were received; the end is Infinity for those that still run. */
  readonly timings: { readonly start: OpenStart; readonly endedAt: number }[] = [];
  readonly #random: Random;
  #coming: { readonly project: string; readonly record: Made }[] = [];
  now = T0;
  limitMs = 1e9;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Records that will be received. */
  add(project: string, records: readonly Made[]): void {
    this.#coming.push(...records.map((record) => ({ project, record })));
    this.#coming.sort((a, b) => a.record.receivedAt - b.record.receivedAt);
  }

  /** Goes on to an instant, and stores what was received up to then. */
  moveTo(now: number): void {
    this.now = now;
    const next = this.#coming.findIndex(({ record }) => record.receivedAt > now);
    const due = this.#coming.splice(0, next === -1 ? this.#coming.length : next);
    for (const [project, all] of Map.groupBy(due, (one) => one.project)) {
      this.source.write(
        project,
        all.map(({ record }) => record),
      );
      if (this.#random() < 0.1) this.source.merge(project, this.#random() < 0.3);
    }
  }

  answer(request: QueryRequest): string {
    const { source, now, limitMs } = this;
    const open = this.timings.filter(({ start, endedAt }) => start.start.receivedAt <= now && endedAt > now);
    const tables = { ...EMPTY_TABLES, openStarts: () => open.map(({ start }) => start) };
    const options = { source, tables, cache: new StatisticsCache(), rules: RULES, now, limitMs };
    const outcome = runQuery(request, options);
    if (!outcome.ok) throw new Error(outcome.refusal.message);
    return JSON.stringify(outcome.answer);
  }

  query = (request: QueryRequest) => Promise.resolve({ ok: true as const, answer: this.answer(request) });
}

interface Seen {
  readonly firings: Pick<AlertPreviewResponse["firings"][number], "group" | "from" | "to" | "peak">[];
  readonly evaluated: number;
  readonly unknown: number;
}

/** What an evaluator does from T0 on. */
async function evaluated(store: Store, rule: AlertRule): Promise<Seen> {
  const schedule = new ManualSchedule();
  store.moveTo(T0);
  const firings: { group: string | null; from: number; to: number | null; peak: number }[] = [];
  const tell = ({ state, group, to, value }: Notification) => {
    const name = group?.value ?? null;
    if (state === "firing") firings.push({ group: name, from: to, to: null, peak: value ?? Number.NaN });
    const open = firings.find((firing) => firing.group === name && firing.to === null);
    if (state === "resolved" && open !== undefined) open.to = to;
  };
  const evaluator = new Evaluator(
    {
      rules: [{ ...rule, notify: ["chat"] }],
      queries: store,
      changes: { change: async () => ({ ok: true, alerts: [] }) },
      drained: async () => undefined,
      clock: () => store.now,
      monotonic: schedule.clock,
      schedule: schedule.schedule,
      links: () => ({ url: "" }),
      queued: (deliveries) => deliveries.forEach(({ notification }) => tell(notification as Notification)),
      log: () => undefined,
    },
    [],
  );
  evaluator.start();
  let last: number | undefined;
  let [count, unknown] = [0, 0];
  for (let second = 0; second < SECONDS; second++) {
    store.moveTo(store.now + 1_000);
    schedule.pass(1_000);
    await evaluator.settled();
    const [evaluation] = evaluator.rules;
    if (evaluation === undefined || evaluation.evaluatedAt === last) continue;
    last = evaluation.evaluatedAt;
    count++;
    const observations = [...evaluation.instances].map(([group, { observation }]) => ({ group, observation }));
    if (observations.length > 0 && observations.every(({ observation }) => observation?.isKnown === false)) unknown++;
    for (const { group, observation } of observations) {
      const open = firings.find((firing) => firing.group === group && firing.to === null);
      if (open === undefined || observation?.isKnown !== true) continue;
      const { value } = observation;
      open.peak = rule.side === "above" ? Math.max(open.peak, value) : Math.min(open.peak, value);
    }
  }
  evaluator.stop();
  return { firings, evaluated: count, unknown };
}

async function previewed(store: Store, rule: AlertRule): Promise<AlertPreviewResponse> {
  const schedule = new ManualSchedule();
  const outcome = await previewRule(
    rule,
    { from: Math.floor((T0 + 1_000) / rule.everyMs) * rule.everyMs, to: store.now },
    {
      queries: store,
      drained: async () => undefined,
      clock: () => store.now,
      monotonic: () => 0,
      schedule: schedule.schedule,
    },
    new AbortController().signal,
  );
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  return outcome.preview;
}

const FIELDS = [
  "touchpoint",
  "level",
  "apiKey",
  "metadata.count",
  "metadata.shard",
  "key",
  "project",
  "kind",
  "status",
];
const SEARCHES = ["", "level:error", "kind:log", "touchpoint:api/*", "-level:info", "order"];

function randomRule(random: Random): AlertRule {
  const kind = pick(random, ["count", "share", "percentile", "silence"] as const);
  const side = kind === "silence" || random() < 0.4 ? "below" : "above";
  const bounds = {
    silence: 1,
    count: 1 + integer(random, 6),
    share: 0.1 + random() * 0.6,
    percentile: 10 ** (1 + random() * 4),
  };
  const bound = bounds[kind];
  const further = side === "above" ? bound * random() : bound * (1 + random());
  const everyMs = 1_000 * pick(random, [1, 3, 7, 10]);
  return ruleOf({
    q: pick(random, SEARCHES),
    kind,
    side,
    bound,
    of: pick(random, SEARCHES),
    percentile: pick(random, [50, 95, 99, 100]),
    everyMs,
    windowMs: Math.max(everyMs, 1_000 * pick(random, [1, 5, 10, 17, 60, 500])),
    resolveBound: kind !== "silence" && random() < 0.4 ? further : undefined,
    forMs: pick(random, [0, 0, 5_000, 20_000]),
    keepMs: pick(random, [0, 0, 5_000, 20_000]),
    groupBy: random() < 0.5 ? pick(random, FIELDS) : undefined,
    min: pick(random, [0, 3, 10]),
  });
}

/** Records of some busy and some quiet times. */
function randomStore(random: Random): Store {
  const store = new Store(random);
  store.add("first", [{ ...randomRecord(random, T0 - 10, T0), receivedAt: T0 }]);
  let from = T0;
  while (from < T0 + SECONDS * 1_000) {
    const length = 1_000 * (1 + integer(random, 60));
    const project = pick(random, ["shop", "web"]);
    const isFractional = random() < 0.3;
    for (let count = integer(random, pick(random, [0, 3, 60])); count > 0; count--) {
      const record = randomRecord(random, from, from + length);
      const receivedAt = random() < 0.3 ? Math.ceil(record.receivedAt / 1_000) * 1_000 : record.receivedAt;
      // More values than there can be instances.
      const metadata = random() < 0.8 ? { ...record.metadata, shard: `s${integer(random, 60)}` } : record.metadata;
      store.add(project, [{ ...record, metadata, receivedAt: isFractional ? receivedAt + random() : receivedAt }]);
    }
    from += length;
  }
  return store;
}

/** Timings whose starts are received when they begin, as an evaluator of open ones sees them. */
function runningStore(random: Random): Store {
  const store = new Store(random);
  const done: Made[] = [];
  const end = T0 + SECONDS * 1_000;
  for (let count = 5 + integer(random, 60); count > 0; count--) {
    const { metadata, touchpoint, ...made } = randomRecord(random, T0 - 100_000, end);
    const startTime = Math.round(made.time);
    const start = {
      ...made,
      time: startTime,
      startTime,
      receivedAt: startTime,
      level: undefined,
      endTime: undefined,
      duration: undefined,
      touchpoint: touchpoint ?? "jobs",
      metadata: metadata ?? { count: 3 },
    };
    const { kind: _, ...open } = start;
    const duration = integer(random, pick(random, [1_000, 30_000, 200_000]));
    const delay = integer(random, 3_000);
    const receivedAt = startTime + duration + delay;
    // The first evaluation comes up to ten seconds late: it does not see what ended since the instant it is about.
    if (receivedAt > T0 - 10_000 && receivedAt <= T0 + 1_000) continue;
    const isDone = receivedAt <= end;
    store.timings.push({
      start: { project: "shop", start: open },
      endedAt: isDone ? receivedAt : Number.POSITIVE_INFINITY,
    });
    if (isDone) done.push({ ...start, kind: "completed", endTime: startTime + duration, duration, receivedAt });
  }
  store.add("shop", done);
  return store;
}

describe("a preview of running timings", () => {
  test("has the firings that an evaluator had, where each start was received when it began", async () => {
    const random = seededRandom(runSeed("running preview"));
    let firings = 0;
    for (let round = 0; round < 60; round++) {
      const store = runningStore(random);
      const bound = integer(random, 2);
      const rule = ruleOf({
        q: pick(random, ["", "touchpoint:api/*", "touchpoint:jobs"]),
        kind: "running",
        bound,
        resolveBound: random() < 0.3 && bound > 0 ? Math.ceil(bound / 2) : undefined,
        everyMs: 1_000 * pick(random, [1, 3, 7, 10]),
        windowMs: 1_000 * pick(random, [1, 5, 30, 100]),
        forMs: pick(random, [0, 5_000]),
        keepMs: pick(random, [0, 5_000]),
        groupBy: random() < 0.5 ? pick(random, ["touchpoint", "apiKey", "metadata.count", "level"]) : undefined,
      });
      const seen = await evaluated(store, rule);
      const preview = await previewed(store, rule);
      const order = (one: Seen["firings"]) =>
        one.toSorted((a, b) => a.from - b.from || String(a.group).localeCompare(String(b.group)));
      expect({ round, rule, firings: order(preview.firings.slice()) }).toEqual({
        round,
        rule,
        firings: order(seen.firings),
      });
      firings += seen.firings.length;
    }
    expect(firings).toBeGreaterThan(20);
  }, 60_000);
});

describe("a preview", () => {
  test("has the firings, the peaks and the unknown that an evaluator had at the same instants", async () => {
    const random = seededRandom(runSeed("preview"));
    let firings = 0;
    for (let round = 0; round < 60; round++) {
      const store = randomStore(random);
      const rule = randomRule(random);
      const seen = await evaluated(store, rule);
      const preview = await previewed(store, rule);
      const order = (one: Seen["firings"]) =>
        one.toSorted((a, b) => a.from - b.from || String(a.group).localeCompare(String(b.group)));
      const { evaluated: count, unknown } = preview;
      expect({ round, rule, firings: order(preview.firings.slice()), evaluated: count, unknown }).toEqual({
        round,
        rule,
        ...seen,
        firings: order(seen.firings),
      });
      expect([preview.fired, preview.truncated]).toEqual([seen.firings.length, null]);
      firings += seen.firings.length;
    }
    expect(firings).toBeGreaterThan(40);
  }, 120_000);

  test("looks at the values that an evaluator looked at, where more are as bad than there can be instances", async () => {
    const random = seededRandom(runSeed("as bad"));
    for (let round = 0; round < 6; round++) {
      const store = new Store(random);
      for (let second = 0; second < SECONDS; second += 10) {
        for (let shard = 0; shard < 45; shard++) {
          // All alike: a share is nearly always 0 or 1, and a percentile 1 or 100, of more or fewer records.
          const isBad = random() < 0.5;
          const receivedAt = T0 + second * 1_000 + 1 + shard;
          const duration = isBad ? 100 : 1;
          const record = {
            ...randomRecord(random, T0, T0 + 1),
            kind: "completed",
            level: isBad ? "error" : "info",
            metadata: { shard: `s${shard}` },
            receivedAt,
            startTime: receivedAt - duration,
            endTime: receivedAt,
            duration,
          } as const;
          store.add(
            "shop",
            Array.from({ length: integer(random, 4) }, () => record),
          );
        }
      }
      const kinds = [
        { kind: "share", of: "", bound: 0.9 },
        { kind: "percentile", q: "", bound: 50 },
      ] as const;
      const rule = ruleOf({ ...kinds[round % 2], windowMs: 10_000, groupBy: "metadata.shard" });
      const seen = await evaluated(store, rule);
      expect(seen.firings.length).toBeGreaterThan(20);
      expect((await previewed(store, rule)).firings).toEqual(seen.firings);
    }
  });

  test("says what it left out: values that are too many, evaluations that are, a scan that took too long", async () => {
    const random = seededRandom(1);
    const store = new Store(random);
    const record = randomRecord(random, T0, T0 + 1);
    const made = Array.from({ length: 150 }, (_, index) => ({
      ...record,
      receivedAt: T0 + index,
      metadata: { shard: `s${index}` },
    }));
    store.add("shop", made);
    store.moveTo(T0 + 600_000_000);
    const rule = ruleOf({ q: "", bound: 0, everyMs: 1_000, groupBy: "metadata.shard" });
    const many = await previewed(store, rule);
    expect(many.truncated).toBe(
      "there is too much to look at: the range begins later; the field has too many values: only the most frequent were looked at",
    );
    expect(many.evaluated).toBeLessThan(50_000);
    expect([many.fired, many.values.length <= 400]).toEqual([0, true]);
    const few = await previewed(store, { ...rule, groupBy: undefined });
    expect([few.truncated, few.fired, few.firings[0]?.peak]).toEqual([null, 1, 150]);
    store.limitMs = 0;
    expect((await previewed(store, rule)).truncated).toContain("records are missing: the time limit was reached");
  });

  test("of nothing has nothing, and a silence is not known where nothing was ever received", async () => {
    const store = new Store(seededRandom(1));
    store.now = T0 + 60_000;
    const nothing = { fired: 0, firings: [], unknown: 0, truncated: null };
    expect(await previewed(store, ruleOf({ bound: 0 }))).toMatchObject({ ...nothing, evaluated: 6 });
    expect(await previewed(store, ruleOf({ bound: 0, groupBy: "level" }))).toMatchObject(nothing);
    const silence = ruleOf({ kind: "silence", side: "below", bound: 1 });
    expect(await previewed(store, silence)).toMatchObject({ ...nothing, unknown: 6 });
  });

  test("of a range that is over before it begins, or whose asker is gone, is refused", async () => {
    const store = new Store(seededRandom(1));
    const order = { from: T0 + 1, to: T0 + 2 };
    const options = {
      queries: store,
      drained: async () => undefined,
      clock: () => T0,
      monotonic: () => Number.POSITIVE_INFINITY,
      schedule: (run: () => void) => {
        setImmediate(run);
        return () => undefined;
      },
    };
    const none = await previewRule(ruleOf(), order, options, new AbortController().signal);
    expect(none).toMatchObject({ ok: false, refusal: { code: "bad_range" } });
    let clock = 0;
    const slow = { ...options, monotonic: () => (clock += 10) };
    const gone = await previewRule(ruleOf(), { from: undefined, to: undefined }, slow, AbortSignal.abort());
    expect(gone).toMatchObject({ ok: false, refusal: { code: "cancelled" } });
  });
});
