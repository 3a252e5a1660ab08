// What is wrong with a search, and where. Inside the parser a problem is thrown as an exception, so that no rule has to
// pass it on; parseSearch returns it as a value.

/**
 * A sentence for the person who typed the search, and the range of the text that it is about, in UTF-16 units from 0.
 */
export interface SearchProblem {
  readonly message: string;
  readonly at: number;
  readonly length: number;
}

export class SearchProblemError extends Error {
  override readonly name = "SearchProblemError";
  readonly problem: SearchProblem;

  constructor(problem: SearchProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** A range of the search's text, in UTF-16 units from 0; `end` is not included. */
export interface Span {
  readonly at: number;
  readonly end: number;
}

/** Longest part of the search that a message quotes: the faulty term may be the whole search. */
const EXCERPT_LENGTH_MAX = 80;

/** The text as messages quote it: whole, or its beginning and an ellipsis. */
export function excerpt(text: string): string {
  return text.length <= EXCERPT_LENGTH_MAX ? text : `${text.slice(0, EXCERPT_LENGTH_MAX).toWellFormed()}…`;
}

/** Throws a SearchProblemError about this range. */
export function fail(message: string, { at, end }: Span): never {
  throw new SearchProblemError({ message, at, length: end - at });
}
