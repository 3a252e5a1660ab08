// Loki's push: streams of lines under labels, as JSON in two forms or as Protocol Buffers. Each line becomes an entry
// at its own time: see loki_lines.ts.
// Source: https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs

import { isJsonObject, type JsonObject } from "../core/json.ts";
import { AttributeNames } from "./attribute_names.ts";
import { type Decode, type DecodeContext, type Decoded, parseJson } from "./decoded.ts";
import { parseLabels } from "./loki_labels.ts";
import { LokiLines } from "./loki_lines.ts";
import { readPushRequest } from "./loki_protobuf.ts";
import { timeOf, timeOfNanoseconds } from "./values.ts";

const BRACE = 123;

/** Makes the decoder of one thread. */
export function lokiDecoder(): Decode {
  const names = new AttributeNames();
  return (body, context) => {
    names.begin(context.guard, body.length);
    return typeof body === "string" ? decodeJson(body, context, names) : decodeBytes(body, context, names);
  };
}

/** No field of Protocol Buffers begins with a brace, so JSON is told from it. */
function decodeBytes(body: Uint8Array<ArrayBuffer>, context: DecodeContext, names: AttributeNames): Decoded {
  if (body[0] === BRACE) return decodeJson(new TextDecoder().decode(body), context, names);
  const lines = new LokiLines(context);
  const problem = readPushRequest(body, names, lines) ?? names.refusal;
  return problem === undefined ? lines.decoded(context) : { malformed: problem };
}

function decodeJson(text: string, context: DecodeContext, names: AttributeNames): Decoded {
  const parsed = parseJson(text, context.guard);
  if ("malformed" in parsed) return parsed;
  const streams = isJsonObject(parsed.value) ? parsed.value["streams"] : undefined;
  if (!Array.isArray(streams)) return { malformed: 'The body is not an object with an array "streams"' };
  const lines = new LokiLines(context);
  for (const stream of streams as unknown[]) {
    if (lines.isFull) break;
    if (isJsonObject(stream)) takeStream(stream, names, lines);
    else lines.refuse("A stream is not an object", stream);
  }
  return names.refusal === undefined ? lines.decoded(context) : { malformed: names.refusal };
}

/** The newer form has labels as an object and lines as arrays, the older one labels as a text and lines as objects. */
function takeStream(stream: JsonObject, names: AttributeNames, lines: LokiLines): void {
  const { stream: object, labels: text, values, entries } = stream;
  const labels = object ?? text ?? {};
  const list = values ?? entries;
  if (!Array.isArray(list)) {
    lines.refuse('A stream has no array "values"', stream);
    return;
  }
  lines.begin(typeof labels === "string" ? parseLabels(labels, names) : isJsonObject(labels) ? labels : undefined);
  for (const line of list as unknown[]) {
    if (lines.isFull) return;
    takeLine(line, lines);
  }
}

function takeLine(record: unknown, lines: LokiLines): void {
  const isArray = Array.isArray(record);
  if (!isArray && !isJsonObject(record)) {
    lines.refuse("A line is not an array of its timestamp and its text", record);
    return;
  }
  const [at, line, structured = {}]: unknown[] = isArray
    ? record
    : [record["ts"], record["line"], record["structuredMetadata"]];
  if (typeof line !== "string") lines.refuse("A line is not a text", record);
  else if (!isJsonObject(structured)) lines.refuse("The structured metadata of a line is not an object", record);
  else lines.push({ time: timeOfLine(at), line, structured }, record);
}

/** Nanoseconds; of the older form ISO 8601. */
function timeOfLine(at: unknown): number | undefined {
  if (typeof at === "number") return Number.isInteger(at) ? timeOfNanoseconds(String(at)) : undefined;
  if (typeof at !== "string") return undefined;
  return at.includes("-") ? timeOf(at) : timeOfNanoseconds(at);
}
