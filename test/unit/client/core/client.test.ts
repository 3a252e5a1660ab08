// From what an application calls to what is sent: kinds of entries, timings and their keys, children, sampling,
// redaction, beforeSend.

import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { type Client, createClient } from "../../../../src/client/core/client.ts";
import type { Plain } from "../../../../src/client/core/plain_values.ts";
import type { Options, Problem } from "../../../../src/client/core/types.ts";
import { ACCEPTED, entriesOf, FakePlatform } from "../fake_platform.ts";

const START = Date.UTC(2026, 0, 1);

let platform: FakePlatform;
let problems: Problem[];
let client: Client;

function start(options: Options = {}): void {
  platform = new FakePlatform();
  problems = [];
  client = createClient({ platform, source: "client" });
  client.configure({
    clientKey: "ck_1",
    apiEndpoint: "https://logs.example.com/api/v1/",
    onError: (problem) => problems.push(problem),
    ...options,
  });
  platform.ring();
}

/** All that was sent. */
async function sent(): Promise<Plain[]> {
  await platform.run(() => ACCEPTED);
  return platform.requests.flatMap(entriesOf);
}

beforeEach(() => {
  jest.useFakeTimers({ now: START });
  start();
});

afterEach(() => {
  jest.useRealTimers();
});

describe("a log", () => {
  test("is sent as it is given, with the time", async () => {
    client.log({ touchpoint: "cart/open", level: "warn", message: "Cart opened", key: "k", metadata: { items: 3 } });
    expect(await sent()).toEqual([
      {
        touchpoint: "cart/open",
        level: "warn",
        message: "Cart opened",
        key: "k",
        timestamp: START,
        metadata: { items: 3 },
      },
    ]);
    expect(platform.last.url).toStartWith("https://logs.example.com/api/v1/enqueue?");
    expect(JSON.parse(platform.last.body)).toMatchObject({ key: "ck_1", source: "client" });
  });

  test("of a text is its message", async () => {
    client.log("hello");
    expect(await sent()).toEqual([{ message: "hello", timestamp: START, metadata: {} }]);
  });

  test("of an Error, alone or as message, has its message, its stack and level error", async () => {
    const error = new TypeError("broken");
    client.log(error);
    client.log({ touchpoint: "t", message: error, metadata: { a: 1 } });
    client.log({ message: error, level: "warn" });
    const shown = { name: "TypeError", message: "broken", stack: error.stack };
    expect(await sent()).toEqual([
      { message: "broken", level: "error", timestamp: START, metadata: { error: shown } },
      { touchpoint: "t", message: "broken", level: "error", timestamp: START, metadata: { error: shown, a: 1 } },
      { message: "broken", level: "warn", timestamp: START, metadata: { error: shown } },
    ]);
  });

  test("of wrong types is turned into right ones, so that no batch is refused for it", async () => {
    client.log({
      touchpoint: 5,
      key: { a: 1 },
      message: ["a", 1],
      level: "fatal",
      timestamp: new Date(START + 5),
      startTime: "never",
      source: "mars",
      standalone: "yes",
      metadata: [1, 2],
      orderId: 7,
      requestHeaders: { cookie: "secret" },
    } as never);
    expect(await sent()).toEqual([
      {
        touchpoint: "5",
        key: '{"a":1}',
        message: '["a",1]',
        level: "error",
        timestamp: START + 5,
        source: "server",
        standalone: true,
        metadata: { orderId: 7, value: [1, 2] },
      },
    ]);
  });

  test("has times of numbers, of their texts and of dates; of anything else it has none, and throws nothing", async () => {
    const times = [
      7,
      "7",
      7n,
      "7.5",
      "0",
      "1970-01-01T00:00:00.007Z",
      new Date(7),
      new Date(Number.NaN),
      "soon",
      "",
      true,
    ];
    for (const duration of [...times, {}, { seconds: 7 }, [7]]) client.record({ touchpoint: "t", duration } as never);
    const none = undefined;
    const durations = (await sent()).map(({ duration }) => duration);
    expect(durations).toEqual([7, 7, 7, 7.5, 0, 7, 7, none, none, none, none, none, none, none]);
  });

  test("has the level that a name of any logging library means", async () => {
    const names = [
      "WARNING",
      "Warn",
      "fatal",
      "critical",
      "emerg",
      "alert",
      "Error",
      "DEBUG",
      "trace",
      "verbose",
      "notice",
    ];
    for (const level of [...names, {}, [], 5]) client.log({ message: "m", level } as never);
    const meant = "warn warn error error error error error debug debug debug info info info info".split(" ");
    expect((await sent()).map(({ level }) => level)).toEqual(meant);
  });

  test("that has a stack among its fields keeps them all", async () => {
    client.log({ touchpoint: "t", message: "m", level: "warn", stack: "at x" } as never);
    expect(await sent()).toEqual([
      { touchpoint: "t", message: "m", level: "warn", timestamp: START, metadata: { stack: "at x" } },
    ]);
  });

  test("of an Error without a stack, or whose message is no text, is an error with a text", async () => {
    const bare = Object.assign(new Error("bare"), { stack: undefined });
    const odd = Object.assign(new Error("odd"), { message: { code: 5 } });
    const mute = Object.assign(new Error("mute"), { message: undefined });
    for (const error of [bare, odd, mute]) client.log(error);
    const entries = await sent();
    expect(entries.map(({ message }) => message)).toEqual(["bare", '{"code":5}', "Error"]);
    expect(entries.map(({ level }) => level)).toEqual(["error", "error", "error"]);
    expect(entries[0].metadata.error).toEqual({ name: "Error", message: "bare" });
  });

  test("whose message is an object without end leaves the rest of the queue alone", async () => {
    client.log("before");
    client.log({ message: Array.from({ length: 4000 }, () => "x".repeat(8000)) });
    const messages = (await sent()).map(({ message }) => message as string);
    expect([messages.length, messages[0], messages[1]?.length]).toEqual([2, "before", 8193]);
  });

  test("of nothing at all throws nothing", async () => {
    for (const value of [undefined, null, 5, true, [], Symbol("s"), () => 1]) {
      client.log(value as never);
      client.start(value as never);
      client.end(value as never);
      client.record(value as never);
      client.identify(value as never);
      client.child(value as never).log("child");
    }
    expect((await sent()).length).toBeGreaterThan(10);
  });

  test("whose getters throw is sent without them", async () => {
    const fields = {
      message: "m",
      get touchpoint(): string {
        throw new Error("no");
      },
    };
    client.log(fields);
    expect(await sent()).toEqual([{ message: "m", touchpoint: "[error]", timestamp: START, metadata: {} }]);
  });

  test("that is too large keeps its fields, and the beginning of the rest", async () => {
    client.log({
      message: "m",
      touchpoint: "t",
      metadata: { list: Array.from({ length: 4000 }, () => "x".repeat(100)) },
    });
    const [entry] = await sent();
    expect(entry).toMatchObject({ message: "m", touchpoint: "t", timestamp: START });
    expect(platform.last.body.length).toBeLessThan(60_000);
    expect(entry.metadata["…"]).toContain("xxx");
  });
});

describe("a timing", () => {
  test("that ends before its start was sent is one complete entry", async () => {
    client.start({ touchpoint: "db/query", metadata: { table: "orders", rows: 0 } });
    jest.advanceTimersByTime(42);
    client.end({ touchpoint: "db/query", metadata: { rows: 3 } });
    expect(await sent()).toEqual([
      {
        touchpoint: "db/query",
        key: expect.stringMatching(/^[\w-]{36}$/),
        startTime: START,
        endTime: expect.any(Number),
        duration: expect.any(Number),
        metadata: { table: "orders", rows: 3 },
      },
    ]);
  });

  test("whose start was sent ends under the same key", async () => {
    const key = client.start("db/query");
    platform.ring();
    client.end({ key });
    const [first, second] = await sent();
    expect(first).toEqual({ touchpoint: "db/query", key, startTime: START, metadata: {} });
    expect(second).toMatchObject({ touchpoint: "db/query", key, startTime: START });
    expect(second.duration).toBe(Math.round((second.endTime - START) * 1000) / 1000);
  });

  test("without a key is closed first in, first out; each pair has a key of its own", async () => {
    const keys = ["a", "b", "c"].map((name) => client.start({ touchpoint: "t", metadata: { name } }));
    client.end({ touchpoint: "t", metadata: { end: 1 } });
    client.end("t");
    client.end({ key: keys[2] });
    const entries = await sent();
    expect(entries.map(({ key, metadata }) => [key, metadata.name])).toEqual([
      [keys[0], "a"],
      [keys[1], "b"],
      [keys[2], "c"],
    ]);
    expect(new Set(keys).size).toBe(3);
  });

  test("with a key of its own is not closed by another's end without one", async () => {
    client.start({ touchpoint: "t", key: "mine" });
    const key = client.start({ touchpoint: "t" });
    client.end({ touchpoint: "t" });
    client.end({ touchpoint: "t" });
    expect((await sent()).map((entry) => entry.key)).toEqual([key, "mine"]);
  });

  test("keeps the times that are given", async () => {
    client.start({ touchpoint: "t", startTime: START - 500 });
    client.end({ touchpoint: "t", endTime: new Date(START - 100) });
    client.start({ touchpoint: "u" });
    client.end({ touchpoint: "u", duration: 7 });
    const entries = await sent();
    expect(entries[0]).toMatchObject({ startTime: START - 500, endTime: START - 100, duration: 400 });
    expect(entries[1]).toMatchObject({ startTime: START, endTime: START + 7, duration: 7 });
  });

  test("that began in another process ends under its key; without one, under a key that closes nobody's start", async () => {
    client.end({ key: "from-elsewhere", touchpoint: "t" });
    client.end({ touchpoint: "t" });
    const [named, nameless] = await sent();
    expect(named).toEqual({ key: "from-elsewhere", touchpoint: "t", endTime: START, metadata: {} });
    expect(nameless).toEqual({
      key: expect.stringMatching(/^[\w-]{36}$/),
      touchpoint: "t",
      endTime: START,
      metadata: {},
    });
  });

  test("of a standalone start is two entries", async () => {
    start({ standaloneStarts: true });
    const key = client.start("t");
    client.end({ key });
    const [first, second] = await sent();
    expect(first).toEqual({ touchpoint: "t", key, startTime: START, standalone: true, metadata: {} });
    expect(second).toMatchObject({ key, startTime: START });
    expect(second.standalone).toBeUndefined();
  });

  test("by record is complete", async () => {
    client.record({ touchpoint: "t", duration: 30 });
    client.record({ touchpoint: "t", startTime: START - 9 });
    client.record({ touchpoint: "t", startTime: START - 9, endTime: START - 5 });
    expect(await sent()).toEqual([
      { touchpoint: "t", duration: 30, endTime: START, metadata: {} },
      { touchpoint: "t", startTime: START - 9, endTime: START, metadata: {} },
      { touchpoint: "t", startTime: START - 9, endTime: START - 5, metadata: {} },
    ]);
  });

  test("remembers 1000 starts at most", async () => {
    start({ maxQueueSize: 10_000 });
    for (let at = 0; at < 1500; at++) client.start({ touchpoint: "t", key: `k${at}` });
    client.end({ key: "k0" });
    client.end({ key: "k1499" });
    const ends = (await sent()).filter(({ endTime }) => endTime !== undefined);
    expect(ends.map(({ key, startTime }) => [key, startTime])).toEqual([
      ["k0", undefined],
      ["k1499", START],
    ]);
  });
});

describe("time", () => {
  test("returns what the function returns, and records it", async () => {
    expect(client.time("t", () => 5)).toBe(5);
    expect(await client.time({ touchpoint: "u", metadata: { a: 1 } }, async () => 6)).toBe(6);
    expect(await sent()).toMatchObject([{ touchpoint: "t" }, { touchpoint: "u", metadata: { a: 1 } }]);
  });

  test("throws what the function throws, and records it as an error", async () => {
    const error = new Error("bad");
    const isSame = (call: () => unknown) => {
      try {
        call();
      } catch (thrown) {
        return thrown === error;
      }
      return false;
    };
    expect(
      isSame(() =>
        client.time("t", () => {
          throw error;
        }),
      ),
    ).toBe(true);
    expect(await client.time("u", () => Promise.reject(error)).catch((thrown: unknown) => thrown)).toBe(error);
    expect(await client.time("v", () => Promise.reject(undefined)).catch(() => "rejected")).toBe("rejected");
    const entries = await sent();
    expect(entries).toMatchObject([
      { touchpoint: "t", level: "error", message: "bad", metadata: { error: { stack: error.stack } } },
      { touchpoint: "u", level: "error", message: "bad" },
      { touchpoint: "v", level: "error" },
    ]);
  });

  test("keeps calls at the same time apart", async () => {
    const ends: (() => void)[] = [];
    const calls = ["a", "b"].map((name) =>
      client.time({ touchpoint: "t", metadata: { name } }, () => new Promise<void>((end) => ends.push(end))),
    );
    ends[1]?.();
    await calls[1];
    ends[0]?.();
    await calls[0];
    expect((await sent()).map(({ metadata }) => metadata.name)).toEqual(["b", "a"]);
  });
});

describe("a child", () => {
  test("adds its fields to every entry, and names that entries do not have to metadata", async () => {
    const child = client.child({ touchpoint: "job", requestId: "r1", metadata: { a: 1, b: 1 } });
    const grandchild = child.child({ key: "k", metadata: { b: 2 } });
    child.log("one");
    grandchild.log({ message: "two", touchpoint: "other", metadata: { c: 3 } });
    expect(await sent()).toMatchObject([
      { touchpoint: "job", message: "one", metadata: { requestId: "r1", a: 1, b: 1 } },
      { touchpoint: "other", message: "two", key: "k", metadata: { requestId: "r1", a: 1, b: 2, c: 3 } },
    ]);
  });

  test("ends what its parent started, and its own by its touchpoint or key", async () => {
    const child = client.child({ touchpoint: "job" });
    const key = client.start("other");
    child.start({});
    child.end({ key });
    child.end({});
    expect((await sent()).map(({ touchpoint, startTime }) => [touchpoint, startTime])).toEqual([
      ["other", START],
      ["job", START],
    ]);
  });
});

describe("settings", () => {
  test("environment, metadata and identity are in every entry; the entry's own win", async () => {
    start({ environment: "test", metadata: { release: "1", a: 1 } });
    const user = { userId: "u1", groupId: "g1", email: "a@example.com", traits: { plan: "pro" } };
    client.identify(user);
    client.log({ message: "m", metadata: { a: 2 } });
    client.clearIdentity();
    client.log("n");
    expect((await sent()).map(({ metadata }) => metadata)).toEqual([
      { environment: "test", release: "1", a: 2, ...user },
      { environment: "test", release: "1", a: 1 },
    ]);
  });

  test("metadata of all records is written whatever it is, and is not read again", async () => {
    const metadata: Record<string, unknown> = { build: 5n, at: new Date(START) };
    metadata["self"] = metadata;
    client.configure({ metadata });
    metadata["later"] = true;
    client.log("a");
    client.configure({ debug: false });
    client.log("b");
    const shown = { build: "5", at: new Date(START).toISOString(), self: "[circular]" };
    expect((await sent()).map((entry) => entry.metadata)).toEqual([shown, shown]);
  });

  test("apiEndpoint may be a URL", async () => {
    client.configure({ apiEndpoint: new URL("https://other.example.com/api/v1") });
    client.log("a");
    await sent();
    expect(platform.last.url).toStartWith("https://other.example.com/api/v1/enqueue?");
  });

  test("beforeSend changes, replaces and drops entries", async () => {
    start({
      beforeSend: (entry) => {
        if (entry.message === "drop") return null;
        if (entry.message === "replace") return { message: 10n, metadata: { circular: entry } };
        entry.level = "debug";
        return entry;
      },
    });
    for (const message of ["keep", "drop", "replace"]) client.log(message);
    expect(await sent()).toMatchObject([{ message: "keep", level: "debug" }, { message: "10" }]);
  });

  test("beforeSend that throws drops the entry and is reported", async () => {
    const cause = new Error("in beforeSend");
    start({
      beforeSend: () => {
        throw cause;
      },
    });
    client.log("m");
    expect(await sent()).toEqual([]);
    expect(problems).toMatchObject([{ reason: "internal", entryCount: 1, cause }]);
  });

  test("redact is the last to see an entry, and children and settings with it", async () => {
    start({
      redact: ["token"],
      metadata: { token: "a" },
      beforeSend: (entry) => ({ ...entry, metadata: { ...entry.metadata, added: { token: "b" } } }),
    });
    client.child({ metadata: { inner: { Token: "c" } } }).log("m");
    const [entry] = await sent();
    expect(entry.metadata).toEqual({
      token: "[redacted]",
      added: { token: "[redacted]" },
      inner: { Token: "[redacted]" },
    });
  });

  test("an onError that throws is nobody's trouble", async () => {
    start({
      onError: () => {
        throw new Error("no");
      },
    });
    client.log("m");
    await platform.run(() => ({ status: 401 }));
    expect(platform.requests.length).toBe(1);
  });

  test("sampleRate keeps the start and the end of a timing together, here and in another process", async () => {
    start({ sampleRate: 0.3, maxQueueSize: 10_000 });
    for (let at = 0; at < 2000; at++) client.start({ touchpoint: "t", key: `req-${at}` });
    await sent();
    const other = platform;
    const kept = new Set(other.requests.flatMap(entriesOf).map(({ key }) => key));
    expect(kept.size).toBeWithin(500, 700);
    start({ sampleRate: 0.3, maxQueueSize: 10_000 });
    for (let at = 0; at < 2000; at++) client.end({ key: `req-${at}` });
    expect(new Set((await sent()).map(({ key }) => key))).toEqual(kept);
  });

  test("sampleRate 0 sends nothing, 1 all", async () => {
    start({ sampleRate: 0 });
    client.log("m");
    client.start("t");
    expect(await sent()).toEqual([]);
  });
});

describe("before the configuration", () => {
  test("entries wait, with their times, and get the settings that come", async () => {
    platform = new FakePlatform();
    client = createClient({ platform, source: "client" });
    client.configure({ clientKey: "ck_1" });
    client.child({ metadata: { secret: 1 } }).log("early");
    const key = client.start("t");
    client.end({ key });
    jest.setSystemTime(START + 1000);
    client.configure({ apiEndpoint: "https://logs.example.com/api/v1", redact: ["secret"] });
    const entries = await sent();
    expect(entries[0]).toEqual({ message: "early", timestamp: START, metadata: { secret: "[redacted]" } });
    expect(entries.slice(1)).toMatchObject([
      { key, startTime: START },
      { key, startTime: START, touchpoint: "t" },
    ]);
  });

  test("at most 1000 wait", async () => {
    platform = new FakePlatform();
    client = createClient({ platform, source: "client" });
    for (let at = 0; at < 5000; at++) client.log(`${at}`);
    client.configure({ clientKey: "ck_1", apiEndpoint: "https://logs.example.com/api/v1", maxQueueSize: 9999 });
    const messages = (await sent()).map(({ message }) => message);
    expect([messages.length, messages[0], messages.at(-1)]).toEqual([1000, "4000", "4999"]);
  });
});
