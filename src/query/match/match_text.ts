// Terms that may be met in several columns: words and metadata. Columns are asked one after the other for rows that still lack a match, and
// none is inflated once no row does. Each function clears the rows that do not match, and sets none.

import type { TextColumn } from "../../block/codec/text_column.ts";
import type { ValueColumn } from "../../block/codec/value_column.ts";
import type { OpenBlock } from "../../block/open_block.ts";
import { foldText } from "../../core/case_folding.ts";
import type { MessageTerm, MetadataNumberTerm, MetadataTerm, WordTerm } from "../../search/expression.ts";
import { acceptedCodes } from "./match_columns.ts";
import { markPatterns } from "./match_patterns.ts";
import { isAnything, someAt, splitsOf, testOf } from "./metadata_path.ts";
import type { ReadFilters } from "./prune.ts";

export function matchMessage({ needle }: MessageTerm, block: OpenBlock, rows: Uint8Array): void {
  const column = block.message();
  const hits = new Uint8Array(rows.length);
  if (needle === "") column.markWhere(() => true, hits);
  else column.markContaining(needle, hits, rows);
  for (let row = 0; row < rows.length; row++) rows[row] = (rows[row] as number) & (hits[row] as number);
}

export function matchWord({ needle }: WordTerm, block: OpenBlock, rows: Uint8Array, texts: ReadFilters): void {
  const open = rows.slice();
  const messages = () => closeContaining(block.message(), undefined, needle, open);
  const all = [
    () => closeTouchpoints(needle, block, open),
    messages,
    () => closeKeys(needle, block, open),
    ...block.metadataNames().map((name) => () => {
      const column = block.metadata(name);
      if (column !== undefined) closeContaining(column, column.rows, needle, open);
    }),
    () => closeRest(block, needle, open),
  ];
  const isBeside = needle === "" || texts()?.mayContainOutsideMessages(needle) !== false;
  for (const close of isBeside ? all : [messages]) {
    if (!open.includes(1)) return;
    close();
  }
  clearOpen(open, rows);
}

export function matchMetadata(term: MetadataTerm | MetadataNumberTerm, block: OpenBlock, rows: Uint8Array): void {
  const open = rows.slice();
  const test = testOf(term);
  const whole: [string, string | undefined] = [term.name, undefined];
  for (const [head, path] of [whole, ...splitsOf(term.name)]) {
    const column = block.metadata(head);
    if (column !== undefined && hasOpen(column.rows, open)) closeMetadata(term, column, path, open);
    if (!open.includes(1)) break;
    const rest = block.overflowMembers();
    rest?.forEachOf(head, (row, member) => {
      if (open[row] === 1 && someAt(rest.value(member), path, test)) open[row] = 0;
    });
  }
  clearOpen(open, rows);
}

/** Rows that are still open found no match. */
function clearOpen(open: Uint8Array, rows: Uint8Array): void {
  for (let row = 0; row < rows.length; row++) rows[row] = (rows[row] as number) ^ (open[row] as number);
}

function hasOpen(rows: ArrayLike<number>, open: Uint8Array): boolean {
  for (let place = 0; place < rows.length; place++) if (open[rows[place] as number] === 1) return true;
  return false;
}

function closeTouchpoints(needle: string, block: OpenBlock, open: Uint8Array): void {
  const column = block.touchpoint();
  const accepted = acceptedCodes(column, (text) => foldText(text).includes(needle));
  if (!accepted.includes(1)) return;
  for (let row = 0; row < open.length; row++) {
    if (accepted[column.codes[row] as number] === 1) open[row] = 0;
  }
}

function closeKeys(needle: string, block: OpenBlock, open: Uint8Array): void {
  const column = block.key();
  if (column !== undefined) closeContaining(column, column.rows, needle, open);
}

/** `rows` are those of the places; undefined: place and row are the same. */
function closeContaining(
  column: Pick<TextColumn, "markContaining">,
  rows: ArrayLike<number> | undefined,
  needle: string,
  open: Uint8Array,
): void {
  if (rows !== undefined && !hasOpen(rows, open)) return;
  const hits = new Uint8Array(rows?.length ?? open.length);
  column.markContaining(needle, hits, rows === undefined ? open : undefined);
  closeHits(hits, rows, open);
}

function closeHits(hits: Uint8Array, rows: ArrayLike<number> | undefined, open: Uint8Array): void {
  for (let place = hits.indexOf(1); place !== -1; place = hits.indexOf(1, place + 1)) {
    open[rows === undefined ? place : (rows[place] as number)] = 0;
  }
}

function closeMetadata(
  term: MetadataTerm | MetadataNumberTerm,
  column: ValueColumn,
  path: string | undefined,
  open: Uint8Array,
): void {
  const test = testOf(term);
  const hits = new Uint8Array(column.rows.length);
  const passes = (value: unknown) => someAt(value, path, test);
  if (term.kind === "metadataNumber") column.markWhere(passes, hits);
  else if (path === undefined && term.patterns.some(isAnything)) hits.fill(1);
  else markPatterns(column, term.patterns, passes, hits);
  closeHits(hits, column.rows, open);
}

/** Looks at the leaves of the metadata that has no columns. */
function closeRest(block: OpenBlock, needle: string, open: Uint8Array): void {
  if (!open.includes(1)) return;
  const rest = block.overflowMembers();
  if (rest === undefined) return;
  const mayMatch = jsonFilter(needle);
  for (let place = 0; place < rest.rows.length; place++) {
    const row = rest.rows[place] as number;
    if (open[row] !== 1 || !mayMatch(rest.object(place))) continue;
    if (rest.someLeaf(place, (text) => foldText(text).includes(needle))) open[row] = 0;
  }
}

/** Whether a JSON text may hold a leaf that contains the needle: escaped as JSON does, which folding does not change. */
function jsonFilter(needle: string): (text: string) => boolean {
  const escaped = JSON.stringify(needle).slice(1, -1);
  return (text) => foldText(text).includes(escaped);
}
