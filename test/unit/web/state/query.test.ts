// A query's states: loading, answered, stale, failed, polled, hidden.

import { describe, expect, test } from "bun:test";
import { signal } from "@preact/signals";
import { failure, type Outcome, Query } from "../../../../src/web/state/query.ts";
import { ManualSchedule } from "../../../support/manual_schedule.ts";

interface Asked {
  readonly signal: AbortSignal;
  answer(outcome: Outcome<string>): Promise<void>;
}

function makeQuery() {
  const time = new ManualSchedule();
  const isVisible = signal(true);
  const query = new Query<string>({ clock: time.clock, schedule: time.schedule, isVisible });
  const asked: Asked[] = [];
  const ask = (signal: AbortSignal) => {
    const { promise, resolve } = Promise.withResolvers<Outcome<string>>();
    asked.push({
      signal,
      async answer(outcome) {
        resolve(outcome);
        // The answer is taken in the microtasks that follow.
        await promise;
        await Promise.resolve();
      },
    });
    return promise;
  };
  const last = () => {
    const one = asked.at(-1);
    if (one === undefined) throw new Error("nothing was asked");
    return one;
  };
  return { query, time, isVisible, asked, ask, last };
}

const ok = (value: string): Outcome<string> => ({ ok: true, value });

describe("a query", () => {
  test("loads, and then has its answer", async () => {
    const { query, ask, last, time } = makeQuery();
    const nothing = {
      value: undefined,
      problem: undefined,
      isLoading: false,
      isStale: false,
      respondedAtMs: undefined,
    };
    expect(query.state.value).toEqual(nothing);
    query.start(ask);
    expect(query.state.value).toEqual({ ...nothing, isLoading: true });
    time.pass(70);
    await last().answer(ok("a"));
    expect(query.state.value).toEqual({ ...nothing, value: "a", respondedAtMs: 70 });
    expect(time.waits).toEqual([]);
  });

  test("keeps the old answer as stale while another question is asked, whose old one is aborted", async () => {
    const { query, ask, last, asked } = makeQuery();
    query.start(ask);
    await last().answer(ok("a"));
    query.start(ask);
    query.start(ask);
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, true, false]);
    expect(query.state.value).toMatchObject({ value: "a", isLoading: true, isStale: true });
    await asked[1]?.answer(ok("too late"));
    expect(query.state.value).toMatchObject({ value: "a", isStale: true });
    await last().answer(ok("b"));
    expect(query.state.value).toMatchObject({ value: "b", isLoading: false, isStale: false });
  });

  test("renews the same question without calling its answer stale", async () => {
    const { query, ask, last } = makeQuery();
    query.start(ask);
    await last().answer(ok("a"));
    query.refresh();
    expect(query.state.value).toMatchObject({ value: "a", isLoading: true, isStale: false });
    await last().answer(ok("b"));
    expect(query.state.value).toMatchObject({ value: "b", isLoading: false });
  });

  test("asks again after each answer, as often as it is told to", async () => {
    const { query, ask, last, asked, time } = makeQuery();
    query.start(ask, 1_000);
    expect(time.waits).toEqual([]);
    await last().answer(ok("a"));
    time.pass(999);
    expect(asked.length).toBe(1);
    time.pass(1);
    expect(asked.length).toBe(2);
    await last().answer(ok("b"));
    expect(time.waits).toEqual([1_000]);
  });

  test("waits while nobody looks, and asks at once when somebody does", async () => {
    const { query, ask, last, asked, time, isVisible } = makeQuery();
    query.start(ask, 1_000);
    await last().answer(ok("a"));
    isVisible.value = false;
    time.pass(60_000);
    expect(asked.length).toBe(1);
    isVisible.value = true;
    expect(asked.length).toBe(2);
  });
});

describe("a query without an answer", () => {
  test("has the problem, and the answer before as stale, until the next answer", async () => {
    const { query, ask, last } = makeQuery();
    query.start(ask);
    await last().answer(ok("a"));
    query.refresh();
    await last().answer(failure("offline", "not there"));
    expect(query.state.value).toMatchObject({
      value: "a",
      problem: { kind: "offline" },
      isLoading: false,
      isStale: true,
    });
    query.refresh();
    await last().answer(ok("b"));
    expect(query.state.value).toMatchObject({ value: "b", problem: undefined, isStale: false });
  });

  test("asks again ever more rarely, and at its own pace once there is an answer", async () => {
    const { query, ask, last, time } = makeQuery();
    query.start(ask, 10_000);
    const waits: number[][] = [];
    for (let failures = 0; failures < 4; failures++) {
      await last().answer(failure("failed", "no", 500));
      waits.push(time.waits);
      time.pass(60_000);
    }
    await last().answer(ok("a"));
    expect([...waits, time.waits]).toEqual([[20_000], [40_000], [60_000], [60_000], [10_000]]);
  });

  test.each([["refused"], ["signed_out"]] as const)("that was %s is not asked again by itself", async (kind) => {
    const { query, ask, last, time } = makeQuery();
    query.start(ask, 1_000);
    await last().answer(failure(kind, "no", 400));
    expect(time.waits).toEqual([]);
  });

  test("that was stopped aborts, takes no late answer, and keeps the one it had", async () => {
    const { query, ask, last, asked, time } = makeQuery();
    query.start(ask, 1_000);
    await last().answer(ok("a"));
    query.refresh();
    query.stop();
    await last().answer(ok("late"));
    query.refresh();
    expect(asked.length).toBe(2);
    expect(last().signal.aborted).toBe(true);
    expect(query.state.value.value).toBe("a");
    expect(time.waits).toEqual([]);
    query.clear();
    expect(query.state.value.value).toBeUndefined();
  });
});
