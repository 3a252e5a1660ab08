// Searches as text that buttons change: terms are made with the quotes they need, added, excluded and removed. The rest
// of the search stays as the user typed it.

import { metadataFieldName, quote } from "../../search/fields.ts";
import { type FieldToken, tokenizeUnfinished } from "../../search/lexer.ts";

/** A term, or a group in parentheses, that all records must match. */
export interface SearchItem {
  /** As typed, with its "-" or NOT. */
  readonly text: string;
  /** The field's name as typed. Undefined for words and groups. */
  readonly field: string | undefined;
  readonly isNegated: boolean;
}

/** The longest value of which a term is made, in UTF-16 units. A term for a longer one matches its beginning. */
const VALUE_LENGTH_MAX = 500;

/** Values without a special character of the search language. */
const PLAIN_VALUE = /^[A-Za-z0-9_/][A-Za-z0-9_/@:.-]*$/;
const LINE_END = /[\r\n\u2028\u2029]/;

/**
 * The terms and groups that all records must match, in order. Undefined where there is an OR, or an open parenthesis.
 */
export function itemsOf(text: string): SearchItem[] | undefined {
  const items: SearchItem[] = [];
  let depth = 0;
  let start: number | undefined;
  let isNegated = false;
  for (const token of tokenizeUnfinished(text)) {
    const { kind, at, end } = token;
    start ??= at;
    if (kind === "(") depth++;
    else if (kind === ")") depth--;
    if (depth < 0 || (kind === "OR" && depth === 0)) return undefined;
    if (depth > 0) continue;
    if (kind === "AND") start = undefined;
    else if (kind === "-" || kind === "NOT") isNegated = !isNegated;
    else {
      items.push({ text: text.slice(start, end), field: kind === "field" ? fieldName(token) : undefined, isNegated });
      start = undefined;
      isNegated = false;
    }
  }
  return depth === 0 && start === undefined ? items : undefined;
}

/** A field's name as it was typed: level, metadata."odd name". */
export function fieldName({ raw, at, valueAt }: FieldToken): string {
  return raw.slice(0, valueAt - at - 1);
}

/** The search with a term that all records must match, or must not match. Removes the opposite term. */
export function withTerm(search: string, term: string, isExcluded = false): string {
  const wanted = isExcluded ? `-${term}` : term;
  const opposite = isExcluded ? term : `-${term}`;
  const items = itemsOf(search);
  if (items === undefined) return `${grouped(search)} ${wanted}`.trim();
  const kept = items.filter(({ text }) => withDash(text) !== wanted && withDash(text) !== opposite);
  return joined([...kept.map(({ text }) => text), wanted]);
}

/** "NOT a" as "-a". */
function withDash(text: string): string {
  return text.replace(/^NOT\s+/, "-");
}

/** Whether all records must match exactly this term. */
export function hasTerm(search: string, term: string): boolean {
  return itemsOf(search)?.some(({ text }) => withDash(text) === term) === true;
}

/** The search without a term. */
export function withoutTerm(search: string, term: string): string {
  return joined(
    (itemsOf(search) ?? [{ text: search }]).map(({ text }) => text).filter((text) => withDash(text) !== withDash(term)),
  );
}

/** The search without its top-level terms of a field. Unchanged for a search with OR. */
export function withoutField(search: string, field: string): string {
  const items = itemsOf(search);
  if (items === undefined) return search;
  return joined(items.filter((item) => item.field !== field || item.isNegated).map(({ text }) => text));
}

/**
 * A term that finds records with this value. Undefined for values that a one-line search cannot hold.
 * @param name "level", or a metadata field from `metadataField`.
 */
export function termOf(name: string, value: string | number | boolean | null): string | undefined {
  const text = String(value).toWellFormed();
  const line = text.slice(0, VALUE_LENGTH_MAX).split(LINE_END, 1)[0]?.toWellFormed() ?? "";
  if (line === text) return exactTerm(name, text);
  if (line === "") return undefined;
  // A term for the message matches any part of it.
  return name === "message" ? `${name}:${quote(line)}` : prefixTerm(name, line);
}

/** A term for all values with this prefix. */
export function prefixTerm(name: string, prefix: string): string {
  return `${name}:${PLAIN_VALUE.test(prefix) ? prefix : quote(prefix)}*`;
}

/** A term for exactly this value: touchpoint:api/orders, apiKey:"web shop". A * in the value is no pattern. */
export function exactTerm(name: string, value: string): string {
  return `${name}:${quotedValue(value)}`;
}

/** A metadata field by its path: metadata.a.b, metadata."odd name". */
export function metadataField(path: readonly string[]): string {
  return metadataFieldName(path.join(".").toWellFormed());
}

/** A value in the quotes it needs. */
export function quotedValue(text: string): string {
  return PLAIN_VALUE.test(text) && !text.includes("..") ? text : quote(text);
}

/** All of these searches at once. Empty ones and undefined are left out. */
export function joinSearches(...searches: readonly (string | undefined)[]): string {
  const given = searches.filter((search) => search !== undefined && search.trim() !== "");
  return given.length > 1 ? given.map((search) => `(${search})`).join(" ") : (given[0] ?? "");
}

function grouped(search: string): string {
  return tokenizeUnfinished(search).some(({ kind }) => kind === "OR") ? `(${search})` : search;
}

function joined(texts: readonly string[]): string {
  return texts.filter((text) => text !== "").join(" ");
}
