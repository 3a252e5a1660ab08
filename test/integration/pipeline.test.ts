import { describe, expect, test } from "bun:test";
import { untilTrue } from "../support/condition.ts";
import { type TestPipeline, withPipeline } from "../support/pipeline.ts";

/**
 * On a busy machine the compactor, which has low priority, runs late: at the latest once a thousand blocks are
 * unmerged.
 */
const BATCHES_MAX = 5_000;

/** Sends batches one after the other, each a block of its own, until the condition holds; gives their messages. */
async function sendUntil(test: TestPipeline, name: string, holds: () => boolean): Promise<string[]> {
  const sent: string[] = [];
  while (!holds()) {
    if (sent.length > BATCHES_MAX) throw new Error(`not after ${sent.length} batches: ${name}`);
    const message = `${name} ${sent.length}`;
    sent.push(message);
    expect(await test.send(message)).toBe("accepted");
  }
  return sent;
}

describe("a pipeline", () => {
  test("stores batches in order of acceptance, merges their blocks, and the sum of entries closes", async () => {
    await withPipeline({}, async (test) => {
      const { pipeline } = test;
      expect(pipeline.readiness()).toEqual({ ready: true });
      let count = 0;
      const sent = await sendUntil(test, "message", () => pipeline.snapshot().blocks < count++);
      await untilTrue("all is written in full", () => pipeline.snapshot().records === sent.length);
      expect(test.messages()).toEqual(sent);
      const { received, stored, records, open } = pipeline.snapshot();
      expect({ received, stored, records, open }).toEqual({
        received: sent.length,
        stored: sent.length,
        records: sent.length,
        open: 0,
      });
    });
  });

  test("under memory, has stored every batch once it has stopped", async () => {
    const sent = Array.from({ length: 200 }, (_, index) => `message ${index}`);
    await withPipeline({ durability: "memory" }, async (test) => {
      for (const message of sent) expect(await test.send(message)).toBe("accepted");
      await test.pipeline.stop();
      expect(test.messages()).toEqual(sent);
    });
  });
});

describe("a late answer of the compactor", () => {
  test("is not used for a request of the next writer", async () => {
    const writerUrl = new URL("../support/poisoned_writer.ts", import.meta.url);
    const compactorUrl = new URL("../support/late_compactor.ts", import.meta.url);
    await withPipeline({ writerUrl, compactorUrl }, async (test) => {
      const { pipeline } = test;
      let sentBefore = 0;
      // Enough for a first merge request, whose answer does not come.
      const before = await sendUntil(test, "before", () => sentBefore++ === 100);
      await untilTrue("each is a block", () => pipeline.snapshot().blocks === 100);
      expect(await test.send("poison-always")).toBe("set_aside");
      const after = await sendUntil(test, "after", () => pipeline.snapshot().blocks < 90);
      const count = before.length + after.length;
      await untilTrue("all is written in full", () => pipeline.snapshot().records === count);
      expect(test.messages()).toEqual([...before, ...after]);
      await untilTrue("it is ready", () => pipeline.readiness().ready);
      expect(pipeline.snapshot().records).toBe(count);
    });
  });
});
