// Sentry envelopes: a line of JSON for the envelope, then for each item a line of JSON and a payload, which ends after
// `length` bytes, or at the line's end where no length is given. Events and logs become entries; every other item is
// ignored. An item whose end cannot be known ends the reading, since what follows could be anything.
// Source: https://develop.sentry.dev/sdk/data-model/envelopes/

import type { BodyContent } from "../core/batch.ts";
import type { Entry } from "../core/entry.ts";
import { isJsonObject, type JsonObject, setMember } from "../core/json.ts";
import { REJECTED_ENTRY_LENGTH_MAX } from "../core/limits.ts";
import type { ParseGuard } from "../runtime/parse_guard.ts";
import { type Decode, parseJson, type RefusedRecord } from "./decoded.ts";
import { eventEntry } from "./sentry_event.ts";
import { secondsOf, textOf } from "./sentry_values.ts";
import { levelOf, levelOfSeverity } from "./values.ts";

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const EVENT_ID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/**
 * Decodes an envelope. Its `operations` is the event's id, which the response repeats. `at` counts entries and refused
 * records in the order of the envelope; a log item has as many as it has logs.
 */
export const decodeSentry: Decode = (body, { guard, recordsMax = Number.POSITIVE_INFINITY }) => {
  const bytes = bytesOf(body);
  const headerEnd = lineEnd(bytes, 0);
  const header = parseJson(bytes.toString("utf8", 0, headerEnd), guard, "The envelope's header");
  if ("malformed" in header) return header;
  if (!isJsonObject(header.value)) return { malformed: "The envelope's header is not a JSON object" };
  const envelope: Envelope = { bytes, guard, recordsMax, sdk: header.value["sdk"], entries: [], refused: [] };
  for (let at = headerEnd + 1; at < bytes.length && count(envelope) <= recordsMax; ) {
    if (bytes[at] === LINE_FEED || bytes[at] === CARRIAGE_RETURN) at++;
    else at = readItem(envelope, at);
  }
  const { entries, refused } = envelope;
  const id = header.value["event_id"];
  return typeof id === "string" && EVENT_ID.test(id) ? { entries, refused, operations: id } : { entries, refused };
};

/** What was read so far, and what is needed to read on. */
interface Envelope {
  readonly bytes: Buffer;
  readonly guard: ParseGuard;
  readonly recordsMax: number;
  /** Of the envelope's header, for events that do not name theirs. */
  readonly sdk: unknown;
  readonly entries: Entry[];
  readonly refused: RefusedRecord[];
}

function bytesOf(body: BodyContent): Buffer {
  return typeof body === "string" ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

/** The place of the next line feed, or the end. */
function lineEnd(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(LINE_FEED, from);
  return at === -1 ? bytes.length : at;
}

/** Reads the item that begins there; returns where the next one may begin. */
function readItem(envelope: Envelope, at: number): number {
  const { bytes, guard } = envelope;
  const { length } = bytes;
  const headerEnd = lineEnd(bytes, at);
  const header = parseJson(bytes.toString("utf8", at, headerEnd), guard, "The item's header");
  const problem =
    "malformed" in header
      ? header.malformed
      : isJsonObject(header.value)
        ? undefined
        : "The item's header is not a JSON object";
  if ("malformed" in header || problem !== undefined) {
    refuse(envelope, `${problem}, so what follows is not read`, beginning(bytes, at, headerEnd));
    return length;
  }
  const { type, length: announced } = header.value as JsonObject;
  const from = Math.min(length, headerEnd + 1);
  const end = payloadEnd(bytes, from, announced);
  if (typeof end === "string") {
    refuse(envelope, end, header.value);
    return length;
  }
  if (typeof type !== "string") refuse(envelope, 'The item\'s header has no "type"', header.value);
  else if (type === "event" || type === "log") readPayload(envelope, type, from, end);
  else
    envelope.refused.push({
      at: count(envelope),
      reason: "ignored",
      problem: "It is no event and no log",
      record: type,
    });
  return end + 1;
}

/** Where the payload ends, or why that cannot be known. */
function payloadEnd(bytes: Buffer, from: number, announced: unknown): number | string {
  if (announced === undefined || announced === null) return lineEnd(bytes, from);
  if (typeof announced !== "number" || !Number.isSafeInteger(announced) || announced < 0) {
    return 'The item\'s "length" is no number of bytes';
  }
  const end = from + announced;
  if (end > bytes.length) return `The item's "length" is ${announced}, and ${bytes.length - from} bytes follow`;
  const next = bytes[end];
  const isEnd = next === undefined || next === LINE_FEED || next === CARRIAGE_RETURN;
  return isEnd ? end : `The item's "length" is ${announced}, and no line ends there`;
}

function readPayload(envelope: Envelope, type: "event" | "log", from: number, end: number): void {
  const { bytes, guard } = envelope;
  const what = type === "event" ? "The event" : "The list of logs";
  const parsed = parseJson(bytes.toString("utf8", from, end), guard, what);
  if ("malformed" in parsed) return refuse(envelope, parsed.malformed, beginning(bytes, from, end));
  const { value } = parsed;
  if (!isJsonObject(value)) return refuse(envelope, `${what} is not a JSON object`, value);
  if (type === "event") envelope.entries.push(eventEntry(value, envelope.sdk));
  else readLogs(envelope, value);
}

function readLogs(envelope: Envelope, payload: JsonObject): void {
  const { items } = payload;
  if (!Array.isArray(items)) return refuse(envelope, 'The list of logs has no array "items"', payload);
  for (const item of items as unknown[]) {
    if (count(envelope) > envelope.recordsMax) return;
    if (isJsonObject(item)) envelope.entries.push(logEntry(item));
    else refuse(envelope, "The log is not a JSON object", item);
  }
}

/** Records of the envelope so far. */
function count({ entries, refused }: Envelope): number {
  return entries.length + refused.length;
}

function refuse(envelope: Envelope, problem: string, record: unknown): void {
  envelope.refused.push({ at: count(envelope), reason: "invalid", problem, record });
}

/** As much of a text as a rejection shows. */
function beginning(bytes: Buffer, from: number, end: number): string {
  return bytes.toString("utf8", from, Math.min(end, from + REJECTED_ENTRY_LENGTH_MAX));
}

/** Attributes of logs that have a name of their own in events, which records of both share. */
const ATTRIBUTE_NAMES: Readonly<Record<string, string>> = {
  "sentry.environment": "environment",
  "sentry.release": "release",
  "sentry.trace.parent_span_id": "spanId",
};
/** Attributes that the SDK sets for its own server. */
const UNUSED_ATTRIBUTES: ReadonlySet<string> = new Set([
  "sentry.sdk.name",
  "sentry.sdk.version",
  "sentry.timestamp.sequence",
]);
/** Attributes that name where a log comes from, the first that is there. */
const TOUCHPOINT_ATTRIBUTES = ["touchpoint", "logger.name", "sentry.segment.name"] as const;

function logEntry(log: JsonObject): Entry {
  const attributes = isJsonObject(log["attributes"]) ? log["attributes"] : {};
  const metadata: JsonObject = {};
  const spanId = textOf(log["span_id"]);
  if (spanId !== undefined) metadata["spanId"] = spanId;
  const touchpointName = TOUCHPOINT_ATTRIBUTES.find((name) => textOf(valueOf(attributes[name])) !== undefined);
  for (const name in attributes) {
    if (name === touchpointName || UNUSED_ATTRIBUTES.has(name)) continue;
    const value = valueOf(attributes[name]);
    const known = Object.hasOwn(ATTRIBUTE_NAMES, name) ? ATTRIBUTE_NAMES[name] : undefined;
    if (value !== undefined) setMember(metadata, known ?? name, value);
  }
  const entry: Entry = {};
  const timestamp = secondsOf(log["timestamp"]);
  const message = textOf(log["body"]);
  const key = textOf(log["trace_id"]);
  const level = levelOf(log["level"]) ?? levelOfSeverity(log["severity_number"]);
  if (touchpointName !== undefined) entry.touchpoint = textOf(valueOf(attributes[touchpointName])) as string;
  if (key !== undefined) entry.key = key;
  if (level !== undefined) entry.level = level;
  if (message !== undefined) entry.message = message;
  if (timestamp !== undefined) entry.timestamp = timestamp;
  for (const _ in metadata) return { ...entry, metadata };
  return entry;
}

/** `{"value":…,"type":…}`, or the value itself. */
function valueOf(attribute: unknown): unknown {
  return isJsonObject(attribute) && Object.hasOwn(attribute, "value") ? attribute["value"] : attribute;
}
