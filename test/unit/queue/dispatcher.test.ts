import { describe, expect, test } from "bun:test";
import { QUEUE_WAIT_MS_MAX } from "../../../src/core/limits.ts";
import { untilTrue } from "../../support/condition.ts";
import { answers, batchOf, Stage } from "./dispatcher_stage.ts";

describe("a dispatcher whose writer works", () => {
  test("sends all waiting batches as one group at a time, and answers them at the commit", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(2);
    await stage.untilSent(1);
    stage.push(1, 20);
    stage.push(3, 30);
    stage.dispatcher.withdrawExpired();
    expect(stage.sentNumbers).toEqual([[1, 2]]);
    expect(stage.outcomes.size).toBe(0);
    stage.commit(1);
    // The writer does not wait for the answers.
    expect(stage.sentNumbers).toEqual([
      [1, 2],
      [3, 4, 5, 6],
    ]);
    await stage.untilAnswered(2);
    expect(answers(stage)).toEqual({ 1: "accepted", 2: "accepted" });
    stage.commit(2);
    await stage.untilAnswered(6);
    expect([stage.dispatcher.isEmpty, stage.dispatcher.fill().server.bytes]).toEqual([true, 0]);
  });

  test("sends each body as it came, with its key index, sender, origin and route", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(1);
    stage.push(1, 12, "unauthenticated");
    await stage.untilSent(1);
    expect(stage.sent).toEqual([
      {
        kind: "group",
        group: 1,
        numbers: [1, 2],
        bodies: ['{"n":1}', '{"n":2}'],
        protocols: ["enqueue", "enqueue"],
        keyIndexes: [0, -1],
        receivedAt: [5, 5],
        bytes: [10, 12],
        senders: ['a"b', 'a"b'],
        origins: [null, null],
        routes: ["/", "/"],
        idempotencyKeys: [null, null],
        admitted: 0,
        reportsChecked: false,
        disconnected: [],
        answeredUpTo: 0,
      },
    ]);
  });

  test("frees the room of a batch at its commit, and no other room", async () => {
    const stage = new Stage("sync", { requests: 10, bytes: 1_000, clientShare: 0.5 });
    stage.dispatcher.writerStarted(0);
    stage.push(1, 40, "client");
    stage.push(2, 5);
    stage.push(1, 3, "unauthenticated");
    await stage.untilSent(1);
    const none = { requests: 0, bytes: 0 };
    const limit = { requests: 10, bytes: 1_000 };
    expect(stage.dispatcher.fill()).toEqual({
      server: { requests: 2, bytes: 10 },
      client: { requests: 1, bytes: 40 },
      unauthenticated: { requests: 1, bytes: 3 },
      limit,
    });
    stage.commit(1);
    expect(stage.dispatcher.fill()).toEqual({ server: none, client: none, unauthenticated: none, limit });
  });

  test("bounds a group by its bytes", async () => {
    const stage = new Stage("sync", { requests: 100, bytes: 2 ** 26, clientShare: 1 });
    stage.dispatcher.writerStarted(0);
    stage.push(5, 2 ** 21);
    await stage.untilSent(1);
    stage.commit(1);
    await stage.untilSent(2);
    expect(stage.sentNumbers).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test("estimates from the measured drain rate when there is room again: 1 to 60 s", async () => {
    const stage = new Stage("sync", { requests: 100_000, bytes: 100_000, clientShare: 1 });
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

describe("a batch that the writer refuses", () => {
  const refusal = { refused: "key_unknown" } as const;

  test("is answered before the others of its group are committed, and its room is freed", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(3);
    await stage.untilSent(1);
    expect(stage.begin()).toBe(true);
    stage.check(1, [{ at: 1, refusal }]);
    await stage.untilAnswered(1);
    expect(answers(stage)).toEqual({ 2: refusal });
    expect(stage.dispatcher.requests).toBe(2);
    stage.dispatcher.committed(1);
    await stage.untilAnswered(3);
    expect(answers(stage)).toEqual({ 1: "accepted", 2: refusal, 3: "accepted" });
  });

  test("lets the next group be sent where its own group has no other batch", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(1);
    await stage.untilSent(1);
    stage.push(1);
    const drained = stage.dispatcher.drained();
    expect(stage.begin()).toBe(true);
    stage.check(1, [{ at: 0, refusal }]);
    stage.dispatcher.allRefused(1);
    expect(stage.sentNumbers).toEqual([[1], [2]]);
    stage.commit(2);
    await drained;
    await stage.untilAnswered(2);
    expect(answers(stage)).toEqual({ 1: refusal, 2: "accepted" });
  });

  test("is not sent again when the writer dies before the commit", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(2);
    await stage.untilSent(1);
    expect(stage.begin()).toBe(true);
    stage.check(1, [{ at: 0, refusal }]);
    stage.dispatcher.writerDied();
    stage.dispatcher.writerStarted(0);
    expect(stage.sentNumbers).toEqual([[1, 2], [2]]);
  });
});

describe("the writer learns which clients have disconnected", () => {
  test("once the answers are sent, and which batch was answered last", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(3);
    await stage.untilSent(1);
    stage.commit(1);
    // Late enough to be seen by the look at the sockets that comes before the answers.
    stage.disconnected.add(2);
    await stage.untilAnswered(3);
    expect(stage.answered).toEqual([{ kind: "answered", upTo: 3, disconnected: [2] }]);
    stage.push(1);
    await stage.untilSent(2);
    expect(stage.sent.at(-1)).toMatchObject({ numbers: [4], answeredUpTo: 3, disconnected: [] });
  });

  test("before a request that may be a retry of theirs: a batch of as many bytes waits for the answers", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(2);
    await stage.untilSent(1);
    stage.push(1);
    stage.commit(1);
    expect(stage.sent.length).toBe(1);
    stage.disconnected.add(1);
    await stage.untilSent(2);
    expect(stage.sent.at(-1)).toMatchObject({ numbers: [3], answeredUpTo: 2, disconnected: [1] });
    expect(stage.answered).toEqual([]);
  });

  test("before a request that may be a retry of theirs, also where one batch fills a group alone", async () => {
    const stage = new Stage("sync", { requests: 10, bytes: 2 ** 26, clientShare: 1 });
    stage.dispatcher.writerStarted(0);
    stage.push(1, 5 * 2 ** 20);
    await stage.untilSent(1);
    stage.push(1, 5 * 2 ** 20);
    stage.commit(1);
    stage.disconnected.add(1);
    await stage.untilSent(2);
    expect(stage.sent.at(-1)).toMatchObject({ numbers: [2], answeredUpTo: 1, disconnected: [1] });
  });

  test("before the queue counts as empty, so that a stop comes after it", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(1);
    await stage.untilSent(1);
    stage.disconnected.add(1);
    stage.commit(1);
    expect(stage.dispatcher.isEmpty).toBe(false);
    await untilTrue("it is empty", () => stage.dispatcher.isEmpty);
    expect(stage.answered).toEqual([{ kind: "answered", upTo: 1, disconnected: [1] }]);
  });

  test("with their own group, where they disconnected before it was sent", async () => {
    const stage = new Stage();
    stage.push(2);
    stage.disconnected.add(1);
    stage.dispatcher.writerStarted(0);
    expect(stage.sent).toMatchObject([{ numbers: [1, 2], answeredUpTo: 0, disconnected: [1] }]);
  });

  test('under "memory", again with a batch whose commit failed after it was answered', async () => {
    const stage = new Stage("memory");
    stage.dispatcher.writerStarted(0);
    stage.push(2);
    await stage.untilSent(1);
    expect(stage.begin()).toBe(true);
    stage.check(1);
    stage.disconnected.add(1);
    await stage.untilAnswered(2);
    expect(stage.answered).toEqual([{ kind: "answered", upTo: 2, disconnected: [1] }]);
    stage.dispatcher.failed(1);
    expect(stage.sent.at(-1)).toMatchObject({ numbers: [1, 2], admitted: 2, disconnected: [1] });
  });

  test("but not of batches that are refused or answered 503", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(2);
    for (const number of [1, 2]) stage.disconnected.add(number);
    await stage.untilSent(1);
    expect(stage.begin()).toBe(true);
    stage.check(1, [{ at: 0, refusal: { refused: "not_json" } }]);
    stage.dispatcher.failed(1);
    await stage.untilAnswered(2);
    expect(stage.answered).toEqual([]);
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

  test("of the batches accepted before, whatever has come since; at once when nothing waits", async () => {
    const stage = new Stage("memory");
    stage.dispatcher.writerStarted(0);
    const waits = [stage.dispatcher.drained()];
    for (let group = 1; group <= 3; group++) {
      stage.push(1, 10 * group);
      await stage.untilSent(1);
      waits.push(stage.dispatcher.drained());
    }
    expect(await drainedOf(waits)).toEqual([true, false, false, false]);
    stage.commit(1);
    expect(await drainedOf(waits)).toEqual([true, true, false, false]);
    stage.push(1);
    stage.commit(2);
    expect(await drainedOf(waits)).toEqual([true, true, true, true]);
    expect(stage.dispatcher.isEmpty).toBe(false);
  });

  test("only once a group is committed that failed before, or that the writer died with", async () => {
    const stage = new Stage("memory");
    stage.dispatcher.writerStarted(0);
    stage.push(1);
    await stage.untilSent(1);
    const waits = [stage.dispatcher.drained()];
    expect(stage.begin()).toBe(true);
    stage.dispatcher.failed(1);
    stage.die(0);
    expect(await drainedOf(waits)).toEqual([false]);
    stage.commit(3);
    expect(await drainedOf(waits)).toEqual([true]);
  });

  test("under sync also of batches that are answered 503", async () => {
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
  test("answers checked batches, counts their entries until they are committed, and sends a failed group before newer ones", async () => {
    const stage = new Stage("memory");
    stage.push(2);
    stage.dispatcher.writerStarted(0);
    await stage.untilSent(1);
    stage.push(1);
    stage.now += 10 * QUEUE_WAIT_MS_MAX;
    stage.dispatcher.withdrawExpired();
    expect([stage.outcomes.size, stage.dispatcher.queuedEntries, stage.sent.length]).toEqual([0, 0, 1]);
    stage.dispatcher.setRefusing(true);
    for (const group of [1, 2]) {
      expect(stage.begin()).toBe(true);
      stage.check(group);
      stage.dispatcher.failed(group);
    }
    await stage.untilAnswered(3);
    expect(stage.dispatcher.queuedEntries).toBe(3);
    // What was checked waits for the disk; what was not is sent to be checked.
    expect(stage.sentNumbers).toEqual([[1, 2], [3]]);
    stage.push(1);
    await stage.untilSent(3);
    expect(stage.begin()).toBe(true);
    stage.check(3, [{ at: 0, refusal: { refused: "not_json" } }]);
    stage.dispatcher.allRefused(3);
    stage.push(1);
    await stage.untilSent(4);
    expect(stage.begin()).toBe(true);
    stage.check(4);
    stage.dispatcher.failed(4);
    stage.push(1);
    stage.dispatcher.setRefusing(false);
    expect(stage.sentNumbers.slice(4)).toEqual([[1, 2, 3, 5, 6]]);
    expect(stage.sent.at(-1)).toMatchObject({ admitted: 4, reportsChecked: true });
    expect(stage.begin()).toBe(true);
    stage.check(5);
    stage.dispatcher.committed(5);
    await stage.untilAnswered(6);
    expect(answers(stage)).toMatchObject({ 4: { refused: "not_json" }, 5: "accepted", 6: "accepted" });
    expect([stage.dispatcher.queuedEntries, stage.dispatcher.isEmpty]).toEqual([0, true]);
  });
});

describe("a batch is answered 503", () => {
  test("when it has waited ten seconds in the queue, and not a millisecond earlier", async () => {
    const stage = new Stage();
    stage.push(1);
    stage.now += 1;
    stage.push(1);
    stage.now += QUEUE_WAIT_MS_MAX - 1;
    stage.dispatcher.withdrawExpired();
    await stage.untilAnswered(1);
    expect(answers(stage)).toEqual({ 1: "unavailable" });
    expect(stage.dispatcher.requests).toBe(1);
  });

  test("when it waits after a group that the writer has begun, which is not withdrawn", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(1);
    await stage.untilSent(1);
    stage.push(1);
    expect(stage.begin()).toBe(true);
    stage.now += QUEUE_WAIT_MS_MAX;
    stage.dispatcher.withdrawExpired();
    await stage.untilAnswered(1);
    expect(answers(stage)).toEqual({ 2: "unavailable" });
    stage.dispatcher.committed(1);
    await stage.untilAnswered(2);
    expect(answers(stage)).toEqual({ 1: "accepted", 2: "unavailable" });
    expect(stage.dispatcher.isEmpty).toBe(true);
  });

  test("when its group's commit failed, when it waits after that group, and while the store cannot be written", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(1);
    await stage.untilSent(1);
    stage.push(2);
    stage.dispatcher.setRefusing(true);
    await stage.untilAnswered(2);
    expect(answers(stage)).toEqual({ 2: "unavailable", 3: "unavailable" });
    stage.dispatcher.failed(1);
    await stage.untilAnswered(3);
    expect(answers(stage)).toEqual({ 1: "unavailable", 2: "unavailable", 3: "unavailable" });
    expect(stage.dispatcher.push(batchOf(4))).toEqual({ refused: "full", retryAfterSeconds: 1 });
    expect(stage.dispatcher.isEmpty).toBe(true);
    stage.dispatcher.setRefusing(false);
    stage.push(1);
    await stage.untilSent(2);
    expect(stage.sentNumbers).toEqual([[1], [4]]);
  });

  test("when the queue has no room for all of it; a batch that can never fit is refused as too large", () => {
    const stage = new Stage("sync", { requests: 10, bytes: 10, clientShare: 0.5 });
    stage.push(1, 8);
    expect(stage.dispatcher.push(batchOf(2, 3))).toEqual({ refused: "full", retryAfterSeconds: 1 });
    expect(stage.dispatcher.push(batchOf(2, 11))).toEqual({ refused: "too_large" });
    expect(stage.dispatcher.push(batchOf(2, 6, "client"))).toEqual({ refused: "too_large" });
  });
});
