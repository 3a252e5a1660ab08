// The evaluator: which rows of a block match a search. It narrows a mask, a byte a row, by cheap terms first, and stops
// when no row is left, so that columns which cannot change the result are not inflated.

import type { OpenBlock } from "../../block/open_block.ts";
import type { Expression, Term } from "../../search/expression.ts";
import { intersect, matchTerm, subtract, type TermInput } from "./match_term.ts";
import type { LoadFilters } from "./prune.ts";

interface Evaluation extends TermInput {
  /** The terms that occur more than once. */
  readonly repeated: ReadonlySet<Term>;
  /** The masks of repeated terms that were evaluated, over all rows. */
  readonly results: Map<Term, Uint8Array>;
}

/**
 * The mask of matching rows: 1 for each row that matches, 0 for any other. Throws BlockDamagedError as the block does.
 * @param project the project of all the block's records.
 * @param filters reads the block's n-gram filters, which spare some columns; undefined where it has none.
 */
export function matchRows(
  search: Expression,
  block: OpenBlock,
  project: string,
  filters: LoadFilters = () => undefined,
): Uint8Array {
  const steps = matchSteps(search, block, project, filters);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** As `matchRows`; yields after each term. */
export function* matchSteps(
  search: Expression,
  block: OpenBlock,
  project: string,
  filters: LoadFilters = () => undefined,
): Generator<undefined, Uint8Array> {
  const rows = new Uint8Array(block.count).fill(1);
  yield* narrow(search, { block, project, filters, repeated: repeatedTerms(search), results: new Map() }, rows);
  return rows;
}

/** The terms that occur more than once: `shareEqualTerms` makes equal ones the same object. */
function repeatedTerms(search: Expression): ReadonlySet<Term> {
  const visited = new Set<Term>();
  const repeated = new Set<Term>();
  const visit = (expression: Expression): void => {
    if (expression.kind === "and" || expression.kind === "or") expression.members.forEach(visit);
    else if (expression.kind === "not") visit(expression.member);
    else if (expression.kind !== "all") (visited.has(expression) ? repeated : visited).add(expression);
  };
  visit(search);
  return repeated;
}

/** Clears the rows that do not match; sets none. */
function* narrow(search: Expression, evaluation: Evaluation, rows: Uint8Array): Generator<undefined, void> {
  if (search.kind === "all") return;
  if (search.kind === "and") {
    for (const member of cheapestFirst(search.members)) {
      yield* narrow(member, evaluation, rows);
      if (!rows.includes(1)) return;
    }
  } else if (search.kind === "or") yield* narrowToAny(search.members, evaluation, rows);
  else if (search.kind === "not") subtract(rows, yield* matchesWithin(search.member, evaluation, rows));
  else {
    narrowByTerm(search, evaluation, rows);
    yield undefined;
  }
}

/** A repeated term is evaluated once, over all rows. */
function narrowByTerm(term: Term, evaluation: Evaluation, rows: Uint8Array): void {
  if (!evaluation.repeated.has(term)) return matchTerm(term, evaluation, rows);
  let matches = evaluation.results.get(term);
  if (matches === undefined) {
    matches = new Uint8Array(rows.length).fill(1);
    matchTerm(term, evaluation, matches);
    evaluation.results.set(term, matches);
  }
  intersect(rows, matches);
}

function* narrowToAny(
  members: readonly Expression[],
  evaluation: Evaluation,
  rows: Uint8Array,
): Generator<undefined, void> {
  const pending = rows.slice();
  for (const member of cheapestFirst(members)) {
    subtract(pending, yield* matchesWithin(member, evaluation, pending));
    if (!pending.includes(1)) return;
  }
  subtract(rows, pending);
}

function* matchesWithin(
  search: Expression,
  evaluation: Evaluation,
  rows: Uint8Array,
): Generator<undefined, Uint8Array> {
  const matching = rows.slice();
  yield* narrow(search, evaluation, matching);
  return matching;
}

function cheapestFirst(members: readonly Expression[]): Expression[] {
  return members
    .map((member) => ({ member, cost: costOf(member) }))
    .sort((one, other) => one.cost - other.cost)
    .map(({ member }) => member);
}

/** The relative cost of terms: how much they inflate, and whether they decode texts. */
const COSTS: Readonly<Record<Term["kind"], number>> = {
  choice: 1,
  exact: 2,
  number: 3,
  metadata: 6,
  metadataNumber: 6,
  message: 7,
  word: 8,
};
/** Keys are not dictionary-encoded, since nearly all of them differ. */
const KEY_COST = 5;
const PATTERN_COST = 9;

function costOf(search: Expression): number {
  if (search.kind === "all") return 0;
  if (search.kind === "and" || search.kind === "or") return Math.max(...search.members.map(costOf));
  if (search.kind === "not") return costOf(search.member);
  if (search.kind === "exact" && search.field === "project") return 0;
  if (search.kind === "exact" && search.field === "pattern") return PATTERN_COST;
  return search.kind === "exact" && search.field === "key" ? KEY_COST : COSTS[search.kind];
}
