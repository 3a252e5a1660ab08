// The lines of a text, one at a time, so that whoever reads them can stop. The work is linear in the text's length.

/** A line that is not blank. */
export interface TextLine {
  /** From 1; blank lines count. */
  readonly number: number;
  /** Without its end, which is LF or CRLF. */
  readonly text: string;
}

/** What is no line to anybody. */
const BLANK = /^\s*$/;

/** Gives the lines that are not blank, in order; the last one needs no end. */
export class TextLines {
  readonly #text: string;
  #at = 0;
  #number = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next line; undefined after the last one. */
  next(): TextLine | undefined {
    while (this.#at < this.#text.length) {
      const lineEnd = this.#text.indexOf("\n", this.#at);
      const end = lineEnd === -1 ? this.#text.length : lineEnd;
      const from = this.#at;
      this.#at = end + 1;
      this.#number++;
      if (end === from) continue;
      const text = this.#text.slice(from, this.#text[end - 1] === "\r" ? end - 1 : end);
      if (!BLANK.test(text)) return { number: this.#number, text };
    }
    return undefined;
  }
}

/** The object that a line is as JSON; another JSON value, or undefined where it is no JSON. */
export function parseLine(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
