// The compactor thread, with the messages of the main thread.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { spawnThread } from "../../src/runtime/spawn.ts";
import { CHUNKS_MAX } from "../../src/store/schema.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import type { FromCompactor, ToCompactor } from "../../src/threads/messages.ts";
import { withFolder } from "../support/folder.ts";
import { groupOf, recordOf } from "../support/groups.ts";
import { type TestPipeline, withPipeline } from "../support/pipeline.ts";

/** The compactor's answer to one request. */
async function answerOf(file: string, blocks: readonly number[], isIdle = false): Promise<FromCompactor> {
  const { promise, resolve, reject } = Promise.withResolvers<FromCompactor>();
  const url = new URL("../../src/threads/compactor/compactor.ts", import.meta.url);
  const thread = spawnThread<ToCompactor, FromCompactor>(url, {
    receive: resolve,
    ended: (reason) => reject(new Error(reason)),
  });
  try {
    thread.post({ kind: "start", file, hasLowPriority: false });
    thread.post({ kind: "merge", request: { job: 7, blocks, isIdle, isBacklogged: false } });
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
  test("replies with the merged block, and writes nothing", async () => {
    await withBlock(async (test) => {
      const answer = await answerOf(test.file, [1]);
      expect(answer).toMatchObject({ kind: "merged", job: 7, result: { zoneMap: { records: 2, idMin: 1, idMax: 2 } } });
      expect(test.messages()).toEqual(["one", "two"]);
    });
  });
});

/** Answers for a file of blocks of one record each, which `change` may damage. */
async function withBlocks<T>(
  count: number,
  work: (file: string) => Promise<T>,
  change: (store: StoreWriter) => void = () => undefined,
): Promise<T> {
  return withFolder(async (folder) => {
    const file = join(folder, "data.db");
    const store = new StoreWriter(file, "write", "run");
    for (let id = 1; id <= count; id++) store.commit(groupOf("shop", [recordOf(id)]));
    change(store);
    store.close();
    return work(file);
  });
}

function namesOf(answer: FromCompactor): unknown {
  return answer.kind === "merged" ? answer.result.encoded.chunks.map(({ name }) => name) : answer;
}

describe("a compactor of small blocks", () => {
  test("packs them while groups arrive, and writes a summary and a chunk for each column when it is quiet", async () => {
    await withBlocks(2, async (file) => {
      expect(namesOf(await answerOf(file, [1, 2]))).toEqual(["*"]);
      const columns = ["id", "time", "received", "flags", "apiKey", "touchpoint", "message", "metadata.n"];
      expect(namesOf(await answerOf(file, [1, 2], true))).toEqual(["summary", ...columns]);
    });
  });

  test("merges only the requested blocks, whichever others are between", async () => {
    await withBlocks(100, async (file) => {
      const blocks = Array.from({ length: 100 }, (_, index) => index + 1).filter((id) => id % 37 !== 0);
      const zoneMap = { records: 98, idMin: 1, idMax: 100 };
      expect(await answerOf(file, blocks)).toMatchObject({ kind: "merged", job: 7, result: { zoneMap } });
    });
  });
});

describe("a compactor that cannot merge", () => {
  test("names a damaged block among intact ones", async () => {
    const damage = `UPDATE pieces SET data = zeroblob(length(data)) WHERE key = ${2 * CHUNKS_MAX}`;
    await withBlocks(
      3,
      async (file) => {
        const answer = await answerOf(file, [1, 2, 3]);
        expect(answer).toMatchObject({ kind: "failed", job: 7, unmergeable: [2] });
        expect(answer.kind === "failed" ? answer.reason : "").toMatch(/^block 2: column "\*" is damaged: checksum /);
      },
      (store) => {
        store.database.run(damage);
      },
    );
  });

  test("reports a missing block, and marks none as unmergeable", async () => {
    await withBlock(async (test) => {
      const failed = { kind: "failed", job: 7, reason: "block 99 is gone", unmergeable: [] } as const;
      expect(await answerOf(test.file, [1, 99])).toEqual(failed);
    });
  });

  test("marks no block as unmergeable if the file cannot be opened", async () => {
    await withBlock(async (test) => {
      const answer = await answerOf(join(test.folder, "none", "data.db"), [1]);
      expect(answer).toMatchObject({ kind: "failed", job: 7, unmergeable: [] });
    });
  });
});
