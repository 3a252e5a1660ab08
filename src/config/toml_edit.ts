// Edits of a TOML text that leave everything else as it is, byte for byte, comments and line endings included. Tables
// of an array are meant in both forms: [[name]], and inline ones in name = [ … ]. All functions expect a text that
// parses.

import type { AST } from "toml-eslint-parser";
import { parseSyntax } from "./document.ts";
import { type Environment, expandEnvironment } from "./value_text.ts";

const BYTE_ORDER_MARK = "\ufeff";

/** A text and its tree, whose ranges are of `body`. */
export interface Source {
  readonly mark: string;
  readonly body: string;
  readonly lineEnd: string;
  readonly tree: AST.TOMLProgram;
}

/** A [[name]] table, or an inline table in name = [ … ]. */
export type TableNode = AST.TOMLTable | AST.TOMLInlineTable;

/** "name = value", the value as TOML has it. */
export type Assignment = readonly [name: string, value: string];

/** Undefined for a text that does not parse. */
export function readSource(text: string): Source | undefined {
  const { tree, problems } = parseSyntax(text);
  if (tree === undefined || problems.length > 0) return undefined;
  const mark = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : "";
  const lineEnd = /\r?\n/.exec(text)?.[0] ?? "\n";
  return { mark, body: text.slice(mark.length), lineEnd, tree };
}

/** The table of an array that has this name. Names may hold variables of the environment. */
export function tableNamed(
  source: Source,
  array: string,
  name: string,
  environment: Environment,
): TableNode | undefined {
  const inline = arrayOf(source.tree, array)?.elements.filter((element) => element.type === "TOMLInlineTable") ?? [];
  return [...headedTables(source.tree, array), ...inline].find((node) => {
    const value = assignmentOf(node, "name")?.value;
    return value !== undefined && textOf(value, environment) === name;
  });
}

/** The assignment of a name in a table. */
export function assignmentOf(node: TableNode, name: string): AST.TOMLKeyValue | undefined {
  return node.body.find((pair) => nameOf(pair) === name);
}

/** What a string means, its variables replaced; undefined for another value. */
export function textOf(value: AST.TOMLContentNode, environment: Environment): string | undefined {
  if (value.type !== "TOMLValue" || value.kind !== "string") return undefined;
  const expansion = expandEnvironment(value.value, environment);
  return expansion.ok ? expansion.text : undefined;
}

/** Adds a table after the last one of the array, or at the end of the file. */
export function withTable(source: Source, array: string, assignments: readonly Assignment[]): string {
  const inline = arrayOf(source.tree, array);
  const lines = assignments.map(([name, value]) => `${name} = ${value}`);
  if (inline !== undefined) return withElement(source, inline, `{ ${lines.join(", ")} }`);
  const last = headedTables(source.tree, array).at(-1);
  const at = last === undefined ? source.body.length : endOfTable(source, last);
  const { body, lineEnd } = source;
  const before = body.slice(0, at);
  const isLineStart = before === "" || before.endsWith("\n");
  const isSpaced = before === "" || /\n[ \t]*\r?\n$/.test(before);
  const lead = (isLineStart ? "" : lineEnd) + (isSpaced ? "" : lineEnd);
  const tail = at === body.length || /^[ \t]*\r?\n/.test(body.slice(at)) ? "" : lineEnd;
  const text = [`[[${array}]]`, ...lines].map((line) => line + lineEnd).join("");
  return replaced(source, at, at, lead + text + tail);
}

/** Takes a table out, with the comments in it. */
export function withoutTable(source: Source, node: TableNode, array: string): string {
  if (node.type === "TOMLTable") {
    const start = node.range[0] - node.loc.start.column;
    return replaced(source, start, endOfTable(source, node), "");
  }
  const inline = arrayOf(source.tree, array);
  return inline === undefined ? source.mark + source.body : withoutElement(source, inline, node);
}

/** Sets a value in a table, in its place or after the last line. */
export function withValue(source: Source, node: TableNode, [name, value]: Assignment): string {
  const found = assignmentOf(node, name);
  if (found !== undefined) return replaced(source, found.value.range[0], found.value.range[1], value);
  const last = node.body.at(-1);
  if (last === undefined) return source.mark + source.body;
  if (node.type === "TOMLInlineTable") return replaced(source, last.range[1], last.range[1], `, ${name} = ${value}`);
  const at = nextLine(source.body, last.range[1]);
  const indent = source.body.slice(last.range[0] - last.loc.start.column, last.range[0]);
  const lead = at === source.body.length && !source.body.endsWith("\n") ? source.lineEnd : "";
  return replaced(source, at, at, `${lead}${indent}${name} = ${value}${source.lineEnd}`);
}

/** Takes an assignment out of a table: its lines, with the comment that ends them. */
export function withoutAssignment(source: Source, node: TableNode, pair: AST.TOMLKeyValue): string {
  if (node.type === "TOMLTable") {
    return replaced(source, pair.range[0] - pair.loc.start.column, nextLine(source.body, pair.range[1]), "");
  }
  const at = node.body.indexOf(pair);
  const [before, after] = [node.body[at - 1], node.body[at + 1]];
  if (before !== undefined) return replaced(source, before.range[1], pair.range[1], "");
  return replaced(source, pair.range[0], after?.range[0] ?? pair.range[1], "");
}

/** Adds an element at the end of an array. */
export function withElement(source: Source, array: AST.TOMLArray, item: string): string {
  const last = array.elements.at(-1);
  if (last === undefined) return replaced(source, array.range[0] + 1, array.range[0] + 1, item);
  const comma = commaAfter(source, array, last);
  const isOneLine = last.loc.start.line === array.loc.start.line;
  const space = isOneLine ? " " : source.lineEnd + " ".repeat(last.loc.start.column);
  return comma === undefined
    ? replaced(source, last.range[1], last.range[1], `,${space}${item}`)
    : replaced(source, comma, comma, `${space}${item},`);
}

/** Takes an element out of an array: its whole line, with its comment, where it is alone there. */
export function withoutElement(source: Source, array: AST.TOMLArray, element: AST.TOMLContentNode): string {
  const { body } = source;
  const comma = commaAfter(source, array, element);
  const lineStart = body.lastIndexOf("\n", element.range[0]) + 1;
  const end = comma ?? element.range[1];
  const rest = body.slice(end, nextLine(body, end));
  const isAlone = body.slice(lineStart, element.range[0]).trim() === "" && /^[ \t]*(?:#.*)?\r?\n$/.test(rest);
  if (isAlone) return replaced(source, lineStart, nextLine(body, end), "");
  const before = array.elements[array.elements.indexOf(element) - 1];
  if (comma === undefined && before !== undefined) return replaced(source, before.range[1], element.range[1], "");
  return replaced(source, element.range[0], end + (/^[ \t]*/.exec(body.slice(end))?.[0].length ?? 0), "");
}

function replaced({ mark, body }: Source, from: number, to: number, text: string): string {
  return mark + body.slice(0, from) + text + body.slice(to);
}

/** Where the comma after an element ends; undefined where there is none. */
function commaAfter({ tree }: Source, array: AST.TOMLArray, element: AST.TOMLContentNode): number | undefined {
  const next = array.elements[array.elements.indexOf(element) + 1];
  const to = next?.range[0] ?? array.range[1];
  const comma = tree.tokens.find(({ value, range }) => value === "," && range[0] >= element.range[1] && range[1] <= to);
  return comma?.range[1];
}

function nameOf(node: AST.TOMLKeyValue | AST.TOMLTable): string {
  return node.key.keys.map((part) => (part.type === "TOMLBare" ? part.name : part.value)).join(".");
}

function headedTables(tree: AST.TOMLProgram, array: string): AST.TOMLTable[] {
  return tree.body[0].body.filter((node) => node.type === "TOMLTable").filter((node) => nameOf(node) === array);
}

/** The array of name = [ … ], if the file has this form. */
function arrayOf(tree: AST.TOMLProgram, name: string): AST.TOMLArray | undefined {
  for (const node of tree.body[0].body) {
    if (node.type === "TOMLKeyValue" && nameOf(node) === name && node.value.type === "TOMLArray") return node.value;
  }
  return undefined;
}

/** Where the line after this position begins; the text's length on the last line. */
function nextLine(body: string, at: number): number {
  const end = body.indexOf("\n", at);
  return end === -1 ? body.length : end + 1;
}

/** The end of the table and the comments right after it, unless these belong to the next table's header. */
function endOfTable(source: Source, table: AST.TOMLTable): number {
  const after = nextLine(source.body, table.range[1]);
  let at = after;
  while (/^[ \t]*#/.test(source.body.slice(at, nextLine(source.body, at)))) at = nextLine(source.body, at);
  return /^[ \t]*\[/.test(source.body.slice(at)) ? after : at;
}
