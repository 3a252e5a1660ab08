// What can come next in a search: the text and the caret enter, what is being typed there leaves, and the suggestions for it. What the
// server knows is asked by the caller.

import { foldText } from "../../../core/case_folding.ts";
import { categoriesOf } from "../../../core/touchpoint.ts";
import { prefixTerm, quotedValue, tokensOf, unquoted } from "../../state/search_text.ts";

/** What stands at the caret, and the part of the text that a suggestion replaces. */
export interface Typing {
  readonly kind: "field" | "value";
  readonly from: number;
  readonly to: number;
  /** So far, without quotes. */
  readonly prefix: string;
  /** Whose value it is, as written; "" while a field is typed. */
  readonly field: string;
}

export interface Proposal {
  /** What is put in place of what was typed. */
  readonly insert: string;
  readonly label: string;
  readonly help?: string;
  /** Records that have it. */
  readonly count?: number;
}

interface Counted {
  readonly value: string | number | boolean | null;
  readonly count: number;
}

const PROPOSALS_MAX = 50;
const VALUE_SHOWN_MAX = 200;

export function typingAt(text: string, caret: number): Typing {
  const token = tokensOf(text).find(({ kind, at, end }) => kind !== "sign" && at <= caret && caret <= end);
  if (token === undefined || (token.kind === "word" && token.at === caret)) {
    return { kind: "field", from: caret, to: caret, prefix: "", field: "" };
  }
  const { at, end, field, valueAt } = token;
  if (field === undefined || caret < valueAt) {
    return {
      kind: "field",
      from: at,
      to: field === undefined ? end : valueAt,
      prefix: text.slice(at, caret),
      field: "",
    };
  }
  const from = itemStart(text, valueAt, caret);
  const comma = text.indexOf(",", caret);
  const to = comma === -1 || comma > end ? end : comma;
  return { kind: "value", from, to, prefix: unquoted(text.slice(from, caret)), field };
}

/** Fields that begin with what is typed first, then those that have it in them; `counts` by the name as a search writes it, as the server lists it. */
export function proposeFields(typing: Typing, counts: ReadonlyMap<string, number>): Proposal[] {
  const known = SEARCH_FIELD_HINTS.map(({ name, help }) => ({ name, help }));
  const stored = [...counts.keys()].filter((name) => name.startsWith("metadata.")).map((name) => ({ name, help: "" }));
  const wanted = foldText(typing.prefix);
  return byBeginning([...known, ...stored], wanted, ({ name }) => name)
    .slice(0, PROPOSALS_MAX)
    .map(({ name, help }) => {
      const insert = `${name}:`;
      const count = counts.get(name);
      return { insert, label: insert, ...(help === "" ? {} : { help }), ...(count === undefined ? {} : { count }) };
    });
}

/** Values of the field that is typed: of a closed set, or `stored` ones. */
export function proposeValues(typing: Typing, stored: readonly Counted[]): Proposal[] {
  const hint = fieldHint(typing.field);
  const wanted = foldText(typing.prefix.replace(/\*$/, ""));
  const counts = new Map(stored.map(({ value, count }) => [String(value), count]));
  if (hint === undefined) return [];
  if (hint.kind !== "listed") {
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

/** The text with a proposal taken, and where the caret stands then. A whole value is followed by a space. */
export function complete(text: string, typing: Typing, insert: string): { text: string; caret: number } {
  const rest = text.slice(typing.to);
  const space = typing.kind === "value" && rest === "" ? " " : "";
  const before = text.slice(0, typing.from) + insert + space;
  return { text: before + rest, caret: before.length };
}

/** The item of a list at the caret begins behind the last comma that is not in quotes. */
function itemStart(text: string, valueAt: number, caret: number): number {
  let start = valueAt;
  let isQuoted = false;
  for (let at = valueAt; at < caret; at++) {
    const sign = text[at];
    if (isQuoted && sign === "\\") at++;
    else if (sign === '"') isQuoted = !isQuoted;
    else if (sign === "," && !isQuoted) start = at + 1;
  }
  return start;
}

function byBeginning<T>(all: readonly T[], wanted: string, textOf: (one: T) => string): T[] {
  const having = all.filter((one) => foldText(textOf(one)).includes(wanted));
  const begins = (one: T) => foldText(textOf(one)).startsWith(wanted);
  return [...having.filter(begins), ...having.filter((one) => !begins(one))];
}

/** What at least two touchpoints begin with, up to a "/". */
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

/** How values are offered: "choice" these and no others; "listed" those that are stored; "typed" a few examples. */
export interface SearchFieldHint {
  readonly name: string;
  readonly kind: "choice" | "listed" | "typed";
  readonly values: readonly string[];
  readonly help: string;
}

export const SEARCH_FIELD_HINTS: readonly SearchFieldHint[] = [
  { name: "level", kind: "choice", values: ["error", "warn", "info", "debug"], help: "level" },
  { name: "touchpoint", kind: "listed", values: [], help: "whole name, or api/*" },
  { name: "message", kind: "typed", values: [], help: "any part of the message" },
  { name: "key", kind: "listed", values: [], help: "correlation key" },
  { name: "kind", kind: "choice", values: ["log", "timing"], help: "logs or timings" },
  {
    name: "status",
    kind: "choice",
    values: ["completed", "started", "unfinished", "orphaned"],
    help: "how far a timing came",
  },
  { name: "source", kind: "choice", values: ["server", "client"], help: "what sent it, as it says itself" },
  { name: "keyType", kind: "choice", values: ["server", "client"], help: "key that it was sent with" },
  { name: "duration", kind: "typed", values: [">100ms", ">1s", ">10s", "100..500"], help: "ms, or with a unit" },
  { name: "apiKey", kind: "listed", values: [], help: "name of the pair of keys" },
  { name: "project", kind: "typed", values: [], help: "project" },
  { name: "time", kind: "typed", values: [], help: "ISO 8601 or Unix ms" },
  { name: "receivedAt", kind: "typed", values: [], help: "as time" },
  { name: "startTime", kind: "typed", values: [], help: "as time, of a timing" },
  { name: "endTime", kind: "typed", values: [], help: "as time, of a timing" },
  { name: "id", kind: "typed", values: [], help: "number of the record" },
];

const METADATA_PREFIX = "metadata.";

/** What is known of a field; metadata fields have stored values. Undefined: there is no such field. */
export function fieldHint(name: string): SearchFieldHint | undefined {
  if (name.startsWith(METADATA_PREFIX)) return { name, kind: "listed", values: [], help: "metadata" };
  return SEARCH_FIELD_HINTS.find((field) => field.name === name);
}
