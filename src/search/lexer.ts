// A search's text into tokens: words and phrases, fields with their values, and the signs between them. Values are cut into pieces
// only; what a field makes of them is not known here. Throws SearchProblemError.

import { METADATA_PREFIX, quoted, searchField } from "./fields.ts";
import { fail, type Span, shown } from "./problem.ts";

/** A part of a value: `pieces` of a"b c"d are a, b c and d. */
export interface Piece extends Span {
  /** Without quotes and their escapes. */
  readonly text: string;
  readonly isQuoted: boolean;
}

export type Token =
  | (Span & { readonly kind: "(" | ")" | "-" | "NOT" | "AND" | "OR" })
  /** The text is "" for a * alone. */
  | (Span & { readonly kind: "word"; readonly text: string })
  | FieldToken;

export interface FieldToken extends Span {
  readonly kind: "field";
  /** What stands before the colon; "metadata" for a metadata field. */
  readonly name: string;
  /** The metadata field; undefined for any other field. */
  readonly metadataName: string | undefined;
  /** Where the value begins: behind the colon. */
  readonly valueAt: number;
  /** None where a value is missing. */
  readonly pieces: readonly Piece[];
  /** The whole term, as it was typed. */
  readonly source: string;
}

const SPACES = /\s*/y;
/** Ends at what can begin another term. */
const RAW = /[^\s"()]+/y;
/** As RAW, for fields of times: a printed time has a space in it. */
const RAW_TIME = /(?:\d{4}-\d{2}-\d{2} \d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: (?=[+-]\d{2}:?\d{2}))?|[^\s"()])+/y;
const FIELD_NAME = /[A-Za-z_][A-Za-z0-9_.-]*(?=:)/y;
const METADATA_NAME = /metadata\.[^\s"():]*(?=:)/y;

/** The text has no lone surrogates. */
export function tokensOf(text: string): Token[] {
  const lexer = new Lexer(text);
  const tokens: Token[] = [];
  for (let token = lexer.next(); token !== undefined; token = lexer.next()) tokens.push(token);
  return tokens;
}

/** The text before a * at its end. Throws where a * stands elsewhere; `at` is where the text begins, and behind its end more may follow. */
export function withoutStar(text: string, at: number, isEnd = true): string {
  const star = text.indexOf("*");
  if (star !== -1 && (star < text.length - 1 || !isEnd)) {
    const hint = `to search for the text, write it in quotes: ${quoted(shown(text))}`;
    fail(`a * can stand at the end only, where it means any ending; ${hint}`, {
      at: at + star,
      end: at + star + 1,
    });
  }
  return star === -1 ? text : text.slice(0, -1);
}

/** Signs of other languages, which would be searched as text and find nothing. */
const FOREIGN: Readonly<Record<string, string>> = { "&&": "AND", "||": "OR", "!": "NOT" };
const FOREIGN_NEGATION = /^!+(?=[A-Za-z_][A-Za-z0-9_.-]*:)/;

function refuseForeign(text: string, { at, end }: Span): void {
  const sign = Object.hasOwn(FOREIGN, text) ? text : (FOREIGN_NEGATION.exec(text)?.[0] ?? "");
  if (sign === "") return;
  const known = FOREIGN[sign[0] === "!" ? "!" : sign];
  fail(`write ${known} instead of ${sign}; to search for the text, write it in quotes: ${quoted(shown(text))}`, {
    at,
    end: Math.min(end, at + sign.length),
  });
}

class Lexer {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  next(): Token | undefined {
    this.#take(SPACES);
    const at = this.#at;
    const sign = this.#text[at];
    if (sign === undefined) return undefined;
    if (sign === "(" || sign === ")" || sign === "-") return this.#sign(sign);
    if (sign === '"') return this.#phrase();
    const field = this.#field();
    if (field !== undefined) return field;
    const text = this.#take(RAW);
    const span = { at, end: this.#at };
    if (text === "AND" || text === "OR" || text === "NOT") return { kind: text, ...span };
    refuseForeign(text, span);
    return { kind: "word", text: withoutStar(text, at), ...span };
  }

  #sign(sign: "(" | ")" | "-"): Token {
    const span = { at: this.#at, end: ++this.#at };
    if (sign === "-" && !/[^\s)-]/.test(this.#text[this.#at] ?? "")) {
      const typed = quoted(shown(sign + this.#take(RAW)));
      fail(
        `"-" must stand directly before what it negates; to search for the text, write it in quotes: ${typed}`,
        span,
      );
    }
    return { kind: sign, ...span };
  }

  #phrase(): Token {
    const { text, at, end } = this.#quoted();
    if (text === "") fail("nothing stands between the quotes", { at, end });
    return { kind: "word", text, at, end };
  }

  #field(): FieldToken | undefined {
    const at = this.#at;
    const name = this.#fieldName();
    if (name === undefined) return undefined;
    const valueAt = ++this.#at;
    const isTime = name.metadataName === undefined && searchField(name.name)?.type === "time";
    const pieces = this.#pieces(isTime ? RAW_TIME : RAW);
    const source = this.#text.slice(at, this.#at);
    return { kind: "field", ...name, valueAt, pieces, source, at, end: this.#at };
  }

  /** Stops at the colon; undefined, without a step, where no field begins. */
  #fieldName(): { name: string; metadataName: string | undefined } | undefined {
    const at = this.#at;
    if (this.#text.startsWith(`${METADATA_PREFIX}"`, at)) {
      this.#at += METADATA_PREFIX.length;
      const { text } = this.#quoted();
      if (this.#text[this.#at] !== ":") {
        fail("a colon and a value must follow the name of a metadata field", { at, end: this.#at });
      }
      return { name: "metadata", metadataName: text };
    }
    const metadataName = this.#take(METADATA_NAME);
    if (metadataName !== "") return { name: "metadata", metadataName: metadataName.slice(METADATA_PREFIX.length) };
    const name = this.#take(FIELD_NAME);
    return name === "" ? undefined : { name, metadataName: undefined };
  }

  #pieces(raw: RegExp): Piece[] {
    const pieces: Piece[] = [];
    for (;;) {
      const at = this.#at;
      if (this.#text[at] === '"') {
        pieces.push(this.#quoted());
        continue;
      }
      const text = this.#take(raw);
      if (text === "") return pieces;
      pieces.push({ text, isQuoted: false, at, end: this.#at });
    }
  }

  /** A backslash makes a quote or a backslash stand for itself; before anything else it is a character. */
  #quoted(): Piece {
    const at = this.#at;
    let text = "";
    for (let next = at + 1; next < this.#text.length; next++) {
      const sign = this.#text[next] as string;
      if (sign === '"') {
        this.#at = next + 1;
        return { text, isQuoted: true, at, end: this.#at };
      }
      const following = this.#text[next + 1];
      const isEscape = sign === "\\" && (following === '"' || following === "\\");
      text += isEscape ? this.#text[++next] : sign;
    }
    return fail("this quote is never closed", { at, end: this.#text.length });
  }

  /** What the sticky expression matches here, or "". */
  #take(expression: RegExp): string {
    expression.lastIndex = this.#at;
    const taken = expression.exec(this.#text)?.[0] ?? "";
    this.#at += taken.length;
    return taken;
  }
}
