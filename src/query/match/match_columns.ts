// Terms that one column decides. Each function clears the rows that do not match: it looks only at rows that are 1, and
// sets none.

import type { DictionaryColumn } from "../../block/codec/dictionary.ts";
import { countedFlags } from "../../block/codec/flags.ts";
import type { SparseColumn } from "../../block/codec/sparse_column.ts";
import type { OpenBlock } from "../../block/open_block.ts";
import {
  type ChoiceTerm,
  type ExactTerm,
  isInRange,
  matchesAnyPattern,
  type NumberRange,
  type NumberTerm,
} from "../../search/expression.ts";
import { isChosen } from "./choices.ts";
import { markPatterns } from "./match_patterns.ts";

export function matchChoice(term: ChoiceTerm, block: OpenBlock, rows: Uint8Array): void {
  // One of the two decides, and the other's column is not read.
  const isByKeyType = term.field === "keyType";
  const chosen = new Uint8Array(256);
  for (let code = 0; code < chosen.length; code++) {
    chosen[code] = isChosen(term, isByKeyType ? countedFlags(0, code) : countedFlags(code, 0)) ? 1 : 0;
  }
  const codes = isByKeyType ? block.keyType() : block.flags();
  for (let row = 0; row < rows.length; row++) {
    rows[row] = (rows[row] as number) & (chosen[codes[row] as number] as number);
  }
}

export function matchExact({ field, patterns }: ExactTerm, block: OpenBlock, project: string, rows: Uint8Array): void {
  if (field === "project") {
    if (!matchesAnyPattern(patterns, project)) rows.fill(0);
  } else if (field === "key") {
    matchKey(patterns, block, rows);
  } else {
    const column = field === "apiKey" ? block.apiKey() : block.touchpoint();
    keepCoded(
      column,
      acceptedCodes(column, (text) => matchesAnyPattern(patterns, text)),
      rows,
    );
  }
}

/** Codes whose text passes, each text tested once; code 0 is a record without one. */
export function acceptedCodes({ dictionary }: DictionaryColumn, test: (text: string) => boolean): Uint8Array {
  const accepted = new Uint8Array(dictionary.length + 1);
  for (let index = 0; index < dictionary.length; index++) {
    if (test(dictionary[index] as string)) accepted[index + 1] = 1;
  }
  return accepted;
}

function keepCoded({ codes }: DictionaryColumn, accepted: Uint8Array, rows: Uint8Array): void {
  for (let row = 0; row < rows.length; row++) {
    rows[row] = (rows[row] as number) & (accepted[codes[row] as number] as number);
  }
}

function matchKey(patterns: ExactTerm["patterns"], block: OpenBlock, rows: Uint8Array): void {
  const column = block.key();
  const found = new Uint8Array(rows.length);
  if (column !== undefined) {
    const hits = new Uint8Array(column.rows.length);
    markPatterns(column, patterns, (text) => matchesAnyPattern(patterns, text), hits);
    for (let place = 0; place < hits.length; place++) {
      found[column.rows[place] as number] = hits[place] as number;
    }
  }
  keepFound(found, rows);
}

function keepFound(found: Uint8Array, rows: Uint8Array): void {
  for (let row = 0; row < rows.length; row++) rows[row] = (rows[row] as number) & (found[row] as number);
}

export function matchNumber({ field, ranges }: NumberTerm, block: OpenBlock, rows: Uint8Array): void {
  switch (field) {
    case "id":
      return matchDense(ranges, block.id(), rows);
    case "time":
      return matchDense(ranges, block.time(), rows);
    case "receivedAt":
      return matchDense(ranges, block.received(), rows);
    case "startTime":
      return matchSparse(ranges, block.start(), rows);
    case "endTime":
      return matchSparse(ranges, block.end(), rows);
    case "duration":
      return matchSparse(ranges, block.duration(), rows);
  }
}

function isInAny(ranges: readonly NumberRange[], value: number): boolean {
  for (const range of ranges) if (isInRange(range, value)) return true;
  return false;
}

function matchDense(ranges: readonly NumberRange[], values: Float64Array, rows: Uint8Array): void {
  for (let row = 0; row < rows.length; row++) {
    if (rows[row] === 1 && !isInAny(ranges, values[row] as number)) rows[row] = 0;
  }
}

function matchSparse(ranges: readonly NumberRange[], column: SparseColumn<number> | undefined, rows: Uint8Array): void {
  const found = new Uint8Array(rows.length);
  if (column !== undefined) {
    for (let place = 0; place < column.rows.length; place++) {
      if (isInAny(ranges, column.values[place] as number)) found[column.rows[place] as number] = 1;
    }
  }
  keepFound(found, rows);
}
