import { describe, expect, test } from "bun:test";
import type { Entry } from "../../../../src/core/entry.ts";
import type { JsonObject } from "../../../../src/core/json.ts";
import { normalise } from "../../../../src/ingest/entries/normalise.ts";
import { batchContext, NOW } from "./batch_context.ts";

const DAY_MS = 86_400_000;

/** The fields that most tests look at. */
function normalised(entry: Entry, changes: Parameters<typeof batchContext>[0] = {}): unknown {
  const normal = normalise(entry, batchContext(changes));
  if (typeof normal === "string") return normal;
  const { kind, time, startTime, endTime, duration } = normal;
  return { kind, time, startTime, endTime, duration };
}

/** Objects and arrays by turns, an object outermost. */
function nested(levels: number): JsonObject {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = (levels - level) % 2 === 1 ? { a: value } : [value];
  return value as JsonObject;
}

describe("an entry in its normal form", () => {
  test("a log has its own fields and those of the batch", () => {
    const metadata = { orderId: "ord_123" };
    const entry: Entry = {
      touchpoint: "api/orders",
      key: "k",
      message: "m",
      level: "warn",
      timestamp: NOW - 5,
      metadata,
    };
    expect(normalise(entry, batchContext())).toEqual({
      kind: "log",
      time: NOW - 5,
      receivedAt: NOW,
      source: "server",
      keyType: "server",
      apiKey: "web shop",
      touchpoint: "api/orders",
      key: "k",
      level: "warn",
      message: "m",
      startTime: undefined,
      endTime: undefined,
      duration: undefined,
      metadata,
    });
  });

  test("each row of the contract's table gives its kind and times", () => {
    const time = NOW - 100;
    const none = { startTime: undefined, endTime: undefined, duration: undefined };
    expect(normalised({ startTime: time })).toEqual({ ...none, kind: "start", time, startTime: time });
    expect(normalised({ endTime: time })).toEqual({ ...none, kind: "end", time, endTime: time });
    const complete = { kind: "completed", time, startTime: time, endTime: time + 42, duration: 42 };
    expect(normalised({ startTime: time, endTime: time + 42 })).toEqual(complete);
    expect(normalised({ startTime: time, duration: 42 })).toEqual(complete);
    expect(normalised({ endTime: time + 42, duration: 42 })).toEqual({ ...complete, time: time + 42 });
    expect(normalised({ duration: 42, timestamp: time + 42 })).toEqual({ ...complete, time: time + 42 });
    expect(normalised({ duration: 42 })).toEqual({ ...complete, time: NOW, startTime: NOW - 42, endTime: NOW });
    expect(normalised({ message: "m" })).toEqual({ ...none, kind: "log", time: NOW });
  });

  test("startTime, endTime and duration that are all given stay as sent, even if the end comes first", () => {
    const times = { startTime: NOW, endTime: NOW - 3, duration: 41.5 };
    expect(normalised(times)).toEqual({ kind: "completed", time: NOW, ...times });
  });

  test("time is the timestamp, else startTime, else endTime, else the batch's, else the receipt", () => {
    const timeOf = (entry: Entry, batchTimestamp?: number) => {
      const normal = normalise(entry, batchContext({ batchTimestamp }));
      return typeof normal === "string" ? normal : normal.time;
    };
    expect([
      timeOf({ timestamp: NOW - 1, startTime: NOW - 2, endTime: NOW - 3 + 3 }, NOW - 4),
      timeOf({ startTime: NOW - 2, endTime: NOW }, NOW - 4),
      timeOf({ endTime: NOW - 3 }, NOW - 4),
      timeOf({ message: "m" }, NOW - 4),
      timeOf({ message: "m" }),
    ]).toEqual([NOW - 1, NOW - 2, NOW - 3, NOW - 4, NOW]);
  });

  test("a log's level defaults to info, a timing has one only if it was sent", () => {
    const levelOf = (entry: Entry) => {
      const normal = normalise(entry, batchContext());
      return typeof normal === "string" ? normal : normal.level;
    };
    expect([levelOf({ message: "m" }), levelOf({ duration: 1 }), levelOf({ duration: 1, level: "error" })]).toEqual([
      "info",
      undefined,
      "error",
    ]);
  });

  test("the entry's source goes before the batch's", () => {
    const forged = normalise(
      { message: "m", source: "server" },
      batchContext({ keyType: "client", batchSource: "client" }),
    );
    expect(forged).toMatchObject({ source: "server", keyType: "client" });
    const normal = normalise({ message: "m", source: "client" }, batchContext());
    expect(normal).toMatchObject({ source: "client", keyType: "server" });
    expect(typeof normal === "string" ? normal : normal.source).toBe("client");
  });

  test("only a start says whether it is standalone", () => {
    expect(normalise({ startTime: NOW, standalone: true }, batchContext())).toMatchObject({
      kind: "start",
      standalone: true,
    });
    expect(normalise({ startTime: NOW }, batchContext())).toMatchObject({ kind: "start", standalone: false });
    expect(normalise({ message: "m", standalone: true }, batchContext())).not.toHaveProperty("standalone");
  });

  test("an empty touchpoint or key is absent", () => {
    expect(normalise({ touchpoint: "", key: "", message: "" }, batchContext())).toMatchObject({
      touchpoint: undefined,
      key: undefined,
      message: "",
    });
  });

  test("a lone surrogate becomes U+FFFD in every text, a pair stays", () => {
    const metadata = JSON.parse('{"a\\ud800":["\\udc00x",{"b":"\\ud83d\\ude00"}],"__proto__":"\\ud800"}') as JsonObject;
    const entry: Entry = { touchpoint: "\ud800t", key: "k\udfff", message: "m\ud800m", metadata };
    const normal = normalise(entry, batchContext({ mayHoldLoneSurrogates: true }));
    if (typeof normal === "string") throw new Error(normal);
    expect([normal.touchpoint, normal.key, normal.message]).toEqual(["\ufffdt", "k\ufffd", "m\ufffdm"]);
    expect(JSON.stringify(normal.metadata)).toBe('{"a\ufffd":["\ufffdx",{"b":"😀"}],"__proto__":"\ufffd"}');
  });

  test("a value on a bound is accepted", () => {
    const retentionMs = DAY_MS;
    expect(normalised({ timestamp: NOW - DAY_MS }, { retentionMs })).toMatchObject({ time: NOW - DAY_MS });
    expect(normalised({ timestamp: NOW + DAY_MS })).toMatchObject({ time: NOW + DAY_MS });
    expect(normalised({ timestamp: 0 }, { retentionMs: NOW })).toMatchObject({ time: 0 });
    expect(normalised({ message: "m", metadata: nested(100) })).toMatchObject({ kind: "log" });
    expect(normalised({ startTime: NOW, endTime: NOW })).toMatchObject({ duration: 0 });
    expect(normalised({ timestamp: NOW, startTime: 8.64e15 })).toMatchObject({ startTime: 8.64e15 });
    expect(normalised({ timestamp: NOW, startTime: 0, duration: 8.64e15 })).toMatchObject({ endTime: 8.64e15 });
  });

  test("an entry with any member that the contract names is not empty", () => {
    const entries: Entry[] = [
      { touchpoint: "t" },
      { key: "k" },
      { message: "" },
      { level: "info" },
      { metadata: {} },
      { timestamp: NOW },
      { startTime: NOW },
      { endTime: NOW },
      { duration: 0 },
    ];
    expect(entries.map((entry) => typeof normalise(entry, batchContext()))).toEqual(entries.map(() => "object"));
  });

  test("an invalid batch timestamp matters only where it is used", () => {
    expect(normalised({ timestamp: NOW }, { batchTimestamp: -1 })).toMatchObject({ time: NOW });
  });
});

describe("an entry that is dropped", () => {
  test.each<[string, Entry, string, Parameters<typeof batchContext>[0]]>([
    ["nothing at all", {}, "empty", {}],
    ["only names that are empty", { touchpoint: "", key: "" }, "empty", { batchTimestamp: NOW }],
    ["only source and standalone", { source: "server", standalone: true }, "empty", {}],
    ["a negative timestamp", { timestamp: -1 }, "invalid_time", {}],
    ["a timestamp past every date", { timestamp: 8.64e15 + 2 }, "invalid_time", {}],
    ["an invalid startTime beside a valid timestamp", { timestamp: NOW, startTime: -1 }, "invalid_time", {}],
    ["an invalid endTime", { startTime: NOW, endTime: 1e16 }, "invalid_time", {}],
    ["an invalid batch timestamp as the fallback", { message: "m" }, "invalid_time", { batchTimestamp: 1e16 }],
    ["a derived start before 0", { endTime: NOW, duration: NOW + 1 }, "invalid_time", {}],
    ["a derived end past every date", { startTime: NOW, duration: 1e300 }, "invalid_time", {}],
    ["a duration that no two dates are apart", { startTime: NOW, endTime: NOW, duration: 1.7e308 }, "invalid_time", {}],
    ["such a duration of an end", { endTime: NOW, duration: 8.64e15 + 1 }, "invalid_time", {}],
    ["such a duration alone", { duration: 1.7e308 }, "invalid_time", {}],
    [
      "such a duration before too_deep",
      { startTime: 0, endTime: 0, duration: 1e16, metadata: nested(101) },
      "invalid_time",
      {},
    ],
    ["metadata of 101 levels", { message: "m", metadata: nested(101) }, "too_deep", {}],
    ["metadata of 50,000 levels", { message: "m", metadata: nested(50_000) }, "too_deep", {}],
    ["a negative duration", { duration: -1 }, "negative_duration", {}],
    ["a negative duration with all three", { startTime: NOW, endTime: NOW + 1, duration: -1 }, "negative_duration", {}],
    ["an end before the start", { startTime: NOW, endTime: NOW - 1 }, "negative_duration", {}],
    ["older than retention", { timestamp: NOW - DAY_MS - 1 }, "too_old", { retentionMs: DAY_MS }],
    ["more than a day ahead", { timestamp: NOW + DAY_MS + 1 }, "in_future", {}],
    ["invalid_time goes before too_deep", { timestamp: -1, metadata: nested(101) }, "invalid_time", {}],
    ["too_deep goes before negative_duration", { duration: -1, metadata: nested(101) }, "too_deep", {}],
    ["negative_duration goes before too_old", { timestamp: 1, duration: -1, endTime: NOW }, "negative_duration", {}],
  ])("%s", (_name, entry, reason, changes) => {
    expect(normalise(entry, batchContext(changes))).toBe(reason as never);
  });
});
