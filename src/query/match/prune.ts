// Predicate pruning: what a search's result is for a group of records, from statistics alone. Three-valued logic: true,
// every record of the group matches; false, none does; undefined, unknown. Unknown stays unknown when it is negated, so
// no answer is ever wrong.

import { keyTypeCodeIn, keyTypeOfCode, kindCodeOf, levelCodeOf, sourceOf } from "../../block/codec/flags.ts";
import type { BlockFilters } from "../../block/filter/block_filters.ts";
import { foldText } from "../../core/case_folding.ts";
import { KINDS, LEVELS, type Level, type TimingStatus } from "../../core/record.ts";
import { isCutTouchpoint } from "../../core/touchpoint.ts";
import {
  type ChoiceTerm,
  type Expression,
  isInRange,
  type MessageTerm,
  matchesAnyPattern,
  type NumberRange,
  type NumberTerm,
  type Pattern,
  type Term,
  type WordTerm,
} from "../../search/expression.ts";
import { patternWords } from "../../search/message_patterns.ts";

/** True, all records of a group match; false, none does; undefined, unknown. */
type Ternary = boolean | undefined;

/** The records of a block that share touchpoint, kind, level, source and key type. */
export interface Cell {
  readonly project: string;
  /** `countedFlags` of block/codec/flags.ts. */
  readonly flags: number;
  /** At most as long as block statistics store names; undefined for records without one. */
  readonly touchpoint: string | undefined;
}

/** Statistics of a block. Times in Unix ms; all bounds are included. */
export interface PruningInput {
  readonly project: string;
  readonly timeMin: number;
  readonly timeMax: number;
  readonly receivedMin: number;
  readonly receivedMax: number;
  readonly idMin: number;
  readonly idMax: number;
  /** Together they cover every record; undefined: unknown. */
  readonly cells: readonly Omit<Cell, "project">[] | undefined;
  /** Undefined: there are none, or they are not to be read yet. */
  readonly filters: LoadFilters | undefined;
  /** False: no record has the kind, an index into KINDS. */
  hasKind(kindCode: number): boolean;
  /** False: no record has the level, 1 + its index into LEVELS. */
  hasLevel(levelCode: number): boolean;
}

/** A block's n-gram filters. False is certain. Needles are case-folded. */
export type Filters = Pick<BlockFilters, "mayContain" | "mayContainInMessages" | "mayContainOutsideMessages">;

/** Reads a block's filters when they are first needed; undefined where it has none. */
export type LoadFilters = () => Filters | undefined;

/**
 * Whether the records of a cell match; undefined where neither the cell nor the bounds of its block decide.
 * @param bounds of times and ids of the block
 */
export function matchCell(search: Expression, cell: Cell, bounds?: PruningInput): boolean | undefined {
  return evaluate(search, (term) => {
    const inCell = termInCell(term, cell);
    if (inCell !== undefined || bounds === undefined || term.kind !== "number" || isOfTimings(term)) return inCell;
    return numberInBlock(term, bounds);
  });
}

/** Whether no record of the block can match, so that its columns need not be read. */
export function canSkipBlock(search: Expression, statistics: PruningInput): boolean {
  // Filters last: they have to be read and decoded.
  const withoutFilters = { ...statistics, filters: undefined };
  return noneMatches(search, withoutFilters) || (statistics.filters !== undefined && noneMatches(search, statistics));
}

/** Whether a record with these counted flags has one of the values. */
export function hasChoice(term: ChoiceTerm, flags: number): boolean {
  const kind = kindCodeOf(flags);
  const level = levelCodeOf(flags);
  if (term.field === "level") return level !== 0 && term.values.includes(LEVELS[level - 1] as Level);
  if (term.field === "source") return term.values.includes(sourceOf(flags));
  if (term.field === "keyType") {
    const keyType = keyTypeOfCode(keyTypeCodeIn(flags));
    return keyType !== undefined && term.values.includes(keyType);
  }
  if (term.field === "kind") return term.values.includes(kind === 0 ? "log" : "timing");
  return kind !== 0 && term.values.includes(KINDS[kind] as TimingStatus);
}

function noneMatches(search: Expression, statistics: PruningInput): boolean {
  const evaluated = new Map<Term, Ternary>();
  const inBlock = (term: Term): Ternary => {
    if (!evaluated.has(term)) evaluated.set(term, termInBlock(term, statistics));
    return evaluated.get(term);
  };
  const result = evaluate(search, inBlock);
  if (result !== undefined || statistics.cells === undefined) return result === false;
  const { project } = statistics;
  return statistics.cells.every(({ flags, touchpoint }) => {
    const cell = { project, flags, touchpoint };
    return evaluate(search, (term) => termInCell(term, cell) ?? inBlock(term)) === false;
  });
}

function evaluate(search: Expression, term: (term: Term) => Ternary): Ternary {
  if (search.kind === "all") return true;
  if (search.kind === "and" || search.kind === "or") return evaluateList(search.members, term, search.kind === "or");
  if (search.kind !== "not") return term(search);
  const result = evaluate(search.member, term);
  return result === undefined ? undefined : !result;
}

/** @param deciding the result of one member that decides the whole list: false for AND, true for OR. */
function evaluateList(members: readonly Expression[], term: (term: Term) => Ternary, deciding: boolean): Ternary {
  let result: Ternary = !deciding;
  for (const member of members) {
    const one = evaluate(member, term);
    if (one === deciding) return deciding;
    if (one === undefined) result = undefined;
  }
  return result;
}

function termInCell(term: Term, { project, flags, touchpoint }: Cell): Ternary {
  if (term.kind === "choice") return hasChoice(term, flags);
  const isAboutTouchpoint = term.kind === "word" || (term.kind === "exact" && term.field === "touchpoint");
  // Only the beginning of a long name is known.
  if (isAboutTouchpoint && touchpoint !== undefined && isCutTouchpoint(touchpoint)) return undefined;
  if (term.kind === "word") {
    return touchpoint !== undefined && foldText(touchpoint).includes(term.needle) ? true : undefined;
  }
  if (term.kind === "number") return isOfTimings(term) && hasChoice(LOGS, flags) ? false : undefined;
  if (term.kind !== "exact") return undefined;
  if (term.field === "project") return matchesAnyPattern(term.patterns, project);
  if (term.field === "touchpoint") return touchpoint !== undefined && matchesAnyPattern(term.patterns, touchpoint);
  return undefined;
}

const LOGS: ChoiceTerm = { kind: "choice", field: "kind", values: ["log"] };

/** Logs have neither start nor end nor duration. */
function isOfTimings({ field }: NumberTerm): boolean {
  return field === "duration" || field === "startTime" || field === "endTime";
}

function termInBlock(term: Term, statistics: PruningInput): Ternary {
  switch (term.kind) {
    case "choice":
      return choiceInBlock(term, statistics);
    case "number":
      return numberInBlock(term, statistics);
    case "metadataNumber":
      return undefined;
    case "word":
    case "message":
      return needleInBlock(term, statistics);
    case "metadata":
      return patternsInBlock(term.patterns, statistics);
    case "exact":
    default:
      if (term.field === "project") return matchesAnyPattern(term.patterns, statistics.project);
      if (term.field === "pattern") return messagePatternsInBlock(term.patterns, statistics);
      return term.field === "apiKey" ? undefined : patternsInBlock(term.patterns, statistics);
  }
}

function needleInBlock({ kind, needle }: WordTerm | MessageTerm, { filters: load }: PruningInput): Ternary {
  if (needle === "") return undefined;
  const filters = load?.();
  const mayMatch = kind === "word" ? filters?.mayContain(needle) : filters?.mayContainInMessages(needle);
  return mayMatch === false ? false : undefined;
}

/** For patterns of any field but the message. */
function patternsInBlock(patterns: readonly Pattern[], { filters: load }: PruningInput): Ternary {
  const filters = load?.();
  if (filters === undefined) return undefined;
  const mayContain = (text: string) => text === "" || filters.mayContainOutsideMessages(foldText(text));
  const mayMatch = patterns.some(
    ({ text, number }) => mayContain(text) || (number !== undefined && mayContain(number)),
  );
  return mayMatch ? undefined : false;
}

/** A message has all words of its pattern. */
function messagePatternsInBlock(patterns: readonly Pattern[], { filters: load }: PruningInput): Ternary {
  const filters = load?.();
  if (filters === undefined) return undefined;
  const mayMatch = patterns.some(({ text, isPrefix }) =>
    patternWords(text, isPrefix).every((word) => filters.mayContainInMessages(foldText(word))),
  );
  return mayMatch ? undefined : false;
}

function choiceInBlock(term: ChoiceTerm, statistics: PruningInput): Ternary {
  if (term.field === "source" || term.field === "keyType") return undefined;
  if (term.field === "level") {
    return term.values.some((level) => statistics.hasLevel(LEVELS.indexOf(level) + 1)) ? undefined : false;
  }
  const kinds = [...KINDS.keys()].filter((kind) => statistics.hasKind(kind));
  const matching = kinds.filter((kind) => hasChoice(term, kind));
  if (matching.length === 0) return false;
  return matching.length === kinds.length ? true : undefined;
}

function numberInBlock(term: NumberTerm, statistics: PruningInput): Ternary {
  if (isOfTimings(term)) return KINDS.some((_, kind) => kind > 0 && statistics.hasKind(kind)) ? undefined : false;
  const [min, max] = boundsOf(term.field, statistics);
  if (term.ranges.some((range) => isInRange(range, min) && isInRange(range, max))) return true;
  return term.ranges.some((range) => overlaps(range, min, max)) ? undefined : false;
}

function boundsOf(field: NumberTerm["field"], of: PruningInput): readonly [min: number, max: number] {
  if (field === "id") return [of.idMin, of.idMax];
  return field === "receivedAt" ? [of.receivedMin, of.receivedMax] : [of.timeMin, of.timeMax];
}

function overlaps(range: NumberRange, min: number, max: number): boolean {
  const isAbove = range.min > max || (range.min === max && !range.isMinIncluded);
  const isBelow = range.max < min || (range.max === min && !range.isMaxIncluded);
  return !isAbove && !isBelow;
}
