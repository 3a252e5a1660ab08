import { describe, expect, test } from "bun:test";
import type { ChangeOutcome, ChangeRequest } from "../../../../src/core/changes.ts";
import { ChangeRequests, STOPPING } from "../../../../src/threads/main/change_requests.ts";
import type { ToWriter } from "../../../../src/threads/messages.ts";

const ERASE: ChangeRequest = { kind: "erase", scope: { project: "shop", q: "", from: undefined, to: undefined } };
const REGISTER: ChangeRequest = { kind: "register_touchpoint", project: "shop", name: "a" };
const DONE: ChangeOutcome = { ok: true };

/** Requests behind a queue that the test empties. */
function stage(queueMsMax?: number) {
  const queue = Promise.withResolvers<void>();
  const requests = new ChangeRequests(() => queue.promise, queueMsMax);
  const posted: ToWriter[] = [];
  return { queue, requests, posted, ask: (request: ChangeRequest) => requests.ask(request, (one) => posted.push(one)) };
}

describe("a change", () => {
  test("of the touchpoints is handed over at once, whatever waits in the queue", async () => {
    const { requests, posted, ask } = stage();
    const asked = ask(REGISTER);
    expect(posted).toEqual([{ kind: "change", number: 1, request: REGISTER }]);
    requests.answer(1, DONE);
    expect(await asked).toEqual(DONE);
  });

  test("that erases is handed over once what was accepted before has left the queue", async () => {
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
  test("when that takes too long, and is not handed over any more", async () => {
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

  test("when the server stops, and is not handed over any more", async () => {
    const { queue, requests, posted, ask } = stage();
    const asked = ask(ERASE);
    requests.answerAll(STOPPING);
    expect(await asked).toEqual(STOPPING);
    queue.resolve();
    await queue.promise;
    expect(posted).toEqual([]);
  });
});
