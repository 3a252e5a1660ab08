// Parameters: one schema each, which both checks and describes. An unknown or repeated parameter is refused by name,
// since a mistyped `form=` would silently run another query.

import { type Static, type TObject, type TProperties, type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { COMPARE_EXPECTED, COMPARE_PATTERN, readCompare, type TimeSpan } from "../../core/compare.ts";
import {
  INSTANT_EXPECTED,
  INSTANT_PATTERN,
  INTERVAL_EXPECTED,
  INTERVAL_PATTERN,
  parseInterval,
  readBound,
  readBoundNumber,
} from "../../core/instant.ts";
import type { QueryScope } from "../../core/queries.ts";
import { maskKeys } from "../../core/secrets.ts";
import { isTimeZone, TIME_ZONE_EXPECTED, TIME_ZONE_PATTERN, TimeZone } from "../../core/time_zone.ts";

/** A value, or a sentence for people. */
export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

/** The longest project name that a configuration can have. */
const PROJECT_LENGTH_MAX = 80;
/** More than any cursor has. */
const CURSOR_LENGTH_MAX = 1_024;
/** Problems that one message names, and characters of a value that it shows. */
const PROBLEMS_MAX = 5;
const SHOWN_LENGTH_MAX = 60;

const instant = (description: string) =>
  Type.String({
    pattern: INSTANT_PATTERN,
    expects: INSTANT_EXPECTED,
    description: `${description}: ${INSTANT_EXPECTED}`,
    examples: ["24h", "1718900000000", "2026-01-31T12:00:00Z", "2026-01-31 12:00:00.123", "2026-01-31"],
  });

export const PROJECT = Type.String({
  minLength: 1,
  maxLength: PROJECT_LENGTH_MAX,
  expects: `1 to ${PROJECT_LENGTH_MAX} characters`,
  description: "A project's name",
  examples: ["default"],
});

export const SEARCH = Type.String({
  description: "The search: words, quoted phrases, fields such as level:error, - or NOT, OR and parentheses",
  examples: ["level:error", "touchpoint:api/* -timeout"],
});

export const AMONG = Type.Optional(
  Type.String({
    description: "Another search: only records that match it are found or compared with; absent: all of the range",
    examples: ["touchpoint:api/orders status:completed"],
  }),
);

export const FROM = instant("Records of this time or later");
export const TO = instant("Records before this time, or until the end of this date");

export const AROUND = instant("The records nearest to this time; absent: the newest");

export const TIME_ZONE = Type.String({
  pattern: TIME_ZONE_PATTERN,
  expects: TIME_ZONE_EXPECTED,
  description: `What times without an offset are in, those of the search too: ${TIME_ZONE_EXPECTED}; absent: UTC`,
  examples: ["Europe/Berlin", "UTC"],
});

/** Parameters of every query about records. */
export const SCOPE = {
  project: Type.Optional(PROJECT),
  q: Type.Optional(SEARCH),
  from: Type.Optional(FROM),
  to: Type.Optional(TO),
  timeZone: Type.Optional(TIME_ZONE),
};

export const INTERVAL = Type.Optional(
  Type.String({
    pattern: INTERVAL_PATTERN,
    expects: INTERVAL_EXPECTED,
    description: `Length of a bucket: ${INTERVAL_EXPECTED}; absent: one that gives about a hundred buckets`,
    examples: ["30s", "5m", "1h", "60000"],
  }),
);

export const COMPARE = Type.Optional(
  Type.String({
    pattern: COMPARE_PATTERN,
    expects: COMPARE_EXPECTED,
    description: `Count in another range as well, which the answer names as \`previous\`: ${COMPARE_EXPECTED}. The first two need a from; a range without \`to\` ends now`,
    examples: ["previous", "week", "48h..24h", "2026-01-30..2026-01-31"],
  }),
);

export const CURSOR = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: CURSOR_LENGTH_MAX,
    expects: "the nextCursor of the page before",
    description:
      "Where the page begins: the nextCursor of the page before; or a record's time:id, for the records after it in the order",
    examples: ["1718900000000:421"],
  }),
);

export const ORDER = Type.Optional(
  Type.Union([Type.Literal("desc"), Type.Literal("asc")], {
    expects: '"desc" or "asc"',
    description: 'By time, then by id: "desc" is newest first, "asc" oldest first; absent: "desc"',
  }),
);

/** How many are listed, 1 to `maximum`; 100 unless said otherwise. */
export const limit = (maximum: number) =>
  Type.Integer({
    minimum: 1,
    maximum,
    default: 100,
    expects: `a whole number from 1 to ${maximum}`,
    description: "How many are listed at most",
  });

/** An object with these members and no others: the parameters of an operation, or its body. */
export const strictObject = <T extends TProperties>(properties: T) =>
  Type.Object(properties, { additionalProperties: false });

/** Checks names and values as they stand in a query, and fills in defaults. The message names every problem. */
export function readParameters<T extends TObject>(
  schema: T,
  given: Iterable<readonly [string, string]>,
): Checked<Static<T>> {
  const properties: Readonly<Record<string, TSchema>> = schema.properties;
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, raw] of given) {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (property === undefined) problems.push(unknownParameter(name, Object.keys(properties)));
    else if (Object.hasOwn(values, name)) problems.push(`${name}: given more than once`);
    else {
      const text = withPlus(raw, property["pattern"]);
      values[name] = property["type"] === "integer" && /^\d+$/.test(text) ? Number(text) : text;
      if (!Value.Check(property, values[name])) {
        problems.push(`${name}: expected ${String(property["expects"])}, got ${quoted(text)}`);
      }
    }
  }
  for (const [name, property] of Object.entries(properties)) {
    if (!Object.hasOwn(values, name) && property["default"] !== undefined) values[name] = property["default"];
  }
  if (problems.length === 0 && Value.Check(schema, values)) return { ok: true, value: values };
  for (const name of schema.required ?? []) if (!Object.hasOwn(values, name)) problems.push(`${name}: is missing`);
  const rest = problems.length - PROBLEMS_MAX;
  const listed = problems.slice(0, PROBLEMS_MAX).join("; ");
  return { ok: false, message: rest > 0 ? `${listed}; and ${rest} more` : listed };
}

/** Texts or numbers of SCOPE's form. */
interface WrittenScope {
  readonly project?: string;
  readonly q?: string;
  readonly from?: string | number;
  readonly to?: string | number;
  readonly timeZone?: string;
}

/** Texts or numbers of SCOPE's form as a scope; `now` in Unix ms is what "24h" is before. */
export function readScope({ project, q, from, to, timeZone: zone }: WrittenScope, now: number): Checked<QueryScope> {
  const timeZone = readTimeZone(zone);
  if (!timeZone.ok) return timeZone;
  const bounds: { from?: number; to?: number } = {};
  for (const [name, text] of Object.entries({ from, to })) {
    if (text === undefined) continue;
    const side = name === "from" ? "from" : "to";
    const read =
      typeof text === "number" ? readBoundNumber(text) : readBound(text, side, now, new TimeZone(timeZone.value));
    if (!read.ok) {
      const hint = read.hint === "" ? "" : `: ${read.hint}`;
      return { ok: false, message: `${name}: expected ${INSTANT_EXPECTED}, got ${quoted(String(text))}${hint}` };
    }
    bounds[side] = read.value;
  }
  if (bounds.from !== undefined && bounds.to !== undefined && bounds.from >= bounds.to) {
    return { ok: false, message: `from must be before to: ${bounds.from} is not before ${bounds.to}` };
  }
  return { ok: true, value: { project, q: q ?? "", timeZone: timeZone.value, from: bounds.from, to: bounds.to } };
}

/**
 * One instant as a parameter has it, in Unix ms; undefined where it is absent. @param zone of times without an offset
 */
export function readInstant(
  name: string,
  text: string | undefined,
  zone: string | undefined,
  now: number,
): Checked<number | undefined> {
  if (text === undefined) return { ok: true, value: undefined };
  const read = readBound(text, "from", now, new TimeZone(zone));
  if (read.ok) return read;
  const hint = read.hint === "" ? "" : `: ${read.hint}`;
  return { ok: false, message: `${name}: expected ${INSTANT_EXPECTED}, got ${quoted(text)}${hint}` };
}

/** The range to compare the scope's with; none where the parameter is absent. */
export function readCompared(
  text: string | undefined,
  scope: QueryScope,
  now: number,
): Checked<{ readonly compared?: TimeSpan }> {
  if (text === undefined) return { ok: true, value: {} };
  const read = readCompare(text, { from: scope.from, to: scope.to }, now, new TimeZone(scope.timeZone));
  if (read.ok) return { ok: true, value: { compared: read.value } };
  const hint = read.hint === "" ? "" : `: ${read.hint}`;
  return { ok: false, message: `compare: expected ${COMPARE_EXPECTED}, got ${quoted(text)}${hint}` };
}

/** The zone that a parameter names; undefined, which is UTC, where it is absent. */
export function readTimeZone(name: string | undefined): Checked<string | undefined> {
  if (name === undefined || isTimeZone(name)) return { ok: true, value: name };
  return { ok: false, message: `timeZone: expected ${TIME_ZONE_EXPECTED}, got ${quoted(name)}` };
}

/** The length of a bucket in ms; undefined where none was given. */
export function readInterval(text: string | undefined): Checked<number | undefined> {
  if (text === undefined) return { ok: true, value: undefined };
  const value = parseInterval(text);
  if (value !== undefined) return { ok: true, value };
  return { ok: false, message: `interval: expected ${INTERVAL_EXPECTED}, got ${quoted(text)}` };
}

/** A client's text in a message: short, and without anything that looks like a key. */
export function quoted(text: string): string {
  const safe = maskKeys(text);
  return JSON.stringify(safe.length > SHOWN_LENGTH_MAX ? `${safe.slice(0, SHOWN_LENGTH_MAX)}…` : safe);
}

/** A plus sign that was not escaped arrives as a space: "+02:00" after a time of day, and "Etc/GMT+5". */
function withPlus(text: string, pattern: unknown): string {
  if (pattern === TIME_ZONE_PATTERN) return text.replaceAll(" ", "+");
  return pattern === INSTANT_PATTERN || pattern === COMPARE_PATTERN
    ? text.replaceAll(/(?<=:\d{2}(?:[.,]\d+)?) {1,2}(?=\d{2}:?\d{2}(?:$|\.\.))/g, "+")
    : text;
}

function unknownParameter(name: string, known: readonly string[]): string {
  const all = known.length === 0 ? "there are none here" : `there are: ${known.join(", ")}`;
  return `unknown parameter ${quoted(name)}; ${all}`;
}
