// A field and its value, as the lexer read them, into a term. Throws SearchProblemError.

import { foldText } from "../core/case_folding.ts";
import type { Level, Source } from "../core/entry.ts";
import { METADATA_DEPTH_MAX } from "../core/limits.ts";
import type { TimingStatus } from "../core/record.ts";
import type { TimeZone } from "../core/time_zone.ts";
import type { ChoiceTerm, ExactField, NumberField, Pattern, Term } from "./expression.ts";
import {
  METADATA_FIELD,
  metadataFieldName,
  nearestKnown,
  quote,
  type SearchField,
  searchField,
  unknownFieldMessage,
} from "./fields.ts";
import { type FieldToken, type Segment, stripTrailingStar } from "./lexer.ts";
import { excerpt, fail, type Span } from "./problem.ts";
import { ANY_NUMBER, canonicalNumber, isNumberRange, parseRange, type RangeSyntax } from "./ranges.ts";

/** Edits between a mistyped choice and the one that is proposed. */
const CHOICE_DISTANCE_MAX = 2;

/** One value of a list: the segments between two commas. */
interface ListValue extends Span {
  readonly text: string;
  readonly segments: readonly Segment[];
}

/** @param timeZone the zone of times without an offset. */
export function parseTerm(token: FieldToken, timeZone: TimeZone): Term {
  if (token.metadataName !== undefined) return metadataTerm(token, token.metadataName, timeZone);
  const { name } = token;
  const span = { at: token.at, end: token.at + name.length };
  if (name === "metadata") fail(`metadata needs the name of a field, as in ${METADATA_FIELD.example}`, span);
  const field = searchField(name);
  if (field === undefined) {
    const typed = quote(excerpt(token.raw));
    fail(`${unknownFieldMessage(name)}. To search for the text, write it in quotes: ${typed}`, span);
  }
  requireValue(token, field);
  const { type } = field;
  if (type === "choice") return choiceTerm(field, splitList(token));
  if (type === "exact") return { kind: "exact", field: name as ExactField, patterns: splitList(token).map(patternOf) };
  return type === "text" ? messageTerm(field, token) : numberTerm(field, { type, timeZone }, token);
}

function requireValue({ at, valueAt, segments }: FieldToken, { name, example }: SearchField): void {
  if (segments.length === 0) {
    fail(`${name}: a value must follow the colon directly, as in ${example}`, { at, end: valueAt });
  }
}

/** How many passes over columns a term may take: one for each of its values. */
export function termCost(term: Term): number {
  if (term.kind === "exact" || term.kind === "metadata") return term.patterns.length;
  return term.kind === "number" ? term.ranges.length : 1;
}

/** Splits a value at the commas outside quotes. */
function splitList({ name, segments }: FieldToken): ListValue[] {
  const lists: Segment[][] = [[]];
  for (const segment of segments) {
    if (segment.isQuoted) {
      lists.at(-1)?.push(segment);
      continue;
    }
    let at = segment.at;
    for (const [index, text] of segment.text.split(",").entries()) {
      if (index > 0) lists.push([]);
      if (text !== "") lists.at(-1)?.push({ text, isQuoted: false, at, end: at + text.length });
      at += text.length + 1;
    }
  }
  return lists.map((list) => {
    const [first] = list;
    const last = list.at(-1);
    if (first === undefined || last === undefined) {
      const typed = segments.map(({ text }) => text).join("");
      return fail(
        `${name}: a value is missing before or after a comma; a comma that is part of a value needs quotes: ${quote(excerpt(typed))}`,
        spanOf(segments),
      );
    }
    return { text: list.map(({ text }) => text).join(""), segments: list, at: first.at, end: last.end };
  });
}

/** The value with its commas. */
function wholeValue({ segments }: FieldToken): ListValue {
  return { text: segments.map(({ text }) => text).join(""), segments, ...spanOf(segments) };
}

function spanOf(segments: readonly Segment[]): Span {
  return { at: segments[0]?.at ?? 0, end: segments.at(-1)?.end ?? 0 };
}

/** Whether the value is a * alone, outside quotes: it matches any value. */
function isWildcard([segment, ...others]: readonly Segment[]): boolean {
  return others.length === 0 && segment?.text === "*" && !segment.isQuoted;
}

/** A * at the end, outside quotes, makes a prefix pattern; anywhere else it is refused. */
function patternOf({ segments }: ListValue): Pattern {
  const text = textOf(segments);
  return { text, isPrefix: endsWithStar(segments) };
}

/** As `patternOf`; another spelling of a number also matches the number. */
function metadataPattern(value: ListValue): Pattern {
  const pattern = patternOf(value);
  const number = pattern.isPrefix ? undefined : canonicalNumber(pattern.text);
  return number === undefined || number === pattern.text ? pattern : { ...pattern, number };
}

function endsWithStar(segments: readonly Segment[]): boolean {
  const last = segments.at(-1);
  return last !== undefined && !last.isQuoted && last.text.endsWith("*");
}

/** The text of a value, without the * at its end. */
function textOf(segments: readonly Segment[]): string {
  const last = segments.length - 1;
  return segments
    .map((segment, index) => {
      return segment.isQuoted ? segment.text : stripTrailingStar(segment.text, segment.at, index === last);
    })
    .join("");
}

function choiceTerm({ name, values }: SearchField, list: readonly ListValue[]): ChoiceTerm {
  const chosen = new Set(
    list.flatMap((typed) => {
      if (isWildcard(typed.segments)) return values;
      const value = foldText(typed.text);
      if (values.includes(value)) return [value];
      const nearest = nearestKnown(value, values, CHOICE_DISTANCE_MAX);
      const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
      return fail(`${name} takes ${values.join(", ")}, not ${JSON.stringify(excerpt(typed.text))}${hint}`, typed);
    }),
  );
  const kind = "choice";
  switch (name) {
    case "level":
      return { kind, field: name, values: [...chosen] as Level[] };
    case "source":
      return { kind, field: name, values: [...chosen] as Source[] };
    case "keyType":
      return { kind, field: name, values: [...chosen] as Source[] };
    case "kind":
      return { kind, field: name, values: [...chosen] as ("log" | "timing")[] };
    default:
      return { kind, field: "status", values: [...chosen] as TimingStatus[] };
  }
}

function messageTerm({ name, example }: SearchField, { segments }: FieldToken): Term {
  const text = textOf(segments);
  if (text === "" && !endsWithStar(segments)) {
    fail(`${name}: nothing is between the quotes; write for example ${example}`, spanOf(segments));
  }
  return { kind: "message", needle: foldText(text) };
}

function numberTerm({ name }: SearchField, syntax: RangeSyntax, token: FieldToken): Term {
  // Only ids are exact enough for a list; elsewhere a comma is more likely a thousands separator.
  const list = name === "id" ? splitList(token) : [wholeValue(token)];
  const ranges = list.map((value) =>
    isWildcard(value.segments) ? ANY_NUMBER : parseRange(name, syntax, value.text, value),
  );
  return { kind: "number", field: name as NumberField, ranges };
}

function metadataTerm(token: FieldToken, name: string, timeZone: TimeZone): Term {
  const { at, valueAt, segments, raw } = token;
  if (raw.startsWith("metadata.:")) {
    fail(`metadata needs the name of a field, as in ${METADATA_FIELD.example}`, { at, end: valueAt });
  }
  requireValue(token, METADATA_FIELD);
  if (name.split(".").length > METADATA_DEPTH_MAX) {
    fail(`the name of a metadata field can have at most ${METADATA_DEPTH_MAX - 1} dots`, token);
  }
  const [first] = segments;
  const text = segments.map((segment) => segment.text).join("");
  const isComparison = first !== undefined && !first.isQuoted && /^[<>]/.test(first.text);
  const isRange = segments.length === 1 && first?.isQuoted === false && isNumberRange(text);
  if (isComparison || isRange) {
    const hint = `; for the text, write it in quotes: ${quote(excerpt(text))}`;
    const range = parseRange(metadataFieldName(name), { type: "number", timeZone }, text, spanOf(segments), hint);
    return { kind: "metadataNumber", name, range };
  }
  return { kind: "metadata", name, patterns: splitList(token).map(metadataPattern) };
}
