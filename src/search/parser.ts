// The parser of the search language, by recursive descent: text enters, an expression or a problem with its position
// leaves.
//
//   disjunction = conjunction { "OR" conjunction }
//   conjunction = negation { [ "AND" ] negation }
//   negation    = { "-" | "NOT" } ( "(" disjunction ")" | word | "phrase" | field ":" value )

import { foldText } from "../core/case_folding.ts";
import { SEARCH_DEPTH_MAX, SEARCH_LENGTH_MAX, SEARCH_TERMS_MAX } from "../core/limits.ts";
import { TimeZone } from "../core/time_zone.ts";
import { type Expression, type Term } from "./expression.ts";
import { type Token, tokenize } from "./lexer.ts";
import { fail, type SearchProblem, SearchProblemError } from "./problem.ts";
import { parseTerm, termCost } from "./terms.ts";

export type ParsedSearch =
  | { readonly ok: true; readonly search: Expression }
  | { readonly ok: false; readonly problem: SearchProblem };

/**
 * Parses a search; never throws for what a text holds. An empty search matches everything.
 * @param timeZone the zone of times without an offset, a name that `TimeZone` accepts; UTC when absent.
 */
export function parseSearch(text: string, timeZone?: string): ParsedSearch {
  try {
    if (text.length > SEARCH_LENGTH_MAX) {
      fail(`the search has ${text.length} characters; it can have at most ${SEARCH_LENGTH_MAX}`, {
        at: SEARCH_LENGTH_MAX,
        end: text.length,
      });
    }
    // Records hold no lone surrogates. Replacing each by one U+FFFD keeps all positions.
    return { ok: true, search: new Parser(tokenize(text.toWellFormed()), new TimeZone(timeZone)).parse() };
  } catch (error) {
    if (error instanceof SearchProblemError) return { ok: false, problem: error.problem };
    throw error;
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #timeZone: TimeZone;
  #next = 0;
  #depth = 0;
  #terms = 0;

  constructor(tokens: readonly Token[], timeZone: TimeZone) {
    this.#tokens = tokens;
    this.#timeZone = timeZone;
  }

  parse(): Expression {
    if (this.#tokens.length === 0) return { kind: "all" };
    const search = this.#disjunction();
    const left = this.#token();
    if (left !== undefined) fail("this parenthesis closes nothing", left);
    return search;
  }

  #token(): Token | undefined {
    return this.#tokens[this.#next];
  }

  #disjunction(): Expression {
    const members = [this.#conjunction()];
    while (this.#token()?.kind === "OR") {
      this.#next++;
      members.push(this.#conjunction());
    }
    return join("or", members);
  }

  #conjunction(): Expression {
    const members = [this.#negation()];
    for (let token = this.#token(); token !== undefined; token = this.#token()) {
      if (token.kind === "OR" || token.kind === ")") break;
      if (token.kind === "AND") this.#next++;
      members.push(this.#negation());
    }
    return join("and", members);
  }

  #negation(): Expression {
    let isNegated = false;
    for (; isNegation(this.#token()); this.#next++) isNegated = !isNegated;
    const member = this.#operand();
    return isNegated ? { kind: "not", member } : member;
  }

  #operand(): Expression {
    const token = this.#token();
    if (token?.kind === "(") {
      this.#next++;
      return this.#group(token);
    }
    if (token?.kind !== "word" && token?.kind !== "field") return this.#refuseMissingTerm(token);
    const term = token.kind === "word" ? wordTerm(token.text) : parseTerm(token, this.#timeZone);
    this.#next++;
    this.#terms += term.kind === "all" ? 1 : termCost(term);
    if (this.#terms > SEARCH_TERMS_MAX) {
      fail(`a search can have at most ${SEARCH_TERMS_MAX} terms, values of lists included`, token);
    }
    return term;
  }

  #group(open: Token): Expression {
    if (++this.#depth > SEARCH_DEPTH_MAX) fail(`parentheses can nest at most ${SEARCH_DEPTH_MAX} deep`, open);
    const search = this.#disjunction();
    if (this.#token() === undefined) fail("this parenthesis is never closed", open);
    this.#next++;
    this.#depth--;
    return search;
  }

  /** Refuses a search that has something else, or nothing, where a term must be. */
  #refuseMissingTerm(token: Token | undefined): never {
    const before = this.#tokens[this.#next - 1];
    const isBinary = (other: Token | undefined) => other?.kind === "OR" || other?.kind === "AND";
    const operator = token !== undefined && isBinary(token) ? token : before;
    if (operator !== undefined && (isBinary(operator) || operator.kind === "NOT")) {
      const relation = operator === token ? "come before" : "follow";
      const { kind } = operator;
      fail(`a term must ${relation} ${kind}; to search for the text, write it in quotes: "${kind}"`, operator);
    }
    if (before?.kind === "(") {
      if (token === undefined) fail("this parenthesis is never closed", before);
      fail("nothing is between the parentheses", { at: before.at, end: token.end });
    }
    return fail("this parenthesis closes nothing", token ?? { at: 0, end: 0 });
  }
}

function isNegation(token: Token | undefined): boolean {
  return token?.kind === "-" || token?.kind === "NOT";
}

/** A word matches any part of a text, so a * alone matches every record. */
function wordTerm(text: string): Term | { readonly kind: "all" } {
  return text === "" ? { kind: "all" } : { kind: "word", needle: foldText(text) };
}

/** A conjunction or disjunction, flattened; a single member stays as it is. */
function join(kind: "and" | "or", members: readonly Expression[]): Expression {
  const [first] = members;
  if (first !== undefined && members.length === 1) return first;
  return { kind, members: members.flatMap((member) => (member.kind === kind ? member.members : [member])) };
}
