// A syntax tree in; plain values out, and for each its place in the file, so that any later check can say where the value
// stands. Tables have no prototype: a name such as "constructor" is only a name.

import type { AST } from "toml-eslint-parser";

/** A table of a configuration file. */
export interface TomlTable {
  [name: string]: TomlValue;
}
/** A value; a date or time, which no setting takes, is a symbol that describes it. */
export type TomlValue = string | number | boolean | symbol | TomlTable | TomlValue[];

/** The names and indexes that lead to a value. */
export type Path = readonly (string | number)[];

/** Where a value stands, and how it is written. */
export interface Mark {
  /** Line of the name (or of the table's header), from 1. */
  readonly nameLine: number;
  /** Line where the value begins; of a table, its header. */
  readonly line: number;
  /** Scalars as they are written, for messages; undefined for tables and arrays. */
  readonly written: string | undefined;
}

/** Values and their places. */
export class TomlDocument {
  readonly root: TomlTable = emptyTable();
  readonly #marks = new Map<string, Mark>();

  setMark(path: Path, mark: Mark): void {
    this.#marks.set(JSON.stringify(path), mark);
  }

  /** The place of what the path leads to; undefined for what is not in the file. */
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

/** The table at the path, made where it is missing; the parser has refused every clash of names. */
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
