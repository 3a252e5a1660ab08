// The slowest timings from a server that responds newest first: no longer timing is missed.

import { describe, expect, test } from "bun:test";
import type { ShownRecord } from "../../../../../src/core/record.ts";
import { findSlowest, type SlowestQuery } from "../../../../../src/web/pages/timings/slowest.tsx";
import { failure } from "../../../../../src/web/state/query.ts";

function timing(id: number, duration: number): ShownRecord {
  const base = { project: "default", apiKey: "test", source: "server" } as const;
  return { id, ...base, kind: "timing", status: "completed", time: id, receivedAt: id, duration };
}

/** Responses as the server does, from the durations of records 0, 1, …: the newest is the last. */
function serverOf(durations: readonly number[]) {
  const requested: string[] = [];
  const fetch = async (q: string, limit: number) => {
    requested.push(q);
    const [, sign, text] = /duration:(>=?)([\d.e+-]+)/.exec(q) ?? [];
    const bound = text === undefined ? -1 : Number(text);
    const all = durations
      .map((duration, id) => timing(id, duration))
      .filter(({ duration = 0 }) => (sign === ">" ? duration > bound : duration >= bound))
      .toReversed();
    const isMore = all.length > limit;
    return { ok: true, value: { entries: all.slice(0, limit), nextCursor: isMore ? "more" : null } } as const;
  };
  return { requested, fetch };
}

const WANTED = 20;
const query = (from?: number): SlowestQuery => ({ search: "touchpoint:a", from, wanted: WANTED });
/** About as the server's p99 is: up to 1 % too small. */
const percentile = (durations: readonly number[]) =>
  (durations.toSorted((a, b) => b - a)[durations.length / 100] ?? 0) * 0.98;
const slowestOf = (durations: readonly number[]) => durations.toSorted((a, b) => b - a).slice(0, WANTED);

describe("the slowest timings", () => {
  test("of a few load with one request", async () => {
    const { fetch, requested } = serverOf([5, 9, 1]);
    const outcome = await findSlowest(fetch, query());
    expect(outcome).toEqual({
      ok: true,
      value: { entries: [timing(1, 9), timing(0, 5), timing(2, 1)], isExact: true },
    });
    expect(requested).toEqual(["(touchpoint:a) (status:completed)"]);
  });

  test.each([
    ["old ones are the longest", (at: number) => 100_000 - at],
    ["new ones are the longest", (at: number) => at],
    ["they lie anywhere", (at: number) => (at * 7_919) % 100_003],
    ["many are equally long", (at: number) => at % 30],
  ])("of 100,000 are found when %s", async (_what, durationOf) => {
    const durations = Array.from({ length: 100_000 }, (_, at) => durationOf(at));
    const { fetch, requested } = serverOf(durations);
    const outcome = await findSlowest(fetch, query(percentile(durations)));
    if (!outcome.ok) throw new Error(outcome.problem.message);
    expect(outcome.value.entries.map(({ duration }) => duration)).toEqual(slowestOf(durations));
    expect(outcome.value.isExact).toBe(true);
    expect(requested.length).toBeLessThanOrEqual(4);
  });

  test("of which all are equally long are no more than these", async () => {
    const { fetch, requested } = serverOf(Array.from({ length: 5_000 }, () => 7));
    const outcome = await findSlowest(fetch, query(6));
    if (!outcome.ok) throw new Error(outcome.problem.message);
    expect(outcome.value.isExact).toBe(true);
    expect(outcome.value.entries).toHaveLength(WANTED);
    expect(requested.map((q) => /duration:\S+(?=\))/.exec(q)?.[0])).toEqual([
      "duration:>=6",
      "duration:>=7",
      "duration:>7",
    ]);
  });
});

describe("the slowest timings are not known", () => {
  test("for certain where a search stopped early", async () => {
    const stopped = { entries: [timing(1, 5)], nextCursor: null, stoppedEarly: "the time limit was reached" };
    const outcome = await findSlowest(async () => ({ ok: true, value: stopped }), query());
    const { entries, stoppedEarly } = stopped;
    expect(outcome).toEqual({ ok: true, value: { entries, isExact: false, stoppedEarly } });
  });

  test("for certain where too many are longer, the oldest most of all", async () => {
    const { fetch } = serverOf(Array.from({ length: 100_000 }, (_, at) => 100_000 - at));
    const outcome = await findSlowest(fetch, query());
    expect(outcome).toMatchObject({ ok: true, value: { isExact: false } });
  });

  test("where the server refuses", async () => {
    const refused = failure("refused", "no such field", 400);
    expect(await findSlowest(async () => refused, query())).toEqual(refused);
  });
});
