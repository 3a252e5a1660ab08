// A body with more records than a request may have is read no further: what it costs does not grow with their number.

import { describe, expect, test } from "bun:test";
import type { BodyContent } from "../../../src/core/batch.ts";
import { type Decoders, decodersOf } from "../../../src/decode/decoders.ts";
import { ParseGuard } from "../../../src/runtime/parse_guard.ts";

const RECORDS_MAX = 5;

/** A field of Protocol Buffers with these bytes. */
function field(number: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = [number * 8 + 2];
  let { length } = bytes;
  for (; length > 127; length = Math.floor(length / 128)) head.push((length % 128) | 128);
  return new Uint8Array(Buffer.concat([new Uint8Array([...head, length]), bytes]));
}

function repeated(bytes: readonly number[], count: number): Uint8Array {
  return new Uint8Array(Array.from({ length: count }, () => bytes).flat());
}

const list = (text: string, count: number) => Array.from({ length: count }, () => text).join(",");

const BODIES: readonly [name: string, protocol: keyof Decoders, body: (count: number) => BodyContent][] = [
  ["OTLP logs in protobuf", "otlp_logs", (count) => field(1, field(2, repeated([0x12, 0], count)))],
  ["OTLP logs in protobuf, each in a scope", "otlp_logs", (count) => field(1, repeated([0x12, 2, 0x12, 0], count))],
  ["OTLP logs in protobuf, each in a resource", "otlp_logs", (n) => repeated([0x0a, 4, 0x12, 2, 0x12, 0], n) as never],
  ["OTLP spans in protobuf", "otlp_traces", (count) => field(1, field(2, repeated([0x12, 0], count)))],
  [
    "OTLP logs in JSON",
    "otlp_logs",
    (count) => `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${list("{}", count)}]}]}]}`,
  ],
  [
    "OTLP logs in JSON, each in a resource",
    "otlp_logs",
    (count) => `{"resourceLogs":[${list('{"scopeLogs":[{"logRecords":[{}]}]}', count)}]}`,
  ],
  ["lines of text", "ingest", (count) => "a\n".repeat(count)],
  ["lines of JSON", "ingest", (count) => '{"a":1}\n'.repeat(count)],
  ["lines that are none", "ingest", (count) => "{\n".repeat(count)],
  ["an array", "ingest", (count) => `[${list("{}", count)}]`],
  ["bulk actions", "elasticsearch", (count) => '{"index":{}}\n{"a":1}\n'.repeat(count)],
  ["bulk actions that are refused", "elasticsearch", (count) => '{"delete":{}}\n'.repeat(count)],
  ["lines of a stream", "loki", (count) => `{"streams":[{"stream":{},"values":[${list('["1","a"]', count)}]}]}`],
  ["streams of a line", "loki", (n) => `{"streams":[${list('{"stream":{},"values":[["1","a"]]}', n)}]}`],
  ["lines of a stream in protobuf", "loki", (count) => field(1, repeated([0x12, 0], count))],
  ["items of an envelope", "sentry", (count) => Buffer.from(`{}\n${'{"type":"session"}\n{}\n'.repeat(count)}`)],
  ["logs of an envelope", "sentry", (n) => Buffer.from(`{}\n{"type":"log"}\n{"items":[${list("{}", n)}]}\n`)],
];

/** A record with so many attributes, each of another name. */
function attributes(count: number): Uint8Array<ArrayBuffer> {
  const fields = Array.from({ length: count }, (_, index) => field(6, field(1, Buffer.from(`n${index}`))));
  return field(1, field(2, field(2, Buffer.concat(fields))));
}

const keys = (count: number) => Array.from({ length: count }, (_, index) => `{"key":"n${index}"}`).join(",");

/** How many records are read of so many. */
function readOf(protocol: keyof Decoders, body: BodyContent): number {
  const context = { query: new URLSearchParams(), guard: new ParseGuard(), receivedAt: 0, recordsMax: RECORDS_MAX };
  const decoded = decodersOf({})[protocol](body, context);
  if ("malformed" in decoded) throw new Error(decoded.malformed);
  return decoded.entries.length + decoded.refused.length;
}

describe("one record more than allowed is read at most", () => {
  test.each(BODIES)("of %s", (_, protocol, body) => {
    const counts = [1, RECORDS_MAX, RECORDS_MAX + 1, 1_000];
    expect(counts.map((count) => readOf(protocol, body(count)))).toEqual([1, 5, 6, 6]);
  });
});

describe("a body is refused", () => {
  const empty = (protocol: keyof Decoders, bytes: readonly number[], count: number) => () =>
    readOf(protocol, repeated(bytes, count) as Uint8Array<ArrayBuffer>);

  test("with more empty resources than anybody sends", () => {
    expect(empty("otlp_logs", [0x0a, 0], 1_000)()).toBe(0);
    expect(empty("otlp_logs", [0x0a, 0], 100_001)).toThrow("more than 100000 resources and scopes");
  });

  test.each([
    ["protobuf", (count: number) => attributes(count)],
    ["JSON", (count: number) => `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[${keys(count)}]}]}]}]}`],
  ] as [string, (count: number) => BodyContent][])(
    "with more different names than 10,000 records have, in %s",
    (_, body) => {
      expect(readOf("otlp_logs", body(1_000))).toBe(1);
      expect(() => readOf("otlp_logs", body(262_145))).toThrow("more than 262144 names");
    },
  );

  test("with more empty streams than anybody sends", () => {
    expect(empty("loki", [0x0a, 0], 1_000)()).toBe(0);
    expect(empty("loki", [0x0a, 0], 100_001)).toThrow("more than 100000 streams");
  });
});
