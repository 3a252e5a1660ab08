// The queue and its sending, with a manual clock: retries, order, the bound on requests and its summary, reloads; and a
// model of random series with a crash at each step, which loses nothing.

import { describe, expect, test } from "bun:test";
import { Deliveries, type DeliveryOutcome } from "../../../../src/alerts/delivery/deliveries.ts";
import { laneOf } from "../../../../src/alerts/delivery/destination_queue.ts";
import type { Told } from "../../../../src/alerts/delivery/message.ts";
import type { Outcome } from "../../../../src/alerts/delivery/outcome.ts";
import { type QueueChange, type QueuedDelivery, queuedDelivery } from "../../../../src/alerts/delivery/queue.ts";
import type { Destination } from "../../../../src/core/destination.ts";
import type { Notification } from "../../../../src/core/notification.ts";
import { Secret } from "../../../../src/core/secret.ts";
import { ManualSchedule } from "../../../support/manual_schedule.ts";
import { notification, webhook } from "../../../support/notifications.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../../support/random.ts";

const START = Date.UTC(2026, 10, 30);

/** The queue as the data file keeps it. */
class MemoryStore {
  rows: QueuedDelivery[] = [];
  isFailing = false;
  /** What a commit waits for. */
  before: () => Promise<void> | undefined = () => undefined;

  async change(change: QueueChange): Promise<void> {
    await this.before();
    if (this.isFailing) throw new Error("disk full");
    this.commit(change);
  }

  /** At once: a process that is dead commits nothing more. */
  commit({ removed, put }: QueueChange): void {
    const places = new Map(
      put.some((one) => one.inPlaceOf !== undefined) ? this.rows.map(({ id }, at) => [id, at]) : [],
    );
    const rows = this.rows.filter(({ id }) => !removed.includes(id));
    for (const delivery of put) {
      const at = rows.findIndex(({ id }) => id === delivery.id);
      // Through JSON, as in the file.
      const kept = JSON.parse(JSON.stringify(delivery)) as QueuedDelivery;
      const place = delivery.inPlaceOf === undefined ? undefined : places.get(delivery.inPlaceOf);
      if (at !== -1) rows[at] = kept;
      else if (place === undefined) rows.push(kept);
      else rows.splice(rows.filter(({ id }) => (places.get(id) ?? Number.POSITIVE_INFINITY) < place).length, 0, kept);
    }
    this.rows = rows;
  }
}

type Answer = (told: Told, destination: string) => Outcome | Promise<Outcome>;

/** One server's life: what it told, by the minute. */
class Server {
  readonly told: { readonly at: number; readonly destination: string; readonly told: Told }[] = [];
  readonly reposts: { readonly at: number; readonly rules: string[] }[] = [];
  readonly counts: Partial<Record<DeliveryOutcome, number>> = {};
  readonly lines: string[] = [];
  readonly deliveries: Deliveries;
  firing: readonly Notification[] = [];

  readonly time: ManualSchedule;

  constructor(
    store: MemoryStore,
    time: ManualSchedule,
    answer: Answer,
    destinations: readonly Destination[] = [webhook("http://a.example")],
    clock = () => START + time.nowMs,
  ) {
    this.time = time;
    this.deliveries = new Deliveries({
      destinations,
      queued: store.rows,
      store,
      send: async (destination, told) => {
        this.told.push({ at: time.nowMs, destination: destination.name, told });
        return answer(told, destination.name);
      },
      repost: async (destination, firing) => {
        this.reposts.push({ at: time.nowMs, rules: firing.map(({ rule }) => rule) });
        await Promise.resolve();
        return answer(firing[0] as Notification, destination.name);
      },
      firing: () => this.firing,
      clock,
      monotonic: time.clock,
      schedule: time.schedule,
      count: (_destination, outcome, count) => {
        this.counts[outcome] = (this.counts[outcome] ?? 0) + count;
      },
      log: (level, message) => this.lines.push(`${level}: ${message}`),
    });
  }

  /** Ids in the order in which they were told. */
  get ids(): string[] {
    return this.told.map(({ told }) => told.id);
  }
}

/** Lets every promise that can go on do so. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

async function pass(time: ManualSchedule, ms: number, stepMs = ms): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    time.pass(Math.min(stepMs, left));
    await settle();
  }
}

const DELIVERED: Outcome = { outcome: "delivered" };
const FAILED: Outcome = { outcome: "retry", reason: "answered 500" };

async function queue(store: MemoryStore, server: Server, ...notifications: readonly Notification[]): Promise<void> {
  const put = notifications.map((one) => queuedDelivery(one, "hook", START + server.time.nowMs));
  await store.change({ removed: [], put });
  server.deliveries.add(put);
  await settle();
}

function setUp(answer: Answer, destinations?: readonly Destination[]) {
  const [store, time] = [new MemoryStore(), new ManualSchedule()];
  return { store, time, server: new Server(store, time, answer, destinations) };
}

describe("a delivery", () => {
  test("that was told leaves the queue", async () => {
    const { store, server } = setUp(() => DELIVERED);
    await queue(store, server, notification());
    expect([server.ids, store.rows, server.counts]).toEqual([["run-1.7"], [], { delivered: 1 }]);
  });

  test("that fails is tried after 5 s, 30 s, 2, 10 and 30 min, with the same id, and then given up", async () => {
    const { store, time, server } = setUp(() => FAILED);
    await queue(store, server, notification());
    await pass(time, 7_200_000, 1000);
    const at = server.told.map((one) => one.at / 1000);
    expect(at).toEqual([0, 5, 35, 155, 755, 2555]);
    expect(new Set(server.ids)).toEqual(new Set(["run-1.7"]));
    expect([store.rows, server.counts]).toEqual([[], { retried: 5, failed: 1 }]);
    expect(server.lines).toEqual([
      'warn: destination "hook" cannot be told, and is tried again: answered 500',
      'error: destination "hook" could not be told, and is not tried again: answered 500',
    ]);
  });

  test("of what is resolved is tried for a day", async () => {
    const { store, time, server } = setUp(() => FAILED);
    await queue(store, server, notification({ state: "resolved" }));
    await pass(time, 86_400_000 - 60_000, 10_000);
    expect(store.rows).toHaveLength(1);
    await pass(time, 7_200_000, 10_000);
    expect(store.rows).toEqual([]);
    expect(server.told.length).toBeGreaterThan(40);
  });

  test("waits as long as Retry-After asks, and so do the others of its destination", async () => {
    const { store, time, server } = setUp(() => (time.nowMs < 60_000 ? { ...FAILED, afterMs: 60_000 } : DELIVERED));
    await queue(store, server, notification());
    await pass(time, 1_000);
    await queue(store, server, notification({ id: "b", rule: "other" }));
    await pass(time, 100_000, 500);
    expect(server.told.map(({ at, told }) => [at, told.id])).toEqual([
      [0, "run-1.7"],
      [60_000, "run-1.7"],
      [60_000, "b"],
    ]);
  });

  test("is not put off by a clock that jumps", async () => {
    for (const jumpMs of [-86_400_000, 86_400_000]) {
      const [store, time] = [new MemoryStore(), new ManualSchedule()];
      let offset = 0;
      let isDown = true;
      const server = new Server(
        store,
        time,
        () => (isDown ? FAILED : DELIVERED),
        undefined,
        () => START + time.nowMs + offset,
      );
      await queue(store, server, notification());
      offset = jumpMs;
      await pass(time, 5_000);
      expect(server.told).toHaveLength(2);
      isDown = false;
      const second = new Server(
        store,
        time,
        () => DELIVERED,
        undefined,
        () => START + time.nowMs - 3 * 86_400_000,
      );
      await pass(time, 3_600_000, 60_000);
      expect([second.ids, store.rows]).toEqual([["run-1.7"], []]);
    }
  });

  test("is put off no longer than it was meant to after a start with a clock that was set back", async () => {
    for (const [failed, waitsMs] of [
      [0, 0],
      [1, 5_000],
      [2, 30_000],
    ] as const) {
      const { store, time, server } = setUp(() => FAILED);
      await queue(store, server, ...(failed === 0 ? [] : [notification()]));
      await pass(time, failed === 2 ? 5_000 : 0, 1_000);
      server.deliveries.stop();
      if (failed === 0) await store.change({ removed: [], put: [queuedDelivery(notification(), "hook", START)] });
      const told: number[] = [];
      const beganAt = time.nowMs;
      const answer = (): Outcome => {
        told.push(time.nowMs - beganAt);
        return DELIVERED;
      };
      const next = new Server(store, time, answer, undefined, () => START + time.nowMs - 9 * 86_400_000);
      await pass(time, 60_000, 500);
      expect([failed, told, store.rows, next.counts]).toEqual([failed, [waitsMs], [], { delivered: 1 }]);
    }
  });

  test("to a destination that is gone waits for it to come back", async () => {
    const { store, time, server } = setUp(() => DELIVERED, []);
    await queue(store, server, notification());
    expect([server.told, store.rows.length]).toEqual([[], 1]);
    server.deliveries.setDestinations([webhook("http://a.example")]);
    await pass(time, 5_000);
    expect([server.ids, store.rows]).toEqual([["run-1.7"], []]);
  });

  test("is tried at once when its destination is changed, whatever pause the one before asked for", async () => {
    const { store, time, server } = setUp(() => (time.nowMs < 1_000 ? { ...FAILED, afterMs: 3_000_000 } : DELIVERED));
    await queue(store, server, notification());
    await pass(time, 2_000, 500);
    server.deliveries.setDestinations([webhook("http://a.example", { template: "slack" })]);
    await pass(time, 2_000, 500);
    expect(server.told).toHaveLength(1);
    server.deliveries.setDestinations([webhook("http://b.example")]);
    await pass(time, 10, 10);
    expect([server.told.length, store.rows]).toEqual([2, []]);
  });

  test("of what has resolved before anybody was told is left out where too much waits, and of nothing else", async () => {
    const { store, server } = setUp(() => FAILED);
    const group = (index: number) => ({ field: "metadata.user", value: `u${index}` });
    // Told as firing before: its end must be told.
    await queue(store, server, notification({ id: "told", rule: "told" }));
    for (let from = 0; from < 6_000; from += 20) {
      const indexes = Array.from({ length: 20 }, (_, at) => from + at);
      await queue(
        store,
        server,
        ...indexes.map((index) => notification({ id: `f${index}`, group: group(index) })),
        ...indexes
          .filter((index) => index % 100 !== 0)
          .map((index) => notification({ id: `r${index}`, group: group(index), state: "resolved" })),
      );
    }
    await queue(store, server, notification({ id: "end", rule: "told", state: "resolved" }));
    expect(store.rows.length).toBeLessThan(2_200);
    const ids = new Set(store.rows.map(({ notification: { id } }) => id));
    const kept = ["told", "end", ...Array.from({ length: 60 }, (_, index) => `f${index * 100}`)];
    expect(kept.filter((id) => !ids.has(id))).toEqual([]);
  });

  test("that was told and cannot be noted is not told again until a restart", async () => {
    const { store, time, server } = setUp(() => DELIVERED);
    await store.change({ removed: [], put: [queuedDelivery(notification(), "hook", START)] });
    store.isFailing = true;
    server.deliveries.add(store.rows);
    await pass(time, 600_000, 1000);
    expect([server.ids, store.rows.length]).toEqual([["run-1.7"], 1]);
    store.isFailing = false;
    await pass(time, 5_000);
    expect(store.rows).toEqual([]);
  });
});

describe("the order", () => {
  test("within a rule's instance is kept: resolved waits for firing", async () => {
    let isDown = true;
    const { store, time, server } = setUp(() => (isDown ? FAILED : DELIVERED));
    await queue(store, server, notification({ id: "f" }));
    await queue(store, server, notification({ id: "r", state: "resolved" }));
    await pass(time, 30_000, 1000);
    expect(new Set(server.ids)).toEqual(new Set(["f"]));
    isDown = false;
    await pass(time, 120_000, 1000);
    expect(server.ids.slice(-2)).toEqual(["f", "r"]);
    expect(server.lines.at(-1)).toBe('info: destination "hook" is told again');
  });

  test("holds up no other rule, group or destination, whatever hangs", async () => {
    const names = ["hook", "other"];
    const { store, server } = setUp(
      (told, name) =>
        name === "hook" && told.state !== "summary" && told.rule === "slow"
          ? new Promise<Outcome>(() => undefined)
          : DELIVERED,
      names.map((name) => webhook("http://a.example", { name })),
    );
    await queue(store, server, notification({ id: "1", rule: "slow", group: { field: "a", value: "1" } }));
    await queue(
      store,
      server,
      notification({ id: "2", rule: "slow", group: { field: "a", value: "1" }, state: "resolved" }),
    );
    await queue(store, server, notification({ id: "3", rule: "fast" }));
    server.deliveries.add([queuedDelivery(notification({ id: "4" }), "other", START)]);
    await settle();
    expect(server.ids).toEqual(["1", "3", "4"]);
  });

  test("leaves out the middle of what waits behind a failing one, never the last", async () => {
    let isDown = true;
    const { store, time, server } = setUp(() => (isDown ? FAILED : DELIVERED));
    for (let index = 0; index < 40; index++)
      await queue(store, server, notification({ id: String(index), state: index % 2 === 0 ? "firing" : "resolved" }));
    expect(store.rows.length).toBeLessThanOrEqual(10);
    isDown = false;
    await pass(time, 60_000, 1000);
    expect(server.ids[0]).toBe("0");
    expect(server.ids.at(-1)).toBe("39");
    expect(store.rows).toEqual([]);
  });
});

describe("the bound on requests", () => {
  test("lets 30 pass in a minute, and makes one summary of the rest", async () => {
    const { store, time, server } = setUp(() => DELIVERED);
    const all = Array.from({ length: 75 }, (_, index) => notification({ id: `n${index}`, rule: `rule ${index}` }));
    await queue(store, server, ...all);
    await pass(time, 59_000, 1000);
    expect(server.ids).toEqual(all.slice(0, 30).map(({ id }) => id));
    await pass(time, 60_000, 1000);
    expect(server.told).toHaveLength(31);
    const summary = server.told[30]?.told;
    if (summary?.state !== "summary") throw new Error("no summary");
    expect(summary.notifications.map(({ id }) => id)).toEqual(all.slice(30).map(({ id }) => id));
    expect([store.rows, server.counts]).toEqual([[], { delivered: 31, replaced: 45 }]);
  });

  test("says the last state of each, and is sent again with the same id", async () => {
    let isDown = false;
    const { store, time, server } = setUp(() => (isDown ? FAILED : DELIVERED));
    await queue(
      store,
      server,
      ...Array.from({ length: 30 }, (_, index) => notification({ id: `n${index}`, rule: `r${index}` })),
    );
    await queue(
      store,
      server,
      notification({ id: "f", rule: "x" }),
      notification({ id: "r", rule: "x", state: "resolved" }),
      notification({ id: "g", rule: "y" }),
    );
    isDown = true;
    await pass(time, 62_000, 1000);
    // What comes while the summary fails waits behind it.
    await queue(store, server, notification({ id: "late", rule: "y", state: "resolved" }));
    isDown = false;
    await pass(time, 60_000, 1000);
    const [first, second, third] = server.told.slice(30).map(({ told }) => told);
    if (first?.state !== "summary" || third === undefined) throw new Error("no summary");
    expect(first.notifications.map(({ id, state }) => [id, state])).toEqual([
      ["r", "resolved"],
      ["g", "firing"],
    ]);
    expect([second?.id, third.id, store.rows]).toEqual([first.id, "late", []]);
  });

  test("keeps the order of what comes while a summary is written", async () => {
    const { store, time, server } = setUp(() => DELIVERED);
    const filling = Array.from({ length: 30 }, (_, index) => notification({ id: `n${index}`, rule: `r${index}` }));
    await queue(store, server, ...filling, notification({ id: "f", rule: "x" }), notification({ id: "g", rule: "y" }));
    let commit: () => void = () => undefined;
    store.before = () => new Promise((resolve) => (commit = resolve));
    await pass(time, 60_000, 1000);
    expect(server.told).toHaveLength(30);
    const resolved = [queuedDelivery(notification({ id: "r", rule: "x", state: "resolved" }), "hook", START)];
    store.rows.push(...resolved);
    server.deliveries.add(resolved);
    store.before = () => undefined;
    commit();
    await pass(time, 60_000, 1000);
    const told = server.told.slice(30).map(({ told: { state } }) => state);
    expect([told, store.rows]).toEqual([["summary", "resolved"], []]);
  });

  test("makes several summaries where one would be too long, and forgets nobody", async () => {
    const { store, time, server } = setUp(() => DELIVERED);
    await queue(
      store,
      server,
      ...Array.from({ length: 400 }, (_, index) => notification({ id: `n${index}`, rule: `r${index}` })),
    );
    await pass(time, 600_000, 1000);
    const told = server.told.flatMap(({ told: one }) => (one.state === "summary" ? one.notifications : [one]));
    expect(new Set(told.map(({ rule }) => rule)).size).toBe(400);
    expect(store.rows).toEqual([]);
  });
});

describe("Alertmanager", () => {
  const prometheus: Destination = {
    name: "hook",
    type: "alertmanager",
    url: new Secret("http://a.example"),
    headers: {},
    credentials: undefined,
  };

  test("is sent what fires each minute, but what waits in the queue", async () => {
    let isDown = false;
    const { store, time, server } = setUp(() => (isDown ? FAILED : DELIVERED), [prometheus]);
    server.firing = [notification({ rule: "a" }), notification({ rule: "b" })];
    await pass(time, 120_000, 1000);
    expect(server.reposts).toEqual([60_000, 120_000].map((at) => ({ at, rules: ["a", "b"] })));
    isDown = true;
    await queue(store, server, notification({ id: "r", rule: "a", state: "resolved" }));
    await pass(time, 60_000, 1000);
    expect(server.reposts.at(-1)?.rules).toEqual(["b"]);
  });

  test("is sent one request at a time, so what fires never overtakes its end", async () => {
    const waiting: (() => void)[] = [];
    let atOnce = 0;
    let atOnceMost = 0;
    const { store, time, server } = setUp(async () => {
      atOnceMost = Math.max(atOnceMost, ++atOnce);
      await new Promise<void>((resolve) => waiting.push(resolve));
      atOnce--;
      return DELIVERED;
    }, [prometheus]);
    server.firing = [notification({ rule: "a" })];
    await pass(time, 60_000, 1000);
    await queue(
      store,
      server,
      notification({ id: "r", rule: "a", state: "resolved" }),
      notification({ id: "q", rule: "b" }),
    );
    for (let turn = 0; turn < 10; turn++) {
      waiting.shift()?.();
      await settle();
    }
    expect([atOnceMost, server.ids, store.rows]).toEqual([1, ["r", "q"], []]);
  });
});

/** A receiver and the servers before it, one after the other; each may be killed at any step. */
async function runModel(random: Random): Promise<void> {
  const [store, time] = [new MemoryStore(), new ManualSchedule()];
  const received: Told[] = [];
  let isOver = false;
  let generation = 0;
  const answer = (own: number): Answer => {
    return async (told) => {
      const chance = isOver ? 1 : random();
      // Killed before the request is there.
      if (own !== generation) return new Promise<Outcome>(() => undefined);
      if (chance < 0.25) return FAILED;
      if (chance < 0.35) return { ...FAILED, afterMs: integer(random, 90_000) };
      received.push(told);
      // The receiver has it, and the answer is lost, or comes after a kill.
      if (chance < 0.5) return FAILED;
      if (chance < 0.65) for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      return own === generation ? DELIVERED : new Promise<Outcome>(() => undefined);
    };
  };
  /** A store that a dead server cannot reach any more. */
  const storeOf = (own: number): MemoryStore => {
    const view = new MemoryStore();
    view.rows = store.rows;
    view.change = async (change) => {
      // A commit takes its time, and a process may die before it or after it.
      for (let turn = integer(random, 4); turn > 0; turn--) await Promise.resolve();
      if (own !== generation) return new Promise(() => undefined);
      store.commit(change);
      for (let turn = integer(random, 4); turn > 0; turn--) await Promise.resolve();
      return own === generation ? undefined : new Promise(() => undefined);
    };
    return view;
  };
  let lives = generation;
  let server = new Server(storeOf(generation), time, answer(generation));
  const sent: Notification[] = [];
  const states = new Map<string, boolean>();
  for (let step = 0; step < 120; step++) {
    const chance = random();
    if (chance < 0.5) {
      const burst = random() < 0.1 ? 40 : 1 + integer(random, 2);
      const put = Array.from({ length: burst }, () => {
        const rule = `rule ${integer(random, 50)}`;
        const isFiring = states.get(rule) !== true;
        states.set(rule, isFiring);
        const one = notification({ id: `n${sent.length}`, rule, state: isFiring ? "firing" : "resolved" });
        sent.push(one);
        return queuedDelivery(one, "hook", START + time.nowMs);
      });
      await store.change({ removed: [], put });
      // Killed between the commit and the hand-over, now and then.
      if (random() < 0.9) server.deliveries.add(put);
      else generation++;
    } else if (chance < 0.6) generation++;
    else await pass(time, pick(random, [1, 500, 5_000, 30_000, 61_000]), 2_500);
    for (let turn = integer(random, 8); turn > 0; turn--) await Promise.resolve();
    if (random() < 0.05) generation++;
    if (lives !== generation) {
      lives = generation;
      server.deliveries.stop();
      server = new Server(storeOf(generation), time, answer(generation));
    }
  }
  isOver = true;
  await pass(time, 2 * 86_400_000, 30_000);
  checkModel(sent, received, store);
}

function checkModel(sent: readonly Notification[], received: readonly Told[], store: MemoryStore): void {
  expect(store.rows).toEqual([]);
  const told = received.flatMap((one) => (one.state === "summary" ? one.notifications : [one]));
  const last = new Map(sent.map((one) => [laneOf(one), one]));
  for (const [lane, one] of last) {
    const own = told.filter((other) => laneOf(other) === lane);
    // The last word on every rule is its last state: no resolve is lost.
    expect([lane, own.at(-1)?.id]).toEqual([lane, one.id]);
    // A crash repeats what was told, with the same ids; without these, all came in order.
    const numbers = [...new Set(own.map(({ id }) => Number(id.slice(1))))];
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  }
}

test("told at least once, in order, with the same id and no lost resolve, over random series with crashes", async () => {
  const seed = runSeed("deliveries");
  for (let run = 0; run < 60; run++) await runModel(seededRandom(seed + run));
}, 60_000);
