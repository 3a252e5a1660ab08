// What the ingester does when the machine's clock is set, while it runs or between two processes.

import { describe, expect, test } from "bun:test";
import type { ClockReading } from "../../../src/core/clock.ts";
import { gapOf, IngesterState, NOW } from "./ingester_state.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEARS_MS = 73 * 365 * DAY_MS;

/** A clock that was set by so much, `passedMs` ago. */
function setBy(byMs: number, passedMs = 0): ClockReading {
  return { wall: NOW + byMs + passedMs, steady: NOW + passedMs, trusted: NOW + passedMs };
}

const JUMPS = [
  { name: "ahead by decades", byMs: YEARS_MS },
  { name: "ahead by a day", byMs: DAY_MS },
  { name: "back by a day", byMs: -DAY_MS },
  { name: "back by decades", byMs: -NOW + HOUR_MS },
];

for (const { name, byMs } of JUMPS) {
  describe(`after the clock was set ${name}`, () => {
    test("pending timings wait for as long as they would have, and pair", () => {
      const state = new IngesterState({}, { timeoutMs: 1_000, orphanGraceMs: 100 });
      const entries = [
        { key: "start", startTime: NOW },
        { key: "end", endTime: NOW },
        { key: "pair", startTime: NOW },
      ];
      state.send({ entries });
      const due = [50, 100, 101].map((ms) => state.expire(NOW + ms));
      const end = { key: "pair", endTime: NOW + 7 };
      state.commit(state.stageAt(setBy(byMs, 200), { entries: [end], receivedAt: NOW + byMs + 200 }));
      due.push(...[1_000, 1_001].map((ms) => state.expire(NOW + ms)));
      expect(due).toEqual([false, false, true, false, true]);
      expect(state.records.map(({ kind, key, duration }) => [kind, key, duration])).toEqual([
        ["orphaned", "end", undefined],
        ["completed", "pair", 7],
        ["unfinished", "start", undefined],
      ]);
      expect(gapOf(state.ingester.counts())).toBe(0);
    });

    test("later timings wait for as long as they should, also over a restart", () => {
      const state = new IngesterState({}, { timeoutMs: 1_000, orphanGraceMs: 100 });
      const entries = [
        { key: "start", startTime: NOW },
        { key: "end", endTime: NOW },
      ];
      const receivedAt = NOW + byMs;
      state.commit(state.stageAt(setBy(byMs), { entries, receivedAt }));
      const due = [100].map((ms) => state.expire(NOW + ms));
      // Of a process that started before them: another thread of the same one.
      state.restart(NOW - HOUR_MS, NOW + 50);
      due.push(...[100, 101, 1_000, 1_001].map((ms) => state.expire(NOW + ms)));
      expect(due).toEqual([false, false, true, false, true]);
      expect(state.records).toMatchObject([
        { kind: "orphaned", receivedAt },
        { kind: "unfinished", receivedAt },
      ]);
    });

    test("a complete timing still absorbs its start, within its grace and no longer", () => {
      const seen = [60_000, 60_001].map((ms) => {
        const state = new IngesterState({ retentionMs: 2 * YEARS_MS });
        const times = { startTime: 1_000, timestamp: Math.min(NOW, NOW + byMs) };
        state.send({ entries: [{ key: "k", endTime: 1_010, ...times }] });
        const batch = { entries: [{ key: "k", ...times }], receivedAt: NOW + byMs + ms };
        state.commit(state.stageAt(setBy(byMs, ms), batch));
        return state.ingester.counts().open;
      });
      expect(seen).toEqual([0, 1]);
    });

    test("a batch that was received before waits from now on, and is neither too old nor in the future", () => {
      const state = new IngesterState({}, { timeoutMs: 1_000 });
      const entries = [
        { key: "start", startTime: NOW },
        { message: "once", timestamp: NOW },
      ];
      state.commit(state.stageAt(setBy(byMs, 50), { entries, receivedAt: NOW }));
      expect([1_050, 1_051].map((ms) => state.expire(NOW + ms))).toEqual([false, true]);
      expect(state.records).toMatchObject([
        { kind: "log", receivedAt: NOW },
        { kind: "unfinished", receivedAt: NOW },
      ]);
      expect(state.reasons).toEqual([]);
    });

    test("and set right again, a batch that was received meanwhile is neither too old nor in the future", () => {
      const state = new IngesterState();
      const batch = { entries: [{ message: "once", timestamp: NOW }], receivedAt: NOW + byMs };
      state.commit(state.stageAt(setBy(0, 5), batch));
      expect([state.records.length, state.reasons]).toEqual([1, []]);
    });
  });
}

test("a batch that waited in the queue waits from its receipt on", () => {
  const state = new IngesterState({}, { timeoutMs: 1_000 });
  state.commit(
    state.stageAt(setBy(YEARS_MS, 400), { entries: [{ key: "k", startTime: NOW }], receivedAt: NOW + YEARS_MS }),
  );
  expect([1_000, 1_001].map((ms) => state.expire(NOW + ms))).toEqual([false, true]);
});

describe("while the clock is suspected", () => {
  test("of being ahead, an entry is too old only by the trusted time", () => {
    const state = new IngesterState();
    const receivedAt = NOW + YEARS_MS;
    const ages = [30 * DAY_MS, 30 * DAY_MS + 1].map((ageMs) => ({ message: `${ageMs}`, timestamp: NOW - ageMs }));
    const entries = [...ages, { message: "now", timestamp: receivedAt }, { timestamp: receivedAt + DAY_MS + 1 }];
    state.commit(state.stageAt(setBy(YEARS_MS), { entries, receivedAt }));
    expect(state.records.map(({ message }) => message)).toEqual([`${30 * DAY_MS}`, "now"]);
    expect(state.reasons).toEqual(["too_old", "in_future"]);
  });

  test("of being behind, an entry is in the future only by the trusted time", () => {
    const state = new IngesterState();
    const behindMs = 40 * DAY_MS;
    const receivedAt = NOW - behindMs;
    const times = [0, DAY_MS, DAY_MS + 1].map((aheadMs) => ({ message: `${aheadMs}`, timestamp: NOW + aheadMs }));
    const entries = [...times, { timestamp: receivedAt - 30 * DAY_MS - 1 }];
    state.commit(state.stageAt(setBy(-behindMs), { entries, receivedAt }));
    expect(state.records.map(({ message }) => message)).toEqual(["0", `${DAY_MS}`]);
    expect(state.reasons).toEqual(["in_future", "too_old"]);
  });
});

describe("a process that reads timings that another version received by a clock far ahead", () => {
  test("does not wait for decades", () => {
    const state = new IngesterState({}, { timeoutMs: 1_000, orphanGraceMs: 100 });
    const future = NOW + YEARS_MS;
    state.send({ entries: [{ key: "k", startTime: future }], receivedAt: future });
    state.restart(NOW);
    expect([NOW + 1_000, NOW + 1_001].map((at) => state.expire(at))).toEqual([false, true]);
  });
});
