import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import type { OperatingError } from "../../src/core/errors.ts";
import { untilTrue } from "../support/condition.ts";
import { failureOf } from "../support/failure.ts";
import { TestPipeline, withPipeline } from "../support/pipeline.ts";

const POISONED = { writerUrl: new URL("../support/poisoned_writer.ts", import.meta.url) };

/** received - stored - open - dropped, of the present figures. */
function sums(test: TestPipeline) {
  const { received, stored, open, dropped } = test.pipeline.snapshot();
  return { received, stored, open, internal: dropped.internal };
}

function deaths(test: TestPipeline): number {
  return test.logged.filter((line) => line.includes("the writer thread died")).length;
}

describe("a batch that crashes the writer twice", () => {
  test("is set aside and counted; the others of its group and later ones are stored once", async () => {
    await withPipeline(POISONED, async (test) => {
      const outcomes = await Promise.all([
        test.send("a1", "a2"),
        test.send("b1"),
        test.send("c1", "poison-always", "c3"),
        test.send("d1"),
        test.send("e1", "e2"),
      ]);
      expect(outcomes).toEqual(["accepted", "accepted", "set_aside", "accepted", "accepted"]);
      expect(await test.send("f1")).toBe("accepted");
      expect(deaths(test)).toBe(2);
      expect(test.messages()).toEqual(["a1", "a2", "b1", "d1", "e1", "e2", "f1"]);
      expect(sums(test)).toEqual({ received: 10, stored: 7, open: 0, internal: 3 });
      const database = new Database(test.file, { readonly: true });
      const kept = database.query("SELECT project, api_key, entries, body FROM set_aside").all();
      const body =
        '{"key":"sk_…","source":"server","entries":[{"message":"c1"},{"message":"poison-always"},{"message":"c3"}]}';
      expect(kept).toEqual([{ project: 1, api_key: "shop", entries: 3, body }]);
      const rejections = database.query("SELECT api_key, reason, entry FROM rejections").all();
      expect(rejections).toEqual([{ api_key: "shop", reason: "internal", entry: body }]);
      database.close();
      await untilTrue("it is ready again", () => test.pipeline.readiness().ready);
    });
  });

  test("does not change the outcome of batches beside another such batch", async () => {
    await withPipeline(POISONED, async (test) => {
      const names = ["a", "poison-always 1", "b", "poison-always 2", "c", "poison-always 3", "d"];
      const outcomes = await Promise.all(names.map((name) => test.send(name)));
      const aside = names.filter((_, index) => outcomes[index] === "set_aside");
      expect(aside).toEqual(["poison-always 1", "poison-always 2", "poison-always 3"]);
      expect(outcomes.filter((outcome) => outcome === "accepted").length).toBe(4);
      expect(test.messages()).toEqual(["a", "b", "c", "d"]);
      expect(deaths(test)).toBe(4);
      expect(sums(test)).toEqual({ received: 7, stored: 4, open: 0, internal: 3 });
    });
  });

  test("is set aside under memory too, after it was answered", async () => {
    await withPipeline({ ...POISONED, durability: "memory" }, async (test) => {
      expect(await test.send("poison-always")).toBe("accepted");
      expect(await test.send("a")).toBe("accepted");
      await untilTrue("the queue is empty", () => test.pipeline.dispatcher.isEmpty);
      expect(test.messages()).toEqual(["a"]);
      expect(sums(test)).toEqual({ received: 2, stored: 1, open: 0, internal: 1 });
    });
  });
});

describe("a writer that dies once", () => {
  test("between commit and report has stored its group once, pending timings included", async () => {
    await withPipeline(POISONED, async (test) => {
      const start = { key: "k", touchpoint: "t", startTime: 1_000, timestamp: Date.now() };
      const outcomes = await Promise.all([
        test.send("a"),
        test.send("poison-after-commit"),
        test.sendEntries([start]),
        test.send("b"),
      ]);
      expect(outcomes).toEqual(["accepted", "accepted", "accepted", "accepted"]);
      expect(deaths(test)).toBe(1);
      expect(test.messages()).toEqual(["a", "poison-after-commit", "b"]);
      expect(sums(test)).toEqual({ received: 4, stored: 3, open: 1, internal: 0 });
      expect(await test.sendEntries([{ key: "k", endTime: 1_042, timestamp: Date.now() }])).toBe("accepted");
      const [pair] = test.records().filter((record) => record.kind === "timing");
      expect([pair?.status, pair?.duration]).toEqual(["completed", 42]);
    });
  });

  test("and cannot open its file at the first attempt succeeds at the second", async () => {
    await withPipeline(POISONED, async (test) => {
      expect(await Promise.all([test.send("a"), test.send("poison-reopen"), test.send("b")])).toEqual([
        "accepted",
        "accepted",
        "accepted",
      ]);
      expect(deaths(test)).toBe(2);
      expect(test.messages()).toEqual(["a", "poison-reopen", "b"]);
      await untilTrue("it is ready again", () => test.pipeline.readiness().ready);
    });
  });
});

describe("a compactor that dies at every merge", () => {
  test("does not stop ingestion", async () => {
    const compactorUrl = new URL("../support/dying_compactor.ts", import.meta.url);
    await withPipeline({ compactorUrl, durability: "write" }, async (test) => {
      const sent: string[] = [];
      const isDead = () => test.logged.some((line) => line.includes("the compactor thread died"));
      // A merge is requested after some blocks of one size; each round is one block.
      while (sent.length < 40 || !isDead()) {
        if (sent.length > 5_000) throw new Error("no merge was ever asked for");
        const message = `message ${sent.length}`;
        sent.push(message);
        expect(await test.send(message)).toBe("accepted");
      }
      for (let more = 0; more < 40; more++) {
        sent.push(`later ${more}`);
        expect(await test.send(`later ${more}`)).toBe("accepted");
      }
      expect(test.messages()).toEqual(sent);
      expect(test.pipeline.readiness()).toEqual({ ready: true });
      await untilTrue("each is a block", () => test.pipeline.snapshot().blocks === sent.length);
    });
  });
});

describe("a pipeline does not start", () => {
  test("on a file in a missing folder, and stops at once", async () => {
    const test = new TestPipeline({ file: "no-such-folder/data.db" });
    const error = (await failureOf(test.pipeline.start())) as OperatingError;
    expect([error.name, error.code]).toEqual(["OperatingError", "data_unreadable"]);
    const stoppedAt = performance.now();
    await test.pipeline.stop();
    // It waits up to 7 s for a thread that stops by itself.
    expect(performance.now() - stoppedAt).toBeLessThan(5_000);
    rmSync(test.folder, { recursive: true });
  });

  test("with a writer that dies at its start, and reports why", async () => {
    const test = new TestPipeline({ writerUrl: new URL("../support/dying_writer.ts", import.meta.url) });
    const error = (await failureOf(test.pipeline.start())) as OperatingError;
    expect([error.name, error.code]).toEqual(["OperatingError", "data_unreadable"]);
    expect(error.message).toContain("this writer dies at its start");
    await test.pipeline.stop();
    rmSync(test.folder, { recursive: true });
  });
});
