// One batch at a time, the same bytes under the same key until an answer is final, and bounds that hold against a
// server that is gone.

import { beforeEach, describe, expect, test } from "bun:test";
import { createSender, type Sender } from "../../../../src/client/core/sender.ts";
import type { Options, Problem } from "../../../../src/client/core/types.ts";
import { ACCEPTED, entriesOf, FakePlatform, type FakeRequest } from "../fake_platform.ts";

const URL_TEXT = "https://logs.example.com/api/v1/enqueue";
const HEAD = '{"key":"ck_1","source":"client","entries":[';

let platform: FakePlatform;
let problems: Problem[];
let sender: Sender;

function start(options: Options = {}): void {
  platform = new FakePlatform();
  problems = [];
  sender = createSender(platform, (problem) => problems.push(problem));
  sender.configure(options, URL_TEXT, HEAD);
}

beforeEach(() => start());

function push(...messages: string[]): void {
  for (const message of messages) sender.push(JSON.stringify({ message }));
}

const messagesOf = (request: { readonly body: string }) => entriesOf(request).map(({ message }) => message);
const keyOf = ({ url }: FakeRequest) => new URL(url).searchParams.get("idempotency_key") ?? "";
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `m${index}`);

describe("a batch", () => {
  test("holds what was logged within the interval, in order, with the key of the configuration", () => {
    push("a", "b", "c");
    expect(platform.requests).toEqual([]);
    platform.ring();
    const body = { key: "ck_1", source: "client", entries: [{ message: "a" }, { message: "b" }, { message: "c" }] };
    expect(JSON.parse(platform.last.body)).toEqual(body);
    expect(platform.last.url).toMatch(/^https:\/\/logs\.example\.com\/api\/v1\/enqueue\?idempotency_key=[\w-]{36}$/);
    expect(platform.last.isKeepalive).toBe(true);
  });

  test("waits for the one before it", async () => {
    push("a");
    platform.ring();
    push("b");
    platform.ring();
    expect(platform.requests.length).toBe(1);
    await platform.last.answer(ACCEPTED);
    expect(platform.requests.map(messagesOf)).toEqual([["a"], ["b"]]);
  });

  test("is sent at once when it is full", () => {
    platform.ring();
    push("a");
    expect(platform.delays).toEqual([250]);
    push(...numbered(99));
    expect(platform.delays).toEqual([0]);
    push(...numbered(50));
    expect(platform.delays).toEqual([0]);
    platform.ring();
    expect(messagesOf(platform.last).length).toBe(100);
  });

  test("has at most 60,000 bytes of UTF-8, and one entry at least", async () => {
    push(
      ..."€"
        .repeat(30)
        .split("")
        .map((sign) => sign.repeat(1000)),
      "x".repeat(70_000),
      "y",
    );
    await platform.run(() => ACCEPTED);
    const bytes = platform.requests.map(({ body }) => new TextEncoder().encode(body).length);
    expect(bytes.filter((one) => one > 60_000).length).toBe(1);
    expect(platform.requests.flatMap(messagesOf).length).toBe(32);
  });
});

describe("a batch without a final answer", () => {
  const answers = [{ status: 0 }, { status: 429 }, { status: 501 }, { status: 502 }, { status: 503 }, { status: 504 }];
  test.each(answers)("of %o is sent again, the same bytes under the same key, before all others", async (answer) => {
    push("a", "b");
    platform.ring();
    const first = platform.last;
    await first.answer(answer);
    push("c");
    expect(platform.requests.length).toBe(1);
    platform.ring();
    expect([platform.last.url, platform.last.body]).toEqual([first.url, first.body]);
    await platform.last.answer(answer);
    platform.ring();
    expect([platform.last.url, platform.last.body]).toEqual([first.url, first.body]);
    await platform.last.answer(ACCEPTED);
    expect(messagesOf(platform.last)).toEqual(["c"]);
    expect(keyOf(platform.last)).not.toBe(keyOf(first));
  });

  test("waits as long as Retry-After says, in seconds or until a date", async () => {
    push("a");
    platform.ring();
    await platform.last.answer({ status: 503, retryAfter: "7" });
    expect(platform.delays).toEqual([7000]);
    platform.ring();
    await platform.last.answer({ status: 429, retryAfter: new Date(Date.now() + 30_000).toUTCString() });
    expect(platform.delays[0]).toBeWithin(28_000, 30_001);
  });

  test("waits 1 to 60 s by chance, longer after each failure", async () => {
    push("a");
    platform.ring();
    for (let failures = 0; failures < 12; failures++) {
      await platform.last.answer({ status: 0 });
      expect(platform.delays[0]).toBeWithin(1000, 1000 + Math.min(59_000, 1000 * 2 ** failures) + 1);
      platform.ring();
    }
  });

  test("is reported once, not at every attempt", async () => {
    push("a");
    platform.ring();
    await platform.last.answer({ status: 503 });
    platform.ring();
    await platform.last.answer({ status: 0 });
    expect(problems).toEqual([{ reason: "unreachable", status: 503, message: "no answer", entryCount: 1 }]);
  });

  test("does without keepalive, which others may have used up", async () => {
    push("a");
    platform.ring();
    await platform.last.answer({ status: 0 });
    platform.ring();
    expect(platform.requests.map(({ isKeepalive }) => isKeepalive)).toEqual([true, false]);
  });
});

describe("a final refusal", () => {
  test.each([400, 401, 403, 404, 405, 415, 500, 301])(
    "of %d is reported, and the next batch is sent",
    async (status) => {
      push("a");
      platform.ring();
      push("b");
      await platform.last.answer({ status, text: "why" });
      expect(problems).toEqual([{ reason: "refused", status, message: "why", entryCount: 1 }]);
      expect(messagesOf(platform.last)).toEqual(["b"]);
    },
  );

  test.each([200, 204])("is what %d tells of, a page of some proxy: only 202 is acceptance", async (status) => {
    push("a");
    platform.ring();
    await platform.last.answer({ status, text: "<html>" });
    expect(problems).toEqual([{ reason: "refused", status, message: "<html>", entryCount: 1 }]);
  });

  test.each([422, 413])(
    "of %d for a whole batch costs only the bad entry, each half under a key of its own",
    async (status) => {
      push(...numbered(100));
      const isBad = (request: FakeRequest) => messagesOf(request).includes("m37");
      const stored: string[] = [];
      await platform.run((request) => {
        if (isBad(request)) return { status, text: "bad" };
        stored.push(...messagesOf(request));
        return ACCEPTED;
      }, 40);
      expect(stored).toEqual(numbered(100).filter((message) => message !== "m37"));
      expect(problems).toEqual([{ reason: "refused", status, message: "bad", entryCount: 1 }]);
      expect(new Set(platform.requests.map(keyOf)).size).toBe(platform.requests.length);
    },
  );

  test.each([
    [0, 50, 99],
    [1, 20, 40, 60, 80],
    [7, 8, 9, 10, 55, 56, 57, 90],
    Array.from({ length: 50 }, (_, index) => 2 * index),
  ])("of several entries of a batch costs none of the good ones: %o", async (...bad) => {
    push(...numbered(100));
    const isBad = (message: string) => bad.includes(Number(message.slice(1)));
    const stored: string[] = [];
    await platform.run((request) => {
      const messages = messagesOf(request);
      if (messages.some(isBad)) return { status: 422, text: "bad" };
      stored.push(...messages);
      return ACCEPTED;
    }, 200);
    expect(stored).toEqual(numbered(100).filter((message) => !isBad(message)));
    expect(problems.map(({ entryCount }) => entryCount)).toEqual(bad.map(() => 1));
  });

  test("of every entry of a batch is no reason against the next one", async () => {
    push(...numbered(100));
    await platform.run(() => ({ status: 422 }), 40);
    platform.requests.length = 0;
    push("good", "bad");
    const stored: string[] = [];
    await platform.run((request) => {
      if (messagesOf(request).includes("bad")) return { status: 422 };
      stored.push(...messagesOf(request));
      return ACCEPTED;
    });
    expect(stored).toEqual(["good"]);
  });

  test("of every entry of a batch ends after a bounded number of requests, with each entry told of once", async () => {
    push(...numbered(100));
    await platform.run(() => ({ status: 422 }), 40);
    expect(problems.reduce((sum, { entryCount }) => sum + entryCount, 0)).toBe(100);
  });
});

describe("the queue", () => {
  test("keeps maxQueueSize entries against a dead server; the oldest go, counted, told as one entry", async () => {
    start({ maxQueueSize: 50, maxBatchSize: 10 });
    push("first");
    platform.ring();
    await platform.last.answer({ status: 0 });
    push(...numbered(100_000));
    platform.ring();
    await platform.last.answer(ACCEPTED);
    await platform.run(() => ACCEPTED);
    const sent = platform.requests.slice(2).flatMap(entriesOf);
    expect(sent[0]).toEqual({
      touchpoint: "simplelogs/dropped",
      level: "warn",
      timestamp: expect.any(Number),
      metadata: { count: 100_000 - 49 },
    });
    expect(sent.slice(1).map(({ message }) => message)).toEqual(numbered(100_000).slice(-49));
  });

  test("sends an entry at a time where maxBatchSize leaves room for none", async () => {
    for (const maxBatchSize of [0, -5, 0.5]) {
      start({ maxBatchSize });
      push("a", "b");
      await platform.run(() => ACCEPTED);
      expect(platform.requests.map(messagesOf)).toEqual([["a"], ["b"]]);
    }
  });

  test("keeps maxQueueBytes", async () => {
    start({ maxQueueBytes: 100_000 });
    push(...Array.from({ length: 300 }, () => "x".repeat(1000)));
    await platform.run(() => ACCEPTED);
    const bytes = platform.requests.reduce((sum, { body }) => sum + body.length, 0);
    expect(bytes).toBeWithin(95_000, 100_500);
    expect(platform.requests.flatMap(entriesOf)[0].metadata).toEqual({ count: 300 - 98 });
  });

  test("gives an entry back until it is in a batch", async () => {
    const takeBack = sender.push('{"message":"a"}');
    push("b");
    expect(takeBack()).toBe(true);
    expect(takeBack()).toBe(false);
    const late = sender.push('{"message":"c"}');
    platform.ring();
    expect(late()).toBe(false);
    expect(messagesOf(platform.last)).toEqual(["b", "c"]);
  });
});

describe("flush", () => {
  test("ends when everything before it is settled, whoever sent it", async () => {
    push("a");
    platform.ring();
    push("b");
    const ends: string[] = [];
    void sender.flush().then((isSettled) => ends.push(`first ${isSettled}`));
    push("c");
    void sender.flush().then((isSettled) => ends.push(`second ${isSettled}`));
    await platform.requests[0]?.answer(ACCEPTED);
    expect(ends).toEqual([]);
    await platform.requests[1]?.answer(ACCEPTED);
    expect(ends).toEqual(["first true", "second true"]);
  });

  test("with nothing to send is true at once", async () => {
    expect(await sender.flush()).toBe(true);
  });

  test("tells of a failed attempt, and tries at once although a repetition waits", async () => {
    push("a");
    platform.ring();
    await platform.last.answer({ status: 503, retryAfter: "60" });
    const flushing = sender.flush();
    expect(platform.requests.length).toBe(2);
    await platform.last.answer({ status: 0 });
    expect(await flushing).toBe(false);
  });

  test("of a refused batch is true: it is settled", async () => {
    push("a");
    const flushing = sender.flush();
    await platform.last.answer({ status: 401 });
    expect(await flushing).toBe(true);
  });

  test("before the configuration is false", async () => {
    sender = createSender(platform, () => {});
    push("a");
    expect(await sender.flush()).toBe(false);
  });
});

describe("leaving", () => {
  test("takes a batch in flight under its key, and what waits; the first is told of when it is answered, and not tried again", async () => {
    push("a");
    platform.ring();
    push("b");
    const [first, second] = [sender.take(), sender.take()];
    expect([first?.id, first?.body, first?.isTried]).toEqual([keyOf(platform.last), platform.last.body, true]);
    expect([messagesOf(second as { body: string }), second?.isTried]).toEqual([["b"], undefined]);
    expect(sender.take()).toBeUndefined();
    let isSettled = false;
    if (first) first.onSettled = () => (isSettled = true);
    await platform.last.answer(ACCEPTED);
    expect(isSettled).toBe(true);
    platform.ring();
    expect(platform.requests.length).toBe(1);
  });

  test("takes a batch whose repetition is in flight, and does not try it again", async () => {
    push("a");
    platform.ring();
    await platform.last.answer({ status: 0 });
    platform.ring();
    const taken = sender.take();
    let isSettled = false;
    if (taken) taken.onSettled = () => (isSettled = true);
    await platform.last.answer({ status: 0 });
    platform.ring();
    expect([platform.requests.length, isSettled]).toEqual([2, false]);
  });

  test("and coming back goes on sending", async () => {
    push("a");
    platform.ring();
    await platform.last.answer({ status: 0 });
    while (sender.take());
    platform.ring();
    push("b");
    platform.ring();
    expect(messagesOf(platform.last)).toEqual(["b"]);
  });
});

test("batches of another page go first, each under its own key, and are told when they are settled", async () => {
  const settledIds: string[] = [];
  const batch = (id: string) => ({
    id,
    body: `${HEAD}{"message":"${id}"}]}`,
    bytes: 70,
    entryCount: 1,
    sequence: 0,
    isTried: true,
    onSettled: () => settledIds.push(id),
  });
  push("new");
  sender.adopt([batch("k1"), batch("k2")]);
  platform.ring();
  expect(platform.last.url).toBe(`${URL_TEXT}?idempotency_key=k1`);
  await platform.last.answer(ACCEPTED);
  await platform.last.answer({ status: 401 });
  expect(settledIds).toEqual(["k1", "k2"]);
  expect(messagesOf(platform.last)).toEqual(["new"]);
});
