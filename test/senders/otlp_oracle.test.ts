// The own reader of protobuf against protobufjs, by random bodies: what protobufjs writes is read as the same values
// are in JSON, and what it cannot read is malformed.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Message } from "../support/otlp_messages.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../support/random.ts";
import { installPackages } from "../support/suite_packages.ts";
import { contextOf, OTLP, readable } from "../unit/decode/otlp_bodies.ts";

const BODIES = 300;
const CORRUPTIONS = 20;

/** The messages of opentelemetry-proto 1 as far as the server reads them. */
const MESSAGES = `syntax = "proto3";
message Logs { repeated ResourceLogs resource_logs = 1; }
message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; string schema_url = 3; }
message ScopeLogs { Scope scope = 1; repeated LogRecord log_records = 2; string schema_url = 3; }
message LogRecord { fixed64 time_unix_nano = 1; int32 severity_number = 2; string severity_text = 3; AnyValue body = 5;
  repeated KeyValue attributes = 6; uint32 dropped_attributes_count = 7; fixed32 flags = 8; bytes trace_id = 9;
  bytes span_id = 10; fixed64 observed_time_unix_nano = 11; string event_name = 12; }
message Spans { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
message Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5;
  int32 kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
  uint32 dropped_attributes_count = 10; repeated Event events = 11; uint32 dropped_events_count = 12;
  repeated Link links = 13; uint32 dropped_links_count = 14; Status status = 15; fixed32 flags = 16; }
message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; }
message Link { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4; }
message Status { string message = 2; int32 code = 3; }
message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
message Scope { string name = 1; string version = 2; repeated KeyValue attributes = 3; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3;
  double double_value = 4; ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7; } }
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }`;

/** What is used of protobufjs. */
interface MessageType {
  fromObject(object: object): object;
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
}

const folder = installPackages("senders");
const { default: protobuf } = (await import(join(folder, "node_modules/protobufjs/index.js"))) as {
  default: { parse(text: string): { root: { lookupType(name: string): MessageType } } };
};
const { root } = protobuf.parse(MESSAGES);

const TEXTS = [
  "",
  "a",
  "Zoë 🎉",
  "x".repeat(300),
  "null",
  "0",
  "touchpoint",
  "service.name",
  "log.file.name",
  "message",
];
const INTEGERS = ["0", "-1", "127", "128", "9007199254740993", "-9223372036854775808", "9223372036854775807"];

function idOf(random: Random, bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, () => integer(random, 255)));
}

function valueOf(random: Random, depth: number): Message {
  switch (integer(random, depth > 3 ? 4 : 6)) {
    case 0:
      return { stringValue: pick(random, TEXTS) };
    case 1:
      return { boolValue: random() < 0.5 };
    case 2:
      return { intValue: pick(random, INTEGERS) };
    case 3:
      return { doubleValue: (random() - 0.5) * 10 ** integer(random, 300) };
    case 4:
      return random() < 0.5 ? {} : { bytesValue: idOf(random, integer(random, 9)).toString("base64") };
    case 5:
      return { arrayValue: { values: some(random, () => valueOf(random, depth + 1)) } };
    default:
      return { kvlistValue: { values: attributesOf(random, depth + 1) } };
  }
}

function some<Value>(random: Random, make: () => Value): Value[] {
  return Array.from({ length: integer(random, 4) }, make);
}

function attributesOf(random: Random, depth = 0): Message[] {
  return some(random, () => ({ key: pick(random, TEXTS), value: valueOf(random, depth) }));
}

/** Members that are present by chance; "" is absent in protobuf. */
function sparse(random: Random, message: Message): Message {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== "" && random() < 0.8));
}

function nanoseconds(random: Random): string {
  return (1_795_974_860_000_000_000n + BigInt(integer(random, 2 ** 40))).toString();
}

function logOf(random: Random): Message {
  return sparse(random, {
    timeUnixNano: nanoseconds(random),
    observedTimeUnixNano: nanoseconds(random),
    severityNumber: integer(random, 30) - 3,
    severityText: pick(random, ["", "WARN", "fatal", "notice"]),
    body: valueOf(random, 0),
    attributes: attributesOf(random),
    droppedAttributesCount: integer(random, 3),
    flags: 1,
    traceId: idOf(random, 16).toString("hex"),
    spanId: idOf(random, 8).toString("hex"),
    eventName: pick(random, TEXTS),
  });
}

function spanOf(random: Random): Message {
  return sparse(random, {
    traceId: idOf(random, 16).toString("hex"),
    spanId: idOf(random, 8).toString("hex"),
    parentSpanId: idOf(random, 8).toString("hex"),
    traceState: pick(random, TEXTS),
    name: pick(random, TEXTS),
    kind: integer(random, 6),
    startTimeUnixNano: nanoseconds(random),
    endTimeUnixNano: nanoseconds(random),
    attributes: attributesOf(random),
    events: some(random, () => ({ timeUnixNano: nanoseconds(random), name: "e", attributes: attributesOf(random) })),
    links: some(random, () => ({ traceId: idOf(random, 16).toString("hex"), attributes: attributesOf(random) })),
    droppedLinksCount: integer(random, 2),
    status: sparse(random, { code: integer(random, 2), message: "why" }),
  });
}

function bodyOf(random: Random, isOfSpans: boolean): Message {
  const scope = () =>
    sparse(random, {
      scope: sparse(random, { name: pick(random, TEXTS), version: "1", attributes: attributesOf(random) }),
      [isOfSpans ? "spans" : "logRecords"]: some(random, () => (isOfSpans ? spanOf(random) : logOf(random))),
    });
  const resource = () =>
    sparse(random, {
      resource: { attributes: attributesOf(random) },
      [isOfSpans ? "scopeSpans" : "scopeLogs"]: some(random, scope),
    });
  return { [isOfSpans ? "resourceSpans" : "resourceLogs"]: some(random, resource) };
}

/** As protobufjs takes it: identifiers are bytes. */
function withBytes(value: unknown, name = ""): unknown {
  if (typeof value === "string" && /^(?:trace|span|parentSpan)Id$/.test(name)) return Buffer.from(value, "hex");
  if (Array.isArray(value)) return value.map((element) => withBytes(element));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withBytes(member, key)]));
}

describe.each([
  ["logs", "Logs", false],
  ["traces", "Spans", true],
] as const)("a body of %s", (kind, typeName, isOfSpans) => {
  const type = root.lookupType(typeName);
  const decode = OTLP[kind];

  test("that protobufjs wrote is read as its JSON form is", () => {
    const random = seededRandom(runSeed(`protobufjs, ${kind}`));
    for (let round = 0; round < BODIES; round++) {
      const body = bodyOf(random, isOfSpans);
      const bytes = type.encode(type.fromObject(withBytes(body) as object)).finish();
      const fromJson = readable(decode(JSON.stringify(body), contextOf()));
      expect(readable(decode(new Uint8Array(bytes), contextOf()))).toEqual(fromJson);
    }
  });

  test("that protobufjs cannot read is malformed, unless only its texts are not UTF-8", () => {
    const random = seededRandom(runSeed(`protobufjs, corrupted ${kind}`));
    let refused = 0;
    for (let round = 0; round < BODIES; round++) {
      const bytes = type.encode(type.fromObject(withBytes(bodyOf(random, isOfSpans)) as object)).finish();
      if (bytes.length === 0) continue;
      for (let corruption = 0; corruption < CORRUPTIONS; corruption++) {
        const corrupted = new Uint8Array(bytes);
        corrupted[integer(random, bytes.length - 1)] = integer(random, 255);
        let isRead = true;
        try {
          type.decode(corrupted);
        } catch (error) {
          isRead = error instanceof TypeError;
        }
        if (isRead) continue;
        refused++;
        expect([Buffer.from(corrupted).toString("hex"), decode(corrupted, contextOf())]).toMatchObject([
          expect.any(String),
          { malformed: expect.any(String) },
        ]);
      }
    }
    expect(refused).toBeGreaterThan(100);
  });
});
