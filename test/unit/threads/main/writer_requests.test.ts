import { describe, expect, test } from "bun:test";
import type { ChangeOutcome, ChangeRequest } from "../../../../src/core/changes.ts";
import { ChangeRequests, FlushRequests, STOPPING } from "../../../../src/threads/main/writer_requests.ts";
import type { ToWriter } from "../../../../src/threads/messages.ts";

const ERASE: ChangeRequest = { kind: "erase", scope: { project: "shop", q: "", from: undefined, to: undefined } };
const REGISTER: ChangeRequest = { kind: "register_touchpoint", project: "shop", name: "a" };
const DONE: ChangeOutcome = { ok: true };

/** Requests behind a queue that the test empties. */
function stage(queueMsMax?: number) {
  const queue = Promise.withResolvers<void>();
  const requests = new ChangeRequests(() => queue.promise, queueMsMax);
  const posted: ToWriter[] = [];
  return {
    queue,
    requests,
    posted,
    ask: (request: ChangeRequest) => requests.request(request, (one) => posted.push(one)),
  };
}

describe("a change", () => {
  test("of the touchpoints is posted at once, whatever is in the queue", async () => {
    const { requests, posted, ask } = stage();
    const asked = ask(REGISTER);
    expect(posted).toEqual([{ kind: "change", number: 1, request: REGISTER }]);
    requests.answer(1, DONE);
    expect(await asked).toEqual(DONE);
  });

  test("that erases is posted once the entries accepted before have left the queue", async () => {
    const { queue, requests, posted, ask } = stage();
    const asked = ask(ERASE);
    const other = ask(REGISTER);
    requests.answer(2, DONE);
    expect([await other, posted]).toEqual([DONE, [{ kind: "change", number: 2, request: REGISTER }]]);
    queue.resolve();
    await queue.promise;
    await Promise.resolve();
    requests.answer(1, DONE);
    expect(await asked).toEqual(DONE);
    expect(posted.slice(1)).toEqual([{ kind: "change", number: 1, request: ERASE }]);
  });
});

describe("an erasure that waits for the queue is refused", () => {
  test("when that takes too long, and is not posted any more", async () => {
    const { queue, posted, ask } = stage(1);
    expect(await ask(ERASE)).toEqual({
      ok: false,
      refusal: {
        code: "unavailable",
        message: "Entries that were accepted before could not be stored yet, so nothing was erased: ask again",
      },
    });
    queue.resolve();
    await queue.promise;
    expect(posted).toEqual([]);
  });

  test("when the server stops, and is not posted any more", async () => {
    const { queue, requests, posted, ask } = stage();
    const asked = ask(ERASE);
    requests.answerAll(STOPPING);
    expect(await asked).toEqual(STOPPING);
    queue.resolve();
    await queue.promise;
    expect(posted).toEqual([]);
  });
});

function flushesOf() {
  let asked = 0;
  const flushes = new FlushRequests(() => asked++);
  return { flushes, asked: () => asked };
}

describe("a reader", () => {
  test("does not wait while no group is unflushed", () => {
    const { flushes, asked } = flushesOf();
    flushes.done();
    expect([flushes.flushed(), asked()]).toEqual([undefined, 0]);
  });

  test("waits with all other readers for one flush", async () => {
    const { flushes, asked } = flushesOf();
    flushes.appended();
    const wait = flushes.flushed();
    expect([flushes.flushed() === wait, asked()]).toEqual([true, 1]);
    flushes.done();
    await wait;
    expect(flushes.flushed()).toBeUndefined();
  });

  test("asks for another flush for groups that come after it", () => {
    const { flushes, asked } = flushesOf();
    flushes.appended();
    void flushes.flushed();
    flushes.done();
    flushes.appended();
    void flushes.flushed();
    expect(asked()).toBe(2);
    flushes.giveUp();
  });

  test("reads what is flushed once the writer cannot write, and the next reader asks again", async () => {
    const { flushes, asked } = flushesOf();
    flushes.appended();
    const wait = flushes.flushed();
    flushes.giveUp();
    await wait;
    void flushes.flushed();
    expect(asked()).toBe(2);
    flushes.giveUp();
  });
});
