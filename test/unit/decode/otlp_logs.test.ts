import { describe, expect, test } from "bun:test";
import { createOtlp } from "../../../src/decode/otlp.ts";
import { anyValue, attributesOf, logsBody, logsBytes, type Message } from "../../support/otlp_messages.ts";
import { contextOf, decodeFixture, decodeLogs, logEntry, OTLP, readable } from "./otlp_bodies.ts";

const TIME = "1795974860746123456";
const OBSERVED = "1795974860747000000";
const TRACE = "12cfc67442b8d58c01a714a3d0ba7527";
const SPAN = "be9f029b960761cd";

function nested(levels: number, kind: "array" | "map"): unknown {
  let value: unknown = "innermost";
  for (let level = 0; level < levels; level++) value = kind === "array" ? [value] : { a: value };
  return value;
}

describe("a log record", () => {
  test("becomes an entry with its time, level, message, touchpoint, key and attributes", () => {
    const record = {
      timeUnixNano: TIME,
      observedTimeUnixNano: OBSERVED,
      severityNumber: 13,
      severityText: "WARN",
      body: { stringValue: "slow" },
      attributes: attributesOf({ "user.id": "u_1", tags: ["a", 1, 2.5, true, null], nested: { "": { b: [] } } }),
      traceId: TRACE,
      spanId: SPAN,
    };
    expect(logEntry(record, { "service.name": "shop", "host.name": "web-1" }, { name: "orders" })).toEqual({
      timestamp: 1_795_974_860_746.123_5,
      level: "warn",
      message: "slow",
      touchpoint: "shop/orders",
      key: TRACE,
      metadata: {
        "service.name": "shop",
        "host.name": "web-1",
        "user.id": "u_1",
        tags: ["a", 1, 2.5, true, null],
        nested: { "": { b: [] } },
        spanId: SPAN,
      },
    });
  });

  test("has its observed time where it has no other, and none where it has neither", () => {
    expect(logEntry({ observedTimeUnixNano: OBSERVED }).timestamp).toBe(1_795_974_860_747);
    expect(logEntry({ timeUnixNano: "0", observedTimeUnixNano: OBSERVED }).timestamp).toBe(1_795_974_860_747);
    expect(logEntry({ body: { stringValue: "a" } })).toEqual({ message: "a" });
  });

  test.each([
    [1, "", "debug"],
    [8, "INFO", "debug"],
    [9, "", "info"],
    [12, "", "info"],
    [13, "", "warn"],
    [16, "", "warn"],
    [17, "", "error"],
    [24, "", "error"],
    [0, "Warning", "warn"],
    [25, "fatal", "error"],
    [-1, "fatal", "error"],
    [0, "NOTICE", "info"],
    [0, "whatever", undefined],
    [0, "", undefined],
  ] as const)("with severity %d %p has level %p", (severityNumber, severityText, level) => {
    expect(logEntry({ severityNumber, severityText }).level).toBe(level);
  });

  test("keeps a severity text that its level does not tell", () => {
    expect(logEntry({ severityNumber: 21, severityText: "FATAL" }).metadata).toEqual({ severityText: "FATAL" });
    expect(logEntry({ severityNumber: 17, severityText: "Error" }).metadata).toBeUndefined();
  });

  test.each([
    ["a text", "placed", {}, "placed", undefined],
    ["a number", 5, {}, "5", undefined],
    ["a boolean", false, {}, "false", undefined],
    ["an array", ["a", { b: 1 }], {}, '["a",{"b":1}]', undefined],
    ["a map with a message", { message: "m", a: 1 }, {}, "m", { a: 1 }],
    ["a map with msg and log", { log: "l", msg: "m" }, {}, "m", { log: "l" }],
    ["a map with log alone", { log: "l" }, {}, "l", undefined],
    ["a map whose message is a map", { message: { a: 1 }, msg: "m" }, {}, "m", { message: { a: 1 } }],
    ["a map without a message", { a: { b: 1 } }, { eventName: "placed" }, "placed", { a: { b: 1 } }],
    ["nothing", undefined, { eventName: "placed" }, "placed", undefined],
    ["an empty text", "", { eventName: "placed" }, "placed", undefined],
    ["a text beside its event's name", "text", { eventName: "placed" }, "text", { eventName: "placed" }],
    [
      "a map with a member that an attribute has",
      { a: 1 },
      { attributes: attributesOf({ a: 2 }) },
      undefined,
      { a: 2 },
    ],
  ] as [string, unknown, Message, string | undefined, Message | undefined][])(
    "whose body is %s has its message of it",
    (_, body, record, message, metadata) => {
      const entry = logEntry({ ...record, ...(body === undefined ? {} : { body: anyValue(body) }) });
      expect([entry.message, entry.metadata]).toEqual([message, metadata]);
    },
  );

  const collectors = "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/filelogreceiver";
  test.each([
    [{ "service.name": "shop" }, "orders", {}, "shop/orders"],
    [{ "service.name": "shop" }, "", {}, "shop"],
    [{ "service.name": "shop" }, collectors, {}, "shop"],
    [{ "service.name": "unknown_service" }, "orders", {}, "orders"],
    [{ "service.name": "unknown_service:node" }, "", { "log.file.name": "a.log" }, "a.log"],
    [{}, collectors, { "log.file.name": "a.log" }, "a.log"],
    [{ "log.file.name": "b.log" }, "", {}, "b.log"],
    [{ "service.name": "shop" }, "orders", { "log.file.name": "a.log" }, "shop/orders"],
    [{ "service.name": "shop" }, "orders", { touchpoint: "shop/checkout" }, "shop/checkout"],
    [{ touchpoint: "all/of/it" }, "orders", {}, "all/of/it"],
    [{}, "", {}, undefined],
    [{ "service.name": "" }, "", { touchpoint: "" }, undefined],
  ] as [Message, string, Message, string | undefined][])(
    "of %j, scope %j, with %j has its touchpoint",
    (resource, name, attributes, touchpoint) => {
      expect(logEntry({ attributes: attributesOf(attributes) }, resource, { name }).touchpoint).toBe(
        touchpoint as string,
      );
    },
  );

  test("does not keep the attribute that names its touchpoint, and keeps one of that name that is no text", () => {
    expect(logEntry({ attributes: attributesOf({ touchpoint: "a" }) }).metadata ?? {}).toEqual({});
    expect(logEntry({ attributes: attributesOf({ touchpoint: 5 }) })).toEqual({ metadata: { touchpoint: 5 } });
  });

  test("keeps a scope's name that its touchpoint leaves out, and the scope's attributes", () => {
    const attributes = attributesOf({ team: "a" });
    expect(logEntry({}, {}, { name: collectors, attributes }).metadata).toEqual({
      "otel.scope.name": collectors,
      team: "a",
    });
    expect(logEntry({}, {}, { name: "orders", attributes }).metadata).toEqual({ team: "a" });
  });

  test("has no key and no span where an identifier is zero, empty or too long", () => {
    for (const id of ["", "00000000000000000000000000000000", "ab".repeat(33)]) {
      expect(logEntry({ body: { stringValue: "a" }, traceId: id, spanId: id })).toEqual({ message: "a" });
    }
  });

  test("has an attribute over its scope's and its resource's of the same name", () => {
    const scope = { attributes: attributesOf({ a: 2, b: 2 }) };
    const entry = logEntry({ attributes: attributesOf({ a: 3 }) }, { a: 1, b: 1, c: 1 }, scope);
    expect(entry.metadata).toEqual({ a: 3, b: 2, c: 1 });
  });

  test("has attributes whose names are those of an object's own members", () => {
    const attributes = JSON.parse('{"__proto__":{"a":1},"constructor":"c","toString":"t","":"empty"}') as Message;
    const metadata = logEntry({ attributes: attributesOf(attributes) }).metadata as Message;
    expect(JSON.stringify(metadata)).toBe(JSON.stringify(attributes));
  });
});

describe("a value", () => {
  test.each([
    [{ intValue: "9007199254740991" }, 9_007_199_254_740_991],
    [{ intValue: "-9007199254740991" }, -9_007_199_254_740_991],
    [{ intValue: "9007199254740992" }, "9007199254740992"],
    [{ intValue: "-9007199254740993" }, "-9007199254740993"],
    [{ intValue: "9223372036854775807" }, "9223372036854775807"],
    [{ intValue: "-9223372036854775808" }, "-9223372036854775808"],
    [{ intValue: 0 }, 0],
    [{ intValue: -1 }, -1],
    [{ intValue: "4294967296" }, 4_294_967_296],
    [{ doubleValue: "NaN" }, "NaN"],
    [{ doubleValue: "Infinity" }, "Infinity"],
    [{ doubleValue: "-Infinity" }, "-Infinity"],
    [{ doubleValue: 1e300 }, 1e300],
    [{ boolValue: true }, true],
    [{ boolValue: false }, false],
    [{ bytesValue: "AAEC/w==" }, "AAEC/w=="],
    [{ bytesValue: "" }, ""],
    [{ stringValue: "" }, ""],
    [{ stringValue: "Zoë 🎉" }, "Zoë 🎉"],
    [{ arrayValue: {} }, []],
    [{ kvlistValue: {} }, {}],
    [{}, null],
  ] as [Message, unknown][])("%j becomes %j", (value, expected) => {
    expect(logEntry({ attributes: [{ key: "a", value }] }).metadata).toEqual({ a: expected });
  });

  test.each(["array", "map"] as const)(
    "of 32 nested levels (%s) is kept, and of 33 its record alone is refused",
    (kind) => {
      const records = [32, 33, 200, 0].map((levels) => ({ attributes: attributesOf({ a: nested(levels, kind) }) }));
      const { entries, refused } = decodeLogs(logsBody(records));
      expect(entries.map(({ metadata }) => metadata)).toEqual([{ a: nested(32, kind) }, { a: "innermost" }]);
      expect(refused.map(({ at, reason, problem }) => [at, reason, problem])).toEqual([
        [1, "too_deep", "A value nests deeper than 32 levels"],
        [2, "too_deep", "A value nests deeper than 32 levels"],
      ]);
    },
  );

  test("that nests too deep in a body refuses its record, and in a resource each of its records", () => {
    const deep = decodeLogs(logsBody([{ body: anyValue(nested(33, "map")) }, { body: anyValue("b") }]));
    expect(deep.refused.map(({ at, reason }) => [at, reason])).toEqual([[0, "too_deep"]]);
    const all = decodeLogs(logsBody([{}, {}], { a: nested(33, "array") }));
    expect(all.refused.map(({ at, reason }) => [at, reason])).toEqual([
      [0, "too_deep"],
      [1, "too_deep"],
    ]);
  });

  test("that nests very many levels does not overflow the stack", () => {
    let bytes: Uint8Array = Buffer.from([0x0a, 0x01, 0x61]);
    for (let level = 0; level < 2_000; level++) {
      const inner = Buffer.concat([Buffer.from([0x0a, ...lengthOf(bytes.length)]), bytes]);
      bytes = Buffer.concat([Buffer.from([0x2a, ...lengthOf(inner.length)]), inner]);
    }
    const wrap = (tag: number, inner: Uint8Array) =>
      Buffer.concat([Buffer.from([tag, ...lengthOf(inner.length)]), inner]);
    const body = wrap(0x0a, wrap(0x12, wrap(0x12, wrap(0x2a, bytes))));
    expect(readable(OTLP.logs(new Uint8Array(body), contextOf())).refused).toMatchObject([{ reason: "too_deep" }]);
    const levels = 100_000;
    const value = `${'{"arrayValue":{"values":['.repeat(levels)}{}${"]}}".repeat(levels)}`;
    const text = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${value}}]}]}]}`;
    expect(readable(OTLP.logs(text, contextOf())).refused).toMatchObject([{ reason: "too_deep" }]);
  });
});

function lengthOf(length: number): number[] {
  return length < 128 ? [length] : [(length & 127) | 128, ...lengthOf(Math.floor(length / 128))];
}

describe("a resource", () => {
  const resource = {
    "service.name": "shop",
    "telemetry.sdk.name": "opentelemetry",
    "process.pid": 5,
    "process.command": "a",
    "process.command_args": ["a"],
    "process.parent.command_line": "b",
    "os.type": "linux",
    osmosis: "c",
    "host.name": "web-1",
  };

  test("gives its records its attributes but those of the SDK, the command line and the operating system", () => {
    expect(logEntry({}, resource).metadata).toEqual({
      "service.name": "shop",
      "process.pid": 5,
      osmosis: "c",
      "host.name": "web-1",
    });
  });

  test.each([
    [[], undefined],
    [["host.name"], { "host.name": "web-1" }],
    [["os*"], { "os.type": "linux", osmosis: "c" }],
    [
      ["*.name", "process.*d*e"],
      {
        "service.name": "shop",
        "telemetry.sdk.name": "opentelemetry",
        "host.name": "web-1",
        "process.parent.command_line": "b",
      },
    ],
    [["*"], resource],
  ] as [string[], Message | undefined][])("gives those that the setting %j names", (patterns, metadata) => {
    const entry = logEntry({}, resource, {}, createOtlp({ resource: patterns }));
    expect([entry.metadata, entry.touchpoint]).toEqual([metadata, "shop"]);
  });

  test("is read wherever it stands among its scopes, and a scope's name after its records", () => {
    const [resourceLogs] = logsBody([{}], { "service.name": "shop" }, { name: "orders" })["resourceLogs"] as Message[];
    const reordered = (fields: Message) => Object.fromEntries(Object.entries(fields).toReversed());
    const [scopeLogs] = (resourceLogs as Message)["scopeLogs"] as Message[];
    const body = { resourceLogs: [reordered({ ...resourceLogs, scopeLogs: [reordered(scopeLogs as Message)] })] };
    expect(decodeLogs(body).entries.map(({ touchpoint }) => touchpoint)).toEqual(["shop/orders"]);
  });

  test("with very many attributes gives its records the first 128 and 8 Ki characters, and says how many are left out", () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`label.${at}`, at]));
    const metadata = logEntry({}, { ...many, "service.name": "shop" }).metadata as Message;
    expect(Object.keys(metadata).length).toBe(129);
    expect([metadata["service.name"], metadata["label.126"], metadata["droppedAttributes"]]).toEqual(["shop", 126, 73]);
    expect(logEntry({}, { "service.name": "shop", large: "x".repeat(9_000) }).metadata).toEqual({
      "service.name": "shop",
      droppedAttributes: 1,
    });
  });
});

describe("a body", () => {
  test("of several resources and scopes gives its records in their order", () => {
    const one = (name: string) => ({ body: { stringValue: name } });
    const body = {
      resourceLogs: [
        { scopeLogs: [{ logRecords: [one("a"), one("b")] }, { logRecords: [] }, { logRecords: [one("c")] }] },
        {},
        { scopeLogs: [{}, { logRecords: [one("d")] }] },
      ],
    };
    expect(decodeLogs(body).entries.map(({ message }) => message)).toEqual(["a", "b", "c", "d"]);
  });

  test("may be empty", () => {
    expect(decodeLogs({})).toEqual({ entries: [], refused: [] });
    expect(logsBytes({}).byteLength).toBe(0);
  });

  test.each([
    "",
    "x",
    "[]",
    "5",
    '{"resourceLogs":5}',
    '{"resourceLogs":[5]}',
    '{"resourceLogs":[{"scopeLogs":{}}]}',
    '{"resourceLogs":[{"scopeLogs":[[]]}]}',
    '{"resourceLogs":[{"scopeLogs":[{"logRecords":1}]}]}',
    '{"resourceLogs":[{"resource":1}]}',
    '{"resourceLogs":[{"resource":{"attributes":[1]}}]}',
    '{"resourceLogs":[{"scopeLogs":[{"scope":[]}]}]}',
  ])("in JSON that is %j is malformed", (text) => {
    expect(OTLP.logs(text, contextOf())).toMatchObject({ malformed: expect.any(String) });
  });

  test("in JSON may have snake_case names, null members, names of enums, numbers as times and unknown members", () => {
    const record = {
      time_unix_nano: 1_795_974_860_746_000_000,
      observedTimeUnixNano: null,
      severity_number: "SEVERITY_NUMBER_WARN2",
      severityText: null,
      body: { string_value: "a" },
      attributes: [
        { key: "n", value: { int_value: "5", unknown: 1 } },
        { key: "null", value: null },
      ],
      trace_id: TRACE.toUpperCase(),
      unknown: { a: 1 },
    };
    const body = { resource_logs: [{ resource: null, scope_logs: [{ scope: null, log_records: [record] }] }], x: 1 };
    expect(readable(OTLP.logs(JSON.stringify(body), contextOf())).entries).toEqual([
      { timestamp: 1_795_974_860_746, level: "warn", message: "a", key: TRACE, metadata: { n: 5, null: null } },
    ]);
  });

  test.each([
    [5, "The record is no object"],
    [{ body: "plain" }, "a value is no object with stringValue, intValue or another of them"],
    [{ timeUnixNano: "yesterday" }, "timeUnixNano is no number of nanoseconds"],
    [{ timeUnixNano: "-1" }, "timeUnixNano is no number of nanoseconds"],
    [{ timeUnixNano: "18446744073709551616" }, "timeUnixNano is no number of nanoseconds"],
    [{ traceId: "not hexadecimal" }, "traceId has other characters than hexadecimal digits"],
    [{ attributes: {} }, "attributes are no array"],
    [{ attributes: [5] }, "an attribute is no object"],
    [{ attributes: [{ key: 5 }] }, "an attribute's key is no text"],
    [{ body: { stringValue: 5 } }, "stringValue is no text"],
    [{ body: { intValue: "1.5" } }, "intValue is no integer of 64 bits"],
    [{ body: { intValue: "9223372036854775808" } }, "intValue is no integer of 64 bits"],
    [{ body: { doubleValue: "many" } }, "doubleValue is no number"],
    [{ body: { boolValue: "true" } }, "boolValue is no boolean"],
    [{ body: { bytesValue: "%" } }, "bytesValue is no base64"],
    [{ body: { arrayValue: [] } }, "arrayValue or kvlistValue is no object"],
    [{ body: { arrayValue: { values: 5 } } }, "the values of arrayValue are no array"],
  ])("in JSON with the record %j refuses that record alone", (record, problem) => {
    const text = JSON.stringify(logsBody([{ body: { stringValue: "a" } }, record, { body: { stringValue: "b" } }]));
    const { entries, refused } = readable(OTLP.logs(text, contextOf()));
    expect(entries.map(({ message }) => message)).toEqual(["a", "b"]);
    expect(refused).toMatchObject([{ at: 1, reason: "invalid", problem }]);
  });
});

describe("bodies of real senders", () => {
  test.each([
    ["js_logs.pb", 12, ["shop/shop.orders"]],
    ["js_logs.json.gz", 12, ["shop/shop.orders"]],
    ["python_logs.pb", 30, ["billing/billing.invoice"]],
    ["pino_logs.pb", 1, ["shop/shop"]],
    ["pino_logs.json", 1, ["shop/shop"]],
  ])("%s", (name, count, touchpoints) => {
    const { entries, refused } = readable(decodeFixture(name));
    expect([entries.length, refused, [...new Set(entries.map(({ touchpoint }) => touchpoint))]]).toEqual([
      count,
      [],
      touchpoints,
    ]);
  });

  test("a record of pino is the same in both forms", () => {
    expect(readable(decodeFixture("pino_logs.json"))).toEqual(readable(decodeFixture("pino_logs.pb")));
  });

  test("the Collector's file receiver: the observed time, the line as message, its own scope left out", () => {
    const { entries } = readable(decodeFixture("collector_logs.pb.gz"));
    expect(entries.length).toBe(80);
    expect(entries[1]).toEqual({
      timestamp: 1_795_976_795_370.72,
      level: "info",
      message:
        '{"touchpoint":"bgl/KERNEL","message":"instruction cache parity error corrected","level":"info","metadata":{"node":"R02-M1-N0-C:J12-U11","eventid":"E77","type":"RAS"}}',
      touchpoint: "bgl/KERNEL",
      metadata: {
        "otel.scope.name": "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/filelogreceiver",
        "log.file.name": "in.log",
        message: "instruction cache parity error corrected",
        level: "info",
        metadata: { node: "R02-M1-N0-C:J12-U11", eventid: "E77", type: "RAS" },
      },
    });
  });
});
