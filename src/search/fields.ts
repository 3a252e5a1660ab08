// The fields that a search can name, each with what it takes: the one list that the parser, the documentation, completion and
// the command line's help read.

import { nearestName } from "../core/nearest.ts";
import { KINDS, LEVELS, SOURCES, type TimingStatus } from "../core/record.ts";
import { shown } from "./problem.ts";

export const STATUSES = KINDS.filter((kind): kind is TimingStatus => kind !== "log");

/**
 * How a field's value is read: "choice" one or more of `values`; "exact" whole texts, or prefixes with a trailing *; "text" any
 * part of it; "number", "time" (Unix ms, ISO 8601, as printed, or a date) and "duration" (ms, or with a unit) take comparisons and ranges.
 */
export type FieldType = "choice" | "exact" | "text" | "number" | "time" | "duration";

export interface SearchField {
  readonly name: string;
  readonly type: FieldType;
  /** All that a choice can be; empty for other types. */
  readonly values: readonly string[];
  readonly example: string;
  /** One line. */
  readonly help: string;
}

function field(
  name: string,
  type: FieldType,
  example: string,
  help: string,
  values: readonly string[] = [],
): SearchField {
  return { name, type, values, example, help };
}

/** Every field but metadata, whose fields have names of their own. */
export const SEARCH_FIELDS = [
  field("level", "choice", "level:warn,error", "the level of a log, and of a timing that was sent with one", LEVELS),
  field("source", "choice", "source:client", "what sent it, as it says itself", SOURCES),
  field(
    "keyType",
    "choice",
    "keyType:client",
    "which key of its pair it was sent with, which nobody can choose",
    SOURCES,
  ),
  field("kind", "choice", "kind:timing", "logs or timings", ["log", "timing"]),
  field("status", "choice", "status:unfinished", "how far a timing came", STATUSES),
  field("touchpoint", "exact", "touchpoint:api/*", "the whole name, or with a trailing * all that begin so"),
  field("key", "exact", "key:req-1", "the whole correlation key, or with a trailing * all that begin so"),
  field("message", "text", 'message:"timed out"', "any part of the message, upper or lower case"),
  field("apiKey", "exact", 'apiKey:"web shop"', "the name of the key pair that sent it"),
  field("project", "exact", "project:shop", "the project"),
  field("id", "number", "id:>=421", "the number of the record, which grows in the order of storing"),
  field("duration", "duration", "duration:>1.5s", "how long a timing took: ms, or with a unit (ms, s, m, h)"),
  field(
    "time",
    "time",
    "time:>=2026-01-31T12:00",
    "when it happened: Unix ms, ISO 8601, as printed, or a whole day (2026-01-31)",
  ),
  field("receivedAt", "time", "receivedAt:>=2026-01-31", "when it was received: as time"),
  field("startTime", "time", "startTime:2026-01-30..2026-01-31", "when a timing started: as time"),
  field("endTime", "time", "endTime:<=1718900000042", "when a timing ended: as time"),
] as const satisfies readonly SearchField[];

/** A field of the metadata, for lists beside SEARCH_FIELDS. */
export const METADATA_FIELD: SearchField = field(
  "metadata.<name>",
  "exact",
  "metadata.orderId:ord_123",
  "a metadata value, or a number's range (metadata.rows:>100); metadata.a.b is member b of a",
);

export const METADATA_PREFIX = "metadata.";

const NAMES: readonly string[] = SEARCH_FIELDS.map(({ name }) => name);
/** So that fields that only sound alike are not proposed: "http" is not "time". */
const DISTANCE_MAX = 3;

/** The field of that very name; undefined for metadata and unknown names. */
export function searchField(name: string): SearchField | undefined {
  return SEARCH_FIELDS.find((known) => known.name === name);
}

/** What to say of a name that is no field: the nearest known one, where one is near, and all of them. */
export function explainUnknownField(name: string): string {
  const nearest = nearestKnown(name, NAMES, Math.min(DISTANCE_MAX, name.length - 1));
  const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  const known = `Fields are ${NAMES.join(", ")} and ${METADATA_FIELD.name} (here ${shown(metadataFieldName(name))})`;
  return `unknown field ${JSON.stringify(shown(name))}${hint === "" ? "." : hint} ${known}`;
}

/** The known name that begins as this one does, one being the beginning of the other, or else the nearest one. */
export function nearestKnown(name: string, known: readonly string[], distanceMax: number): string | undefined {
  const typed = name.toLowerCase();
  const sharing = known.find((candidate) => {
    const lower = candidate.toLowerCase();
    return typed.startsWith(lower) || (typed.length > 1 && lower.startsWith(typed));
  });
  return sharing ?? nearestName(name, known, distanceMax);
}

/** Names that need no quotes behind "metadata.". */
const BARE_NAME = /^[^\s"():]+$/;

/** A text in quotes, as the search language reads it. */
export function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** What is in the quotes around a whole name, without their escapes; undefined where no quotes are around the whole of it. */
export function unquotedName(written: string): string | undefined {
  const inner = /^"((?:[^"\\]|\\["\\]|\\(?!["\\]))*)"$/.exec(written)?.[1];
  return inner?.replaceAll(/\\(["\\])/g, "$1");
}

/** A metadata field as it is written in a search: metadata.orderId, metadata."odd name". */
export function metadataFieldName(name: string): string {
  return METADATA_PREFIX + (BARE_NAME.test(name) ? name : quoted(name));
}
