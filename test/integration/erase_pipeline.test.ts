import { describe, expect, test } from "bun:test";
import { verifyData } from "../../src/store/verify/verify.ts";
import { type TestPipeline, withPipeline } from "../support/pipeline.ts";

/** Sends batches of one entry a name, one after the other; returns the accepted messages of bob. */
async function send(test: TestPipeline, from: number, to: number): Promise<string[]> {
  const bobs: string[] = [];
  for (let n = from; n < to; n++) {
    expect(await test.send(`ada ${n}`, `bob ${n}`)).toBe("accepted");
    bobs.push(`bob ${n}`);
  }
  return bobs;
}

describe("an erasure in a running pipeline", () => {
  test("deletes every matching record and no other while batches arrive and blocks are merged", async () => {
    await withPipeline({}, async (test) => {
      const { pipeline } = test;
      const before = await send(test, 0, 300);
      const outcome = pipeline.change({
        kind: "erase",
        scope: { project: "default", q: "ada", from: undefined, to: undefined },
      });
      const meanwhile = await send(test, 300, 400);
      const erased = await outcome;
      expect(erased).toMatchObject({ ok: true });
      const after = await send(test, 400, 500);
      const messages = test.messages();
      expect(messages.filter((message) => message?.startsWith("bob"))).toEqual([...before, ...meanwhile, ...after]);
      const adas = messages.filter((message) => message?.startsWith("ada"));
      // Of those that came meanwhile some were erased; for those before and after it is certain.
      expect(adas.filter((message) => Number(message?.slice(4)) < 300)).toEqual([]);
      expect(adas.filter((message) => Number(message?.slice(4)) >= 400).length).toBe(100);
      const { received, stored, open, records } = pipeline.snapshot();
      expect({ received, stored, open, records }).toEqual({
        received: 1_000,
        stored: 1_000,
        open: 0,
        records: 500 + adas.length,
      });
      expect(erased.ok && erased.erased?.records).toBe(500 - adas.length);
      const steps = verifyData(test.file);
      let step = steps.next();
      while (step.done !== true) step = steps.next();
      expect(step.value.findings).toEqual([]);
    });
  });
});

describe("an erasure under memory durability", () => {
  test("includes entries that were accepted before it and are still queued", async () => {
    await withPipeline({ durability: "memory", queueRequests: 100_000 }, async (test) => {
      const batch = [...Array.from({ length: 9_999 }, (_, index) => `ada ${index}`), "bob"];
      const accepted = Array.from({ length: 10 }, () => test.send(...batch));
      const outcome = test.pipeline.change({
        kind: "erase",
        scope: { project: "default", q: "ada", from: undefined, to: undefined },
      });
      expect(await Promise.all(accepted)).toEqual(Array.from({ length: 10 }, () => "accepted"));
      expect(await outcome).toMatchObject({ ok: true, erased: { records: 99_990 } });
      expect(test.messages()).toEqual(Array.from({ length: 10 }, () => "bob"));
    });
  });
});
