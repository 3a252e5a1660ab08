import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../../src/core/json.ts";
import { COMMON_NAMES, entryOf, fieldsOf } from "../../../src/decode/object_mapper.ts";

const AT = 1_795_974_588_123;
const ISO = "2026-11-29T17:49:48.123Z";

function parsed(text: string): JsonObject {
  return JSON.parse(text) as JsonObject;
}

describe("an entry is made of a line of", () => {
  test.each<[string, JsonObject, JsonObject]>([
    [
      "pino",
      { level: 30, time: AT, pid: 7, hostname: "vm", name: "shop", reqId: "r-1", orderId: "o", msg: "Order placed" },
      {
        touchpoint: "shop",
        message: "Order placed",
        timestamp: AT,
        level: "info",
        key: "r-1",
        metadata: { pid: 7, hostname: "vm", orderId: "o" },
      },
    ],
    [
      "Bunyan",
      { name: "shop", v: 0, level: 50, time: ISO, msg: "x" },
      { touchpoint: "shop", level: "error", timestamp: AT, message: "x", metadata: { v: 0 } },
    ],
    ["winston", { level: "warn", message: "slow", timestamp: ISO }, { level: "warn", message: "slow", timestamp: AT }],
    [
      "Python's logging",
      { asctime: "x", levelname: "CRITICAL", name: "shop.cart", message: "m", time: "2026-11-29 17:49:48,123" },
      { touchpoint: "shop.cart", level: "error", message: "m", timestamp: AT, metadata: { asctime: "x" } },
    ],
    [
      "Go's slog",
      { time: "2026-11-29T18:49:48.123+01:00", level: "INFO+2", msg: "m", a: 1 },
      { timestamp: AT, level: "info", message: "m", metadata: { a: 1 } },
    ],
    [
      "zap",
      { ts: 1_795_974_588.123, level: "dpanic", logger: "shop", msg: "m", caller: "a.go:1" },
      { timestamp: AT, level: "error", touchpoint: "shop", message: "m", metadata: { caller: "a.go:1" } },
    ],
    [
      "logstash-logback",
      { "@timestamp": ISO, "@version": "1", message: "m", logger_name: "com.Shop", level: "WARN", level_value: 30_000 },
      {
        timestamp: AT,
        message: "m",
        touchpoint: "com.Shop",
        level: "warn",
        metadata: { "@version": "1", level_value: 30_000 },
      },
    ],
    [
      "Serilog",
      { "@t": ISO, "@mt": "Order {Id}", "@l": "Warning", Id: 3 },
      { timestamp: AT, message: "Order {Id}", level: "warn", metadata: { Id: 3 } },
    ],
    [
      "Monolog",
      { message: "m", level: 250, level_name: "NOTICE", channel: "app", datetime: ISO },
      { message: "m", level: "info", timestamp: AT, metadata: { level_name: "NOTICE", channel: "app" } },
    ],
    [
      "structlog",
      { event: "login", level: "info", timestamp: ISO, request_id: "r" },
      { message: "login", level: "info", timestamp: AT, key: "r" },
    ],
    [
      "GELF",
      { version: "1.1", host: "vm", short_message: "m", level: 3, timestamp: 1_795_974_588.123 },
      { message: "m", level: "error", timestamp: AT, metadata: { version: "1.1", host: "vm" } },
    ],
    [
      "Docker",
      { log: "started\n", stream: "stdout", time: "2026-11-29T17:49:48.123000000Z" },
      { message: "started\n", timestamp: AT, metadata: { stream: "stdout" } },
    ],
    [
      "ECS, nested",
      {
        "@timestamp": ISO,
        message: "m",
        log: { level: "error", logger: "shop", origin: { line: 3 } },
        service: { name: "api" },
        trace: { id: "t" },
        ecs: { version: "8" },
      },
      {
        timestamp: AT,
        message: "m",
        level: "error",
        touchpoint: "shop",
        key: "t",
        metadata: { log: { origin: { line: 3 } }, service: { name: "api" }, ecs: { version: "8" } },
      },
    ],
    [
      "ECS, dotted",
      {
        "@timestamp": ISO,
        message: "m",
        "log.level": "INFO",
        "service.name": "api",
        "trace.id": "t",
        "ecs.version": "8",
      },
      { timestamp: AT, message: "m", level: "info", touchpoint: "api", key: "t", metadata: { "ecs.version": "8" } },
    ],
  ])("%s", (_name, object, entry) => {
    const before = structuredClone(object);
    expect<JsonObject>(entryOf(object)).toEqual(entry);
    expect(object).toEqual(before);
  });
});

describe("a role is given", () => {
  test("to the first name in the list, whatever the order of members; all others stay", () => {
    const entry = { message: "a", metadata: { msg: "b", log: "c" } };
    expect<JsonObject>(entryOf({ log: "c", msg: "b", message: "a" })).toEqual(entry);
    expect<JsonObject>(entryOf({ message: "a", msg: "b", log: "c" })).toEqual(entry);
  });

  test("to a member by its whole name before one by its path", () => {
    const entry = { level: "warn", metadata: { log: { level: "info" } } };
    expect<JsonObject>(entryOf({ log: { level: "info" }, "log.level": "warn" })).toEqual(entry);
    expect<JsonObject>(entryOf({ "log.level": "warn", log: { level: "info" } })).toEqual(entry);
  });

  test("to the next name where a value is of another type, which stays in metadata", () => {
    const wrong = { message: { a: 1 }, time: "yesterday", level: "high", key: ["k"], touchpoint: 5 };
    const right = { msg: "m", ts: AT, severity: "err", traceId: "t", logger: "shop" };
    const entry = { message: "m", timestamp: AT, level: "error", key: "t", touchpoint: "shop" };
    expect<JsonObject>(entryOf({ ...wrong, ...right })).toEqual({ ...entry, metadata: wrong });
    expect<JsonObject>(entryOf(wrong)).toEqual({ metadata: wrong });
  });

  test("to none by null, an array, or an empty name", () => {
    const object = { message: null, msg: ["m"], level: null, time: [], touchpoint: "", key: "", name: null };
    expect<JsonObject>(entryOf(object)).toEqual({ metadata: object });
  });

  test("to numbers and truth values as text, where a text is expected", () => {
    expect<JsonObject>(entryOf({ msg: 42, requestId: 7 })).toEqual({ message: "42", key: "7" });
    expect<JsonObject>(entryOf({ msg: false })).toEqual({ message: "false" });
    expect<JsonObject>(entryOf({ msg: "" })).toEqual({ message: "" });
  });

  test("by names that were given, by paths as well", () => {
    const fields = fieldsOf({ ...COMMON_NAMES, message: ["event.text.en", ...COMMON_NAMES.message] });
    const object = { event: { text: { en: "m", de: "n" }, id: 1 }, message: "other" };
    const metadata = { event: { text: { de: "n" }, id: 1 }, message: "other" };
    expect<JsonObject>(entryOf(object, fields)).toEqual({ message: "m", metadata });
    expect<JsonObject>(entryOf({ "event.text.en": "m" }, fields)).toEqual({ message: "m" });
    expect<JsonObject>(entryOf({ event: { text: { en: "m" } } }, fields)).toEqual({ message: "m" });
    expect<JsonObject>(entryOf({ event: "m" }, fields)).toEqual({ message: "m" });
  });

  test("by names of hostile length", () => {
    const path = Array.from({ length: 3_000 }, () => "a").join(".");
    const fields = fieldsOf({ ...COMMON_NAMES, key: [path, ".", "..", ""] });
    expect<JsonObject>(entryOf({ [path]: "k", b: 1 }, fields)).toEqual({ key: "k", metadata: { b: 1 } });
    expect<JsonObject>(entryOf(parsed('{"":{"":"k"}}'), fields)).toEqual({ key: "k" });
  });
});

describe("what is known goes first", () => {
  test("and members that say the same are not stored twice", () => {
    const object = { level: 30, time: AT, msg: "m", name: "shop" };
    const known = { level: "info", timestamp: AT + 0.25, touchpoint: "shop" } as const;
    expect<JsonObject>(entryOf(object, undefined, known)).toEqual({ ...known, message: "m" });
  });

  test("and members that say something else stay", () => {
    const object = { level: 50, time: AT + 1, msg: "m", name: "cart", logger: "shop" };
    const known = { level: "info", timestamp: AT, touchpoint: "shop" } as const;
    const metadata = { level: 50, time: AT + 1, name: "cart" };
    expect<JsonObject>(entryOf(object, undefined, known)).toEqual({ ...known, message: "m", metadata });
  });
});

describe("metadata", () => {
  test("is left out where nothing is left", () => {
    expect<JsonObject>(entryOf({})).toEqual({});
    expect<JsonObject>(entryOf({ log: { level: "info" } })).toEqual({ level: "info" });
  });

  test("keeps empty objects that were sent", () => {
    expect<JsonObject>(entryOf({ a: {}, log: {}, msg: "m" })).toEqual({ message: "m", metadata: { a: {}, log: {} } });
  });

  test("keeps members called __proto__ and constructor, at every level", () => {
    const text = '{"__proto__":{"level":"info"},"constructor":1,"log":{"level":"warn","__proto__":2,"toString":3}}';
    const { level, metadata } = entryOf(parsed(text));
    expect(level).toBe("warn");
    expect(JSON.stringify(metadata)).toBe(
      '{"__proto__":{"level":"info"},"constructor":1,"log":{"__proto__":2,"toString":3}}',
    );
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
    expect(({} as JsonObject)["level"]).toBeUndefined();
  });

  test("of names that objects inherit is none", () => {
    const fields = fieldsOf({ ...COMMON_NAMES, message: ["constructor.name", "__proto__.x", "toString"] });
    expect<JsonObject>(entryOf({ a: 1 }, fields)).toEqual({ metadata: { a: 1 } });
  });

  test("holds each of many members", () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`field${index}`, index]));
    expect<JsonObject>(entryOf({ msg: "m", ...many })).toEqual({ message: "m", metadata: many });
  });
});
