// The rows of an answer as they come: JSONCompactEachRow, a JSON array a line. An exception that the server met after
// it had begun to answer stands behind the rows as text.

import { codeInText } from "./errors.ts";

/** One row: its columns in the order of the statement. */
export type Row = readonly unknown[];

/** An exception behind the rows of an answer. */
export class InnerException extends Error {
  readonly code: number;

  constructor(text: string) {
    super(text);
    this.code = codeInText(text) ?? 0;
  }
}

/** An exception's text is read up to this many characters. */
const EXCEPTION_LENGTH_MAX = 8_192;
/** What stands before an exception since 25.11: a line of its own, and the tag of the header below. */
const EXCEPTION_MARK = "__exception__";

/** Rows, some at a time. `failure` gives the error to throw for one of reading, or for an InnerException. */
export async function* readRows(response: Response, failure: (error: unknown) => Error): AsyncGenerator<Row[]> {
  const reader = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
  if (reader === undefined) return;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const next = async () => {
    try {
      return await reader.read();
    } catch (error) {
      throw failure(error);
    }
  };
  const parsed = (lines: string) => {
    try {
      return rowsIn(lines);
    } catch (error) {
      throw failure(error);
    }
  };
  let isComplete = false;
  let rest = "";
  try {
    while (!isComplete) {
      const { done, value } = await next();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      isComplete = done;
      const end = done ? rest.length : rest.lastIndexOf("\n") + 1;
      if (end === 0) continue;
      const text = rest.slice(0, end);
      rest = rest.slice(end);
      const rowsEnd = endOfRows(text);
      if (rowsEnd > 0) yield parsed(text.slice(0, rowsEnd));
      if (rowsEnd === text.length) continue;
      rest = text.slice(rowsEnd) + rest;
      while (!isComplete && rest.length < EXCEPTION_LENGTH_MAX) {
        const more = await next();
        rest += more.done ? decoder.decode() : decoder.decode(more.value, { stream: true });
        isComplete = more.done;
      }
      throw failure(new InnerException(exceptionText(rest)));
    }
  } finally {
    if (!isComplete) await reader.cancel().catch(() => undefined);
  }
}

/** Where the rows of a text of whole lines end: before the first line that is none. */
function endOfRows(text: string): number {
  if (text[0] !== "[") return 0;
  for (let at = text.indexOf("\n"); at !== -1 && at + 1 < text.length; at = text.indexOf("\n", at + 1)) {
    if (text[at + 1] !== "[") return at + 1;
  }
  return text.length;
}

/** A line break within a value is escaped: each one ends a row. */
function rowsIn(lines: string): Row[] {
  const end = lines.endsWith("\n") ? lines.length - 1 : lines.length;
  try {
    return JSON.parse(`[${lines.slice(0, end).replaceAll("\n", ",")}]`) as Row[];
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // An exception may begin within a row.
    throw new InnerException(exceptionText(lines));
  }
}

/** The message without the marks and the tag around it. */
function exceptionText(text: string): string {
  const start = text.indexOf("Code: ");
  const marked = text.indexOf(EXCEPTION_MARK, start);
  return (start === -1 ? text : text.slice(start, marked === -1 ? undefined : marked)).trim();
}
