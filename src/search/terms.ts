// A field and the pieces of its value into a term. Throws SearchProblemError.

import { foldText } from "../core/case_folding.ts";
import type { Level, Source } from "../core/entry.ts";
import { METADATA_DEPTH_MAX } from "../core/limits.ts";
import type { TimingStatus } from "../core/record.ts";
import type { TimeZone } from "../core/time_zone.ts";
import type { ChoiceTerm, ExactField, NumberField, Pattern, Term } from "./expression.ts";
import {
  explainUnknownField,
  METADATA_FIELD,
  metadataFieldName,
  nearestKnown,
  quoted,
  type SearchField,
  searchField,
} from "./fields.ts";
import { type FieldToken, type Piece, withoutStar } from "./lexer.ts";
import { fail, type Span, shown } from "./problem.ts";
import { ANY_NUMBER, isNumberRange, type RangeKind, rangeOf, writtenNumber } from "./ranges.ts";

/** One value of a list: the pieces between two commas. */
interface Item extends Span {
  readonly text: string;
  readonly pieces: readonly Piece[];
}

/** `timeZone` is what times without an offset are in. */
export function termOf(token: FieldToken, timeZone: TimeZone): Term {
  if (token.metadataName !== undefined) return metadataTerm(token, token.metadataName, timeZone);
  const { name } = token;
  const span = { at: token.at, end: token.at + name.length };
  if (name === "metadata") fail(`metadata needs the name of a field, as in ${METADATA_FIELD.example}`, span);
  const field = searchField(name);
  if (field === undefined) {
    const typed = quoted(shown(token.source));
    fail(`${explainUnknownField(name)}. To search for the text, write it in quotes: ${typed}`, span);
  }
  requireValue(token, field);
  const { type } = field;
  if (type === "choice") return choiceTerm(field, itemsOf(token));
  if (type === "exact") return { kind: "exact", field: name as ExactField, patterns: itemsOf(token).map(patternOf) };
  return type === "text" ? messageTerm(field, token) : numberTerm(field, { type, timeZone }, token);
}

/** A value stands directly behind its colon. */
function requireValue({ at, valueAt, pieces }: FieldToken, { name, example }: SearchField): void {
  if (pieces.length === 0)
    fail(`${name}: a value must follow the colon directly, as in ${example}`, { at, end: valueAt });
}

/** How many passes over columns a term may cost: one a value. */
export function weightOf(term: Term): number {
  if (term.kind === "exact" || term.kind === "metadata") return term.patterns.length;
  return term.kind === "number" ? term.ranges.length : 1;
}

/** Cuts a value at its commas; those in quotes are part of a text. */
function itemsOf({ name, pieces }: FieldToken): Item[] {
  const lists: Piece[][] = [[]];
  for (const piece of pieces) {
    if (piece.isQuoted) {
      lists.at(-1)?.push(piece);
      continue;
    }
    let at = piece.at;
    for (const [index, text] of piece.text.split(",").entries()) {
      if (index > 0) lists.push([]);
      if (text !== "") lists.at(-1)?.push({ text, isQuoted: false, at, end: at + text.length });
      at += text.length + 1;
    }
  }
  return lists.map((list) => {
    const [first] = list;
    const last = list.at(-1);
    if (first === undefined || last === undefined) {
      const typed = pieces.map(({ text }) => text).join("");
      return fail(
        `${name}: a value is missing beside a comma; a comma that is part of a value needs quotes: ${quoted(shown(typed))}`,
        spanOf(pieces),
      );
    }
    return { text: list.map(({ text }) => text).join(""), pieces: list, at: first.at, end: last.end };
  });
}

function spanOf(pieces: readonly Piece[]): Span {
  return { at: pieces[0]?.at ?? 0, end: pieces.at(-1)?.end ?? 0 };
}

/** Whether the value is a bare *: is there any value? */
function isAny([piece, ...others]: readonly Piece[]): boolean {
  return others.length === 0 && piece?.text === "*" && !piece.isQuoted;
}

/** A * at the end, outside quotes, makes a prefix of what stands before it; elsewhere it is refused. */
function patternOf({ pieces }: Item): Pattern {
  const text = textOf(pieces);
  return { text, isPrefix: isStarred(pieces) };
}

/** As patternOf; of a number also how numbers are written. */
function metadataPattern(item: Item): Pattern {
  const pattern = patternOf(item);
  const number = pattern.isPrefix ? undefined : writtenNumber(pattern.text);
  return number === undefined || number === pattern.text ? pattern : { ...pattern, number };
}

function isStarred(pieces: readonly Piece[]): boolean {
  const last = pieces.at(-1);
  return last !== undefined && !last.isQuoted && last.text.endsWith("*");
}

/** The text of a value without its * at the end. */
function textOf(pieces: readonly Piece[]): string {
  const last = pieces.length - 1;
  return pieces
    .map((piece, index) => {
      return piece.isQuoted ? piece.text : withoutStar(piece.text, piece.at, index === last);
    })
    .join("");
}

function choiceTerm({ name, values }: SearchField, items: readonly Item[]): ChoiceTerm {
  const chosen = new Set(
    items.flatMap((item) => {
      if (isAny(item.pieces)) return values;
      const value = foldText(item.text);
      if (values.includes(value)) return [value];
      const nearest = nearestKnown(value, values, 2);
      const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
      return fail(`${name} takes ${values.join(", ")}, not ${JSON.stringify(shown(item.text))}${hint}`, item);
    }),
  );
  const [kind, list] = ["choice" as const, [...chosen]];
  switch (name) {
    case "level":
      return { kind, field: name, values: list as Level[] };
    case "source":
      return { kind, field: name, values: list as Source[] };
    case "keyType":
      return { kind, field: name, values: list as Source[] };
    case "kind":
      return { kind, field: name, values: list as ("log" | "timing")[] };
    default:
      return { kind, field: "status", values: list as TimingStatus[] };
  }
}

function messageTerm({ name, example }: SearchField, { pieces }: FieldToken): Term {
  const text = textOf(pieces);
  if (text === "" && !isStarred(pieces)) {
    fail(`${name}: nothing stands between the quotes, as in ${example}`, spanOf(pieces));
  }
  return { kind: "message", needle: foldText(text) };
}

function numberTerm({ name }: SearchField, kind: RangeKind, token: FieldToken): Term {
  // Only ids are exact enough for a list; elsewhere a comma is more likely a thousands separator.
  const whole = { text: token.pieces.map(({ text }) => text).join(""), pieces: token.pieces, ...spanOf(token.pieces) };
  const items = name === "id" ? itemsOf(token) : [whole];
  const ranges = items.map((item) => (isAny(item.pieces) ? ANY_NUMBER : rangeOf(name, kind, item.text, item)));
  return { kind: "number", field: name as NumberField, ranges };
}

function metadataTerm(token: FieldToken, name: string, timeZone: TimeZone): Term {
  const { at, valueAt, pieces, source } = token;
  if (source.startsWith("metadata.:")) {
    fail(`metadata needs the name of a field, as in ${METADATA_FIELD.example}`, { at, end: valueAt });
  }
  requireValue(token, METADATA_FIELD);
  if (name.split(".").length > METADATA_DEPTH_MAX) {
    fail(`the name of a metadata field can have at most ${METADATA_DEPTH_MAX - 1} dots`, token);
  }
  const [first] = pieces;
  const text = pieces.map((piece) => piece.text).join("");
  const isComparison = first !== undefined && !first.isQuoted && /^[<>]/.test(first.text);
  const isRange = pieces.length === 1 && first?.isQuoted === false && isNumberRange(text);
  if (isComparison || isRange) {
    const hint = `; for the text, write it in quotes: ${quoted(shown(text))}`;
    const range = rangeOf(metadataFieldName(name), { type: "number", timeZone }, text, spanOf(pieces), hint);
    return { kind: "metadataNumber", name, range };
  }
  return { kind: "metadata", name, patterns: itemsOf(token).map(metadataPattern) };
}
