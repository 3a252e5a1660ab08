// The compactor's thread, asked as the main thread asks it.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { spawnThread } from "../../src/runtime/spawn.ts";
import type { FromCompactor, ToCompactor } from "../../src/threads/messages.ts";
import { type TestPipeline, withPipeline } from "../support/pipeline.ts";

/** What the compactor answers to one request. */
async function answerOf(file: string, blocks: readonly number[]): Promise<FromCompactor> {
  const { promise, resolve, reject } = Promise.withResolvers<FromCompactor>();
  const url = new URL("../../src/threads/compactor.ts", import.meta.url);
  const thread = spawnThread<ToCompactor, FromCompactor>(url, {
    receive: resolve,
    ended: (reason) => reject(new Error(reason)),
  });
  try {
    thread.post({ kind: "start", file });
    thread.post({ kind: "merge", request: { job: 7, blocks } });
    return await promise;
  } finally {
    thread.terminate();
  }
}

async function withBlock<T>(work: (test: TestPipeline) => Promise<T>): Promise<T> {
  return withPipeline({}, async (test) => {
    await test.send("one", "two");
    return work(test);
  });
}

describe("a compactor", () => {
  test("hands back the block that it made, and writes nothing", async () => {
    await withBlock(async (test) => {
      const answer = await answerOf(test.file, [1]);
      expect(answer).toMatchObject({ kind: "merged", job: 7, result: { header: { records: 2, idMin: 1, idMax: 2 } } });
      expect(test.messages()).toEqual(["one", "two"]);
    });
  });
});

describe("a compactor that cannot merge", () => {
  test("a block that is gone says so, and gives up none", async () => {
    await withBlock(async (test) => {
      const failed = { kind: "failed", job: 7, reason: "block 99 is gone", unmergeable: [] } as const;
      expect(await answerOf(test.file, [1, 99])).toEqual(failed);
    });
  });

  test("because the file cannot be opened now gives up no block", async () => {
    await withBlock(async (test) => {
      const answer = await answerOf(join(test.folder, "none", "data.db"), [1]);
      expect(answer).toMatchObject({ kind: "failed", job: 7, unmergeable: [] });
    });
  });
});
