// The states of a query: loading, loaded, stale, failed, polled, hidden.

import { describe, expect, test } from "bun:test";
import { signal } from "@preact/signals";
import { failure, type Outcome, Query, STOPPED } from "../../../../src/web/state/query.ts";
import { ManualSchedule } from "../../../support/manual_schedule.ts";

interface SentRequest {
  readonly signal: AbortSignal;
  respond(outcome: Outcome<string>): Promise<void>;
}

function makeQuery() {
  const time = new ManualSchedule();
  const isVisible = signal(true);
  const query = new Query<string>({ clock: time.clock, schedule: time.schedule, isVisible });
  const requested: SentRequest[] = [];
  const fetch = (signal: AbortSignal) => {
    const { promise, resolve } = Promise.withResolvers<Outcome<string>>();
    requested.push({
      signal,
      async respond(outcome) {
        resolve(outcome);
        // The response is taken in the microtasks that follow.
        await promise;
        await Promise.resolve();
      },
    });
    return promise;
  };
  const last = () => {
    const one = requested.at(-1);
    if (one === undefined) throw new Error("nothing was requested");
    return one;
  };
  return { query, time, isVisible, requested, fetch, last };
}

const ok = (value: string): Outcome<string> => ({ ok: true, value });

describe("a query", () => {
  test("loads, and then has its response", async () => {
    const { query, fetch, last, time } = makeQuery();
    const nothing = {
      value: undefined,
      problem: undefined,
      isLoading: false,
      isStale: false,
      respondedAtMs: undefined,
    };
    expect(query.state.value).toEqual(nothing);
    query.start(fetch);
    expect(query.state.value).toEqual({ ...nothing, isLoading: true });
    time.pass(70);
    await last().respond(ok("a"));
    expect(query.state.value).toEqual({ ...nothing, value: "a", respondedAtMs: 70 });
    expect(time.waits).toEqual([]);
  });

  test("keeps the old response as stale while another query runs, and aborts the old query", async () => {
    const { query, fetch, last, requested } = makeQuery();
    query.start(fetch);
    await last().respond(ok("a"));
    query.start(fetch);
    query.start(fetch);
    expect(requested.map(({ signal }) => signal.aborted)).toEqual([true, true, false]);
    expect(query.state.value).toMatchObject({ value: "a", isLoading: true, isStale: true });
    await requested[1]?.respond(ok("too late"));
    expect(query.state.value).toMatchObject({ value: "a", isStale: true });
    await last().respond(ok("b"));
    expect(query.state.value).toMatchObject({ value: "b", isLoading: false, isStale: false });
  });

  test("refreshes the same query without marking its response as stale", async () => {
    const { query, fetch, last } = makeQuery();
    query.start(fetch);
    await last().respond(ok("a"));
    query.refresh();
    expect(query.state.value).toMatchObject({ value: "a", isLoading: true, isStale: false });
    await last().respond(ok("b"));
    expect(query.state.value).toMatchObject({ value: "b", isLoading: false });
  });

  test("polls after each response", async () => {
    const { query, fetch, last, requested, time } = makeQuery();
    query.start(fetch, 1_000);
    expect(time.waits).toEqual([]);
    await last().respond(ok("a"));
    time.pass(999);
    expect(requested.length).toBe(1);
    time.pass(1);
    expect(requested.length).toBe(2);
    await last().respond(ok("b"));
    expect(time.waits).toEqual([1_000]);
  });

  test("waits while the page is hidden, and polls at once when it is shown", async () => {
    const { query, fetch, last, requested, time, isVisible } = makeQuery();
    query.start(fetch, 1_000);
    await last().respond(ok("a"));
    isVisible.value = false;
    time.pass(60_000);
    expect(requested.length).toBe(1);
    isVisible.value = true;
    expect(requested.length).toBe(2);
  });
});

describe("a query that fails", () => {
  test("has the problem, and the previous response as stale, until the next response", async () => {
    const { query, fetch, last } = makeQuery();
    query.start(fetch);
    await last().respond(ok("a"));
    query.refresh();
    await last().respond(failure("offline", "not there"));
    expect(query.state.value).toMatchObject({
      value: "a",
      problem: { kind: "offline" },
      isLoading: false,
      isStale: true,
    });
    query.refresh();
    await last().respond(ok("b"));
    expect(query.state.value).toMatchObject({ value: "b", problem: undefined, isStale: false });
  });

  test("polls less and less often, and at its own pace after a response", async () => {
    const { query, fetch, last, time } = makeQuery();
    query.start(fetch, 10_000);
    const waits: number[][] = [];
    for (let failures = 0; failures < 4; failures++) {
      await last().respond(failure("failed", "no", 500));
      waits.push(time.waits);
      time.pass(60_000);
    }
    await last().respond(ok("a"));
    expect([...waits, time.waits]).toEqual([[20_000], [40_000], [60_000], [60_000], [10_000]]);
  });

  test.each([["refused"], ["signed_out"]] as const)("with the problem %s is not polled again", async (kind) => {
    const { query, fetch, last, time } = makeQuery();
    query.start(fetch, 1_000);
    await last().respond(failure(kind, "no", 400));
    expect(time.waits).toEqual([]);
  });

  test("that was stopped aborts, ignores a late response, and keeps the one it had", async () => {
    const { query, fetch, last, requested, time } = makeQuery();
    query.start(fetch, 1_000);
    await last().respond(ok("a"));
    query.refresh();
    query.stop();
    await last().respond(ok("late"));
    query.refresh();
    expect(requested.length).toBe(2);
    expect(last().signal.aborted).toBe(true);
    expect(query.state.value.value).toBe("a");
    expect(time.waits).toEqual([]);
    query.clear();
    expect(query.state.value.value).toBeUndefined();
  });
});

describe("a query that the user stops", () => {
  test("aborts its request, polls no more, and can run again", async () => {
    const { query, fetch, last, time, requested } = makeQuery();
    query.start(fetch, 100);
    query.cancel();
    expect(last().signal.aborted).toBe(true);
    expect(query.state.value).toMatchObject({ isLoading: false, isStale: false, problem: STOPPED });
    await last().respond(ok("late"));
    expect([query.state.value.value, time.waits]).toEqual([undefined, []]);
    query.refresh();
    await last().respond(ok("a"));
    expect(query.state.value).toMatchObject({ value: "a", problem: undefined });
    query.start(fetch);
    query.cancel();
    expect(query.state.value).toMatchObject({ value: "a", isStale: true, problem: STOPPED });
    expect(requested.length).toBe(3);
  });

  test("is left alone where none runs", () => {
    const { query } = makeQuery();
    query.cancel();
    expect(query.state.value.problem).toBeUndefined();
  });
});
