// What is wrong with a search, and where. Inside the parser a problem is thrown, so that no rule has to hand it on; parseSearch
// makes a value of it.

/** A sentence for people, and the place in the text, in UTF-16 units from 0. */
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

/** A place in the text, `end` not included. */
export interface Span {
  readonly at: number;
  readonly end: number;
}

/** What was seen may be the whole search; a message shows its beginning. */
const SHOWN_LENGTH_MAX = 80;

/** A text as messages show it: all of it, or how it begins. */
export function shown(text: string): string {
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX).toWellFormed()}…`;
}

export function fail(message: string, { at, end }: Span): never {
  throw new SearchProblemError({ message, at, length: end - at });
}
