// The one evaluator: which rows of a block match a search. It narrows a mask of rows, cheap terms first, and stops when no row is
// left, so that columns which cannot change the answer are not inflated.

import type { OpenBlock } from "../../block/open_block.ts";
import type { Expression, Term } from "../../search/expression.ts";
import { matchChoice, matchExact, matchNumber } from "./match_columns.ts";
import { matchMessage, matchMetadata, matchWord } from "./match_text.ts";
import type { ReadFilters } from "./prune.ts";

/** A block's records, as terms look at them. */
interface Matched {
  readonly block: OpenBlock;
  readonly project: string;
  readonly texts: ReadFilters;
  readonly repeated: ReadonlySet<Term>;
  /** What was found for these. */
  readonly known: Map<Term, Uint8Array>;
}

/**
 * 1 for each row of the block, which belongs to the project, that matches. Throws BlockDamagedError as the block does.
 * @param texts what is known of the block's texts, so that not all of them are looked at.
 */
export function matchRows(
  search: Expression,
  block: OpenBlock,
  project: string,
  texts: ReadFilters = () => undefined,
): Uint8Array {
  const steps = matchSteps(search, block, project, texts);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** As `matchRows`, a term a step. */
export function* matchSteps(
  search: Expression,
  block: OpenBlock,
  project: string,
  texts: ReadFilters = () => undefined,
): Generator<undefined, Uint8Array> {
  const rows = new Uint8Array(block.count).fill(1);
  yield* narrow(search, { block, project, texts, repeated: repeatedTerms(search), known: new Map() }, rows);
  return rows;
}

/** The terms that stand in more than one place. Equal ones are the same object: see equal_terms.ts. */
function repeatedTerms(search: Expression): ReadonlySet<Term> {
  const seen = new Set<Term>();
  const repeated = new Set<Term>();
  const visit = (expression: Expression): void => {
    if (expression.kind === "and" || expression.kind === "or") expression.members.forEach(visit);
    else if (expression.kind === "not") visit(expression.member);
    else if (expression.kind !== "all") (seen.has(expression) ? repeated : seen).add(expression);
  };
  visit(search);
  return repeated;
}

/** Clears the rows that do not match; sets none. */
function* narrow(search: Expression, matched: Matched, rows: Uint8Array): Generator<undefined, void> {
  if (search.kind === "all") return;
  if (search.kind === "and") {
    for (const member of cheapFirst(search.members)) {
      yield* narrow(member, matched, rows);
      if (!rows.includes(1)) return;
    }
  } else if (search.kind === "or") yield* narrowToAny(search.members, matched, rows);
  else if (search.kind === "not") subtract(rows, yield* matchesWithin(search.member, matched, rows));
  else {
    narrowByTerm(search, matched, rows);
    yield undefined;
  }
}

/** A term that stands in several places is evaluated once, over all rows. */
function narrowByTerm(term: Term, matched: Matched, rows: Uint8Array): void {
  if (!matched.repeated.has(term)) return matchTerm(term, matched, rows);
  let matches = matched.known.get(term);
  if (matches === undefined) {
    matches = new Uint8Array(rows.length).fill(1);
    matchTerm(term, matched, matches);
    matched.known.set(term, matches);
  }
  for (let row = 0; row < rows.length; row++) rows[row] = (rows[row] as number) & (matches[row] as number);
}

function matchTerm(search: Term, { block, project, texts }: Matched, rows: Uint8Array): void {
  switch (search.kind) {
    case "word":
      return matchWord(search, block, rows, texts);
    case "message":
      return matchMessage(search, block, rows);
    case "choice":
      return matchChoice(search, block, rows);
    case "exact":
      return matchExact(search, block, project, rows);
    case "number":
      return matchNumber(search, block, rows);
    case "metadata":
    case "metadataNumber":
      return matchMetadata(search, block, rows);
  }
}

function* narrowToAny(members: readonly Expression[], matched: Matched, rows: Uint8Array): Generator<undefined, void> {
  const open = rows.slice();
  for (const member of cheapFirst(members)) {
    subtract(open, yield* matchesWithin(member, matched, open));
    if (!open.includes(1)) return;
  }
  subtract(rows, open);
}

function* matchesWithin(search: Expression, matched: Matched, rows: Uint8Array): Generator<undefined, Uint8Array> {
  const matching = rows.slice();
  yield* narrow(search, matched, matching);
  return matching;
}

/** Clears the rows of `others`, which are all among `rows`. */
function subtract(rows: Uint8Array, others: Uint8Array): void {
  for (let row = 0; row < rows.length; row++) rows[row] = (rows[row] as number) ^ (others[row] as number);
}

function cheapFirst(members: readonly Expression[]): Expression[] {
  return members
    .map((member) => ({ member, cost: costOf(member) }))
    .sort((one, other) => one.cost - other.cost)
    .map(({ member }) => member);
}

/** What terms cost beside others: by the size of what they must inflate, and whether texts are made. */
const COSTS: Readonly<Record<Term["kind"], number>> = {
  choice: 1,
  exact: 2,
  number: 3,
  metadata: 6,
  metadataNumber: 6,
  message: 7,
  word: 8,
};
/** Keys nearly all differ. */
const KEY_COST = 5;

function costOf(search: Expression): number {
  if (search.kind === "all") return 0;
  if (search.kind === "and" || search.kind === "or") return Math.max(...search.members.map(costOf));
  if (search.kind === "not") return costOf(search.member);
  if (search.kind === "exact" && search.field === "project") return 0;
  return search.kind === "exact" && search.field === "key" ? KEY_COST : COSTS[search.kind];
}
