// A parsed search: plain data that query/match evaluates and prunes with. A term about a field is false for a record
// without that field, and its negation is true.

import type { Level, Source } from "../core/entry.ts";
import type { TimingStatus } from "../core/record.ts";

/** `and` and `or` have at least two members, none of its own kind. */
export type Expression =
  /** Matches every record. */
  | { readonly kind: "all" }
  | { readonly kind: "and"; readonly members: readonly Expression[] }
  | { readonly kind: "or"; readonly members: readonly Expression[] }
  | { readonly kind: "not"; readonly member: Expression }
  | Term;

/** A leaf of an expression: a predicate over one record. */
export type Term = WordTerm | MessageTerm | ChoiceTerm | ExactTerm | NumberTerm | MetadataTerm | MetadataNumberTerm;

/** A substring of the message, touchpoint, key or a metadata value. */
export interface WordTerm {
  readonly kind: "word";
  /** Case-folded, at least one unit long. */
  readonly needle: string;
}

/** A substring of the message. */
export interface MessageTerm {
  readonly kind: "message";
  /** Case-folded; "" matches every record that has a message. */
  readonly needle: string;
}

/** One of some values of an enumerated field. */
export type ChoiceTerm =
  | { readonly kind: "choice"; readonly field: "level"; readonly values: readonly Level[] }
  | { readonly kind: "choice"; readonly field: "source"; readonly values: readonly Source[] }
  | { readonly kind: "choice"; readonly field: "keyType"; readonly values: readonly Source[] }
  | { readonly kind: "choice"; readonly field: "kind"; readonly values: readonly ("log" | "timing")[] }
  | { readonly kind: "choice"; readonly field: "status"; readonly values: readonly TimingStatus[] };

/** A whole text or a prefix, case-sensitive. The prefix "" matches any value. */
export interface Pattern {
  readonly text: string;
  /**
   * Set when the text spells a number in another way than `String` does ("12.50"): the usual spelling ("12.5"), which
   * metadata numbers are compared with.
   */
  readonly number?: string;
  readonly isPrefix: boolean;
}

/** `pattern` is that of the message: what changes in it is masked. */
export type ExactField = "touchpoint" | "key" | "pattern" | "apiKey" | "project";

/** A text field that matches one of the patterns. */
export interface ExactTerm {
  readonly kind: "exact";
  readonly field: ExactField;
  readonly patterns: readonly Pattern[];
}

/** Numbers between two bounds; −Infinity and Infinity where there is none. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
  readonly isMinIncluded: boolean;
  readonly isMaxIncluded: boolean;
}

export type NumberField = "id" | "time" | "receivedAt" | "startTime" | "endTime" | "duration";

/** A number field that lies in one of the ranges. Times in Unix ms, durations in ms. */
export interface NumberTerm {
  readonly kind: "number";
  readonly field: NumberField;
  readonly ranges: readonly NumberRange[];
}

/** A metadata field with a value that matches one of the patterns. */
export interface MetadataTerm {
  readonly kind: "metadata";
  readonly name: string;
  readonly patterns: readonly Pattern[];
}

/** A metadata field with a number in the range. */
export interface MetadataNumberTerm {
  readonly kind: "metadataNumber";
  readonly name: string;
  readonly range: NumberRange;
}

export function isInRange({ min, max, isMinIncluded, isMaxIncluded }: NumberRange, value: number): boolean {
  return (isMinIncluded ? value >= min : value > min) && (isMaxIncluded ? value <= max : value < max);
}

export function matchesAnyPattern(patterns: readonly Pattern[], text: string): boolean {
  for (const pattern of patterns) {
    if (pattern.isPrefix ? text.startsWith(pattern.text) : text === pattern.text) return true;
  }
  return false;
}

/** Matches what all of the members match. */
export function allOf(members: readonly Expression[]): Expression {
  const flat = members.flatMap((member) => (member.kind === "and" ? member.members : [member]));
  const terms = flat.filter(({ kind }) => kind !== "all");
  const [first, ...others] = terms;
  if (first === undefined) return { kind: "all" };
  return others.length === 0 ? first : { kind: "and", members: terms };
}

/**
 * An equivalent expression in which equal terms are one and the same object, so that the evaluator can evaluate each
 * once, and no list has a member twice. Recursion is bounded by SEARCH_DEPTH_MAX.
 */
export function shareEqualTerms(search: Expression): Expression {
  return share(search, new Map());
}

function share(search: Expression, terms: Map<string, Term>): Expression {
  if (search.kind === "not") return { kind: "not", member: share(search.member, terms) };
  if (search.kind === "and" || search.kind === "or") {
    const members = new Map<string, Expression>();
    for (const member of search.members) {
      const identity = identityOf(member);
      if (!members.has(identity)) members.set(identity, share(member, terms));
    }
    const [first, ...others] = members.values();
    if (first === undefined || others.length > 0) return { kind: search.kind, members: [...members.values()] };
    return first;
  }
  if (search.kind === "all") return search;
  const identity = identityOf(search);
  const shared = terms.get(identity) ?? search;
  terms.set(identity, shared);
  return shared;
}

/** Equal only for equal expressions. Numbers are written as texts, since JSON has no Infinity. */
export function identityOf(expression: Expression): string {
  return JSON.stringify(expression, (_name, value: unknown) => (typeof value === "number" ? String(value) : value));
}
