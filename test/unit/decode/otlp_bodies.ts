// Bodies of OTLP for the unit tests, decoded in both forms.

import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Entry } from "../../../src/core/entry.ts";
import type { Decoded, DecodedBatch } from "../../../src/decode/decoded.ts";
import { createOtlp } from "../../../src/decode/otlp.ts";
import { ParseGuard } from "../../../src/runtime/parse_guard.ts";
import { logsBody, logsBytes, type Message, spansBody, spansBytes } from "../../support/otlp_messages.ts";

const FIXTURES = join(import.meta.dir, "../../fixtures/otlp");

/** Of the default settings. */
export const OTLP = createOtlp({ resource: undefined });

export function contextOf(guard = new ParseGuard()) {
  return { query: new URLSearchParams(), guard, receivedAt: 1_795_974_861_000 };
}

export function readable(decoded: Decoded): DecodedBatch {
  if ("malformed" in decoded) throw new Error(decoded.malformed);
  return decoded;
}

/** Decodes a body of logs in both forms, which have to give the same. */
export function decodeLogs(body: Message, otlp = OTLP): DecodedBatch {
  const fromJson = readable(otlp.logs(JSON.stringify(body), contextOf()));
  expect(readable(otlp.logs(logsBytes(body), contextOf()))).toEqual(fromJson);
  return fromJson;
}

export function decodeSpans(body: Message, otlp = OTLP): DecodedBatch {
  const fromJson = readable(otlp.traces(JSON.stringify(body), contextOf()));
  expect(readable(otlp.traces(spansBytes(body), contextOf()))).toEqual(fromJson);
  return fromJson;
}

/** The entry of one log record, in both forms. */
export function logEntry(record: Message, resource: Message = {}, scope: Message = {}, otlp = OTLP): Entry {
  const { entries, refused } = decodeLogs(logsBody([record], resource, scope), otlp);
  expect([entries.length, refused]).toEqual([1, []]);
  return entries[0] as Entry;
}

/** The entry of one span; what it lacks of its times is set. */
export function spanEntry(span: Message, resource: Message = {}, scope: Message = {}): Entry {
  const times = { startTimeUnixNano: "1795974860745000000", endTimeUnixNano: "1795974860746753619" };
  const { entries, refused } = decodeSpans(spansBody([{ ...times, ...span }], resource, scope));
  expect([entries.length, refused]).toEqual([1, []]);
  return entries[0] as Entry;
}

/** A body as a sender sent it, decompressed: text where it is JSON. */
export function fixture(name: string): string | Uint8Array<ArrayBuffer> {
  const stored = readFileSync(join(FIXTURES, name));
  const bytes = name.endsWith(".gz") ? gunzipSync(stored) : stored;
  return name.includes(".json") ? bytes.toString("utf8") : new Uint8Array(bytes);
}

export const FIXTURE_NAMES = [
  "js_logs.pb",
  "js_logs.json.gz",
  "js_traces.pb",
  "js_traces.json.gz",
  "python_logs.pb",
  "python_traces.pb",
  "collector_logs.pb.gz",
  "pino_logs.json",
  "pino_logs.pb",
];

export function decodeFixture(name: string, body: string | Uint8Array<ArrayBuffer> = fixture(name)): Decoded {
  return (name.includes("traces") ? OTLP.traces : OTLP.logs)(body, contextOf());
}
