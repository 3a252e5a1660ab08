// Adds a pair of keys to a configuration file's text, or revokes one. Everything else stays byte for byte, comments and
// line endings included. Both functions expect a text that loads.

import type { AST } from "toml-eslint-parser";
import { parseSyntax } from "./document.ts";
import { type Environment, expandEnvironment, tomlString } from "./value_text.ts";

/** The new text, or why there is none. */
export type Edit =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: "syntax" | "unknown_name" | "already_revoked" };

const BYTE_ORDER_MARK = "\ufeff";

interface Source {
  readonly mark: string;
  readonly body: string;
  readonly lineEnd: string;
  readonly tree: AST.TOMLProgram;
}

/** A [[keys]] table, or an inline table in keys = [ … ]. */
type PairNode = AST.TOMLTable | AST.TOMLInlineTable;

function readSource(text: string): Source | undefined {
  const { tree, problems } = parseSyntax(text);
  if (tree === undefined || problems.length > 0) return undefined;
  const mark = text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : "";
  const lineEnd = /\r?\n/.exec(text)?.[0] ?? "\n";
  return { mark, body: text.slice(mark.length), lineEnd, tree };
}

function nameOf(node: AST.TOMLKeyValue | AST.TOMLTable): string {
  return node.key.keys.map((part) => (part.type === "TOMLBare" ? part.name : part.value)).join(".");
}

function pairTables(tree: AST.TOMLProgram): AST.TOMLTable[] {
  return tree.body[0].body.filter((node) => node.type === "TOMLTable").filter((node) => nameOf(node) === "keys");
}

/** The array of keys = [ … ], if the file has this form. */
function pairArray(tree: AST.TOMLProgram): AST.TOMLArray | undefined {
  for (const node of tree.body[0].body) {
    if (node.type === "TOMLKeyValue" && nameOf(node) === "keys" && node.value.type === "TOMLArray") return node.value;
  }
  return undefined;
}

function pairNodes(tree: AST.TOMLProgram): PairNode[] {
  const inline = pairArray(tree)?.elements.filter((element) => element.type === "TOMLInlineTable") ?? [];
  return [...pairTables(tree), ...inline];
}

function assignment(node: PairNode, name: string): AST.TOMLKeyValue | undefined {
  return node.body.find((pair) => nameOf(pair) === name);
}

function insert(source: Source, at: number, text: string): Edit {
  return { ok: true, text: source.mark + source.body.slice(0, at) + text + source.body.slice(at) };
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

function addTable(source: Source, at: number, pair: NewKeyPair): Edit {
  const { body, lineEnd } = source;
  const before = body.slice(0, at);
  const isLineStart = before === "" || before.endsWith("\n");
  const isSpaced = before === "" || /\n[ \t]*\r?\n$/.test(before);
  const lead = (isLineStart ? "" : lineEnd) + (isSpaced ? "" : lineEnd);
  const tail = at === body.length || /^[ \t]*\r?\n/.test(body.slice(at)) ? "" : lineEnd;
  const lines = ["[[keys]]", ...pairAssignments(pair)];
  return insert(source, at, lead + lines.map((line) => line + lineEnd).join("") + tail);
}

function addInline(source: Source, array: AST.TOMLArray, pair: NewKeyPair): Edit {
  const item = `{ ${pairAssignments(pair).join(", ")} }`;
  const last = array.elements.at(-1);
  if (last === undefined) return insert(source, array.range[0] + 1, item);
  const comma = source.tree.tokens.find(
    (token) => token.value === "," && token.range[0] >= last.range[1] && token.range[1] < array.range[1],
  );
  const isOneLine = last.loc.start.line === array.loc.start.line;
  const space = isOneLine ? " " : source.lineEnd + " ".repeat(last.loc.start.column);
  return comma === undefined
    ? insert(source, last.range[1], `,${space}${item}`)
    : insert(source, comma.range[1], `${space}${item},`);
}

/** Adds the pair after the last one, or at the end of the file. */
export function addKeyPair(text: string, pair: NewKeyPair): Edit {
  const source = readSource(text);
  if (source === undefined) return { ok: false, reason: "syntax" };
  const array = pairArray(source.tree);
  if (array !== undefined) return addInline(source, array, pair);
  const last = pairTables(source.tree).at(-1);
  return addTable(source, last === undefined ? source.body.length : endOfTable(source, last), pair);
}

/** Sets revoked = true in the pair of this name. Names may hold variables of the environment. */
export function revokeKey(text: string, name: string, environment: Environment): Edit {
  const source = readSource(text);
  if (source === undefined) return { ok: false, reason: "syntax" };
  const isNamed = (node: PairNode) => {
    const value = assignment(node, "name")?.value;
    if (value?.type !== "TOMLValue" || value.kind !== "string") return false;
    const expansion = expandEnvironment(value.value, environment);
    return expansion.ok && expansion.text === name;
  };
  const node = pairNodes(source.tree).find(isNamed);
  const last = node?.body.at(-1);
  if (node === undefined || last === undefined) return { ok: false, reason: "unknown_name" };

  const revoked = assignment(node, "revoked")?.value;
  if (revoked !== undefined) {
    if (revoked.type === "TOMLValue" && revoked.kind === "boolean" && revoked.value) {
      return { ok: false, reason: "already_revoked" };
    }
    const [start, end] = revoked.range;
    return { ok: true, text: `${source.mark}${source.body.slice(0, start)}true${source.body.slice(end)}` };
  }
  if (node.type === "TOMLInlineTable") return insert(source, last.range[1], ", revoked = true");
  const at = nextLine(source.body, last.range[1]);
  const indent = source.body.slice(last.range[0] - last.loc.start.column, last.range[0]);
  const lead = at === source.body.length && !source.body.endsWith("\n") ? source.lineEnd : "";
  return insert(source, at, `${lead}${indent}revoked = true${source.lineEnd}`);
}

/** A pair to write into the file. Each half has one form, or none. */
export interface NewKeyPair {
  readonly name: string;
  readonly project: string | undefined;
  readonly server: string | undefined;
  readonly serverSha256: string | undefined;
  readonly client: string | undefined;
  readonly clientSha256: string | undefined;
  readonly origins: readonly string[];
  readonly rate: number | undefined;
}

/** "name = value" for each setting that the pair has. */
function pairAssignments(pair: NewKeyPair): string[] {
  const assignments = [`name = ${tomlString(pair.name)}`];
  if (pair.project !== undefined) assignments.push(`project = ${tomlString(pair.project)}`);
  if (pair.server !== undefined) assignments.push(`server = ${tomlString(pair.server)}`);
  if (pair.serverSha256 !== undefined) assignments.push(`server_sha256 = ${tomlString(pair.serverSha256)}`);
  if (pair.client !== undefined) assignments.push(`client = ${tomlString(pair.client)}`);
  if (pair.clientSha256 !== undefined) assignments.push(`client_sha256 = ${tomlString(pair.clientSha256)}`);
  if (pair.client !== undefined || pair.clientSha256 !== undefined || pair.origins.length > 0) {
    assignments.push(`origins = [${pair.origins.map(tomlString).join(", ")}]`);
  }
  if (pair.rate !== undefined) assignments.push(`rate = ${pair.rate}`);
  return assignments;
}
