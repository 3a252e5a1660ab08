// Envelopes: where items begin and end, what is refused, logs. Events have a file of their own.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Decoded } from "../../../src/decode/decoded.ts";
import { decodeSentry } from "../../../src/decode/sentry.ts";
import { ParseGuard } from "../../../src/runtime/parse_guard.ts";
import { cpuRatio } from "../../support/cpu_ratio.ts";
import { integer, pick, runSeed, seededRandom } from "../../support/random.ts";

const ID = "a67b55c182ca44a4b62fb237bea6624d";
const HEADER = `{"event_id":"${ID}","sdk":{"name":"sentry.python","version":"2.1.0"}}`;
const CAPTURES = ["exception", "message", "logs", "span"] as const;

function capture(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(join(import.meta.dir, `../../fixtures/sentry/${name}.body`)));
}

function decode(body: string | Uint8Array<ArrayBuffer>): Decoded {
  return decodeSentry(body, {
    path: "/api/1/envelope/",
    query: new URLSearchParams(),
    guard: new ParseGuard(),
    receivedAt: 0,
  });
}

function decodeLines(...lines: readonly string[]): Decoded {
  return decode(new TextEncoder().encode(lines.join("\n")));
}

const byteLength = (text: string): number => Buffer.byteLength(text);
const event = (message: string): string => JSON.stringify({ message, level: "warning" });
const entry = (message: string) => ({
  touchpoint: "messages",
  level: "warn" as const,
  message,
  metadata: { sdk: "sentry.python 2.1.0" },
});

describe("an envelope of a real SDK", () => {
  test("with an exception is one error, whole", () => {
    expect(decode(capture("exception"))).toEqual({
      entries: [
        {
          touchpoint: "errors/Error/node_senders",
          key: "c9c3c886588444ee9071c3a22878126e",
          level: "error",
          message: "Error: card declined",
          timestamp: 1795976199038,
          metadata: {
            event_id: ID,
            environment: "production",
            server_name: "vm",
            platform: "node",
            spanId: "a883ad230fc8c4c9",
            stack:
              "at ? (/srv/shop/web-1/node_senders.mjs:12:299)\nat run (/srv/shop/web-1/node_senders.mjs:3:66)\n" +
              "at ? (/srv/shop/web-1/node_senders.mjs:12:1)",
            handled: true,
            contexts: {
              runtime: { name: "node", version: "v20.20.2" },
              os: { name: "Debian", version: "12.11\n" },
              device: { arch: "x64" },
            },
            sdk: "sentry.javascript.node 11.12.0",
          },
        },
      ],
      refused: [],
      operations: ID,
    });
  });

  test("with a captured message is one log, whose stack is not taken for an exception", () => {
    expect(decode(capture("message"))).toMatchObject({
      entries: [{ touchpoint: "messages/node_senders", level: "info", message: "hello", timestamp: 1795976199046 }],
      refused: [],
      operations: "d292eae318f94ef3af56d9363ea67954",
    });
  });

  test("with logs is a log for each, its attributes under their own names", () => {
    expect(decode(capture("logs"))).toEqual({
      entries: [
        {
          key: "c9c3c886588444ee9071c3a22878126e",
          level: "info",
          message: "Order placed",
          timestamp: 1795976199035.43,
          metadata: { orderId: "ord_2", "server.address": "vm" },
        },
        {
          key: "c9c3c886588444ee9071c3a22878126e",
          level: "error",
          message: "payment failed",
          timestamp: 1795976199036.433,
          metadata: { "server.address": "vm" },
        },
      ],
      refused: [],
    });
  });

  test("with spans is counted as ignored", () => {
    expect(decode(capture("span"))).toEqual({
      entries: [],
      refused: [{ at: 0, reason: "ignored", problem: "It is no event and no log", record: "span" }],
    });
  });
});

describe("an item ends", () => {
  test("after its length in bytes of UTF-8, line feeds in it included", () => {
    const pretty = '{\n"message": "Zoë 😀",\n"level":"warning"}';
    expect(
      decodeLines(HEADER, `{"type":"event","length":${byteLength(pretty)}}`, pretty, '{"type":"event"}', event("b")),
    ).toEqual({ entries: [entry("Zoë 😀"), entry("b")], refused: [], operations: ID });
  });

  test("at its line's end where it gives no length, with or without a line feed at the very end", () => {
    const expected = { entries: [entry("a"), entry("b")], refused: [], operations: ID };
    const lines = [HEADER, '{"type":"event"}', event("a"), '{"type":"event","length":null}', event("b")];
    expect([decodeLines(...lines), decodeLines(...lines, ""), decode(lines.join("\r\n"))]).toEqual([
      expected,
      expected,
      expected,
    ]);
  });

  test("at once where it is empty, and empty lines between items say nothing", () => {
    expect(
      decodeLines(HEADER, "", '{"type":"attachment","length":0}', "", "", '{"type":"event"}', event("b"), "", ""),
    ).toEqual({
      entries: [entry("b")],
      refused: [{ at: 0, reason: "ignored", problem: "It is no event and no log", record: "attachment" }],
      operations: ID,
    });
  });

  test("after bytes that are no text", () => {
    const attachment = new Uint8Array([0xff, 0x0a, 0xc0, 0x0a, 0x00, 0x80, 0x7b]);
    const before = Buffer.from(`${HEADER}\n{"type":"attachment","length":7,"filename":"a.png"}\n`);
    const after = Buffer.from(`\n{"type":"event"}\n${event("after")}\n`);
    expect(decode(new Uint8Array(Buffer.concat([before, attachment, after])))).toMatchObject({
      entries: [entry("after")],
      refused: [{ at: 0, reason: "ignored", record: "attachment" }],
    });
  });
});

describe("a record is refused", () => {
  test.each([
    ["session", { type: "session" }],
    ["transaction", { type: "transaction" }],
    ["an unknown kind", { type: "something_new" }],
  ])("as ignored: %s, and the others are taken", (_, header) => {
    expect(
      decodeLines(HEADER, '{"type":"event"}', event("a"), JSON.stringify(header), "{}", '{"type":"event"}', event("b")),
    ).toEqual({
      entries: [entry("a"), entry("b")],
      refused: [{ at: 1, reason: "ignored", problem: "It is no event and no log", record: header.type }],
      operations: ID,
    });
  });

  test.each([
    ["whose payload is no JSON", '{"type":"event"}', '{"message":', "The event is not JSON", '{"message":'],
    ["whose payload is absent", '{"type":"event","length":0}', "", "The event is not JSON", ""],
    ["whose payload is no object", '{"type":"event"}', "[1]", "The event is not a JSON object", [1]],
    ["whose list has no items", '{"type":"log"}', "{}", 'The list of logs has no array "items"', {}],
    ["whose header has no type", '{"length":2}', "{}", 'The item\'s header has no "type"', { length: 2 }],
  ])("as invalid %s, and the others are taken", (_, header, payload, problem, record) => {
    expect(decodeLines(HEADER, header, payload, '{"type":"event"}', event("b"))).toEqual({
      entries: [entry("b")],
      refused: [{ at: 0, reason: "invalid", problem, record }],
      operations: ID,
    });
  });

  test("as invalid in a list of logs, each by itself", () => {
    expect(decodeLines("{}", '{"type":"log"}', '{"items":[{"body":"a"},7,null,{"body":"b"}]}')).toEqual({
      entries: [{ message: "a" }, { message: "b" }],
      refused: [
        { at: 1, reason: "invalid", problem: "The log is not a JSON object", record: 7 },
        { at: 2, reason: "invalid", problem: "The log is not a JSON object", record: null },
      ],
    });
  });

  test.each([
    ["its header is no JSON", "no JSON", "The item's header is not JSON, so what follows is not read", "no JSON"],
    ["its header is no object", "[]", "The item's header is not a JSON object, so what follows is not read", "[]"],
    [
      "its length is beyond the end",
      '{"type":"event","length":1000}',
      /"length" is 1000, and \d+ bytes follow/,
      undefined,
    ],
    ["its length is huge", '{"type":"event","length":1e300}', 'The item\'s "length" is no number of bytes', undefined],
    ["its length is negative", '{"type":"event","length":-1}', 'The item\'s "length" is no number of bytes', undefined],
    [
      "its length is a fraction",
      '{"type":"event","length":1.5}',
      'The item\'s "length" is no number of bytes',
      undefined,
    ],
    ["its length is a text", '{"type":"event","length":"3"}', 'The item\'s "length" is no number of bytes', undefined],
    [
      "its length is too small",
      '{"type":"event","length":3}',
      'The item\'s "length" is 3, and no line ends there',
      undefined,
    ],
  ])("with all that follows where %s", (_, header, problem, record) => {
    expect(
      decodeLines(HEADER, '{"type":"event"}', event("a"), header, event("b"), '{"type":"event"}', event("c")),
    ).toEqual({
      entries: [entry("a")],
      refused: [
        {
          at: 1,
          reason: "invalid",
          problem: typeof problem === "string" ? problem : expect.stringMatching(problem),
          record: record ?? JSON.parse(header),
        },
      ],
      operations: ID,
    });
  });
});

describe("an envelope is malformed", () => {
  test.each([
    ["that is empty", "", "The envelope's header is not JSON"],
    ["that begins with an empty line", `\n${HEADER}`, "The envelope's header is not JSON"],
    ["whose header is no JSON", '{"event_id":', "The envelope's header is not JSON"],
    ["whose header is no object", '["a"]\n{"type":"event"}\n{}', "The envelope's header is not a JSON object"],
  ])("%s", (_, body, malformed) => {
    expect(decode(body)).toEqual({ malformed });
  });
});

describe("an envelope is taken", () => {
  test("without items, and without an id that is none", () => {
    expect([decode("{}"), decode('{"event_id":"<script>"}\n')]).toEqual([
      { entries: [], refused: [] },
      { entries: [], refused: [] },
    ]);
  });
});

describe("a log", () => {
  function log(members: object): unknown {
    const decoded = decodeLines("{}", '{"type":"log"}', JSON.stringify({ items: [members] }));
    return "malformed" in decoded ? decoded : decoded.entries[0];
  }

  test.each([
    ["trace", "debug"],
    ["debug", "debug"],
    ["info", "info"],
    ["warn", "warn"],
    ["error", "error"],
    ["fatal", "error"],
  ])("of level %s is %s", (level, expected) => {
    expect(log({ level, body: "b" })).toEqual({ level: expected as "info", message: "b" });
  });

  test("without a known level has that of its severity number", () => {
    expect([1, 8, 9, 12, 13, 16, 17, 24, 25, "9"].map((severity_number) => log({ severity_number }))).toEqual(
      ["debug", "debug", "info", "info", "warn", "warn", "error", "error"]
        .map((level) => ({ level }))
        .concat([{}, {}] as never),
    );
  });

  test("takes its touchpoint from the attribute of that name, the logger's or the segment's", () => {
    const attributes = {
      "sentry.segment.name": { value: "GET /orders", type: "string" },
      "logger.name": { value: "shop.orders", type: "string" },
      touchpoint: { value: "api/orders", type: "string" },
    };
    expect(log({ body: "b", attributes })).toEqual({
      touchpoint: "api/orders",
      message: "b",
      metadata: { "sentry.segment.name": "GET /orders", "logger.name": "shop.orders" },
    });
  });

  test("keeps attributes of every type and any name, and gives those of events their names", () => {
    const attributes = JSON.parse(
      `{"a":{"value":1.5,"type":"double"},"b":{"value":[true],"type":"array"},"c":"plain","__proto__":{"value":"p"},
        "constructor":{"value":"k"},"toString":{"value":null},"sentry.environment":{"value":"production"},
        "sentry.release":{"value":"1.2"},"sentry.trace.parent_span_id":{"value":"b7ad"},"sentry.sdk.name":{"value":"x"}}`,
    ) as object;
    const expected = JSON.parse(
      `{"a":1.5,"b":[true],"c":"plain","__proto__":"p","constructor":"k","toString":null,"environment":"production",
        "release":"1.2","spanId":"b7ad"}`,
    ) as object;
    expect(log({ body: "b", attributes })).toEqual({ message: "b", metadata: expected });
  });

  test("with members of other types says nothing of them", () => {
    expect(log({ level: {}, body: {}, trace_id: [], timestamp: "soon", attributes: 3 })).toEqual({});
  });
});

describe("any bytes", () => {
  test("of an envelope that is cut off or changed are decoded or malformed, and no entry is invented", () => {
    const random = seededRandom(runSeed("sentry corruption"));
    for (let round = 0; round < 400; round++) {
      const bytes = capture(pick(random, CAPTURES));
      const changed = bytes.slice(0, random() < 0.5 ? bytes.length : integer(random, bytes.length));
      for (let count = integer(random, 20); count > 0; count--) {
        changed[integer(random, changed.length)] = random() < 0.3 ? 0x0a : integer(random, 255);
      }
      const decoded = decode(changed);
      if ("malformed" in decoded) continue;
      const places = decoded.refused.map(({ at }) => at);
      expect(places).toEqual(places.toSorted((a, b) => a - b));
      expect(decoded.entries.length + decoded.refused.length).toBeLessThanOrEqual(8);
    }
  });

  test("cost as many times as much as there are times as many", () => {
    const bodies: readonly ((count: number) => string)[] = [
      (count) => `{}\n${"\n".repeat(16 * count)}`,
      (count) => `{}\n${'{"type":"x"}\n\n'.repeat(count)}`,
      (count) => `{}\n${'{"type":"event"}\n{}\n'.repeat(count)}`,
      (count) => `{}\n${'{"type":"event","length":0}\n\n'.repeat(count)}`,
      (count) => `{}\n{"type":"log"}\n{"items":[${'{"body":"b"},'.repeat(count)}0]}`,
      (count) => `{}\n{"type":"event"}\n{"extra":${"[".repeat(4 * count)}`,
      (count) => `{"event_id":"${"0".repeat(16 * count)}`,
      (count) =>
        `{}\n{"type":"event"}\n{"exception":{"values":[${"{},".repeat(2 * count)}{"type":"${"/".repeat(4 * count)}"}]}}`,
      (count) => `{}\n{"type":"event"}\n{"transaction":"${" /:".repeat(4 * count)}"}`,
      (count) =>
        `{}\n{"type":"event"}\n{"message":"m","stacktrace":{"frames":[${'{"filename":"//"},'.repeat(count)}{}]}}`,
      (count) => `{}\n{"type":"event"}\n{"breadcrumbs":[${'{"message":"m"},'.repeat(count)}{}]}`,
    ];
    for (const body of bodies) {
      const [small, large] = [body(2_000), body(16_000)].map((text) => new TextEncoder().encode(text));
      const ratio = cpuRatio(
        () => void decode(large as Uint8Array<ArrayBuffer>),
        () => void decode(small as Uint8Array<ArrayBuffer>),
        // 8 times the bytes; a quadratic cost would be 64 times as much.
        32,
      );
      expect(ratio).toBeLessThan(32);
    }
  });
});
