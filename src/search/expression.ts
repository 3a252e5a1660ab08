// What a search means, once it is parsed: plain data that the evaluator and the judge walk. Field terms say nothing of records
// that lack the field, so a term without the field is false and its negation true.

import type { Level, Source } from "../core/entry.ts";
import type { TimingStatus } from "../core/record.ts";

/** The longest search, in UTF-16 units: a page of terms, and short enough for an address. */
export const SEARCH_LENGTH_MAX = 4_096;
/** How deep parentheses may nest; bounds the recursion of everything that walks an expression. */
export const SEARCH_DEPTH_MAX = 100;
/** How many terms, values of lists included, one search may have: each may cost a pass over a column. */
export const SEARCH_TERMS_MAX = 500;

/** `and` and `or` have at least two members, none of its own kind. */
export type Expression =
  /** Matches every record. */
  | { readonly kind: "all" }
  | { readonly kind: "and"; readonly members: readonly Expression[] }
  | { readonly kind: "or"; readonly members: readonly Expression[] }
  | { readonly kind: "not"; readonly member: Expression }
  | Term;

export type Term = WordTerm | MessageTerm | ChoiceTerm | ExactTerm | NumberTerm | MetadataTerm | MetadataNumberTerm;

/** Some part of the message, touchpoint, key or a metadata value. */
export interface WordTerm {
  readonly kind: "word";
  /** Folded, at least one unit long. */
  readonly needle: string;
}

/** Some part of the message. */
export interface MessageTerm {
  readonly kind: "message";
  /** Folded; "" asks only whether there is a message. */
  readonly needle: string;
}

/** Any of a closed set of values. */
export type ChoiceTerm =
  | { readonly kind: "choice"; readonly field: "level"; readonly values: readonly Level[] }
  | { readonly kind: "choice"; readonly field: "source"; readonly values: readonly Source[] }
  | { readonly kind: "choice"; readonly field: "keyType"; readonly values: readonly Source[] }
  | { readonly kind: "choice"; readonly field: "kind"; readonly values: readonly ("log" | "timing")[] }
  | { readonly kind: "choice"; readonly field: "status"; readonly values: readonly TimingStatus[] };

/** A whole text, or how it begins. The prefix "" asks only whether there is any value. */
export interface Pattern {
  readonly text: string;
  /** How the number is written that the text is another spelling of ("12.5" for "12.50"): numbers of the metadata equal that. */
  readonly number?: string;
  readonly isPrefix: boolean;
}

export type ExactField = "touchpoint" | "key" | "apiKey" | "project";

/** Any of the patterns. */
export interface ExactTerm {
  readonly kind: "exact";
  readonly field: ExactField;
  readonly patterns: readonly Pattern[];
}

/** Numbers between two bounds; ±Infinity where there is none. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
  readonly isMinIncluded: boolean;
  readonly isMaxIncluded: boolean;
}

export type NumberField = "id" | "time" | "receivedAt" | "startTime" | "endTime" | "duration";

/** Any of the ranges. Times in Unix ms, durations in ms. */
export interface NumberTerm {
  readonly kind: "number";
  readonly field: NumberField;
  readonly ranges: readonly NumberRange[];
}

/** Any of the patterns, in a field of the metadata. */
export interface MetadataTerm {
  readonly kind: "metadata";
  readonly name: string;
  readonly patterns: readonly Pattern[];
}

/** A number of the metadata. */
export interface MetadataNumberTerm {
  readonly kind: "metadataNumber";
  readonly name: string;
  readonly range: NumberRange;
}

export function isInRange({ min, max, isMinIncluded, isMaxIncluded }: NumberRange, value: number): boolean {
  return (isMinIncluded ? value >= min : value > min) && (isMaxIncluded ? value <= max : value < max);
}

export function isAnyPattern(patterns: readonly Pattern[], text: string): boolean {
  for (const pattern of patterns) {
    if (pattern.isPrefix ? text.startsWith(pattern.text) : text === pattern.text) return true;
  }
  return false;
}
