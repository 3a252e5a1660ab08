import { describe, expect, test } from "bun:test";
import { WAIT_MS_MAX } from "../../../src/queue/dispatcher.ts";
import { answers, batchOf, Stage } from "./dispatcher_stage.ts";

describe("a dispatcher whose writer is well", () => {
  test("sends all that waits as one group, at most two groups ahead, and answers at the commit", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(2);
    await stage.untilSent(1);
    stage.push(1);
    await stage.untilSent(2);
    stage.push(3);
    stage.dispatcher.withdrawExpired();
    expect(stage.sentNumbers).toEqual([[1, 2], [3]]);
    expect(stage.outcomes.size).toBe(0);
    stage.commit(1);
    await stage.untilAnswered(2);
    expect(answers(stage)).toEqual({ 1: "accepted", 2: "accepted" });
    expect(stage.sentNumbers).toEqual([[1, 2], [3], [4, 5, 6]]);
    stage.commit(2);
    stage.commit(3);
    await stage.untilAnswered(6);
    expect([stage.dispatcher.isEmpty, stage.dispatcher.fill().bytes]).toEqual([true, 0]);
  });

  test("puts number, key, receipt, bytes, sender and body of each batch into the text", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(2);
    await stage.untilSent(1);
    const text = '[1,7,5,10,"a\\"b",{"n":1},2,7,5,10,"a\\"b",{"n":2}]';
    expect(stage.sent).toEqual([{ kind: "group", group: 1, lastBatch: 2, text, keysWithin: undefined }]);
  });

  test("keeps a batch's room until its commit, and gives back exactly that", async () => {
    const stage = new Stage("sync", { entries: 10, bytes: 1_000, clientShare: 0.5 });
    stage.dispatcher.writerStarted(0);
    stage.push(1, 4, true);
    stage.push(1, 5);
    await stage.untilSent(1);
    const full = { entries: 9, bytes: 20, clientEntries: 4, clientBytes: 10, entriesMax: 10, bytesMax: 1_000 };
    expect(stage.dispatcher.fill()).toEqual(full);
    stage.commit(1);
    const empty = { entries: 0, bytes: 0, clientEntries: 0, clientBytes: 0, entriesMax: 10, bytesMax: 1_000 };
    expect(stage.dispatcher.fill()).toEqual(empty);
  });

  test("bounds a group by its entries", async () => {
    const stage = new Stage("sync", { entries: 100_000, bytes: 100_000, clientShare: 1 });
    stage.dispatcher.writerStarted(0);
    stage.push(5, 8_000);
    await stage.untilSent(2);
    expect(stage.sentNumbers).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test("estimates when there is room again from the measured rate, 1 to 60 s", async () => {
    const stage = new Stage("sync", { entries: 100_000, bytes: 100_000, clientShare: 1 });
    expect(stage.dispatcher.retryAfterSeconds()).toBe(1);
    stage.dispatcher.writerStarted(0);
    stage.push(1, 100);
    await stage.untilSent(1);
    stage.now += 1_000;
    stage.commit(1);
    stage.push(1, 550);
    expect(stage.dispatcher.retryAfterSeconds()).toBe(6);
    stage.push(1, 50_000);
    expect(stage.dispatcher.retryAfterSeconds()).toBe(60);
  });
});

describe("a dispatcher is drained", () => {
  /** What has come about of these waits by now, in their order. */
  async function drainedOf(waits: readonly Promise<void>[]): Promise<boolean[]> {
    const isDrained = waits.map(() => false);
    waits.forEach((wait, index) => void wait.then(() => (isDrained[index] = true)));
    await new Promise((wake) => setImmediate(wake));
    return isDrained;
  }

  test("of what was taken before, whatever has come since, and at once when nothing waits", async () => {
    const stage = new Stage("memory");
    stage.dispatcher.writerStarted(0);
    const waits = [stage.dispatcher.drained()];
    for (let group = 1; group <= 3; group++) {
      stage.push(1);
      await stage.untilSent(Math.min(group, 2));
      waits.push(stage.dispatcher.drained());
    }
    expect(await drainedOf(waits)).toEqual([true, false, false, false]);
    stage.commit(1);
    expect(await drainedOf(waits)).toEqual([true, true, false, false]);
    stage.push(1);
    stage.commit(2);
    expect(await drainedOf(waits)).toEqual([true, true, true, false]);
    stage.commit(3);
    expect(await drainedOf(waits)).toEqual([true, true, true, true]);
    expect(stage.dispatcher.isEmpty).toBe(false);
  });

  test("only once a group that failed or died with the writer is committed", async () => {
    const stage = new Stage("memory");
    stage.dispatcher.writerStarted(0);
    stage.push(1);
    await stage.untilSent(1);
    const waits = [stage.dispatcher.drained()];
    expect(stage.begin(1)).toBe(true);
    stage.dispatcher.failed(1);
    stage.dieIn(2, 0);
    expect(await drainedOf(waits)).toEqual([false]);
    stage.commit(3);
    expect(await drainedOf(waits)).toEqual([true]);
  });

  test("under sync also by what is answered 503", async () => {
    const stage = new Stage();
    stage.push(1);
    const waits = [stage.dispatcher.drained()];
    expect(await drainedOf(waits)).toEqual([false]);
    stage.dispatcher.setRefusing(true);
    expect(await drainedOf(waits)).toEqual([true]);
    expect(answers(stage)).toEqual({ 1: "unavailable" });
  });
});

describe("a dispatcher under memory", () => {
  test("answers at once, counts what waits, withdraws nothing, and sends a failed group again before newer ones", async () => {
    const stage = new Stage("memory");
    stage.push(2);
    await stage.untilAnswered(2);
    stage.dispatcher.writerStarted(0);
    await stage.untilSent(1);
    stage.push(1);
    await stage.untilSent(2);
    stage.push(1);
    stage.now += 10 * WAIT_MS_MAX;
    stage.dispatcher.withdrawExpired();
    expect([stage.dispatcher.queuedEntries, stage.sent.length]).toEqual([4, 2]);
    stage.dispatcher.setRefusing(true);
    for (const group of [1, 2]) {
      expect(stage.begin(group)).toBe(true);
      stage.dispatcher.failed(group);
    }
    expect(stage.sent.length).toBe(2);
    stage.push(1);
    stage.dispatcher.setRefusing(false);
    expect(stage.sentNumbers.slice(2)).toEqual([[1, 2, 3, 4, 5]]);
    stage.commit(3);
    expect(stage.dispatcher.queuedEntries).toBe(0);
  });
});

describe("a batch is answered 503", () => {
  test("when it waited ten seconds in the ring, and not a millisecond earlier", async () => {
    const stage = new Stage();
    stage.push(1);
    stage.now += 1;
    stage.push(1);
    stage.now += WAIT_MS_MAX - 1;
    stage.dispatcher.withdrawExpired();
    await stage.untilAnswered(1);
    expect(answers(stage)).toEqual({ 1: "unavailable" });
    expect(stage.dispatcher.fill().entries).toBe(1);
  });

  test("when it waited in a group that the writer has not begun; one that it has begun is left to it", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(1);
    await stage.untilSent(1);
    stage.push(1);
    await stage.untilSent(2);
    expect(stage.begin(1)).toBe(true);
    stage.now += WAIT_MS_MAX;
    stage.dispatcher.withdrawExpired();
    await stage.untilAnswered(1);
    expect(answers(stage)).toEqual({ 2: "unavailable" });
    expect(stage.begin(2)).toBe(false);
    stage.dispatcher.committed(1);
    stage.dispatcher.failed(2);
    await stage.untilAnswered(2);
    expect(answers(stage)).toEqual({ 1: "accepted", 2: "unavailable" });
    expect(stage.dispatcher.isEmpty).toBe(true);
  });

  test("when its group's commit failed, when it waits behind that, and while the store refuses", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    for (const count of [1, 2, 3]) {
      stage.push(1);
      await stage.untilSent(Math.min(count, 2));
    }
    stage.dispatcher.setRefusing(true);
    await stage.untilAnswered(1);
    expect(answers(stage)).toEqual({ 3: "unavailable" });
    stage.dispatcher.failed(1);
    stage.dispatcher.failed(2);
    await stage.untilAnswered(3);
    expect(answers(stage)).toEqual({ 1: "unavailable", 2: "unavailable", 3: "unavailable" });
    expect(stage.dispatcher.push(batchOf(4))).toEqual({ refused: "full", retryAfterSeconds: 1 });
    expect(stage.dispatcher.isEmpty).toBe(true);
    stage.dispatcher.setRefusing(false);
    stage.push(1);
    await stage.untilSent(3);
    expect(stage.sentNumbers).toEqual([[1], [2], [4]]);
  });

  test("when the queue has no room for the whole of it; one that never fits is told so", () => {
    const stage = new Stage("sync", { entries: 10, bytes: 1_000, clientShare: 0.5 });
    stage.push(1, 8);
    expect(stage.dispatcher.push(batchOf(2, 3))).toEqual({ refused: "full", retryAfterSeconds: 1 });
    expect(stage.dispatcher.push(batchOf(2, 11))).toEqual({ refused: "too_large" });
    expect(stage.dispatcher.push(batchOf(2, 6, true))).toEqual({ refused: "too_large" });
  });
});
