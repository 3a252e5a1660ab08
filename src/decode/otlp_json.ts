// Reads the JSON form of OTLP bodies, logs and spans. Names in lowerCamelCase or as the protobuf files have them,
// identifiers in hexadecimal digits, enums as numbers or by name, integers of 64 bits as text or number. Null is an
// absent member, and unknown ones are ignored. A record that is not well formed is refused alone.
// Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding

import { isJsonObject, type JsonObject } from "../core/json.ts";
import { OTLP_DEPTH_MAX, OTLP_EVENTS_MAX, OTLP_LINKS_MAX } from "../core/limits.ts";
import type { AttributeNames } from "./attribute_names.ts";
import { eventOf, ID_BYTES_MAX, LogFields, linkOf, RecordList, SpanFields, TOO_DEEP } from "./otlp_records.ts";
import {
  NO_ORIGIN,
  type Origin,
  type Resource,
  type ResourceFilter,
  resourceOf,
  type Scope,
  scopeOf,
  TOUCHPOINT,
} from "./otlp_scope.ts";

const HEX = /^(?:[0-9a-f]{2})*$/i;
const INTEGER = /^-?\d{1,20}$/;
const DIGITS = /^\d{1,20}$/;
const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const PLAIN_BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const NOT_FINITE: ReadonlySet<unknown> = new Set(["NaN", "Infinity", "-Infinity"]);
/** A number of nanoseconds without its last digits is one of ms. */
const NS_DIGITS = 6;
const UINT64_MAX = 2n ** 64n - 1n;
const INT64_MAX = 2n ** 63n - 1n;
const NUMBER_LENGTH_MAX = 400;

const SEVERITY = /^SEVERITY_NUMBER_(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)([234])?$/;
const SEVERITIES = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const KINDS = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
const STATUSES = ["UNSET", "OK", "ERROR"];

/** Reads one body, which is what JSON.parse gave. */
export class OtlpJson {
  readonly #names: AttributeNames;
  readonly #filter: ResourceFilter;
  readonly #isOfSpans: boolean;
  readonly #list: RecordList;
  readonly #log = new LogFields();
  readonly #span = new SpanFields();
  /** Of the record that is being read. */
  #isTooDeep = false;
  #problem: string | undefined;
  /** The last instant: whole Unix ms, and the ns beyond them. */
  #ms = 0;
  #ns = 0;

  /** As the list, it reads no further than one record more than `recordsMax`. */
  constructor(
    names: AttributeNames,
    filter: ResourceFilter,
    isOfSpans: boolean,
    recordsMax = Number.POSITIVE_INFINITY,
  ) {
    this.#list = new RecordList(recordsMax);
    this.#names = names;
    this.#filter = filter;
    this.#isOfSpans = isOfSpans;
  }

  /** The body's records, or what is wrong with it. */
  read(body: unknown): RecordList | string {
    if (!isJsonObject(body)) return "The body is no JSON object";
    const name = this.#isOfSpans ? "resourceSpans" : "resourceLogs";
    const resources = listOf(member(body, name));
    if (resources === undefined) return `${name} is no array`;
    for (const resource of resources) {
      if (!isJsonObject(resource)) return `${name} has an element that is no object`;
      const problem = this.#list.addOrigin() ?? this.#resource(resource);
      if (problem !== undefined) return problem;
      if (this.#list.isFull) return this.#list;
    }
    return this.#names.refusal ?? this.#list;
  }

  #resource(resourceRecords: JsonObject): string | undefined {
    const origin = this.#origin(resourceRecords["resource"]);
    if (typeof origin === "string") return origin;
    const resource = resourceOf(origin, this.#filter, this.#names);
    const name = this.#isOfSpans ? "scopeSpans" : "scopeLogs";
    const scopes = listOf(member(resourceRecords, name));
    if (scopes === undefined) return `${name} is no array`;
    for (const scope of scopes) {
      if (!isJsonObject(scope)) return `${name} has an element that is no object`;
      const problem = this.#list.addOrigin() ?? this.#scope(scope, resource);
      if (problem !== undefined || this.#list.isFull) return problem;
    }
    return undefined;
  }

  #scope(scopeRecords: JsonObject, resource: Resource): string | undefined {
    const origin = this.#origin(scopeRecords["scope"]);
    if (typeof origin === "string") return origin;
    const scope = scopeOf(resource, origin, this.#names, this.#isOfSpans);
    const name = this.#isOfSpans ? "spans" : "logRecords";
    const records = listOf(member(scopeRecords, name));
    if (records === undefined) return `${name} is no array`;
    for (const record of records) {
      if (this.#names.refusal !== undefined) return this.#names.refusal;
      if (this.#list.isFull) return undefined;
      this.#isTooDeep = false;
      this.#problem = undefined;
      if (!isJsonObject(record)) this.#list.refuse("The record is no object", record);
      else if (this.#isOfSpans) this.#readSpan(record, scope);
      else this.#readLog(record, scope);
    }
    return undefined;
  }

  /** A resource or a scope. */
  #origin(value: unknown): Origin | string {
    if (isAbsent(value)) return NO_ORIGIN;
    if (!isJsonObject(value)) return "A resource or a scope is no object";
    this.#isTooDeep = false;
    this.#problem = undefined;
    const attributes: JsonObject = {};
    const slots = this.#attributes(value["attributes"], attributes, 0, 0);
    const name = this.#text(value, "name");
    this.#names.count(slots);
    return this.#problem ?? { name, attributes, isTooDeep: this.#isTooDeep };
  }

  #readLog(record: JsonObject, scope: Scope): void {
    const log = this.#log;
    log.reset(scope);
    this.#instant(record, "timeUnixNano");
    log.ms = this.#ms;
    log.ns = this.#ns;
    if (log.ms === 0 && log.ns === 0) {
      this.#instant(record, "observedTimeUnixNano");
      log.observedMs = this.#ms;
      log.observedNs = this.#ns;
    }
    log.severityNumber = severityOf(member(record, "severityNumber"));
    log.severityText = this.#text(record, "severityText");
    const body = record["body"];
    if (!isAbsent(body)) log.body = this.#value(body, 0);
    this.#recordAttributes(record, log, scope);
    log.traceId = this.#id(record, "traceId");
    log.spanId = this.#id(record, "spanId");
    log.eventName = this.#text(record, "eventName");
    this.#names.count(log.slots);
    log.isTooDeep = this.#isTooDeep;
    log.problem = this.#problem;
    this.#list.addLog(log, scope);
  }

  #readSpan(record: JsonObject, scope: Scope): void {
    const span = this.#span;
    span.reset(scope);
    span.traceId = this.#id(record, "traceId");
    span.spanId = this.#id(record, "spanId");
    span.traceState = this.#text(record, "traceState");
    span.parentSpanId = this.#id(record, "parentSpanId");
    span.name = this.#text(record, "name");
    span.kind = enumOf(record["kind"], KINDS, "SPAN_KIND_");
    this.#instant(record, "startTimeUnixNano");
    span.startMs = this.#ms;
    span.startNs = this.#ns;
    this.#instant(record, "endTimeUnixNano");
    span.endMs = this.#ms;
    span.endNs = this.#ns;
    this.#recordAttributes(record, span, scope);
    const { status } = record;
    if (isJsonObject(status)) {
      span.statusCode = enumOf(status["code"], STATUSES, "STATUS_CODE_");
      span.statusMessage = this.#text(status, "message");
    } else if (!isAbsent(status)) this.#wrong("status is no object");
    const events = this.#objects(record, "events");
    for (const event of events.slice(0, OTLP_EVENTS_MAX)) span.events.push(this.#event(event));
    span.droppedEvents = countOf(member(record, "droppedEventsCount")) + Math.max(0, events.length - OTLP_EVENTS_MAX);
    const links = this.#objects(record, "links");
    for (const link of links.slice(0, OTLP_LINKS_MAX)) span.links.push(this.#link(link));
    span.droppedLinks = countOf(member(record, "droppedLinksCount")) + Math.max(0, links.length - OTLP_LINKS_MAX);
    this.#names.count(span.slots);
    span.isTooDeep = this.#isTooDeep;
    span.problem = this.#problem;
    this.#list.addSpan(span, scope);
  }

  #event(event: JsonObject): JsonObject {
    this.#instant(event, "timeUnixNano");
    const ms = this.#ms;
    const ns = this.#ns;
    return eventOf(this.#text(event, "name"), ms, ns, this.#ownAttributes(event));
  }

  #link(link: JsonObject): JsonObject {
    const attributes = this.#ownAttributes(link);
    return linkOf(this.#id(link, "traceId"), this.#id(link, "spanId"), this.#text(link, "traceState"), attributes);
  }

  /** The attributes of an event or a link; undefined where it has none. */
  #ownAttributes(object: JsonObject): JsonObject | undefined {
    const list = object["attributes"];
    if (isAbsent(list) || (Array.isArray(list) && list.length === 0)) return undefined;
    const attributes: JsonObject = {};
    this.#names.count(this.#attributes(list, attributes, 0, 0));
    return attributes;
  }

  #recordAttributes(record: JsonObject, fields: LogFields | SpanFields, scope: Scope): void {
    const list = record["attributes"];
    fields.droppedAttributes = countOf(member(record, "droppedAttributesCount"));
    if (isAbsent(list) || (Array.isArray(list) && list.length === 0)) return;
    fields.metadata = { ...scope.shared };
    fields.slots = this.#attributes(list, fields.metadata, fields.slots, 0, fields);
  }

  /** Sets members of `target`, which needed `slots`, and gives the slots that it needs then. */
  #attributes(
    value: unknown,
    target: JsonObject,
    slots: number,
    depth: number,
    record?: LogFields | SpanFields,
  ): number {
    const list = listOf(value);
    if (list === undefined) this.#wrong("attributes are no array");
    let most = slots;
    for (const attribute of list ?? []) {
      if (this.#names.refusal !== undefined) return most;
      if (!isJsonObject(attribute)) {
        this.#wrong("an attribute is no object");
        continue;
      }
      const key = attribute["key"];
      const given = attribute["value"];
      if (typeof key !== "string" && !isAbsent(key)) this.#wrong("an attribute's key is no text");
      const content = isAbsent(given) ? null : this.#value(given, depth);
      const name = typeof key === "string" ? key : "";
      if (record === undefined || name !== TOUCHPOINT || typeof content !== "string") {
        most = this.#names.set(target, this.#names.ofText(name), content, most);
      } else if (content !== "") record.touchpoint = content;
    }
    return most;
  }

  /** AnyValue, inside `depth` arrays and maps. */
  #value(value: unknown, depth: number): unknown {
    if (!isJsonObject(value)) return this.#wrong("a value is no object with stringValue, intValue or another of them");
    const text = member(value, "stringValue");
    if (typeof text === "string") return text;
    if (!isAbsent(text)) return this.#wrong("stringValue is no text");
    const integer = member(value, "intValue");
    if (!isAbsent(integer)) return integerOf(integer) ?? this.#wrong("intValue is no integer of 64 bits");
    const { doubleValue = value["double_value"], boolValue = value["bool_value"] } = value;
    if (!isAbsent(doubleValue)) return doubleOf(doubleValue) ?? this.#wrong("doubleValue is no number");
    if (!isAbsent(boolValue))
      return typeof boolValue === "boolean" ? boolValue : this.#wrong("boolValue is no boolean");
    const bytes = member(value, "bytesValue");
    if (!isAbsent(bytes)) return base64Of(bytes) ?? this.#wrong("bytesValue is no base64");
    const array = member(value, "arrayValue");
    const map = isAbsent(array) ? member(value, "kvlistValue") : array;
    if (isAbsent(map)) return null;
    if (!isJsonObject(map)) return this.#wrong("arrayValue or kvlistValue is no object");
    if (depth >= OTLP_DEPTH_MAX) {
      this.#isTooDeep = true;
      return TOO_DEEP;
    }
    if (isAbsent(array)) return this.#map(map["values"], depth + 1);
    const values = listOf(map["values"]);
    if (values === undefined) return this.#wrong("the values of arrayValue are no array");
    return values.map((element) => (isAbsent(element) ? null : this.#value(element, depth + 1)));
  }

  #map(values: unknown, depth: number): JsonObject {
    const map: JsonObject = {};
    this.#names.count(this.#attributes(values, map, 0, depth));
    return map;
  }

  /** Of a fixed64 of nanoseconds. */
  #instant(object: JsonObject, name: string): void {
    this.#ms = 0;
    this.#ns = 0;
    const value = member(object, name);
    if (isAbsent(value)) return;
    if (typeof value === "number" && value >= 0 && value <= UINT64_MAX) {
      // A double has no more than microseconds.
      const us = Math.round(value / 1_000);
      this.#ms = Math.floor(us / 1_000);
      this.#ns = (us % 1_000) * 1_000;
      return;
    }
    if (typeof value !== "string" || !DIGITS.test(value) || (value.length === 20 && BigInt(value) > UINT64_MAX)) {
      this.#wrong(`${name} is no number of nanoseconds`);
      return;
    }
    this.#ms = Number(value.slice(0, -NS_DIGITS));
    this.#ns = Number(value.slice(-NS_DIGITS));
  }

  #text(object: JsonObject, name: string): string {
    const value = member(object, name);
    if (typeof value === "string") return value;
    if (!isAbsent(value)) this.#wrong(`${name} is no text`);
    return "";
  }

  /** Lower-case hexadecimal digits, as the protobuf form gives them. */
  #id(object: JsonObject, name: string): string {
    const id = this.#text(object, name);
    if (id.length > 2 * ID_BYTES_MAX) return "";
    if (HEX.test(id)) return id.toLowerCase();
    this.#wrong(`${name} has other characters than hexadecimal digits`);
    return "";
  }

  #objects(record: JsonObject, name: string): JsonObject[] {
    const list = listOf(record[name]);
    const objects = list?.filter(isJsonObject);
    if (objects === undefined || objects.length !== list?.length) this.#wrong(`${name} is no array of objects`);
    return objects ?? [];
  }

  /** The first thing that is wrong with a record is told. */
  #wrong(problem: string): null {
    this.#problem ??= problem;
    return null;
  }
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

/** A member by its name in lowerCamelCase, else by that in snake_case. */
function member(object: JsonObject, name: string): unknown {
  const value = object[name];
  return value === undefined ? object[SNAKE_NAMES[name] as string] : value;
}

const SNAKE_NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  (
    "resourceLogs resourceSpans scopeLogs scopeSpans logRecords spans timeUnixNano observedTimeUnixNano severityNumber " +
    "severityText traceId spanId eventName traceState parentSpanId startTimeUnixNano endTimeUnixNano name message " +
    "droppedAttributesCount droppedEventsCount droppedLinksCount stringValue intValue bytesValue arrayValue kvlistValue"
  )
    .split(" ")
    .map((name) => [name, name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)]),
);

/** An array, empty where it is absent; undefined for anything else. */
function listOf(value: unknown): readonly unknown[] | undefined {
  if (isAbsent(value)) return [];
  return Array.isArray(value) ? value : undefined;
}

/** A number where a double has it exactly, else its decimal digits. */
function integerOf(value: unknown): number | string | undefined {
  if (typeof value === "number") {
    if (Number.isSafeInteger(value)) return value;
    return Number.isInteger(value) ? inInt64(BigInt(value)) : undefined;
  }
  if (typeof value !== "string" || !INTEGER.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : inInt64(BigInt(value));
}

function inInt64(integer: bigint): string | undefined {
  return integer <= INT64_MAX && integer >= -INT64_MAX - 1n ? integer.toString() : undefined;
}

function doubleOf(value: unknown): number | string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value !== "string" || value.length > NUMBER_LENGTH_MAX) return undefined;
  if (NOT_FINITE.has(value)) return value;
  return NUMBER.test(value) ? doubleOf(Number(value)) : undefined;
}

/** Base64 in its usual alphabet, padded. */
function base64Of(value: unknown): string | undefined {
  if (typeof value !== "string" || !BASE64.test(value)) return undefined;
  return value.length % 4 === 0 && PLAIN_BASE64.test(value) ? value : Buffer.from(value, "base64").toString("base64");
}

/** A uint32 that counts; what is none is 0. */
function countOf(value: unknown): number {
  const count = Number(value);
  return Number.isInteger(count) && count > 0 ? Math.min(count, 0xffff_ffff) : 0;
}

/** An enum's number, by number or name; 0 for what is none. */
function enumOf(value: unknown, names: readonly string[], prefix: string): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && value.startsWith(prefix)
    ? Math.max(0, names.indexOf(value.slice(prefix.length)))
    : 0;
}

function severityOf(value: unknown): number {
  if (typeof value === "number") return value;
  const match = typeof value === "string" ? SEVERITY.exec(value) : null;
  return match === null ? 0 : SEVERITIES.indexOf(match[1] as string) * 4 + Number(match[2] ?? 1);
}
