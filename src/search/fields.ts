// The fields that a search can name: the one list that the parser, the documentation, completion and the command line's
// help read.

import { nearestName } from "../core/nearest.ts";
import { KINDS, LEVELS, SOURCES, type TimingStatus } from "../core/record.ts";
import { excerpt } from "./problem.ts";

const STATUSES = KINDS.filter((kind): kind is TimingStatus => kind !== "log");

/**
 * How a field's value is read.
 * - "choice": one or more of `values`
 * - "exact": whole texts, or prefixes with a trailing *
 * - "text": any part of the text
 * - "number", "time" (Unix ms, ISO 8601, as printed, or a date) and "duration" (ms, or with a unit): a comparison or a
 * range
 */
export type FieldType = "choice" | "exact" | "text" | "number" | "time" | "duration";

export interface SearchField {
  readonly name: string;
  readonly type: FieldType;
  /** Every possible value of a choice; empty for other types. */
  readonly values: readonly string[];
  /** A term about this field that parses. */
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

/** Every field except those of the metadata, whose names clients choose. */
export const SEARCH_FIELDS = [
  field("level", "choice", "level:warn,error", "level of a log, and of a timing that was sent with one", LEVELS),
  field("source", "choice", "source:client", "what sent it, as the sender says", SOURCES),
  field("keyType", "choice", "keyType:client", "type of the API key that it was sent with", SOURCES),
  field("kind", "choice", "kind:timing", "logs or timings", ["log", "timing"]),
  field("status", "choice", "status:unfinished", "how far a timing came", STATUSES),
  field("touchpoint", "exact", "touchpoint:api/*", "whole name, or its beginning and a *"),
  field("key", "exact", "key:req-1", "whole correlation key, or its beginning and a *"),
  field("message", "text", 'message:"timed out"', "any part of the message, upper or lower case"),
  field("pattern", "exact", 'pattern:"order <num> placed"', "message with what changes in it masked"),
  field("apiKey", "exact", 'apiKey:"web shop"', "name of the key pair that sent it"),
  field("project", "exact", "project:shop", "project"),
  field("id", "number", "id:>=421", "number of the record, which grows in the order of storing"),
  field("duration", "duration", "duration:>1.5s", "how long a timing took: ms, or with a unit (ms, s, m, h)"),
  field(
    "time",
    "time",
    "time:>=2026-01-31T12:00",
    "when it happened: Unix ms, ISO 8601, as printed, or a whole day (2026-01-31)",
  ),
  field("receivedAt", "time", "receivedAt:>=2026-01-31", "when it was received, written as time"),
  field("startTime", "time", "startTime:2026-01-30..2026-01-31", "when a timing started, written as time"),
  field("endTime", "time", "endTime:<=1718900000042", "when a timing ended, written as time"),
] as const satisfies readonly SearchField[];

/** Stands for every metadata field in lists beside SEARCH_FIELDS. */
export const METADATA_FIELD: SearchField = field(
  "metadata.<name>",
  "exact",
  "metadata.orderId:ord_123",
  "a metadata value, or a number's range (metadata.rows:>100); metadata.a.b is member b of a",
);

export const METADATA_PREFIX = "metadata.";

const NAMES: readonly string[] = SEARCH_FIELDS.map(({ name }) => name);
/** Edits between an unknown name and the field that is proposed. Small, so that "http" does not propose "time". */
const DISTANCE_MAX = 3;

/** The field with exactly this name; undefined for metadata fields and unknown names. */
export function searchField(name: string): SearchField | undefined {
  return SEARCH_FIELDS.find((known) => known.name === name);
}

/** The message about an unknown field: the nearest known name, if one is near, and all known names. */
export function unknownFieldMessage(name: string): string {
  const nearest = nearestKnown(name, NAMES, Math.min(DISTANCE_MAX, name.length - 1));
  const end = nearest === undefined ? "." : `; did you mean ${nearest}?`;
  const known = `Fields are ${NAMES.join(", ")} and ${METADATA_FIELD.name} (here ${excerpt(metadataFieldName(name))})`;
  return `unknown field ${JSON.stringify(excerpt(name))}${end} ${known}`;
}

/**
 * The known name that the typed one is a prefix of, or that is a prefix of it; else the nearest one within so many
 * edits.
 */
export function nearestKnown(name: string, known: readonly string[], distanceMax: number): string | undefined {
  const typed = name.toLowerCase();
  const sharing = known.find((candidate) => {
    const lower = candidate.toLowerCase();
    return typed.startsWith(lower) || (typed.length > 1 && lower.startsWith(typed));
  });
  return sharing ?? nearestName(name, known, distanceMax);
}

/** A metadata name that needs no quotes. */
const BARE_NAME = /^[^\s"():]+$/;

/** The text in quotes, as the lexer reads it back. */
export function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** The inverse of `quote`; undefined unless the whole text is one quoted string. */
export function unquote(written: string): string | undefined {
  const inner = /^"((?:[^"\\]|\\["\\]|\\(?!["\\]))*)"$/.exec(written)?.[1];
  return inner?.replaceAll(/\\(["\\])/g, "$1");
}

/** A metadata field as a search names it: metadata.orderId, metadata."odd name". */
export function metadataFieldName(name: string): string {
  return METADATA_PREFIX + (BARE_NAME.test(name) ? name : quote(name));
}
