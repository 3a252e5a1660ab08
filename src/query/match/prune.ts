// What can be said of a search without looking at records: true, every one of them matches; false, none does; undefined, some may.
// A negated "some may" stays one, so nothing here is ever wrong, only vague.

import { foldText } from "../../core/case_folding.ts";
import { KINDS, LEVELS } from "../../core/record.ts";
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
import { isChosen } from "./choices.ts";

/** What records of one touchpoint, kind, level, source and type of key have in common. */
export interface Cell {
  readonly project: string;
  /** `countedFlags` of block/codec/flags.ts. */
  readonly flags: number;
  readonly touchpoint: string | undefined;
}

/** What is known of a block; undefined: nothing. Times in Unix ms, both ends included, as are ids. */
export interface PruningInput {
  readonly project: string;
  readonly timeMin: number;
  readonly timeMax: number;
  readonly idMin: number;
  readonly idMax: number;
  /** Every record is in one of them. */
  readonly cells: readonly { readonly touchpoint: string | undefined; readonly flags: number }[] | undefined;
  readonly texts: ReadFilters | undefined;
  /** False: no record has the kind, an index into KINDS. */
  hasKind(kindCode: number): boolean;
  /** False: no record has the level, 1 + its index into LEVELS. */
  hasLevel(levelCode: number): boolean;
}

/** What messages, touchpoints, keys and metadata may contain; false is certain. Needles are folded. */
export interface TextFilters {
  mayContain(needle: string): boolean;
  mayContainInMessages(needle: string): boolean;
  mayContainOutsideMessages(needle: string): boolean;
}

/** Reads what is known of a block's texts, if anything is. */
export type ReadFilters = () => TextFilters | undefined;

type Verdict = boolean | undefined;

/** Whether records of a cell match, as far as their cell tells. */
export function matchCell(search: Expression, facts: Cell): boolean | undefined {
  return combine(search, (term) => judgeByCell(term, facts));
}

/** Whether the cell always decides: judge never gives undefined. */
export function isDecidedByCells(search: Expression): boolean {
  if (search.kind === "and" || search.kind === "or") return search.members.every(isDecidedByCells);
  if (search.kind === "not") return isDecidedByCells(search.member);
  if (search.kind === "exact") return search.field === "project" || search.field === "touchpoint";
  return search.kind === "all" || search.kind === "choice";
}

/** Whether no record of the block can match. */
export function canSkipBlock(search: Expression, facts: PruningInput): boolean {
  // Texts last: the filter has to be read for them.
  const withoutTexts = { ...facts, texts: undefined };
  return noneMatches(search, withoutTexts) || (facts.texts !== undefined && noneMatches(search, facts));
}

function noneMatches(search: Expression, facts: PruningInput): boolean {
  const known = new Map<Term, Verdict>();
  const judgeByBlock = (term: Term): Verdict => {
    if (!known.has(term)) known.set(term, judgeTermByBlock(term, facts));
    return known.get(term);
  };
  const inBlock = combine(search, judgeByBlock);
  if (inBlock !== undefined || facts.cells === undefined) return inBlock === false;
  const { project } = facts;
  return facts.cells.every((cell) => {
    const cellFacts = { project, flags: cell.flags, touchpoint: cell.touchpoint };
    return combine(search, (term) => judgeByCell(term, cellFacts) ?? judgeByBlock(term)) === false;
  });
}

function combine(search: Expression, judgeTerm: (term: Term) => Verdict): Verdict {
  if (search.kind === "all") return true;
  if (search.kind === "and" || search.kind === "or") {
    return combineAll(search.members, judgeTerm, search.kind === "or");
  }
  if (search.kind !== "not") return judgeTerm(search);
  const verdict = combine(search.member, judgeTerm);
  return verdict === undefined ? undefined : !verdict;
}

/** One member with the deciding verdict decides: false for AND, true for OR. */
function combineAll(members: readonly Expression[], judgeTerm: (term: Term) => Verdict, deciding: boolean): Verdict {
  let verdict: Verdict = !deciding;
  for (const member of members) {
    const judged = combine(member, judgeTerm);
    if (judged === deciding) return deciding;
    if (judged === undefined) verdict = undefined;
  }
  return verdict;
}

function judgeByCell(term: Term, { project, flags, touchpoint }: Cell): Verdict {
  if (term.kind === "choice") return isChosen(term, flags);
  // Of a long name only the beginning is known.
  const isOfName = term.kind === "word" || (term.kind === "exact" && term.field === "touchpoint");
  if (isOfName && touchpoint !== undefined && isCutTouchpoint(touchpoint)) return undefined;
  if (term.kind === "word")
    return touchpoint !== undefined && foldText(touchpoint).includes(term.needle) ? true : undefined;
  if (term.kind === "number") return isOfTimings(term) && isChosen(LOGS, flags) ? false : undefined;
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

function judgeTermByBlock(term: Term, facts: PruningInput): Verdict {
  if (term.kind === "choice") return judgeChoice(term, facts);
  if (term.kind === "number") return judgeNumber(term, facts);
  if (term.kind === "metadataNumber") return undefined;
  if (term.kind === "word" || term.kind === "message") return judgeNeedle(term, facts);
  if (term.kind === "metadata") return judgePatterns(term.patterns, facts);
  if (term.field === "project") return matchesAnyPattern(term.patterns, facts.project);
  return term.field === "apiKey" ? undefined : judgePatterns(term.patterns, facts);
}

function judgeNeedle({ kind, needle }: WordTerm | MessageTerm, facts: PruningInput): Verdict {
  if (needle === "") return undefined;
  const texts = facts.texts?.();
  const mayMatch = kind === "word" ? texts?.mayContain(needle) : texts?.mayContainInMessages(needle);
  return mayMatch === false ? false : undefined;
}

/** Patterns are for other fields than messages. */
function judgePatterns(patterns: readonly Pattern[], facts: PruningInput): Verdict {
  const texts = facts.texts?.();
  if (texts === undefined) return undefined;
  const mayContain = (text: string) => text === "" || texts.mayContainOutsideMessages(foldText(text));
  const mayMatch = patterns.some(
    ({ text, number }) => mayContain(text) || (number !== undefined && mayContain(number)),
  );
  return mayMatch ? undefined : false;
}

function judgeChoice(term: ChoiceTerm, facts: PruningInput): Verdict {
  if (term.field === "source" || term.field === "keyType") return undefined;
  if (term.field === "level") {
    return term.values.some((level) => facts.hasLevel(LEVELS.indexOf(level) + 1)) ? undefined : false;
  }
  const kinds = [...KINDS.keys()].filter((kind) => facts.hasKind(kind));
  const chosen = kinds.filter((kind) => isChosen(term, kind));
  if (chosen.length === 0) return false;
  return chosen.length === kinds.length ? true : undefined;
}

function judgeNumber(term: NumberTerm, facts: PruningInput): Verdict {
  if (isOfTimings(term)) return KINDS.some((_, kind) => kind > 0 && facts.hasKind(kind)) ? undefined : false;
  if (term.field === "receivedAt") return undefined;
  const [min, max] = term.field === "id" ? [facts.idMin, facts.idMax] : [facts.timeMin, facts.timeMax];
  if (term.ranges.some((range) => isInRange(range, min) && isInRange(range, max))) return true;
  return term.ranges.some((range) => overlaps(range, min, max)) ? undefined : false;
}

function overlaps(range: NumberRange, min: number, max: number): boolean {
  const isAbove = range.min > max || (range.min === max && !range.isMinIncluded);
  const isBelow = range.max < min || (range.max === min && !range.isMaxIncluded);
  return !isAbove && !isBelow;
}
