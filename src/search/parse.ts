// The search language: text enters, an expression or a problem with its place leaves. Never throws.
//
//   any    = all { "OR" all }
//   all    = one { [ "AND" ] one }
//   one    = { "-" | "NOT" } ( "(" any ")" | word | "phrase" | field ":" value )

import { foldText } from "../core/case_folding.ts";
import { TimeZone } from "../core/time_zone.ts";
import { type Expression, SEARCH_DEPTH_MAX, SEARCH_LENGTH_MAX, SEARCH_TERMS_MAX, type Term } from "./expression.ts";
import { type Token, tokensOf } from "./lexer.ts";
import { fail, type SearchProblem, SearchProblemError } from "./problem.ts";
import { termOf, weightOf } from "./terms.ts";

export type ParsedSearch =
  | { readonly ok: true; readonly search: Expression }
  | { readonly ok: false; readonly problem: SearchProblem };

/** Reads a search; an empty one matches everything. Times without an offset are in the time zone, which there must be. */
export function parseSearch(text: string, timeZone?: string): ParsedSearch {
  try {
    if (text.length > SEARCH_LENGTH_MAX) {
      fail(`the search has ${text.length} characters; it can have at most ${SEARCH_LENGTH_MAX}`, {
        at: SEARCH_LENGTH_MAX,
        end: text.length,
      });
    }
    // Records hold no lone surrogates; here, too, each is one U+FFFD, so places stay.
    return { ok: true, search: new Parser(tokensOf(text.toWellFormed()), new TimeZone(timeZone)).search() };
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

  search(): Expression {
    if (this.#tokens.length === 0) return { kind: "all" };
    const search = this.#any();
    const rest = this.#token();
    if (rest !== undefined) fail("this parenthesis closes nothing", rest);
    return search;
  }

  #token(): Token | undefined {
    return this.#tokens[this.#next];
  }

  #any(): Expression {
    const members = [this.#all()];
    while (this.#token()?.kind === "OR") {
      this.#next++;
      members.push(this.#all());
    }
    return joined("or", members);
  }

  #all(): Expression {
    const members = [this.#one()];
    for (let token = this.#token(); token !== undefined; token = this.#token()) {
      if (token.kind === "OR" || token.kind === ")") break;
      if (token.kind === "AND") this.#next++;
      members.push(this.#one());
    }
    return joined("and", members);
  }

  #one(): Expression {
    let isNegated = false;
    for (; isNegation(this.#token()); this.#next++) isNegated = !isNegated;
    const member = this.#member();
    return isNegated ? { kind: "not", member } : member;
  }

  #member(): Expression {
    const token = this.#token();
    if (token?.kind === "(") {
      this.#next++;
      return this.#group(token);
    }
    if (token?.kind !== "word" && token?.kind !== "field") return this.#missing(token);
    const term = token.kind === "word" ? wordOf(token.text) : termOf(token, this.#timeZone);
    this.#count(token, term.kind === "all" ? 1 : weightOf(term));
    return term;
  }

  #group(open: Token): Expression {
    if (++this.#depth > SEARCH_DEPTH_MAX) fail(`parentheses can nest at most ${SEARCH_DEPTH_MAX} deep`, open);
    const search = this.#any();
    if (this.#token() === undefined) fail("this parenthesis is never closed", open);
    this.#next++;
    this.#depth--;
    return search;
  }

  /** Counts a term that was read. */
  #count(token: Token, weight: number): void {
    this.#next++;
    this.#terms += weight;
    if (this.#terms > SEARCH_TERMS_MAX) {
      fail(`a search can have at most ${SEARCH_TERMS_MAX} terms, values of lists included`, token);
    }
  }

  /** Says why no term stands where one must. */
  #missing(token: Token | undefined): never {
    const before = this.#tokens[this.#next - 1];
    const isJoin = (other: Token | undefined) => other?.kind === "OR" || other?.kind === "AND";
    const sign = token !== undefined && isJoin(token) ? token : before;
    if (sign !== undefined && (isJoin(sign) || sign.kind === "NOT")) {
      const side = sign === token ? "before" : "behind";
      fail(`a term must stand ${side} ${sign.kind}; to search for the text, write it in quotes: "${sign.kind}"`, sign);
    }
    if (before?.kind === "(") {
      if (token === undefined) fail("this parenthesis is never closed", before);
      fail("nothing stands between the parentheses", { at: before.at, end: token.end });
    }
    return fail("this parenthesis closes nothing", token ?? { at: 0, end: 0 });
  }
}

function isNegation(token: Token | undefined): boolean {
  return token?.kind === "-" || token?.kind === "NOT";
}

/** Words match any part of a text, so one that is only a * matches everything. */
function wordOf(text: string): Term | { readonly kind: "all" } {
  return text === "" ? { kind: "all" } : { kind: "word", needle: foldText(text) };
}

function joined(kind: "and" | "or", members: readonly Expression[]): Expression {
  const [first] = members;
  if (first !== undefined && members.length === 1) return first;
  return { kind, members: members.flatMap((member) => (member.kind === kind ? member.members : [member])) };
}
