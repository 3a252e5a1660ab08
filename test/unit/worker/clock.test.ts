// What the worker makes of a machine's clock that is set while it runs, or between two processes.

import { describe, expect, test } from "bun:test";
import { gapOf, LoopState, NOW } from "./loop_state.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEARS_MS = 73 * 365 * DAY_MS;

const JUMPS = [
  { name: "ahead by decades", byMs: YEARS_MS },
  { name: "ahead by a day", byMs: DAY_MS },
  { name: "back by a day", byMs: -DAY_MS },
  { name: "back by decades", byMs: -NOW + HOUR_MS },
];

for (const { name, byMs } of JUMPS) {
  describe(`after the clock was set ${name}`, () => {
    test("what waits goes on waiting for as long as it would have, and pairs", () => {
      const state = new LoopState({}, { timeoutMs: 1_000, orphanGraceMs: 100 });
      const entries = [
        { key: "start", startTime: NOW },
        { key: "end", endTime: NOW },
        { key: "pair", startTime: NOW },
      ];
      state.send({ entries });
      state.worker.clockJumped(byMs, NOW + byMs + 50);
      const due = [50, 100, 101].map((ms) => state.expire(NOW + byMs + ms));
      state.send({ entries: [{ key: "pair", endTime: NOW + 7, timestamp: NOW + byMs }], receivedAt: NOW + byMs + 200 });
      due.push(...[1_000, 1_001].map((ms) => state.expire(NOW + byMs + ms)));
      expect(due).toEqual([false, false, true, false, true]);
      expect(state.records.map(({ kind, key, duration }) => [kind, key, duration])).toEqual([
        ["orphaned", "end", undefined],
        ["completed", "pair", 7],
        ["unfinished", "start", undefined],
      ]);
      expect(gapOf(state.worker.counts())).toBe(0);
    });

    test("a request from before is remembered within the window, and no longer", () => {
      const state = new LoopState();
      const identity = { id: "a", body: "b", keyType: "server" } as const;
      state.worker.requests.admit(identity, 1, NOW, false);
      state.worker.clockJumped(byMs, NOW + byMs + 1_000);
      const looks = [599_999, 600_000].map((ms) => state.worker.requests.look(identity, NOW + byMs + ms));
      expect(looks).toEqual(["repetition", "new"]);
    });

    test("a complete timing still absorbs its start", () => {
      const state = new LoopState({ retentionMs: 2 * YEARS_MS });
      const times = { startTime: 1_000, endTime: 1_010, timestamp: Math.min(NOW, NOW + byMs) };
      state.send({ entries: [{ key: "k", ...times }] });
      state.worker.clockJumped(byMs, NOW + byMs + 1_000);
      const start = { key: "k", startTime: 1_000, timestamp: times.timestamp };
      state.send({ entries: [start], receivedAt: NOW + byMs + 1_000 });
      expect(state.worker.counts()).toMatchObject({ received: 2, stored: 2, open: 0 });
      expect(state.records).toHaveLength(1);
    });

    test("a batch that was received before it waits from now on", () => {
      const state = new LoopState({ retentionMs: 2 * YEARS_MS }, { timeoutMs: 1_000 });
      const now = NOW + byMs + 50;
      state.worker.clockJumped(byMs, now);
      const start = { key: "start", startTime: NOW };
      state.commit(state.stageAt({ now, doubtMs: byMs }, { entries: [start], receivedAt: NOW }));
      expect([now + 1_000, now + 1_001].map((at) => state.expire(at))).toEqual([false, true]);
      expect(state.records).toMatchObject([{ kind: "unfinished", receivedAt: NOW }]);
    });
  });
}

describe("while the clock is in doubt", () => {
  test("an entry of the time before the clock went ahead is not too old", () => {
    const state = new LoopState();
    const clock = { now: NOW + YEARS_MS, doubtMs: YEARS_MS };
    const receivedAt = NOW + YEARS_MS;
    const ages = [30 * DAY_MS, 30 * DAY_MS + 1].map((ageMs) => ({ message: `${ageMs}`, timestamp: NOW - ageMs }));
    state.commit(state.stageAt(clock, { entries: [...ages, { message: "now", timestamp: receivedAt }], receivedAt }));
    expect(state.records.map(({ message }) => message)).toEqual([`${30 * DAY_MS}`, "now"]);
    expect(state.reasons).toEqual(["too_old"]);
  });

  test("an entry of the time before the clock went back is not of the future", () => {
    const state = new LoopState();
    const behindMs = 40 * DAY_MS;
    const receivedAt = NOW - behindMs;
    const entries = [0, DAY_MS, DAY_MS + 1].map((aheadMs) => ({ message: `${aheadMs}`, timestamp: NOW + aheadMs }));
    state.commit(state.stageAt({ now: receivedAt, doubtMs: -behindMs }, { entries, receivedAt }));
    expect(state.records.map(({ message }) => message)).toEqual(["0", `${DAY_MS}`]);
    expect(state.reasons).toEqual(["in_future"]);
  });
});

describe("a batch that was received before the clock was set right", () => {
  for (const byMs of [-YEARS_MS / 2, YEARS_MS / 2]) {
    test(`is neither too old nor of the future (from ${byMs} ms)`, () => {
      const state = new LoopState();
      state.worker.clockJumped(-byMs, NOW);
      const batch = { entries: [{ message: "once", timestamp: NOW }], receivedAt: NOW + byMs };
      state.commit(state.stageAt({ now: NOW + 5, doubtMs: 0 }, batch));
      expect([state.records.length, state.reasons]).toEqual([1, []]);
    });
  }
});

describe("a batch that is taken up anew by a process with another clock", () => {
  test("is judged as it was when it came, and waits from now on", () => {
    for (const byMs of [-YEARS_MS / 2, YEARS_MS / 2]) {
      const state = new LoopState({}, { timeoutMs: 1_000, orphanGraceMs: 100 });
      const now = NOW + byMs;
      state.restart(now);
      const entries = [
        { message: "once", timestamp: NOW },
        { message: "old", timestamp: NOW - YEARS_MS / 2 },
        { key: "end", endTime: NOW },
      ];
      state.commit(state.stageAt({ now, doubtMs: 0, isReplay: true }, { entries, receivedAt: NOW }));
      expect([state.records.map(({ message }) => message), state.reasons]).toEqual([["once"], ["too_old"]]);
      expect([now + 100, now + 101].map((at) => state.expire(at))).toEqual([false, true]);
    }
  });
});

describe("a process that starts with a clock that is behind what the last one had", () => {
  test("does not wait for decades", () => {
    const state = new LoopState({}, { timeoutMs: 1_000, orphanGraceMs: 100 });
    const future = NOW + YEARS_MS;
    state.send({ entries: [{ key: "k", startTime: future }], receivedAt: future });
    state.restart(NOW);
    expect([NOW + 1_000, NOW + 1_001].map((at) => state.expire(at))).toEqual([false, true]);
  });

  test("remembers requests, and only for the window", () => {
    const state = new LoopState();
    const identity = { id: "a", body: "b", keyType: "server" } as const;
    state.worker.requests.admit(identity, 1, NOW + DAY_MS, false);
    state.send({ entries: [{ message: "once" }], receivedAt: NOW + DAY_MS });
    // As the store gives it then.
    state.moveJournal(-DAY_MS);
    const { requests } = state.restart(NOW);
    const looks = [599_999, 600_000].map((ms) => requests.look(identity, NOW + ms));
    expect(looks).toEqual(["repetition", "new"]);
    // Or the file would keep every part from now on.
    const [needs] = state.worker.journalNeeds(NOW + 2 * HOUR_MS);
    expect(needs).toEqual({ kind: "requests", before: NOW + 2 * HOUR_MS - 10_000 });
  });
});
