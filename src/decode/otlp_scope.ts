// What the records of one scope share: the attributes of their resource that are stored with each, and the names that
// touchpoints begin with. Each record holds a copy, so what is shared is bounded: else a body of 8 MiB with one large
// resource and 10,000 small records would become gigabytes.

import { isJsonObject, type JsonObject } from "../core/json.ts";
import { cutTouchpoint } from "../core/touchpoint.ts";
import type { AttributeNames } from "./attribute_names.ts";

/** Attributes of a resource and its scope that each of their records gets: as many as OpenTelemetry's own limit. */
const SHARED_MAX = 128;
/** Characters of their names and values together, as JSON. */
const SHARED_LENGTH_MAX = 8 * 1024;

/** The attribute that names the touchpoint, in records, scopes and resources. */
export const TOUCHPOINT = "touchpoint";

const SERVICE = "service.name";
/** What SDKs call a service that has no name. */
const UNKNOWN_SERVICE = "unknown_service";
/** Scopes that are the Collector's own receivers and say nothing of the sender. */
const COLLECTOR_SCOPE = "github.com/open-telemetry/";
const SCOPE_NAME = "otel.scope.name";

/** A resource or a scope as it came. */
export interface Origin {
  /** Of a scope. */
  readonly name: string;
  readonly attributes: JsonObject;
  /** Whether an attribute nests too deep. */
  readonly isTooDeep: boolean;
}

export const NO_ORIGIN: Origin = { name: "", attributes: {}, isTooDeep: false };

/** What the records of one scope share. */
export interface Scope {
  /** Members of each record's metadata; undefined where there are none. */
  readonly shared: JsonObject | undefined;
  /** Slots that an object with them needs. */
  readonly slots: number;
  /** Attributes of the resource and the scope that are not in `shared` for its bounds. */
  readonly dropped: number;
  /** By the attribute of this name. */
  readonly touchpoint: string | undefined;
  readonly service: string | undefined;
  /** Without the Collector's own. */
  readonly name: string | undefined;
  readonly isTooDeep: boolean;
}

/** Which attributes of resources are stored with their records. */
export class ResourceFilter {
  readonly #patterns: readonly string[] | undefined;

  /**
   * `patterns` are names of attributes to keep, where "*" stands for any characters. Undefined: all but those that
   * describe the SDK, the command line and the operating system.
   */
  constructor(patterns: readonly string[] | undefined) {
    this.#patterns = patterns;
  }

  keeps(name: string): boolean {
    if (this.#patterns !== undefined) return this.#patterns.some((pattern) => matches(name, pattern));
    if (name.startsWith("telemetry.") || name.startsWith("os.")) return false;
    return !name.startsWith("process.") || !name.includes("command", "process.".length);
  }
}

/** Whether a name is of a pattern, where "*" stands for any characters. */
function matches(name: string, pattern: string): boolean {
  const parts = pattern.split("*");
  const first = parts[0] as string;
  if (parts.length === 1) return name === pattern;
  const last = parts.at(-1) as string;
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
}

/** The members that records share, within their bounds. */
class Shared {
  readonly members: JsonObject;
  #count: number;
  #length: number;
  slots: number;
  dropped: number;

  /** What `other` has, to begin with. */
  constructor(other?: Shared) {
    this.members = { ...other?.members };
    this.#count = other === undefined ? 0 : other.#count;
    this.#length = other === undefined ? 0 : other.#length;
    this.slots = other?.slots ?? 0;
    this.dropped = other?.dropped ?? 0;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Counts as dropped what is beyond the bounds. */
  add(name: string, value: unknown, names: AttributeNames): void {
    this.#length += name.length + lengthOf(value, SHARED_LENGTH_MAX);
    if (this.#count >= SHARED_MAX || this.#length > SHARED_LENGTH_MAX) {
      this.dropped++;
      return;
    }
    this.#count++;
    this.slots = names.set(this.members, name, value, this.slots);
  }
}

/** What the scopes of one resource share; made once, since a resource may have many scopes. */
export interface Resource {
  readonly shared: Shared;
  readonly touchpoint: string | undefined;
  readonly service: string | undefined;
  readonly isTooDeep: boolean;
}

export function resourceOf({ attributes, isTooDeep }: Origin, filter: ResourceFilter, names: AttributeNames): Resource {
  const shared = new Shared();
  const service = textOf(attributes[SERVICE]);
  // The name of the service counts first, whatever stands before it.
  if (service !== undefined && filter.keeps(SERVICE)) shared.add(SERVICE, service, names);
  for (const name in attributes) {
    if (name === TOUCHPOINT || (name === SERVICE && service !== undefined)) continue;
    if (filter.keeps(name)) shared.add(name, attributes[name], names);
  }
  return {
    shared,
    touchpoint: cut(textOf(attributes[TOUCHPOINT])),
    service: service?.startsWith(UNKNOWN_SERVICE) === true ? undefined : cut(service),
    isTooDeep,
  };
}

export function scopeOf(resource: Resource, scope: Origin, names: AttributeNames, isOfSpans: boolean): Scope {
  const shared = new Shared(resource.shared);
  for (const name in scope.attributes) if (name !== TOUCHPOINT) shared.add(name, scope.attributes[name], names);
  const isCollectors = scope.name.startsWith(COLLECTOR_SCOPE);
  if (scope.name !== "" && (isOfSpans || isCollectors)) shared.add(SCOPE_NAME, scope.name, names);
  return {
    shared: shared.isEmpty ? undefined : shared.members,
    slots: shared.slots,
    dropped: shared.dropped,
    touchpoint: cut(textOf(scope.attributes[TOUCHPOINT])) ?? resource.touchpoint,
    service: resource.service,
    name: scope.name === "" || isCollectors ? undefined : cut(scope.name),
    isTooDeep: resource.isTooDeep || scope.isTooDeep,
  };
}

/** A text that is not empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Touchpoints of all records are made of it: a long one would be copied for each. */
function cut(text: string | undefined): string | undefined {
  return text === undefined ? undefined : cutTouchpoint(text);
}

/** About how many characters a value has as JSON; more than `lengthMax` are not counted. */
function lengthOf(value: unknown, lengthMax: number): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 8;
  let length = 2;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length && length <= lengthMax; at++) length += 1 + lengthOf(value[at], lengthMax);
    return length;
  }
  if (!isJsonObject(value)) return length;
  for (const name in value) {
    if (length > lengthMax) break;
    length += name.length + 4 + lengthOf(value[name], lengthMax);
  }
  return length;
}
