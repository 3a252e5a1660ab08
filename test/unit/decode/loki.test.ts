import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { BodyContent } from "../../../src/core/batch.ts";
import type { Entry } from "../../../src/core/entry.ts";
import { lokiDecoder } from "../../../src/decode/loki.ts";
import { unsnappy } from "../../../src/http/bodies/snappy.ts";
import { ParseGuard } from "../../../src/runtime/parse_guard.ts";
import { integer, runSeed, seededRandom } from "../../support/random.ts";
import { varint } from "../../support/snappy.ts";

const AT = 1_795_976_171_263;
const NS = `${AT}000000`;

/** As a decoder gives it, for comparing. */
interface Read {
  readonly entries: readonly Entry[];
  readonly refused: readonly { readonly at: number; readonly record: unknown }[];
}

/** undefined: the body is malformed. */
function tryRead(body: BodyContent): Read | undefined {
  const decoded = decode(body);
  return "malformed" in (decoded as object) ? undefined : (decoded as Read);
}

function decode(body: BodyContent): unknown {
  const context = { query: new URLSearchParams(), guard: new ParseGuard(), receivedAt: 0 };
  return lokiDecoder()(body, context);
}

function read(body: BodyContent): Read {
  return decode(body) as Read;
}

function json(...streams: unknown[]): string {
  return JSON.stringify({ streams });
}

function fixture(name: string): Buffer {
  return readFileSync(`test/fixtures/loki/${name}`);
}

function pushRequest(): Uint8Array<ArrayBuffer> {
  const bytes = unsnappy(fixture("winston-loki.pb.snappy"), 10_000);
  if (typeof bytes === "string") throw new Error(bytes);
  return bytes;
}

/** A field of Protocol Buffers with bytes, or with a number. */
function field(number: number, value: string | Uint8Array | number): Buffer {
  if (typeof value === "number") return Buffer.from([...varint(number * 8), ...varint(value)]);
  const bytes = Buffer.from(value as string);
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);
}

function bytesOf(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}

function timestamp(seconds: number, nanos: number): Buffer {
  return field(1, bytesOf(field(1, seconds), field(2, nanos)));
}

describe("what real clients send", () => {
  test("is unfolded where a line is JSON: pino-loki", () => {
    const error = read(fixture("pino-loki.json").toString()).entries[3];
    expect(decode(fixture("pino-loki.json").toString())).toEqual({
      entries: [
        {
          touchpoint: "shop",
          level: "debug",
          timestamp: AT - 1,
          message: "debug line",
          metadata: { hostname: "vm", pid: 15_030, orderId: "ord_1" },
        },
        {
          touchpoint: "shop",
          level: "info",
          timestamp: AT,
          message: "Order placed",
          metadata: { hostname: "vm", pid: 15_030, orderId: "ord_2", total: 12.5, user: { name: "Zoë" } },
        },
        {
          touchpoint: "shop",
          level: "warn",
          timestamp: AT,
          message: "slow",
          metadata: { hostname: "vm", pid: 15_030 },
        },
        {
          touchpoint: "shop",
          level: "error",
          timestamp: AT,
          message: "payment failed",
          metadata: {
            hostname: "vm",
            pid: 15_030,
            err: {
              type: "Error",
              message: "card declined",
              stack: expect.stringContaining("Error: card declined\n    at talk") as string,
            },
          },
        },
        {
          touchpoint: "shop",
          level: "error",
          timestamp: AT,
          message: "bad",
          metadata: { hostname: "vm", pid: 15_030 },
        },
      ],
      refused: [],
    });
    expect(Object.keys(error?.metadata ?? {})).toEqual(["hostname", "pid", "err"]);
  });

  const WINSTON = [
    {
      touchpoint: "shop",
      level: "debug",
      timestamp: 1_795_976_175_422,
      message: 'debug line {"orderId":"ord_1","level":"debug"}',
      metadata: { orderId: "ord_1" },
    },
    {
      touchpoint: "shop",
      level: "info",
      timestamp: 1_795_976_175_423,
      message: 'Order placed {"orderId":"ord_2","total":12.5,"user":{"name":"Zoë"},"level":"info"}',
      metadata: { orderId: "ord_2", total: "12.5", user: '{"name":"Zoë"}' },
    },
    { touchpoint: "shop", level: "warn", timestamp: 1_795_976_175_423, message: 'slow {"level":"warn"}' },
    {
      touchpoint: "shop",
      level: "error",
      timestamp: 1_795_976_175_423,
      message: 'payment failed {"err":"card declined","level":"error"}',
      metadata: { err: "card declined" },
    },
  ];

  test("keeps its structured metadata: winston-loki", () => {
    expect(decode(fixture("winston-loki.json").toString())).toEqual({ entries: WINSTON, refused: [] });
  });

  test("is read from Protocol Buffers: winston-loki", () => {
    const { entries, refused } = read(pushRequest());
    expect(refused).toEqual([]);
    const said: unknown = entries.map(({ touchpoint, level, message }) => ({ touchpoint, level, message }));
    expect(said).toEqual(WINSTON.map(({ touchpoint, level, message }) => ({ touchpoint, level, message })));
    expect(entries.every(({ timestamp = 0 }) => timestamp > 1_795_976_000_000 && timestamp < 1_795_977_000_000)).toBe(
      true,
    );
  });
});

describe("the touchpoint", () => {
  test.each([
    [{ filename: "a", container: "b", job: "c", app: "d", service_name: "e" }, "e"],
    [{ filename: "a", container: "b", job: "c", app: "d" }, "d"],
    [{ filename: "a", container: "b", job: "c" }, "c"],
    [{ filename: "a", container: "b" }, "b"],
    [{ filename: "a" }, "a"],
  ])("is the first of the labels %p", (stream, touchpoint) => {
    const others = Object.fromEntries(Object.entries(stream).filter(([, value]) => value !== touchpoint));
    const entry = { touchpoint, timestamp: AT, message: "x" };
    const metadata = Object.keys(others).length === 0 ? {} : { metadata: others };
    expect(decode(json({ stream, values: [[NS, "x"]] }))).toEqual({
      entries: [{ ...entry, ...metadata }],
      refused: [],
    });
  });

  test("is what the line says where no label does", () => {
    const stream = { service_name: "unknown_service", app: "" };
    expect(decode(json({ stream, values: [[NS, '{"logger":"cart","msg":"m"}']] }))).toEqual({
      entries: [{ touchpoint: "cart", timestamp: AT, message: "m", metadata: stream }],
      refused: [],
    });
  });
});

describe("the level", () => {
  const line = '{"level":50,"msg":"m"}';

  test.each<[string, object, object, object]>([
    [
      "structured metadata",
      { detected_level: "warn" },
      { level: "info" },
      { level: "warn", metadata: { level: "info", level_extracted: 50 } },
    ],
    [
      "structured metadata, by its second name",
      { detected_level: "unknown", level: "WARN" },
      {},
      { level: "warn", metadata: { detected_level: "unknown", level: 50 } },
    ],
    ["labels", {}, { detected_level: "info", level: "info" }, { level: "info", metadata: { level: 50 } }],
    ["the line", {}, { level: "loud" }, { level: "error", metadata: { level: "loud" } }],
  ])("comes from %s", (_name, structured, stream, entry) => {
    expect(decode(json({ stream, values: [[NS, line, structured]] }))).toEqual({
      entries: [{ timestamp: AT, message: "m", ...entry }],
      refused: [],
    });
  });
});

describe("metadata", () => {
  test("holds labels, structured metadata and what a line has, and loses none of one name", () => {
    const stream = { host: "a", total: "12.5", id: "x" };
    const line = JSON.stringify({ msg: "m", host: "c", total: 12.5, id: "x", user: { id: 1 } });
    expect(decode(json({ stream, values: [[NS, line, { host: "b" }]] }))).toEqual({
      entries: [
        {
          timestamp: AT,
          message: "m",
          metadata: {
            host: "a",
            host_extracted: "b",
            host_extracted_extracted: "c",
            total: 12.5,
            id: "x",
            user: { id: 1 },
          },
        },
      ],
      refused: [],
    });
  });

  test("has a line's own time where it differs", () => {
    const values = [
      [NS, JSON.stringify({ msg: "m", time: AT + 5 })],
      [NS, JSON.stringify({ msg: "m", time: AT })],
    ];
    expect(decode(json({ stream: {}, values }))).toEqual({
      entries: [
        { timestamp: AT, message: "m", metadata: { time: AT + 5 } },
        { timestamp: AT, message: "m" },
      ],
      refused: [],
    });
  });
});

describe("a line", () => {
  test.each(["", "plain", '{"a":', "[1]", '"text"', "{}}", " { }", "null"])(
    "%p that is no JSON object is the message",
    (line) => {
      expect(decode(json({ stream: {}, values: [[NS, line]] }))).toEqual({
        entries: [{ timestamp: AT, message: line }],
        refused: [],
      });
    },
  );

  test("has a time as exact as a double holds it", () => {
    const values = ["1795976171263456789", "1", 1_795_976_171_263_000_000].map((at) => [at, "x"]);
    const { entries } = read(json({ stream: {}, values }));
    expect(entries.map(({ timestamp }) => timestamp)).toEqual([Number("1795976171263.456789"), 1e-6, AT]);
  });

  test("is refused alone where it is wrong", () => {
    const bad = [
      ["soon", "x"],
      ["-1", "x"],
      ["1.5", "x"],
      [null, "x"],
      [1.5, "x"],
      [NS],
      [NS, 5],
      [NS, "x", "y"],
      "x",
      null,
      [],
    ];
    const values = [[NS, "first"], ...bad, [NS, "last"]];
    const time = "The timestamp is no decimal number of nanoseconds";
    const noText = "A line is not a text";
    const problems = [
      time,
      time,
      time,
      time,
      time,
      noText,
      noText,
      "The structured metadata of a line is not an object",
    ];
    const noLine = "A line is not an array of its timestamp and its text";
    expect(decode(json({ stream: {}, values }))).toEqual({
      entries: [
        { timestamp: AT, message: "first" },
        { timestamp: AT, message: "last" },
      ],
      refused: [...problems, noLine, noLine, noText].map((problem, index) => ({
        at: index + 1,
        reason: "invalid",
        problem,
        record: bad[index],
      })),
    });
  });
});

describe("a stream", () => {
  test("of the older form has labels as a text", () => {
    const labels = '{app="shop", path="C:\\\\logs\\\\\\"a\\"", umlaut="\\u00fc\\t"}';
    const entries = [
      { ts: "2026-11-29T18:16:11.263456789Z", line: "x" },
      { ts: "late", line: "y" },
    ];
    expect(decode(json({ labels, entries }))).toEqual({
      entries: [
        {
          touchpoint: "shop",
          timestamp: Number("1795976171263.456789"),
          message: "x",
          metadata: { path: 'C:\\logs\\"a"', umlaut: "ü\t" },
        },
      ],
      refused: [
        { at: 1, reason: "invalid", problem: "The timestamp is no decimal number of nanoseconds", record: entries[1] },
      ],
    });
  });

  test.each([
    "",
    "{",
    "}",
    "app",
    "{app}",
    "{app=}",
    "{app=shop}",
    '{app="shop}',
    '{app="a" b="c"}',
    '{app="a"}x',
    '{="a"}',
    '{app="a\\"}',
    "{,}",
  ])("with labels %p is refused, line by line", (labels) => {
    const { entries, refused } = decode(
      json({
        labels,
        values: [
          [NS, "x"],
          [NS, "y"],
        ],
      }),
    ) as Read;
    expect(entries).toEqual([]);
    expect(refused).toMatchObject([
      { at: 0, reason: "invalid" },
      { at: 1, reason: "invalid" },
    ]);
  });

  test.each<[string, object]>([
    ["{}", {}],
    ["{ }", {}],
    [' {a="1" , b = "2",} ', { a: "1", b: "2" }],
    ['{a=`\\n"`}', { a: '\\n"' }],
    ['{"a.b"="1"}', { "a.b": "1" }],
    ['{a="\\x41\\101\\U0001F600\\\'\\z\\UFFFFFFFF"}', { a: "AA😀'\\z\\UFFFFFFFF" }],
    ['{constructor="1", __proto__="2"}', JSON.parse('{"constructor":"1","__proto__":"2"}') as object],
  ])("with labels %p is read", (labels, metadata) => {
    const entry = { timestamp: AT, message: "x" };
    const expected = Object.keys(metadata).length === 0 ? entry : { ...entry, metadata };
    const decoded = decode(json({ labels, values: [[NS, "x"]] }));
    expect(JSON.stringify(decoded)).toBe(JSON.stringify({ entries: [expected], refused: [] }));
  });

  test("with labels that would make each record large is refused", () => {
    const long = { stream: { a: "x".repeat(9_000) }, values: [[NS, "x"]] };
    const sparse = { stream: { 999: "x" }, values: [[NS, "x"]] };
    const names = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`label${index}`, "x"]));
    const many = { stream: names, values: [[NS, "x"]] };
    expect(decode(json(long, sparse, many))).toMatchObject({ entries: [], refused: [{ at: 0 }, { at: 1 }, { at: 2 }] });
  });

  test("that is none is one refused record", () => {
    const bad = [null, 5, [], {}, { stream: {}, values: {} }];
    const { refused } = read(json(...bad));
    expect(refused.map(({ record }) => record)).toEqual(bad);
    expect(decode(json({ stream: [], values: [[NS, "x"]] }))).toMatchObject({ entries: [], refused: [{ at: 0 }] });
  });
});

describe("a body", () => {
  test("without lines has no records", () => {
    for (const body of [json(), json({ stream: {}, values: [] }), new Uint8Array()]) {
      expect(decode(body)).toEqual({ entries: [], refused: [] });
    }
  });

  test.each(["", "x", "[]", "null", "{}", '{"streams":{}}', '{"streams":[}'])("%p is malformed", (body) => {
    expect(decode(body)).toEqual({ malformed: expect.any(String) as string });
  });

  test("of JSON is read from bytes as well", () => {
    expect(decode(new TextEncoder().encode(json({ stream: {}, values: [[NS, "x"]] })))).toEqual({
      entries: [{ timestamp: AT, message: "x" }],
      refused: [],
    });
  });

  test("with lines whose objects would take too much memory keeps them as texts", () => {
    const values = Array.from({ length: 20_000 }, () => [NS, '{"999":0}']);
    const { entries } = read(json({ stream: {}, values }));
    expect(entries[0]).toEqual({ timestamp: AT, message: '{"999":0}' });
    expect(entries).toHaveLength(20_000);
  });
});

describe("Protocol Buffers", () => {
  test("in another order of fields, with unknown ones, are read", () => {
    const pair = field(3, bytesOf(field(2, "v"), field(1, "trace.id")));
    const entry = field(2, bytesOf(pair, field(9, "?"), field(2, "line"), timestamp(1_795_976_171, 263_456_789)));
    const body = bytesOf(field(7, 5), field(1, bytesOf(entry, field(3, 12_345), field(1, '{app="shop"}'))));
    expect(decode(body)).toEqual({
      entries: [
        {
          touchpoint: "shop",
          timestamp: Number("1795976171263.456789"),
          message: "line",
          metadata: { "trace.id": "v" },
        },
      ],
      refused: [],
    });
  });

  test("with a wrong time or wrong labels refuse that line", () => {
    const times = [timestamp(1, 1_000_000_000), field(1, field(1, 2 ** 40)), bytesOf()];
    const streams = times.map((time) => field(1, bytesOf(field(1, "{}"), field(2, bytesOf(time, field(2, "x"))))));
    const noLabels = field(1, bytesOf(field(1, "{"), field(2, bytesOf(timestamp(1_795_976_171, 0), field(2, "y")))));
    const { entries, refused } = decode(bytesOf(...streams, noLabels)) as Read;
    expect(entries).toEqual([]);
    expect(refused.map(({ record }) => record)).toEqual(["x", "x", "x", "y"]);
  });

  test("that are cut off are malformed, or end after a stream", () => {
    const body = pushRequest();
    const lengths = new Set<number>();
    for (let length = 0; length < body.length; length++) {
      const decoded = tryRead(body.slice(0, length));
      if (decoded !== undefined) lengths.add(decoded.entries.length);
    }
    expect([...lengths].toSorted((one, other) => one - other)).toEqual([0, 1, 2, 3]);
  });
});

test("no corruption of a body makes a decoder throw", () => {
  const random = seededRandom(runSeed("loki"));
  const bodies = [fixture("pino-loki.json"), fixture("winston-loki.json"), Buffer.from(pushRequest())];
  for (let round = 0; round < 3_000; round++) {
    const body = Buffer.from(bodies[round % 3] as Buffer);
    for (let change = integer(random, 3); change >= 0; change--)
      body[integer(random, body.length - 1)] = integer(random, 255);
    const cut = round % 2 === 0 ? body : body.subarray(0, integer(random, body.length));
    const decoded = tryRead(round % 3 === 2 ? new Uint8Array(cut) : cut.toString());
    if (decoded === undefined) continue;
    const places = [...decoded.refused].map(({ at }) => at);
    expect(places).toEqual([...new Set(places)].sort((one, other) => one - other));
    expect(Math.max(-1, ...places)).toBeLessThan(decoded.entries.length + decoded.refused.length);
  }
});
