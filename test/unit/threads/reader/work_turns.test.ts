import { describe, expect, test } from "bun:test";
import { type Steps, waitFor } from "../../../../src/core/steps.ts";
import { QueryMemory } from "../../../../src/query/scan/query_memory.ts";
import { type Work, WorkTurns } from "../../../../src/threads/reader/work_turns.ts";

/** Work whose clock stands still unless a step moves it. */
function turns(bytesMax = 100) {
  const state = { now: 0, log: [] as string[] };
  const work = new WorkTurns({
    bytesMax,
    turnMs: 10,
    clock: () => state.now,
    step: (_number, { steps }) => steps.next().done === true,
  });
  /** A query that holds so much after its steps. */
  const query = (number: number, held: readonly number[], deadline = 1_000, stepMs = 1): Work => {
    const memory = new QueryMemory();
    const steps = function* (): Steps<void> {
      for (const bytes of held) {
        state.log.push(String(number));
        state.now += stepMs;
        memory.setCollected(bytes);
        if (state.now >= deadline) return;
        yield undefined;
      }
      state.log.push(`${number} done`);
    };
    return { steps: steps(), query: { memory, deadline } };
  };
  const run = (count = 1_000) => {
    for (let turn = 0; turn < count && work.size > 0; turn++) work.turn();
    return state.log;
  };
  return { state, work, query, run };
}

describe("queries", () => {
  test("take their steps in turn", () => {
    const { work, query, run } = turns();
    for (const number of [1, 2]) work.set(number, query(number, [1, 1]));
    expect(run()).toEqual(["1", "2", "1", "2", "1 done", "2 done"]);
  });

  test("wait while all hold too much memory, and go on when the ones before them are done", () => {
    const { work, query, run } = turns();
    work.set(1, query(1, [90, 90, 90]));
    work.set(2, query(2, [30, 30]));
    work.set(3, query(3, [5, 5]));
    expect(run()).toEqual(["1", "2", "1", "1", "1 done", "2", "3", "2 done", "3", "3 done"]);
  });

  test("go on alone where one holds more memory than all may", () => {
    const { work, query, run } = turns();
    work.set(1, query(1, [10]));
    work.set(2, query(2, [500, 500]));
    work.set(3, query(3, [1]));
    expect(run()).toEqual(["1", "2", "1 done", "2", "2 done", "3", "3 done"]);
  });

  test("go first when their deadline has passed, waiting or not", () => {
    const { state, work, query, run } = turns();
    work.set(1, query(1, [90, 90, 90, 90], 1_000, 5));
    work.set(2, query(2, [30, 30], 12));
    run();
    expect(state.log.slice(0, 5)).toEqual(["1", "2", "1", "1", "2"]);
  });

  test("return after some time, and go on where they stopped", () => {
    const { state, work, query, run } = turns();
    for (const number of [1, 2, 3]) work.set(number, query(number, [1, 1], 1_000, 10));
    run(1);
    expect(state.log).toEqual(["1"]);
    run(1);
    expect(state.log).toEqual(["1", "2"]);
  });

  test("that were ended take no more steps", () => {
    const { work, query, run } = turns();
    for (const number of [1, 2]) work.set(number, query(number, [1, 1], 1_000, 5));
    run(1);
    work.end(1);
    expect(run()).toEqual(["1", "2", "2", "2 done"]);
  });
});

describe("other work", () => {
  test("never waits", () => {
    const { state, work, query, run } = turns();
    work.set(1, query(1, [500, 500]));
    work.set(2, {
      steps: (function* (): Steps<void> {
        state.log.push("tail");
        yield undefined;
        state.log.push("tail done");
      })(),
    });
    expect(run().slice(0, 4)).toEqual(["1", "tail", "1", "tail done"]);
  });
});

describe("work that waits for something", () => {
  /** Work that waits once, and what ends the waiting. */
  function waitingWork(log: string[], name: string) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const steps = function* (): Steps<void> {
      log.push(`${name} asks`);
      try {
        yield* waitFor(promise);
        log.push(`${name} has it`);
      } finally {
        log.push(`${name} ends`);
      }
    };
    return { steps: steps(), resolve };
  }

  function waitingTurns() {
    const log: string[] = [];
    let now = 0;
    const work = new WorkTurns({
      bytesMax: 100,
      turnMs: 10,
      clock: () => now++,
      step: (_number, { steps }) => {
        const step = steps.next();
        return step.done === true || (step.value ?? false);
      },
      onReady: () => log.push("ready"),
    });
    return { log, work };
  }

  test("takes no steps until it is there, and other work goes on", async () => {
    const { log, work } = waitingTurns();
    const { steps, resolve } = waitingWork(log, "1");
    work.set(1, { steps });
    work.turn();
    expect([work.isAnyReady, work.size]).toEqual([false, 1]);
    const other = function* (): Steps<void> {
      yield undefined;
      log.push("2 done");
    };
    work.set(2, { steps: other() });
    work.turn();
    expect(log).toEqual(["1 asks", "2 done"]);
    resolve();
    await Bun.sleep(0);
    expect(work.isAnyReady).toBe(true);
    work.turn();
    expect(log).toEqual(["1 asks", "2 done", "ready", "1 has it", "1 ends"]);
    expect(work.size).toBe(0);
  });

  test("can be ended, and then nothing is told of it", async () => {
    const { log, work } = waitingTurns();
    const { steps, resolve } = waitingWork(log, "1");
    work.set(1, { steps });
    work.turn();
    work.end(1);
    expect([work.isAnyReady, work.size]).toEqual([false, 0]);
    resolve();
    await Bun.sleep(0);
    expect(log).toEqual(["1 asks", "1 ends"]);
  });

  test("past its deadline still waits: what it asked for has a limit of its own", async () => {
    const { log, work } = waitingTurns();
    const { steps, resolve } = waitingWork(log, "1");
    work.set(1, { steps, query: { memory: new QueryMemory(), deadline: 0 } });
    work.turn();
    work.turn();
    expect(log).toEqual(["1 asks"]);
    resolve();
    await Bun.sleep(0);
    work.turn();
    expect(work.size).toBe(0);
  });
});
