import { describe, expect, test } from "bun:test";
import { QUEUE_WAIT_MS_MAX } from "../../../src/core/limits.ts";
import { answers, Stage } from "./dispatcher_stage.ts";

describe("while the writer hangs", () => {
  test("only one group is sent to it, and batches younger than ten seconds are sent later in order", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(1);
    await stage.untilSent(1);
    for (let second = 1; second <= 60; second++) {
      stage.push(1);
      stage.now += 1_000;
      stage.dispatcher.withdrawExpired();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(stage.sentNumbers).toEqual([[1]]);
    expect(stage.begin()).toBe(false);
    stage.dispatcher.failed(1);
    // Each was pushed a second after the one before; the last nine are younger than ten seconds.
    expect(stage.sentNumbers[1]).toEqual([53, 54, 55, 56, 57, 58, 59, 60, 61]);
    stage.commit(2);
    await stage.untilAnswered(61);
    const outcomes = [...stage.outcomes.values()];
    expect(outcomes.filter((outcome) => outcome === "unavailable").length).toBe(52);
  });

  test("batches younger than ten seconds of a withdrawn group are sent before later ones", async () => {
    const stage = new Stage();
    stage.push(1);
    stage.now += 5_000;
    stage.push(1);
    stage.dispatcher.writerStarted(0);
    stage.push(1);
    stage.now += 5_000;
    stage.dispatcher.withdrawExpired();
    expect(stage.begin()).toBe(false);
    stage.dispatcher.failed(1);
    expect(stage.sentNumbers).toEqual([
      [1, 2],
      [2, 3],
    ]);
    stage.commit(2);
    await stage.untilAnswered(3);
    expect(answers(stage)).toEqual({ 1: "unavailable", 2: "accepted", 3: "accepted" });
  });
});

describe("when the writer dies", () => {
  test("a group that it had committed is answered 202, and one that it had not is sent to the next writer", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(2);
    await stage.untilSent(1);
    stage.push(2, 20);
    stage.die(2);
    await stage.untilAnswered(2);
    expect(answers(stage)).toEqual({ 1: "accepted", 2: "accepted" });
    stage.die(2);
    expect(stage.sentNumbers).toEqual([[1, 2], [3, 4], [3]]);
    stage.commit(3);
    stage.commit(4);
    await stage.untilAnswered(4);
  });

  test("a batch that is refused after the commit is refused if it died then, and sent again if the others are not committed", async () => {
    const refused = { at: 1, refusal: { refused: "other_body" } } as const;
    for (const [lastBatch, again] of [
      [2, []],
      [0, [[1]]],
    ] as const) {
      const stage = new Stage();
      stage.dispatcher.writerStarted(0);
      stage.push(2);
      await stage.untilSent(1);
      expect(stage.begin()).toBe(true);
      stage.check(1, [], [refused]);
      expect(stage.outcomes.size).toBe(0);
      stage.dispatcher.writerDied();
      stage.dispatcher.writerStarted(lastBatch);
      expect(stage.sentNumbers.slice(1)).toEqual(again as never);
      if (again.length > 0) continue;
      await stage.untilAnswered(2);
      expect(answers(stage)).toEqual({ 1: "accepted", 2: refused.refusal });
    }
  });

  test('under "memory", a group does not count as committed because a later one was committed while it waited', async () => {
    const stage = new Stage("memory");
    stage.dispatcher.writerStarted(0);
    stage.push(1);
    await stage.untilSent(1);
    expect(stage.begin()).toBe(true);
    stage.check(1);
    stage.dispatcher.setRefusing(true);
    stage.dispatcher.failed(1);
    stage.push(1);
    await stage.untilSent(2);
    // The writer can write again before the second group arrives, which was sent while it could not.
    expect(stage.begin()).toBe(true);
    stage.check(2);
    stage.dispatcher.setRefusing(false);
    stage.dispatcher.committed(2);
    expect(stage.sentNumbers).toEqual([[1], [2], [1]]);
    stage.die(2);
    expect(stage.sentNumbers.slice(3)).toEqual([[1]]);
    stage.commit(4);
    await stage.untilAnswered(2);
    expect([stage.dispatcher.isEmpty, stage.dispatcher.queuedEntries]).toEqual([true, 0]);
  });

  test("each batch of the group is sent alone, and the one that kills it twice is set aside", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(3);
    await stage.untilSent(1);
    stage.push(2, 20);
    stage.die(0);
    stage.commit(2);
    stage.die(1);
    stage.commit(4);
    stage.commit(5);
    expect(stage.sentNumbers).toEqual([[1, 2, 3], [1], [2], [-2], [3], [4, 5]]);
    stage.commit(6);
    await stage.untilAnswered(5);
    const accepted = "accepted" as const;
    expect(answers(stage)).toEqual({ 1: accepted, 2: "set_aside", 3: accepted, 4: accepted, 5: accepted });
    expect(stage.dispatcher.isEmpty).toBe(true);
  });

  test("a group that it had not begun is sent again unchanged, and may be withdrawn meanwhile", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(1);
    await stage.untilSent(1);
    stage.commit(1);
    stage.push(2, 20);
    stage.now += 1;
    await stage.untilSent(2);
    for (let death = 1; death <= 3; death++) {
      stage.dispatcher.writerDied();
      stage.dispatcher.writerStarted(1);
    }
    expect(stage.sentNumbers).toEqual([[1], [2, 3], [2, 3], [2, 3], [2, 3]]);
    stage.dispatcher.writerDied();
    stage.now += QUEUE_WAIT_MS_MAX;
    stage.dispatcher.withdrawExpired();
    await stage.untilAnswered(3);
    expect(answers(stage)).toEqual({ 1: "accepted", 2: "unavailable", 3: "unavailable" });
  });

  test("a second death before the group is sent again does not count as a crash of its batches", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(1);
    await stage.untilSent(1);
    expect(stage.begin()).toBe(true);
    stage.dispatcher.writerDied();
    stage.dispatcher.writerDied();
    stage.dispatcher.writerStarted(0);
    expect(stage.sentNumbers).toEqual([[1], [1]]);
    stage.commit(2);
    await stage.untilAnswered(1);
    expect(answers(stage)).toEqual({ 1: "accepted" });
  });

  test('under "memory", checked batches come before unchecked ones in a group', async () => {
    const stage = new Stage("memory");
    stage.dispatcher.writerStarted(0);
    stage.push(2);
    await stage.untilSent(1);
    stage.dispatcher.writerDied();
    stage.dispatcher.setRefusing(true);
    stage.dispatcher.writerStarted(0);
    stage.push(2);
    await stage.untilSent(2);
    expect(stage.begin()).toBe(true);
    stage.check(2);
    stage.dispatcher.failed(2);
    stage.dispatcher.setRefusing(false);
    stage.commit(3);
    stage.commit(4);
    expect(stage.sent).toMatchObject([
      { numbers: [1, 2], admitted: 0 },
      { numbers: [3, 4], admitted: 0 },
      { numbers: [1, 2], admitted: 0 },
      { numbers: [3, 4], admitted: 2 },
    ]);
  });

  test("a batch that could not be set aside is not answered 503, since it would be sent again", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(1);
    await stage.untilSent(1);
    stage.die(0);
    stage.die(0);
    expect(stage.begin()).toBe(true);
    stage.dispatcher.setRefusing(true);
    stage.dispatcher.failed(3);
    stage.dispatcher.setRefusing(false);
    expect(stage.sentNumbers).toEqual([[1], [1], [-1], [-1]]);
    stage.commit(4);
    await stage.untilAnswered(1);
    expect(answers(stage)).toEqual({ 1: "set_aside" });
  });

  test("a batch that is to be set aside is not withdrawn, however long it takes", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(1);
    await stage.untilSent(1);
    stage.die(0);
    stage.die(0);
    expect(stage.sentNumbers).toEqual([[1], [1], [-1]]);
    stage.dispatcher.writerDied();
    stage.now += 2 * QUEUE_WAIT_MS_MAX;
    stage.dispatcher.withdrawExpired();
    stage.dispatcher.writerStarted(0);
    expect(stage.sentNumbers.slice(3)).toEqual([[-1]]);
    stage.commit(4);
    await stage.untilAnswered(1);
    expect(answers(stage)).toEqual({ 1: "set_aside" });
  });
});
