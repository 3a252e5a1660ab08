// The lexer of the search language: text enters, tokens with their positions leave. It knows which names are fields of
// times, because a printed time has a space in it; what else a value means is the parser's business.

import { METADATA_PREFIX, quote, searchField } from "./fields.ts";
import { excerpt, fail, type Span } from "./problem.ts";

/** A quoted or bare part of a value: a"b c"d has the segments a, b c and d. */
export interface Segment extends Span {
  /** Without quotes and their escapes. */
  readonly text: string;
  readonly isQuoted: boolean;
}

export type Token = OperatorToken | WordToken | FieldToken;

export interface OperatorToken extends Span {
  readonly kind: "(" | ")" | "-" | "NOT" | "AND" | "OR";
}

/** A bare word or a quoted phrase. */
export interface WordToken extends Span {
  readonly kind: "word";
  /** Without quotes, their escapes and a trailing *; "" for a * alone. */
  readonly text: string;
}

/** A field, a colon and a value. */
export interface FieldToken extends Span {
  readonly kind: "field";
  /** The text before the colon; "metadata" for a metadata field. */
  readonly name: string;
  /** The name in the metadata, without quotes; undefined for any other field. */
  readonly metadataName: string | undefined;
  /** Where the value begins: after the colon. */
  readonly valueAt: number;
  /** Empty when the value is missing. */
  readonly segments: readonly Segment[];
  /** The whole term as it was typed. */
  readonly raw: string;
}

const WHITE_SPACE = /\s*/y;
/** Text outside quotes: ends where another term can begin. */
const BARE = /[^\s"()]+/y;
/** As BARE, for fields of times: a printed time has a space in it. */
const BARE_TIME = /(?:\d{4}-\d{2}-\d{2} \d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: (?=[+-]\d{2}:?\d{2}))?|[^\s"()])+/y;
const FIELD_NAME = /[A-Za-z_][A-Za-z0-9_.-]*(?=:)/y;
const METADATA_NAME = /metadata\.[^\s"():]*(?=:)/y;

/**
 * The tokens of a search without lone surrogates, in the order of the text. Throws SearchProblemError for malformed
 * text.
 */
export function tokenize(text: string): Token[] {
  return new Lexer(text, false).tokens();
}

/**
 * As `tokenize` for text that somebody is still typing; never throws. A quote that is not closed ends with the text,
 * and whatever else `tokenize` refuses is a word or an operator. The same tokens as `tokenize` for text that it
 * accepts.
 */
export function tokenizeUnfinished(text: string): Token[] {
  return new Lexer(text, true).tokens();
}

/**
 * The text without the * at its end. Throws for a * elsewhere. @param isEnd false if more of the value follows: no * is
 * allowed.
 */
export function stripTrailingStar(text: string, at: number, isEnd = true): string {
  const star = text.indexOf("*");
  if (star !== -1 && (star < text.length - 1 || !isEnd)) {
    fail(
      `a * is allowed at the end only, where it matches any ending; to search for the text, write it in quotes: ${quote(excerpt(text))}`,
      { at: at + star, end: at + star + 1 },
    );
  }
  return star === -1 ? text : text.slice(0, -1);
}

/** Operators of other search languages: searched as text, they would find nothing. */
const FOREIGN_OPERATORS: Readonly<Record<string, string>> = { "&&": "AND", "||": "OR", "!": "NOT" };
const FOREIGN_NEGATION = /^!+(?=[A-Za-z_][A-Za-z0-9_.-]*:)/;

function refuseForeignOperator(text: string, { at, end }: Span): void {
  const operator = Object.hasOwn(FOREIGN_OPERATORS, text) ? text : (FOREIGN_NEGATION.exec(text)?.[0] ?? "");
  if (operator === "") return;
  const own = FOREIGN_OPERATORS[operator[0] === "!" ? "!" : operator];
  fail(`write ${own} instead of ${operator}; to search for the text, write it in quotes: ${quote(excerpt(text))}`, {
    at,
    end: Math.min(end, at + operator.length),
  });
}

class Lexer {
  readonly #text: string;
  readonly #isTolerant: boolean;
  #at = 0;

  constructor(text: string, isTolerant: boolean) {
    this.#text = text;
    this.#isTolerant = isTolerant;
  }

  tokens(): Token[] {
    const tokens: Token[] = [];
    for (let token = this.#next(); token !== undefined; token = this.#next()) tokens.push(token);
    return tokens;
  }

  #next(): Token | undefined {
    this.#take(WHITE_SPACE);
    const char = this.#text[this.#at];
    if (char === undefined) return undefined;
    if (char === "(" || char === ")" || char === "-") return this.#operator(char);
    return char === '"' ? this.#phrase() : (this.#field() ?? this.#word());
  }

  #operator(kind: "(" | ")" | "-"): OperatorToken {
    const span = { at: this.#at, end: ++this.#at };
    if (!this.#isTolerant && kind === "-" && !/[^\s)-]/.test(this.#text[this.#at] ?? "")) {
      const typed = quote(excerpt(kind + this.#take(BARE)));
      fail(
        `"-" must stand directly before what it negates; to search for the text, write it in quotes: ${typed}`,
        span,
      );
    }
    return { kind, ...span };
  }

  #word(): OperatorToken | WordToken {
    const at = this.#at;
    const text = this.#take(BARE);
    const span = { at, end: this.#at };
    if (text === "AND" || text === "OR" || text === "NOT") return { kind: text, ...span };
    if (this.#isTolerant) return { kind: "word", text: text.endsWith("*") ? text.slice(0, -1) : text, ...span };
    refuseForeignOperator(text, span);
    return { kind: "word", text: stripTrailingStar(text, at), ...span };
  }

  #phrase(): WordToken {
    const { text, at, end } = this.#quoted();
    if (text === "" && !this.#isTolerant) fail("nothing is between the quotes", { at, end });
    return { kind: "word", text, at, end };
  }

  /** Undefined, without a step, where no field begins. */
  #field(): FieldToken | WordToken | undefined {
    const at = this.#at;
    const name = this.#fieldName();
    if (name === undefined) return undefined;
    if (this.#text[this.#at] !== ":") {
      if (!this.#isTolerant)
        fail("a colon and a value must follow the name of a metadata field", { at, end: this.#at });
      return { kind: "word", text: this.#text.slice(at, this.#at), at, end: this.#at };
    }
    const valueAt = ++this.#at;
    const isTime = name.metadataName === undefined && searchField(name.name)?.type === "time";
    const segments = this.#segments(isTime ? BARE_TIME : BARE);
    return { kind: "field", ...name, valueAt, segments, raw: this.#text.slice(at, this.#at), at, end: this.#at };
  }

  /** Reads up to the colon. Only a quoted metadata name may lack one. */
  #fieldName(): { name: string; metadataName: string | undefined } | undefined {
    if (this.#text.startsWith(`${METADATA_PREFIX}"`, this.#at)) {
      this.#at += METADATA_PREFIX.length;
      return { name: "metadata", metadataName: this.#quoted().text };
    }
    const metadataName = this.#take(METADATA_NAME);
    if (metadataName !== "") return { name: "metadata", metadataName: metadataName.slice(METADATA_PREFIX.length) };
    const name = this.#take(FIELD_NAME);
    return name === "" ? undefined : { name, metadataName: undefined };
  }

  #segments(bare: RegExp): Segment[] {
    const segments: Segment[] = [];
    for (;;) {
      const at = this.#at;
      if (this.#text[at] === '"') {
        segments.push(this.#quoted());
        continue;
      }
      const text = this.#take(bare);
      if (text === "") return segments;
      segments.push({ text, isQuoted: false, at, end: this.#at });
    }
  }

  /** A backslash escapes a quote or a backslash; before anything else it is an ordinary character. */
  #quoted(): Segment {
    const at = this.#at;
    let text = "";
    for (let next = at + 1; next < this.#text.length; next++) {
      const char = this.#text[next] as string;
      if (char === '"') {
        this.#at = next + 1;
        return { text, isQuoted: true, at, end: this.#at };
      }
      const following = this.#text[next + 1];
      const isEscape = char === "\\" && (following === '"' || following === "\\");
      text += isEscape ? this.#text[++next] : char;
    }
    if (!this.#isTolerant) fail("this quote is never closed", { at, end: this.#text.length });
    this.#at = this.#text.length;
    return { text, isQuoted: true, at, end: this.#at };
  }

  /** The match of the sticky expression at this position, or "". */
  #take(expression: RegExp): string {
    expression.lastIndex = this.#at;
    const taken = expression.exec(this.#text)?.[0] ?? "";
    this.#at += taken.length;
    return taken;
  }
}
