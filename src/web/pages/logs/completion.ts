// Completion of searches: the text and the caret enter; what is being typed there, and suggestions for it, leave. The
// caller queries the stored fields and values.

import { foldText } from "../../../core/case_folding.ts";
import { categoriesOf } from "../../../core/touchpoint.ts";
import { METADATA_PREFIX, type SEARCH_FIELDS, searchField } from "../../../search/fields.ts";
import { type Segment, tokenizeUnfinished } from "../../../search/lexer.ts";
import { fieldName, itemsOf, prefixTerm, quotedValue } from "../../state/search_text.ts";

/** What is typed at the caret, and the part of the text that a suggestion replaces. */
export interface Typing {
  readonly kind: "field" | "value";
  readonly from: number;
  readonly to: number;
  /** The text before the caret, without quotes. */
  readonly prefix: string;
  /** The field of the value, as typed. "" while a field is typed. */
  readonly field: string;
}

/** One proposal for the typed part. */
export interface Proposal {
  /** Replaces the typed part. */
  readonly insert: string;
  readonly label: string;
  readonly help?: string;
  /** How many records have it. */
  readonly count?: number;
}

interface Counted {
  readonly value: string | number | boolean | null;
  readonly count: number;
}

const PROPOSALS_MAX = 50;
const VALUE_SHOWN_MAX = 200;

/** What is typed at the caret. */
export function typingAt(text: string, caret: number): Typing {
  const token = tokenizeUnfinished(text).find(({ kind, at, end }) => {
    return (kind === "word" || kind === "field") && at <= caret && caret <= end;
  });
  if (token === undefined || (token.kind === "word" && token.at === caret)) {
    return { kind: "field", from: caret, to: caret, prefix: "", field: "" };
  }
  const { at, end } = token;
  if (token.kind !== "field" || caret < token.valueAt) {
    const to = token.kind === "field" ? token.valueAt : end;
    return { kind: "field", from: at, to, prefix: text.slice(at, caret), field: "" };
  }
  const commas = commasOf(token.segments);
  const from = (commas.findLast((comma) => comma < caret) ?? token.valueAt - 1) + 1;
  const to = commas.find((comma) => comma >= caret) ?? end;
  return { kind: "value", from, to, prefix: unquoted(text.slice(from, caret)), field: fieldName(token) };
}

/**
 * The part of the applied search that holds whatever comes of what is being typed: fields and values are proposed from
 * its result, and counted there. "": from everything in the range.
 */
export function heldSearch(applied: string, draft: string, { from, to }: Typing): string {
  const token = tokenizeUnfinished(draft).find(({ at, end }) => at <= from && to <= end);
  const rest = token === undefined ? draft : without(draft, token);
  if (rest.trim() === applied.trim()) return applied.trim();
  const left = itemsOf(rest);
  const items = itemsOf(applied);
  if (left === undefined || items === undefined) return "";
  const texts = new Set(left.map(({ text }) => text));
  return items.flatMap(({ text }) => (texts.has(text) ? [text] : [])).join(" ");
}

/** The text without a term, and without what negates it. */
function without(text: string, { at, end }: { readonly at: number; readonly end: number }): string {
  return text.slice(0, at).replace(/(?:-|\bNOT\s+)+$/, "") + text.slice(end);
}

/** The positions of the commas between values. A comma in quotes is part of its value. */
function commasOf(segments: readonly Segment[]): number[] {
  return segments.flatMap(({ text, isQuoted, at }) => {
    return isQuoted ? [] : [...text.matchAll(/,/g)].map(({ index }) => at + index);
  });
}

/** A half-typed value without quotes and escapes. */
function unquoted(typed: string): string {
  return typed.replaceAll(/\\(["\\])|"/g, "$1");
}

/** Fields that begin with the typed text, then those that contain it. `counts` by the field's name in a search. */
export function proposeFields(typing: Typing, counts: ReadonlyMap<string, number>): Proposal[] {
  const known = Object.entries(FIELD_HINTS).map(([name, { help }]) => ({ name, help }));
  const stored = [...counts.keys()]
    .filter((name) => name.startsWith(METADATA_PREFIX))
    .map((name) => ({ name, help: "" }));
  const wanted = foldText(typing.prefix);
  return byBeginning([...known, ...stored], wanted, ({ name }) => name)
    .slice(0, PROPOSALS_MAX)
    .map(({ name, help }) => {
      const insert = `${name}:`;
      const count = counts.get(name);
      return { insert, label: insert, ...(help === "" ? {} : { help }), ...(count === undefined ? {} : { count }) };
    });
}

/** Values of the typed field: those of a closed set, or the `stored` ones. */
export function proposeValues(typing: Typing, stored: readonly Counted[]): Proposal[] {
  const hint = fieldHint(typing.field);
  const wanted = foldText(typing.prefix.replace(/\*$/, ""));
  const counts = new Map(stored.map(({ value, count }) => [String(value), count]));
  if (hint === undefined) return [];
  if (hint.values !== "listed") {
    return byBeginning(hint.values, wanted, (value) => value).map((value) => {
      const count = counts.get(value);
      return { insert: value, label: value, ...(count === undefined ? {} : { count }) };
    });
  }
  const categories = typing.field === "touchpoint" ? sharedCategories(stored) : [];
  const values = stored
    .map(({ value, count }) => ({ text: String(value), count }))
    .filter(({ text }) => text.length <= VALUE_SHOWN_MAX && !/[\r\n]/.test(text));
  return [
    ...byBeginning(categories, wanted, ({ text }) => text).map(({ text, count }) => ({
      insert: prefixTerm("", text).slice(1),
      label: `${text}*`,
      count,
    })),
    ...byBeginning(values, wanted, ({ text }) => text).map(({ text, count }) => ({
      insert: quotedValue(text),
      label: text === "" ? '""' : text,
      count,
    })),
  ].slice(0, PROPOSALS_MAX);
}

/** The search with a proposal inserted, and the new caret. A space follows a whole value. */
export function complete(text: string, typing: Typing, insert: string): { text: string; caret: number } {
  const rest = text.slice(typing.to);
  const space = typing.kind === "value" && rest === "" ? " " : "";
  const before = text.slice(0, typing.from) + insert + space;
  return { text: before + rest, caret: before.length };
}

function byBeginning<T>(all: readonly T[], wanted: string, textOf: (one: T) => string): T[] {
  const having = all.filter((one) => foldText(textOf(one)).includes(wanted));
  const begins = (one: T) => foldText(textOf(one)).startsWith(wanted);
  return [...having.filter(begins), ...having.filter((one) => !begins(one))];
}

/** The categories that at least two touchpoints share. */
function sharedCategories(touchpoints: readonly Counted[]): { text: string; count: number }[] {
  const found = new Map<string, { count: number; names: number }>();
  for (const { value, count } of touchpoints) {
    for (const category of categoriesOf(String(value))) {
      const known = found.get(category) ?? { count: 0, names: 0 };
      found.set(category, { count: known.count + count, names: known.names + 1 });
    }
  }
  return [...found].filter(([, { names }]) => names > 1).map(([text, { count }]) => ({ text, count }));
}

/** How a field is offered. */
interface FieldHint {
  readonly help: string;
  /** "listed": the stored values are offered. Else these examples, or the values of a closed set. */
  readonly values: "listed" | readonly string[];
}

/** Every field of the search language, the most used first. */
const FIELD_HINTS: Readonly<Record<string, FieldHint>> = {
  level: { help: "level", values: choicesOf("level").toReversed() },
  touchpoint: { help: "whole name, or api/*", values: "listed" },
  message: { help: "any part of the message", values: [] },
  key: { help: "correlation key", values: "listed" },
  kind: { help: "logs or timings", values: choicesOf("kind") },
  status: { help: "state of a timing", values: choicesOf("status") },
  source: { help: "who sent it, by its own word", values: choicesOf("source") },
  keyType: { help: "type of the API key", values: choicesOf("keyType") },
  duration: { help: "ms, or with a unit", values: [">100ms", ">1s", ">10s", "100..500"] },
  apiKey: { help: "name of the key pair", values: "listed" },
  project: { help: "project", values: [] },
  pattern: { help: "message with what changes masked", values: [] },
  time: { help: "ISO 8601 or Unix ms", values: [] },
  receivedAt: { help: "like time", values: [] },
  startTime: { help: "like time, of a timing", values: [] },
  endTime: { help: "like time, of a timing", values: [] },
  id: { help: "number of the record", values: [] },
} satisfies Record<(typeof SEARCH_FIELDS)[number]["name"], FieldHint>;

const METADATA_HINT: FieldHint = { help: "metadata", values: "listed" };

function choicesOf(name: string): readonly string[] {
  return searchField(name)?.values ?? [];
}

/** Undefined for a name that is no field. */
function fieldHint(name: string): FieldHint | undefined {
  if (name.startsWith(METADATA_PREFIX)) return METADATA_HINT;
  return Object.hasOwn(FIELD_HINTS, name) ? FIELD_HINTS[name] : undefined;
}

/** Whether the server's stored values are offered for a field. */
export function isListed(name: string): boolean {
  return fieldHint(name)?.values === "listed";
}

/** Whether the values are counted by the server: stored values, and those of a closed set. */
export function hasCounts(name: string): boolean {
  return isListed(name) || searchField(name)?.type === "choice";
}
