// From an object as a logger writes it to an entry: which of its members is the time, the level, the message, the
// touchpoint and the key. All others become metadata, as they are. In: an object that JSON.parse gave, which is not
// changed.

import type { Entry } from "../core/entry.ts";
import { isJsonObject, type JsonObject, setMember } from "../core/json.ts";
import { levelOf, timeOf } from "./values.ts";

/**
 * For each role the names of members that may have it; the first that has a usable value is taken. "log.level" stands
 * for the member of that name and for the member "level" of an object "log".
 */
export interface FieldNames {
  readonly touchpoint: readonly string[];
  readonly message: readonly string[];
  readonly time: readonly string[];
  readonly level: readonly string[];
  readonly key: readonly string[];
}

/** What the loggers of many languages write, and ECS. */
export const COMMON_FIELDS: FieldNames = {
  touchpoint: ["touchpoint", "logger", "logger_name", "log.logger", "service.name", "service", "name"],
  message: ["message", "msg", "log", "event", "@m", "short_message"],
  time: ["@timestamp", "timestamp", "time", "ts", "datetime", "date", "@t"],
  level: ["level", "severity", "log.level", "levelname", "lvl", "loglevel", "@l"],
  key: ["key", "traceId", "trace_id", "trace.id", "requestId", "request_id", "reqId", "req.id"],
};

type Role = keyof FieldNames;
type Taken = Omit<Entry, "metadata" | "timestamp"> & { timestamp?: number };

/** The entry of an object. Members that were taken are not in its metadata; an object that gave all it had is left out. */
export function entryOf(object: JsonObject, names: FieldNames = COMMON_FIELDS): Entry {
  const taken: Taken = {};
  const used = new Set<string>();
  for (const role of ROLES) {
    for (const name of names[role]) {
      if (used.has(name)) continue;
      const value = read(role, valueAt(object, name));
      if (value === undefined) continue;
      (taken as Record<string, unknown>)[role === "time" ? "timestamp" : role] = value;
      used.add(name);
      break;
    }
  }
  const metadata = without(object, used);
  return metadata === undefined ? taken : { ...taken, metadata };
}

const ROLES: readonly Role[] = ["touchpoint", "message", "time", "level", "key"];

/** The value in its role; undefined where it cannot have it. */
function read(role: Role, value: unknown): string | number | undefined {
  if (role === "time") return timeOf(value);
  if (role === "level") return levelOf(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && (value !== "" || role === "message") ? value : undefined;
}

/** A member by its whole name, else by the path that the name's dots make. */
function valueAt(object: JsonObject, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name];
  let value: unknown = object;
  if (!name.includes(".")) return undefined;
  for (const part of name.split(".")) {
    if (!isJsonObject(value) || !Object.hasOwn(value, part)) return undefined;
    value = value[part];
  }
  return value;
}

/** A copy without the members of these names and paths; undefined where nothing is left. */
function without(object: JsonObject, used: ReadonlySet<string>, prefix = ""): JsonObject | undefined {
  let copy: JsonObject | undefined;
  for (const name in object) {
    const path = `${prefix}${name}`;
    if (used.has(path)) continue;
    let value = object[name];
    if (isJsonObject(value) && isOnPath(path, used)) {
      value = without(value, used, `${path}.`);
      if (value === undefined) continue;
    }
    copy ??= {};
    setMember(copy, name, value);
  }
  return copy;
}

function isOnPath(path: string, used: ReadonlySet<string>): boolean {
  for (const name of used) if (name.startsWith(`${path}.`)) return true;
  return false;
}
