// The main thread's end of merging, with a real compactor thread that ends on command.

import { describe, expect, test } from "bun:test";
import { BlockReader } from "../../src/store/block_reader.ts";
import { Compaction, type MergeOutcome } from "../../src/threads/main/compaction.ts";
import { untilTrue } from "../support/condition.ts";
import { type Death, isOrdered, orderDeath } from "../support/dying_on_demand.ts";
import { type TestPipeline, withPipeline } from "../support/pipeline.ts";

const IDLE_TICKS = 3;

interface Compactor {
  readonly compaction: Compaction;
  readonly outcomes: MergeOutcome[];
  readonly logged: string[];
  readonly restarts: () => number;
}

/** A file with two records, in the blocks 1 and 2. */
async function withCompactor(work: (compactor: Compactor, test: TestPipeline) => Promise<void>): Promise<void> {
  await withPipeline({}, async (test) => {
    await test.send("one");
    await test.send("two");
    const reader = new BlockReader(test.file);
    await untilTrue("both blocks are there", () => reader.blocks([1, 2]).length === 2);
    reader.close();
    // Otherwise it merges them by itself after some seconds.
    await test.pipeline.stop();
    const outcomes: MergeOutcome[] = [];
    const logged: string[] = [];
    let restarts = 0;
    const compaction = new Compaction({
      file: test.file,
      compactorUrl: new URL("../support/dying_compactor_on_demand.ts", import.meta.url),
      clock: () => performance.now(),
      log: (_level, message) => void logged.push(message),
      merged: (outcome) => void outcomes.push(outcome),
      restarted: () => void restarts++,
      idleTicks: IDLE_TICKS,
    });
    const compactor: Compactor = { compaction, outcomes, logged, restarts: () => restarts };
    try {
      expect(compaction.isRunning).toBe(false);
      // The first merge starts the thread.
      await expectMerge(compactor, 1);
      outcomes.length = 0;
      await work(compactor, test);
    } finally {
      compaction.stop();
    }
  });
}

async function end(test: TestPipeline, death: Death): Promise<void> {
  orderDeath(test.file, "compactor", death);
  await untilTrue("the thread has seen it", () => !isOrdered(test.file, "compactor"));
}

/** The merge of both blocks has its result, under its number. */
async function expectMerge(
  { compaction, outcomes, logged }: Compactor,
  job: number,
  isBacklogged = false,
): Promise<void> {
  const before = outcomes.length;
  compaction.merge({ job, blocks: [1, 2], isIdle: true, isBacklogged });
  await untilTrue("it is answered", () => outcomes.length > before);
  expect(logged.filter((line) => line.includes("not merged"))).toEqual([]);
  expect(outcomes.slice(before)).toMatchObject([{ job, result: { zoneMap: { records: 2 } }, unmergeable: [] }]);
}

describe("a merge", () => {
  test("is reported under the writer's request number, one after the other", async () => {
    await withCompactor(async (compactor) => {
      for (const job of [7, 1, 7]) await expectMerge(compactor, job);
    });
  });

  test("runs on a new thread once merging is backlogged, and on another once it is not", async () => {
    await withCompactor(async (compactor) => {
      for (const isBacklogged of [false, true, true, false]) await expectMerge(compactor, 3, isBacklogged);
      expect([compactor.restarts(), compactor.logged]).toEqual([0, []]);
    });
  });
});

describe("a merge fails, its blocks stay, and the next one succeeds", () => {
  test.each<Death>(["throw-at-message", "throw-at-reply"])("when it kills the thread (%s)", async (death) => {
    await withCompactor(async (compactor, test) => {
      await end(test, death);
      compactor.compaction.merge({ job: 5, blocks: [1, 2], isIdle: true, isBacklogged: false });
      await untilTrue("it is answered", () => compactor.outcomes.length === 1);
      expect(compactor.outcomes).toEqual([{ job: 5, result: undefined, unmergeable: [] }]);
      expect(compactor.logged).toEqual([expect.stringMatching(/^the compactor thread died: [^]*; starting another$/)]);
      await expectMerge(compactor, 6);
      expect(compactor.restarts()).toBe(1);
    });
  });

  test("when the thread does not answer for longer than any merge takes", async () => {
    await withCompactor(async (compactor, test) => {
      const { compaction, outcomes, logged, restarts } = compactor;
      await expectMerge(compactor, 4);
      await end(test, "hang");
      compaction.merge({ job: 5, blocks: [1, 2], isIdle: true, isBacklogged: false });
      for (let tick = 1; tick < 120; tick++) compaction.tick();
      expect(restarts()).toBe(0);
      compaction.tick();
      expect([restarts(), logged]).toEqual([1, ["the compactor thread does not answer; starting another"]]);
      await untilTrue("it is answered", () => outcomes.length === 2);
      expect(outcomes[1]).toEqual({ job: 5, result: undefined, unmergeable: [] });
      await expectMerge(compactor, 6);
    });
  });

  test("when the writer that requested it has died: no result is reported", async () => {
    await withCompactor(async (compactor) => {
      compactor.compaction.merge({ job: 1, blocks: [1, 2], isIdle: true, isBacklogged: false });
      compactor.compaction.forget();
      await expectMerge(compactor, 1);
      expect(compactor.outcomes.length).toBe(1);
    });
  });
});

describe("a compactor without work", () => {
  test("is not restarted, however long it is idle", async () => {
    await withCompactor(async (compactor) => {
      for (let tick = 0; tick < 1_000; tick++) compactor.compaction.tick();
      await expectMerge(compactor, 1);
      for (let tick = 0; tick < 1_000; tick++) compactor.compaction.tick();
      expect([compactor.restarts(), compactor.logged]).toEqual([0, []]);
    });
  });
});

describe("a thread with nothing to merge", () => {
  function tick({ compaction }: Compactor, times: number): void {
    for (let count = 0; count < times; count++) compaction.tick();
  }

  test("is ended without a report, and the next merge starts another", async () => {
    await withCompactor(async (compactor) => {
      for (let round = 0; round < 3; round++) {
        tick(compactor, IDLE_TICKS);
        expect(compactor.compaction.isRunning).toBe(true);
        tick(compactor, 1);
        expect(compactor.compaction.isRunning).toBe(false);
        tick(compactor, 10);
        await expectMerge(compactor, 4);
        expect(compactor.compaction.isRunning).toBe(true);
      }
      expect([compactor.restarts(), compactor.logged]).toEqual([0, []]);
    });
  });

  test("is not ended during a merge, however long that takes", async () => {
    await withCompactor(async (compactor) => {
      compactor.compaction.merge({ job: 5, blocks: [1, 2], isIdle: true, isBacklogged: false });
      tick(compactor, 10 * IDLE_TICKS);
      await untilTrue("it is answered", () => compactor.outcomes.length === 1);
      expect(compactor.outcomes).toMatchObject([{ job: 5, result: { zoneMap: { records: 2 } } }]);
      expect(compactor.restarts()).toBe(0);
    });
  });

  test("is started with normal priority while merging is backlogged", async () => {
    await withCompactor(async (compactor) => {
      tick(compactor, IDLE_TICKS + 1);
      for (const isBacklogged of [true, false]) await expectMerge(compactor, 6, isBacklogged);
      expect([compactor.restarts(), compactor.logged]).toEqual([0, []]);
    });
  });

  test("is not started again once it was stopped", async () => {
    await withCompactor(async ({ compaction, outcomes }) => {
      compaction.stop();
      compaction.merge({ job: 5, blocks: [1, 2], isIdle: true, isBacklogged: false });
      expect([compaction.isRunning, outcomes]).toEqual([false, []]);
    });
  });
});
