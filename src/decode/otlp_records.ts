// From a log record or a span of OpenTelemetry, read from either form, to an entry. A reader fills the fields of one
// record after another; the entry is made of them here.
// Source: https://opentelemetry.io/docs/specs/otel/logs/data-model/ and the messages of opentelemetry-proto 1.x

import type { Entry } from "../core/entry.ts";
import { isJsonObject, type JsonObject, setMember } from "../core/json.ts";
import { OTLP_DEPTH_MAX } from "../core/limits.ts";
import { TOUCHPOINT_LENGTH_MAX } from "../core/touchpoint.ts";
import type { RefusedRecord } from "./decoded.ts";
import { type Scope, textOf } from "./otlp_scope.ts";
import { levelOf, levelOfSeverity } from "./values.ts";

/** What stands for a deeper value in a record that is refused for it. */
export const TOO_DEEP = "…";
/** Bytes of an identifier: 16 and 8 are usual. */
export const ID_BYTES_MAX = 32;

const NS_PER_MS = 1_000_000;
/** Members of a map that can be the message, the first that is a text, a number or a boolean. */
const MESSAGES = ["message", "msg", "log"] as const;
const ZEROS = /^0*$/;
/** Kinds of spans by their number. */
const KINDS = [undefined, "internal", "server", "client", "producer", "consumer"];
const SERVER = 2;
const STATUS_ERROR = 2;

/** Parameters of routes: ":id" with what may follow it, and "{id}" in the ways of several frameworks. */
const COLON_PARAMETER = /(^|[/.(-]):(\w+)(?:\([^()]*\))?[?*+]?/g;
const BRACE_PARAMETER = /\{\**(\w+)[^{}]*(?:\{[^{}]*\}[^{}]*)*\}/g;

/** What both kinds of record have, as their reader fills it. Instants are whole Unix ms and the ns beyond them. */
export class RecordFields {
  /** Its attributes over those that its scope shares; undefined where it has none of its own. */
  metadata: JsonObject | undefined;
  /** Slots that an object with both needs. */
  slots = 0;
  /** By the attribute of this name. */
  touchpoint: string | undefined;
  /** Hexadecimal digits. */
  traceId = "";
  spanId = "";
  droppedAttributes = 0;
  /** Whether a value nests deeper than OTLP_DEPTH_MAX. */
  isTooDeep = false;
  /** What else is wrong with it, a sentence without its full stop. */
  problem: string | undefined;

  protected resetRecord(slots: number): void {
    this.metadata = undefined;
    this.slots = slots;
    this.touchpoint = undefined;
    this.traceId = "";
    this.spanId = "";
    this.droppedAttributes = 0;
    this.isTooDeep = false;
    this.problem = undefined;
  }
}

/** A log record. */
export class LogFields extends RecordFields {
  ms = 0;
  ns = 0;
  observedMs = 0;
  observedNs = 0;
  severityNumber = 0;
  severityText = "";
  /** Undefined where it has none. */
  body: unknown;
  eventName = "";

  reset(scope: Scope): void {
    this.resetRecord(scope.slots);
    this.ms = 0;
    this.ns = 0;
    this.observedMs = 0;
    this.observedNs = 0;
    this.severityNumber = 0;
    this.severityText = "";
    this.body = undefined;
    this.eventName = "";
  }
}

/** A span. */
export class SpanFields extends RecordFields {
  startMs = 0;
  startNs = 0;
  endMs = 0;
  endNs = 0;
  parentSpanId = "";
  traceState = "";
  name = "";
  kind = 0;
  statusCode = 0;
  statusMessage = "";
  /** The first OTLP_EVENTS_MAX and OTLP_LINKS_MAX, and how many there are beyond, those that the sender left out included. */
  events: JsonObject[] = [];
  links: JsonObject[] = [];
  droppedEvents = 0;
  droppedLinks = 0;

  reset(scope: Scope): void {
    this.resetRecord(scope.slots);
    this.startMs = 0;
    this.startNs = 0;
    this.endMs = 0;
    this.endNs = 0;
    this.parentSpanId = "";
    this.traceState = "";
    this.name = "";
    this.kind = 0;
    this.statusCode = 0;
    this.statusMessage = "";
    if (this.events.length > 0) this.events = [];
    if (this.links.length > 0) this.links = [];
    this.droppedEvents = 0;
    this.droppedLinks = 0;
  }
}

/** Resources and scopes of a body, many times as many as a Collector joins. */
const ORIGINS_MAX = 100_000;

/** What becomes of the records of one body. */
export class RecordList {
  readonly entries: Entry[] = [];
  readonly refused: RefusedRecord[] = [];
  readonly #recordsMax: number;
  #origins = 0;

  /** A body with more records than `recordsMax` is read no further. */
  constructor(recordsMax: number) {
    this.#recordsMax = recordsMax;
  }

  /** Whether the body has more records than it may have. */
  get isFull(): boolean {
    return this.#next() > this.#recordsMax;
  }

  /** Counts a resource or a scope; what is wrong where there are too many. */
  addOrigin(): string | undefined {
    this.#origins++;
    return this.#origins > ORIGINS_MAX ? `The body has more than ${ORIGINS_MAX} resources and scopes` : undefined;
  }

  addLog(fields: LogFields, scope: Scope): void {
    this.#add(logEntry(fields, scope), fields.isTooDeep || scope.isTooDeep, fields.problem);
  }

  addSpan(fields: SpanFields, scope: Scope): void {
    let problem = fields.problem;
    if (isUnset(fields.startMs, fields.startNs)) problem ??= "startTimeUnixNano is missing";
    if (isUnset(fields.endMs, fields.endNs)) problem ??= "endTimeUnixNano is missing";
    this.#add(spanEntry(fields, scope), fields.isTooDeep || scope.isTooDeep, problem);
  }

  /** Refuses a record that could not be read. */
  refuse(problem: string, record: unknown): void {
    this.refused.push({ at: this.#next(), reason: "invalid", problem, record });
  }

  #add(entry: Entry, isTooDeep: boolean, problem: string | undefined): void {
    if (isTooDeep) {
      const tooDeep = `A value nests deeper than ${OTLP_DEPTH_MAX} levels`;
      this.refused.push({ at: this.#next(), reason: "too_deep", problem: tooDeep, record: entry });
    } else if (problem === undefined) this.entries.push(entry);
    else this.refuse(problem, entry);
  }

  #next(): number {
    return this.entries.length + this.refused.length;
  }
}

/** An entry while it is made. */
type NewEntry = { -readonly [Name in keyof Entry]: Entry[Name] };

function logEntry(fields: LogFields, scope: Scope): Entry {
  const entry: NewEntry = {};
  if (!isUnset(fields.ms, fields.ns)) entry.timestamp = instantOf(fields.ms, fields.ns);
  else if (!isUnset(fields.observedMs, fields.observedNs)) {
    entry.timestamp = instantOf(fields.observedMs, fields.observedNs);
  }
  const { severityText, eventName } = fields;
  const level = levelOfSeverity(fields.severityNumber) ?? levelOf(severityText);
  if (level !== undefined) entry.level = level;
  if (isId(fields.traceId)) entry.key = fields.traceId;
  let { metadata } = fields;
  const add = (name: string, value: unknown) => {
    metadata ??= { ...scope.shared };
    setMember(metadata, name, value);
  };
  if (isId(fields.spanId)) add("spanId", fields.spanId);
  if (severityText !== "" && severityText.toLowerCase() !== level) add("severityText", severityText);

  let message: string | undefined;
  const { body } = fields;
  if (isJsonObject(body)) {
    const taken = MESSAGES.find((name) => Object.hasOwn(body, name) && isPlain(body[name]));
    if (taken !== undefined) message = String(body[taken]);
    for (const name in body) {
      if (name !== taken && !(metadata !== undefined && Object.hasOwn(metadata, name))) add(name, body[name]);
    }
  } else if (body !== undefined && body !== null) message = typeof body === "string" ? body : JSON.stringify(body);
  if (eventName !== "") {
    if (message === undefined || message === "") message = eventName;
    else add("eventName", eventName);
  }
  if (message !== undefined) entry.message = message;
  const dropped = fields.droppedAttributes + scope.dropped;
  if (dropped > 0) add("droppedAttributes", dropped);

  metadata ??= scope.shared;
  if (metadata !== undefined) entry.metadata = metadata;
  const touchpoint =
    fields.touchpoint ?? scope.touchpoint ?? joined(scope.service, scope.name) ?? textOf(metadata?.["log.file.name"]);
  if (touchpoint !== undefined) entry.touchpoint = touchpoint;
  return entry;
}

function spanEntry(fields: SpanFields, scope: Scope): Entry {
  const entry: NewEntry = {
    startTime: instantOf(fields.startMs, fields.startNs),
    endTime: instantOf(fields.endMs, fields.endNs),
    duration: durationOf(fields),
  };
  if (fields.statusCode === STATUS_ERROR) entry.level = "error";
  if (isId(fields.traceId)) entry.key = fields.traceId;
  const metadata = fields.metadata ?? { ...scope.shared };
  const route = fields.kind === SERVER ? routeOf(metadata["http.route"]) : undefined;
  const touchpoint = fields.touchpoint ?? scope.touchpoint ?? joined(scope.service, route ?? textOf(fields.name));
  if (touchpoint !== undefined) entry.touchpoint = touchpoint;
  const isNamed = route === undefined && fields.touchpoint === undefined && scope.touchpoint === undefined;
  if (!isNamed && fields.name !== "") entry.message = fields.name;

  if (isId(fields.spanId)) metadata["spanId"] = fields.spanId;
  if (isId(fields.parentSpanId)) metadata["parentSpanId"] = fields.parentSpanId;
  const kind = KINDS[fields.kind];
  if (kind !== undefined) metadata["kind"] = kind;
  if (fields.statusMessage !== "") metadata["statusMessage"] = fields.statusMessage;
  if (fields.traceState !== "") metadata["traceState"] = fields.traceState;
  if (fields.events.length > 0) metadata["events"] = fields.events;
  if (fields.links.length > 0) metadata["links"] = fields.links;
  if (fields.droppedEvents > 0) metadata["droppedEvents"] = fields.droppedEvents;
  if (fields.droppedLinks > 0) metadata["droppedLinks"] = fields.droppedLinks;
  const dropped = fields.droppedAttributes + scope.dropped;
  if (dropped > 0) metadata["droppedAttributes"] = dropped;
  entry.metadata = metadata;
  return entry;
}

/** An event of a span; `attributes` is undefined where it has none. */
export function eventOf(name: string, ms: number, ns: number, attributes: JsonObject | undefined): JsonObject {
  const event: JsonObject = { name };
  if (!isUnset(ms, ns)) event["time"] = instantOf(ms, ns);
  if (attributes !== undefined) event["attributes"] = attributes;
  return event;
}

/** A link of a span to another one. */
export function linkOf(
  traceId: string,
  spanId: string,
  traceState: string,
  attributes: JsonObject | undefined,
): JsonObject {
  const link: JsonObject = { traceId, spanId };
  if (traceState !== "") link["traceState"] = traceState;
  if (attributes !== undefined) link["attributes"] = attributes;
  return link;
}

function isUnset(ms: number, ns: number): boolean {
  return ms === 0 && ns === 0;
}

function instantOf(ms: number, ns: number): number {
  return ms + ns / NS_PER_MS;
}

/** Milliseconds, rounded once: the difference of the nanoseconds is exact for a span of up to 104 days. */
function durationOf({ startMs, startNs, endMs, endNs }: SpanFields): number {
  const ns = (endMs - startMs) * NS_PER_MS + (endNs - startNs);
  return Number.isSafeInteger(ns) ? ns / NS_PER_MS : endMs - startMs + (endNs - startNs) / NS_PER_MS;
}

/** Whether an identifier is one: neither absent nor zero. */
function isId(id: string): boolean {
  return !ZEROS.test(id);
}

function isPlain(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function joined(service: string | undefined, name: string | undefined): string | undefined {
  if (service === undefined) return name;
  return name === undefined ? service : `${service}/${name}`;
}

/** A route as touchpoints write it: "/orders/:id" is "orders/[id]". Undefined for what is none, or the root. */
function routeOf(value: unknown): string | undefined {
  const route = textOf(value);
  if (route === undefined || route === "/") return undefined;
  const path = route.startsWith("/") ? route.slice(1) : route;
  if (path.length > TOUCHPOINT_LENGTH_MAX) return path;
  return path.replaceAll(COLON_PARAMETER, "$1[$2]").replaceAll(BRACE_PARAMETER, "[$1]");
}
