// The main thread's end of merging, with a real compactor thread that ends when it is told to.

import { describe, expect, test } from "bun:test";
import { BlockReader } from "../../src/store/block_reader.ts";
import { Compaction, type MergeOutcome } from "../../src/threads/compaction.ts";
import { untilTrue } from "../support/condition.ts";
import { type Death, isOrdered, orderDeath } from "../support/dying_on_demand.ts";
import { type TestPipeline, withPipeline } from "../support/pipeline.ts";

interface Compactor {
  readonly compaction: Compaction;
  readonly outcomes: MergeOutcome[];
  readonly logged: string[];
  readonly restarts: () => number;
}

/** Two records lie in the file, in the blocks 1 and 2. */
async function withCompactor(work: (compactor: Compactor, test: TestPipeline) => Promise<void>): Promise<void> {
  await withPipeline({}, async (test) => {
    await test.send("one");
    await test.send("two");
    const reader = new BlockReader(test.file);
    await untilTrue("both blocks are there", () => reader.blocks([1, 2]).length === 2);
    reader.close();
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
    });
    compaction.start();
    try {
      await work({ compaction, outcomes, logged, restarts: () => restarts }, test);
    } finally {
      compaction.stop();
    }
  });
}

async function end(test: TestPipeline, death: Death): Promise<void> {
  orderDeath(test.file, "compactor", death);
  await untilTrue("the thread has seen it", () => !isOrdered(test.file, "compactor"));
}

/** The merge of both blocks comes back whole, under its number. */
async function expectMerge({ compaction, outcomes, logged }: Compactor, job: number, isUrgent = false): Promise<void> {
  const before = outcomes.length;
  compaction.merge({ job, blocks: [1, 2], isIdle: true, isUrgent });
  await untilTrue("it is answered", () => outcomes.length > before);
  expect(logged.filter((line) => line.includes("not merged"))).toEqual([]);
  expect(outcomes.slice(before)).toMatchObject([{ job, result: { header: { records: 2 } }, unmergeable: [] }]);
}

describe("a merge", () => {
  test("comes back under the writer's number, one after the other", async () => {
    await withCompactor(async (compactor) => {
      for (const job of [7, 1, 7]) await expectMerge(compactor, job);
    });
  });

  test("is done by another thread once so much waits that ingestion may wait for it, and when that is over", async () => {
    await withCompactor(async (compactor) => {
      for (const isUrgent of [false, true, true, false]) await expectMerge(compactor, 3, isUrgent);
      expect([compactor.restarts(), compactor.logged]).toEqual([0, []]);
    });
  });
});

describe("a merge comes to nothing, its blocks stay, and the next one is done", () => {
  test.each<Death>(["throw-at-message", "throw-at-reply"])("when the thread dies of it (%s)", async (death) => {
    await withCompactor(async (compactor, test) => {
      await end(test, death);
      compactor.compaction.merge({ job: 5, blocks: [1, 2], isIdle: true, isUrgent: false });
      await untilTrue("it is answered", () => compactor.outcomes.length === 1);
      expect(compactor.outcomes).toEqual([{ job: 5, result: undefined, unmergeable: [] }]);
      expect(compactor.logged).toEqual([expect.stringMatching(/^the compactor thread died: [^]*; starting another$/)]);
      await expectMerge(compactor, 6);
      expect(compactor.restarts()).toBe(1);
    });
  });

  test("when the thread does not answer for as long as no merge takes", async () => {
    await withCompactor(async (compactor, test) => {
      const { compaction, outcomes, logged, restarts } = compactor;
      await expectMerge(compactor, 4);
      await end(test, "hang");
      compaction.merge({ job: 5, blocks: [1, 2], isIdle: true, isUrgent: false });
      for (let tick = 1; tick < 120; tick++) compaction.tick();
      expect(restarts()).toBe(0);
      compaction.tick();
      expect([restarts(), logged]).toEqual([1, ["the compactor thread does not answer; starting another"]]);
      await untilTrue("it is answered", () => outcomes.length === 2);
      expect(outcomes[1]).toEqual({ job: 5, result: undefined, unmergeable: [] });
      await expectMerge(compactor, 6);
    });
  });

  test("when the writer that asked is gone: nobody hears of it", async () => {
    await withCompactor(async (compactor) => {
      compactor.compaction.merge({ job: 1, blocks: [1, 2], isIdle: true, isUrgent: false });
      compactor.compaction.forget();
      await expectMerge(compactor, 1);
      expect(compactor.outcomes.length).toBe(1);
    });
  });
});

describe("a compactor without work", () => {
  test("is left alone, however long", async () => {
    await withCompactor(async (compactor) => {
      for (let tick = 0; tick < 1_000; tick++) compactor.compaction.tick();
      await expectMerge(compactor, 1);
      for (let tick = 0; tick < 1_000; tick++) compactor.compaction.tick();
      expect([compactor.restarts(), compactor.logged]).toEqual([0, []]);
    });
  });
});
