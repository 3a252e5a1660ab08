// What sets the found records apart, made of a breakdown: its fields with the labels and the terms that the rail shows,
// and the values that stand out. A field that the search itself names explains nothing: it comes last.

import type { BreakdownField, BreakdownResponse } from "../../../core/responses.ts";
import { isCutTouchpoint, TOUCHPOINT_LENGTH_MAX } from "../../../core/touchpoint.ts";
import { METADATA_PREFIX, metadataFieldName, searchField, unquote } from "../../../search/fields.ts";
import { itemsOf, prefixTerm, termOf } from "../../state/search_text.ts";

export type BreakdownValue = BreakdownField["values"][number];

/** A field as the rail shows it. */
export interface ShownField extends BreakdownField {
  readonly label: string;
  /** Whether the search names it. */
  readonly isSearched: boolean;
}

/** A value that is more frequent in what is found than in the rest. */
export interface StandingOut {
  readonly field: ShownField;
  readonly value: BreakdownValue;
}

/** Values that are named. */
const NAMED_MAX = 3;
/** A smaller difference of two shares is none. */
const DIFFERENCE_MIN = 0.05;
/** A difference of fewer standard errors may be chance. */
const ERRORS_MIN = 3;

/** Fields that follow from the others, or from the kind of record that is searched for. */
const IMPLIED: ReadonlySet<string> = new Set(["kind", "status", "keyType"]);
const LABELS: Readonly<Record<string, string>> = { apiKey: "API key", keyType: "key type" };

/** All fields, those that the search names last. */
export function shownFields({ fields }: BreakdownResponse, search: string): readonly ShownField[] {
  const searched = new Set(itemsOf(search)?.map(({ field }) => (field === undefined ? "" : canonicalName(field))));
  const shown = fields.map((field) => ({
    ...field,
    label: fieldLabel(field.field),
    isSearched: searched.has(field.field),
  }));
  return [...shown.filter(({ isSearched }) => !isSearched), ...shown.filter(({ isSearched }) => isSearched)];
}

/** The name of a field without "metadata.", unless it would be taken for another one. */
export function fieldLabel(name: string): string {
  if (!name.startsWith(METADATA_PREFIX)) return LABELS[name] ?? name;
  const written = name.slice(METADATA_PREFIX.length);
  const bare = unquote(written) ?? written;
  return bare === "" || searchField(bare) !== undefined ? name : bare;
}

/** The values that stand out, the strongest first; of several with the same counts, which likely mean the same, one. */
export function standingOut(response: BreakdownResponse, fields: readonly ShownField[]): readonly StandingOut[] {
  const { found, others } = response;
  const candidates = largestDifferences(fields).filter(({ value }) => isMoreThanChance(value, found, others));
  const named: StandingOut[] = [];
  for (const one of candidates) {
    const isSame = named.some(
      ({ field, value }) =>
        field.field === one.field.field ||
        (value.count === one.value.count && value.otherCount === one.value.otherCount),
    );
    if (!isSame) named.push(one);
    if (named.length === NAMED_MAX) break;
  }
  return named;
}

/** The value with the largest difference, which may be chance. Undefined where there is none. */
export function largestDifference(fields: readonly ShownField[]): StandingOut | undefined {
  return largestDifferences(fields)[0];
}

function largestDifferences(fields: readonly ShownField[]): StandingOut[] {
  return fields
    .filter(({ field, isSearched }) => !isSearched && !IMPLIED.has(field))
    .flatMap((field) => field.values.map((value) => ({ field, value })))
    .filter(({ value }) => differenceOf(value) >= DIFFERENCE_MIN)
    .sort((a, b) => differenceOf(b.value) - differenceOf(a.value) || b.value.count - a.value.count);
}

function differenceOf({ share, otherShare }: BreakdownValue): number {
  return share - otherShare;
}

/** Whether two shares differ by more than chance: the test of two proportions, pooled. */
function isMoreThanChance(value: BreakdownValue, found: number, others: number): boolean {
  if (found === 0 || others === 0) return false;
  const pooled = Math.min(1, (value.count + value.otherCount) / (found + others));
  return differenceOf(value) >= ERRORS_MIN * Math.sqrt(pooled * (1 - pooled) * (1 / found + 1 / others));
}

/** A term that finds the records with a value. Undefined where a one-line search cannot hold it. */
export function valueTerm(field: string, { value }: BreakdownValue): string | undefined {
  if (field === "touchpoint" && isCutTouchpoint(String(value))) {
    // The cut may have split a character.
    return prefixTerm(
      field,
      String(value)
        .slice(0, TOUCHPOINT_LENGTH_MAX - 1)
        .toWellFormed(),
    );
  }
  return termOf(field, value);
}

/** `metadata."region"` as `metadata.region`. */
function canonicalName(field: string): string {
  if (!field.startsWith(METADATA_PREFIX)) return field;
  const bare = unquote(field.slice(METADATA_PREFIX.length));
  return bare === undefined ? field : metadataFieldName(bare);
}
