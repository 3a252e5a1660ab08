// TOML text in, its syntax tree out, or every syntax problem that can be told apart. The parser stops at the first error;
// a line that is wrong by itself is blanked so that the rest can still be checked.

import { type AST, ParseError, parseTOML } from "toml-eslint-parser";

/** A problem before it knows its file. */
export interface LineProblem {
  readonly line: number;
  readonly message: string;
  /** Whether something is absent, which a line that could not be read may explain. */
  readonly isMissing?: boolean;
}

/** The tree, where one could be had, and what was wrong; `tree` may lack the blanked lines. */
export interface SyntaxResult {
  readonly tree: AST.TOMLProgram | undefined;
  readonly problems: readonly LineProblem[];
}

/** Each blanked line costs one more parse. */
const BLANKED_LINES_MAX = 20;
const BYTE_ORDER_MARK = "\ufeff";

function syntaxMessage(error: ParseError, text: string): string {
  if (error.message === "Defining a key multiple times is invalid") {
    const name = /^["']?([A-Za-z0-9_-]+)/.exec(text.slice(error.index))?.[1];
    return `${name ?? "a name"}: defined more than once`;
  }
  const hint = error.message === "Unexpected character" ? '; text needs quotes, as in host = "127.0.0.1"' : "";
  return `not valid TOML at column ${error.column + 1}: ${error.message}${hint}`;
}

/** The text with one line emptied, or undefined where that would take a table's header or nothing away. */
function blankLine(text: string, line: number): string | undefined {
  const lines = text.split("\n");
  const wrong = lines[line - 1]?.trim() ?? "";
  if (wrong === "" || wrong.startsWith("[")) return undefined;
  lines[line - 1] = "";
  return lines.join("\n");
}

/** Parses the text, which may begin with a byte order mark, as TOML 1.0. */
export function parseSyntax(text: string): SyntaxResult {
  const problems: LineProblem[] = [];
  // A mark is one character of the first line: removing it moves no line.
  let rest = text.startsWith(BYTE_ORDER_MARK) ? text.slice(BYTE_ORDER_MARK.length) : text;
  for (;;) {
    try {
      return { tree: parseTOML(rest, { tomlVersion: "1.0" }), problems };
    } catch (error) {
      if (error instanceof RangeError)
        return { tree: undefined, problems: [{ line: 1, message: "nested too deeply" }] };
      if (!(error instanceof ParseError)) throw error;
      problems.push({ line: error.lineNumber, message: syntaxMessage(error, rest) });
      const blanked = problems.length > BLANKED_LINES_MAX ? undefined : blankLine(rest, error.lineNumber);
      // What follows from an error that spans lines (an array left open) would only mislead: the first one is told.
      if (blanked === undefined) return { tree: undefined, problems: problems.slice(0, 1) };
      rest = blanked;
    }
  }
}
