// Loki's PushRequest in Protocol Buffers. A stream's labels are read before its lines, wherever they stand. Names of
// structured metadata go through the guard.
// Source: https://github.com/grafana/loki/blob/main/pkg/push/push.proto

import type { AttributeNames } from "./attribute_names.ts";
import { type Labels, parseLabels } from "./loki_labels.ts";
import type { LokiLine, LokiLines } from "./loki_lines.ts";
import { BYTES, ProtobufReader, tagOf, VARINT } from "./protobuf_reader.ts";
import { timeOfNanoseconds } from "./values.ts";

const REQUEST_STREAMS = tagOf(1, BYTES);
const STREAM_LABELS = tagOf(1, BYTES);
const STREAM_ENTRIES = tagOf(2, BYTES);
const ENTRY_TIMESTAMP = tagOf(1, BYTES);
const ENTRY_LINE = tagOf(2, BYTES);
const ENTRY_METADATA = tagOf(3, BYTES);
const TIMESTAMP_SECONDS = tagOf(1, VARINT);
const TIMESTAMP_NANOS = tagOf(2, VARINT);
const PAIR_NAME = tagOf(1, BYTES);
const PAIR_VALUE = tagOf(2, BYTES);

const NANOS_DIGITS = 9;
/** Streams of a body, empty ones too: many times as many as a client sends. */
const STREAMS_MAX = 100_000;

/** Gives the lines of a body; what is wrong with the body, a sentence without its full stop, or undefined. */
export function readPushRequest(
  body: Uint8Array<ArrayBuffer>,
  names: AttributeNames,
  lines: LokiLines,
): string | undefined {
  const reader = new ProtobufReader(body);
  let streams = 0;
  while (reader.at < body.length) {
    const tag = reader.tag();
    if (tag === REQUEST_STREAMS && ++streams > STREAMS_MAX) return `The body has more than ${STREAMS_MAX} streams`;
    if (tag === REQUEST_STREAMS) readStream(reader, reader.end(body.length), names, lines);
    else reader.skip(tag, body.length);
    if (lines.isFull) return reader.problem;
  }
  return reader.problem;
}

function readStream(reader: ProtobufReader, end: number, names: AttributeNames, lines: LokiLines): void {
  let text = "{}";
  const entries: number[] = [];
  while (reader.at < end) {
    const tag = reader.tag();
    if (tag === STREAM_LABELS) text = reader.text(end);
    else if (tag === STREAM_ENTRIES) {
      const entryEnd = reader.end(end);
      entries.push(reader.at, entryEnd);
      reader.at = entryEnd;
    } else reader.skip(tag, end);
  }
  reader.leave(end);
  lines.begin(parseLabels(text, names));
  for (let index = 0; index < entries.length && reader.problem === undefined && !lines.isFull; index += 2) {
    const entryEnd = entries[index + 1] as number;
    reader.at = entries[index] as number;
    const line = readEntry(reader, entryEnd, names);
    lines.push(line, line.line);
  }
  if (reader.problem === undefined) reader.at = end;
}

function readEntry(reader: ProtobufReader, end: number, names: AttributeNames): LokiLine {
  let time: number | undefined;
  let line = "";
  const structured: Labels = {};
  let slots = 0;
  while (reader.at < end) {
    const tag = reader.tag();
    if (tag === ENTRY_TIMESTAMP) time = readTimestamp(reader, reader.end(end));
    else if (tag === ENTRY_LINE) line = reader.text(end);
    else if (tag === ENTRY_METADATA) slots = readPair(reader, reader.end(end), names, structured, slots);
    else reader.skip(tag, end);
  }
  reader.leave(end);
  names.count(slots);
  return { time, line, structured };
}

function readTimestamp(reader: ProtobufReader, end: number): number | undefined {
  let seconds: number | string = 0;
  let nanos: number | string = 0;
  while (reader.at < end) {
    const tag = reader.tag();
    if (tag === TIMESTAMP_SECONDS) seconds = reader.int64();
    else if (tag === TIMESTAMP_NANOS) nanos = reader.int64();
    else reader.skip(tag, end);
  }
  reader.leave(end);
  const digits = String(nanos).padStart(NANOS_DIGITS, "0");
  return digits.length > NANOS_DIGITS ? undefined : timeOfNanoseconds(`${seconds}${digits}`);
}

function readPair(reader: ProtobufReader, end: number, names: AttributeNames, target: Labels, slots: number): number {
  let name = "";
  let value = "";
  while (reader.at < end) {
    const tag = reader.tag();
    if (tag === PAIR_NAME) {
      const nameEnd = reader.end(end);
      name = names.ofBytes(reader.bytes, reader.at, nameEnd);
      reader.at = nameEnd;
    } else if (tag === PAIR_VALUE) value = reader.text(end);
    else reader.skip(tag, end);
  }
  reader.leave(end);
  return names.set(target, name, value, slots);
}
