// TOML text to values. Each value has its place in the file, so any later check can name its line.
//
// The parser stops at the first syntax error. A line that is wrong by itself is blanked, so the rest of the file is
// still checked. Tables have no prototype: a name such as "constructor" is only a name.

import { type AST, ParseError, parseTOML } from "toml-eslint-parser";

/** A table of a configuration file. */
export interface TomlTable {
  [name: string]: TomlValue;
}
/** A value; a date or time, which no setting takes, is a symbol that describes it. */
export type TomlValue = string | number | boolean | symbol | TomlTable | TomlValue[];

/** The names and indexes that lead to a value. */
export type Path = readonly (string | number)[];

/** The place of a value, and how it is written. */
interface Mark {
  /** Line of the name (or of the table's header), from 1. */
  readonly nameLine: number;
  /** Line where the value begins; of a table, its header. */
  readonly line: number;
  /** A scalar as it is written, for messages; undefined for tables and arrays. */
  readonly written: string | undefined;
}

/** Values and their places. */
export class TomlDocument {
  readonly root: TomlTable = emptyTable();
  readonly #marks = new Map<string, Mark>();

  setMark(path: Path, mark: Mark): void {
    this.#marks.set(JSON.stringify(path), mark);
  }

  /** The place of the value at a path; undefined if it is not in the file. */
  mark(path: Path): Mark | undefined {
    return this.#marks.get(JSON.stringify(path));
  }

  /** Line of the value, or of the nearest table around it that is in the file. */
  line(path: Path): number {
    for (let length = path.length; length > 0; length--) {
      const mark = this.mark(path.slice(0, length));
      if (mark !== undefined) return mark.line;
    }
    return 1;
  }
}

function emptyTable(): TomlTable {
  return Object.create(null) as TomlTable;
}

function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === "object" && !Array.isArray(value);
}

function keyNames(key: AST.TOMLKey): string[] {
  return key.keys.map((part) => (part.type === "TOMLBare" ? part.name : part.value));
}

/** The table at the path, created if it is missing. The parser has refused conflicting names. */
function tableAt(document: TomlDocument, start: TomlTable, prefix: Path, names: Path, line: number): TomlTable {
  let table = start;
  const path = [...prefix];
  for (const [index, name] of names.entries()) {
    path.push(name);
    if (typeof name === "number") continue;
    const position = names[index + 1];
    let value = table[name];
    if (value === undefined) {
      value = typeof position === "number" ? [] : emptyTable();
      table[name] = value;
      document.setMark(path, { nameLine: line, line, written: undefined });
    }
    if (Array.isArray(value) && typeof position === "number") {
      const item = value[position] ?? emptyTable();
      value[position] = item;
      value = item;
    }
    if (isTable(value)) table = value;
  }
  return table;
}

function readValue(document: TomlDocument, node: AST.TOMLContentNode, path: Path, nameLine: number): TomlValue {
  const line = node.loc.start.line;
  if (node.type === "TOMLArray") {
    document.setMark(path, { nameLine, line, written: undefined });
    return node.elements.map((element, index) =>
      readValue(document, element, [...path, index], element.loc.start.line),
    );
  }
  if (node.type === "TOMLInlineTable") {
    document.setMark(path, { nameLine, line, written: undefined });
    const table = emptyTable();
    for (const pair of node.body) readPair(document, pair, table, path);
    return table;
  }
  if (node.kind === "string") {
    document.setMark(path, { nameLine, line, written: JSON.stringify(node.value) });
    return node.value;
  }
  if (node.kind === "boolean") {
    document.setMark(path, { nameLine, line, written: String(node.value) });
    return node.value;
  }
  // The parser leaves the text of a plain 0 empty.
  if (node.kind === "integer" || node.kind === "float") {
    document.setMark(path, { nameLine, line, written: node.number === "" ? String(node.value) : node.number });
    return node.value;
  }
  document.setMark(path, { nameLine, line, written: node.datetime });
  return Symbol(node.datetime);
}

function readPair(document: TomlDocument, pair: AST.TOMLKeyValue, start: TomlTable, prefix: Path): void {
  const names = keyNames(pair.key);
  const line = pair.key.loc.start.line;
  const table = tableAt(document, start, prefix, names.slice(0, -1), line);
  const last = names.at(-1) ?? "";
  table[last] = readValue(document, pair.value, [...prefix, ...names], line);
}

/** Turns the tree into values with places. */
export function readDocument(tree: AST.TOMLProgram): TomlDocument {
  const document = new TomlDocument();
  document.setMark([], { nameLine: 1, line: 1, written: undefined });
  for (const node of tree.body[0].body) {
    if (node.type === "TOMLKeyValue") {
      readPair(document, node, document.root, []);
      continue;
    }
    const line = node.loc.start.line;
    const table = tableAt(document, document.root, [], node.resolvedKey, line);
    document.setMark(node.resolvedKey, { nameLine: line, line, written: undefined });
    for (const pair of node.body) readPair(document, pair, table, node.resolvedKey);
  }
  return document;
}

/** A problem before it knows its file. */
export interface LineProblem {
  readonly line: number;
  readonly message: string;
  /** Whether something is missing. A line that could not be parsed may be the reason. */
  readonly isMissing?: boolean;
}

/** The tree without the blanked lines, or undefined, and the problems. */
interface SyntaxResult {
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

/** The text with one line blanked; undefined if the line is a table's header or empty. */
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
      // After an error that spans lines (an unclosed array) the next errors mislead: only the first is reported.
      if (blanked === undefined) return { tree: undefined, problems: problems.slice(0, 1) };
      rest = blanked;
    }
  }
}
