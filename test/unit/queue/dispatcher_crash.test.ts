import { describe, expect, test } from "bun:test";
import { CLAIM_CELLS } from "../../../src/core/group.ts";
import { WAIT_MS_MAX } from "../../../src/queue/dispatcher.ts";
import { answers, Stage } from "./dispatcher_stage.ts";

describe("while the writer hangs", () => {
  test("no more than two groups are ever in its channel, and none comes out of order", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(1);
    await stage.untilSent(1);
    // Hours of it, longer than there are claim cells.
    for (let second = 1; second <= 3 * CLAIM_CELLS; second++) {
      stage.push(1);
      stage.now += 1_000;
      stage.dispatcher.withdrawExpired();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(stage.sent.length).toBe(2);
    for (const group of [1, 2]) {
      expect(stage.begin(group)).toBe(false);
      stage.dispatcher.failed(group);
    }
    const sent = stage.sentNumbers.slice(2).flat();
    expect(sent).toEqual(Array.from({ length: sent.length }, (_, index) => 3 * CLAIM_CELLS + 2 - sent.length + index));
    // Each was pushed a second after the one before; the last nine are younger than ten seconds.
    expect(sent.length).toBe(9);
    stage.commit(3);
    expect(stage.dispatcher.isEmpty).toBe(true);
    const outcomes = [...stage.outcomes.values()];
    expect(outcomes.filter((outcome) => outcome === "unavailable").length).toBe(3 * CLAIM_CELLS + 1 - 9);
  });

  test("what is younger than ten seconds in a withdrawn group goes before what came later", async () => {
    const stage = new Stage();
    stage.push(1);
    stage.now += 5_000;
    stage.push(1);
    stage.dispatcher.writerStarted(0);
    stage.push(1);
    await stage.untilSent(2);
    expect(stage.sentNumbers).toEqual([[1, 2], [3]]);
    stage.now += 5_000;
    stage.dispatcher.withdrawExpired();
    expect([stage.begin(1), stage.begin(2)]).toEqual([false, false]);
    stage.dispatcher.failed(1);
    stage.dispatcher.failed(2);
    await stage.untilSent(3);
    expect(stage.sentNumbers.slice(2)).toEqual([[2, 3]]);
    stage.commit(3);
    await stage.untilAnswered(3);
    expect(answers(stage)).toEqual({ 1: "unavailable", 2: "accepted", 3: "accepted" });
  });
});

describe("when the writer dies", () => {
  test("what it had committed is answered 202, the rest goes to the next one", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(2);
    await stage.untilSent(1);
    stage.push(2);
    await stage.untilSent(2);
    stage.dieIn(1, 2);
    await stage.untilAnswered(2);
    expect(answers(stage)).toEqual({ 1: "accepted", 2: "accepted" });
    expect(stage.sentNumbers.slice(2)).toEqual([[3, 4]]);
    stage.commit(3);
    await stage.untilAnswered(4);
  });

  test("each batch of the group goes alone, and the one that kills it twice is set aside", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(3);
    await stage.untilSent(1);
    stage.push(2);
    await stage.untilSent(2);
    stage.dieIn(1, 0);
    expect(stage.sentNumbers.slice(2)).toEqual([[1], [2]]);
    stage.commit(3);
    expect(stage.sentNumbers.slice(4)).toEqual([[3]]);
    stage.dieIn(4, 1);
    expect(stage.sentNumbers.slice(5)).toEqual([[-2], [3]]);
    stage.commit(6);
    stage.commit(7);
    stage.commit(8);
    await stage.untilAnswered(5);
    const accepted = "accepted" as const;
    expect(answers(stage)).toEqual({ 1: accepted, 2: "set_aside", 3: accepted, 4: accepted, 5: accepted });
    expect(stage.sentNumbers.slice(7)).toEqual([[4, 5]]);
    expect(stage.dispatcher.isEmpty).toBe(true);
  });

  test("a second death before the group came again does not count against it", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(1);
    await stage.untilSent(1);
    expect(stage.begin(1)).toBe(true);
    stage.dispatcher.writerDied();
    stage.dispatcher.writerDied();
    stage.dispatcher.writerStarted(0);
    expect(stage.sentNumbers).toEqual([[1], [1]]);
    stage.commit(2);
    await stage.untilAnswered(1);
    expect(answers(stage)).toEqual({ 1: "accepted" });
  });

  test("what is to be set aside is not withdrawn, however long it takes", async () => {
    const stage = new Stage();
    stage.dispatcher.writerStarted(0);
    stage.push(1);
    await stage.untilSent(1);
    stage.dieIn(1, 0);
    stage.dieIn(2, 0);
    expect(stage.sentNumbers).toEqual([[1], [1], [-1]]);
    stage.now += 2 * WAIT_MS_MAX;
    stage.dispatcher.withdrawExpired();
    expect(stage.begin(3)).toBe(false);
    stage.dispatcher.failed(3);
    expect(stage.sentNumbers.slice(3)).toEqual([[-1]]);
    stage.commit(4);
    await stage.untilAnswered(1);
    expect(answers(stage)).toEqual({ 1: "set_aside" });
  });
});
