// The values of one field in a block's columns, with how many of the wanted rows have each.

import type { DictionaryColumn } from "../../block/codec/dictionary.ts";
import {
  COUNTED_FLAGS_MAX,
  countedFlags,
  keyTypeCodeIn,
  keyTypeOfCode,
  kindCodeOf,
  kindOf,
  levelOf,
  sourceOf,
} from "../../block/codec/flags.ts";
import type { SparseColumn } from "../../block/codec/sparse_column.ts";
import { cutBeginning, type TextColumn } from "../../block/codec/text_column.ts";
import { TextTable } from "../../block/codec/text_table.ts";
import type { OpenBlock } from "../../block/open_block.ts";
import type { CountedValue } from "../../block/stats/value_counts.ts";
import { FIELD_NAME_LENGTH_MAX, VALUE_LENGTH_MAX } from "../../core/limits.ts";
import { cutTouchpoint } from "../../core/touchpoint.ts";
import { metadataFieldName } from "../../search/fields.ts";
import { forEachValueAt, splitName } from "../match/metadata_path.ts";
import type { ReadField } from "../scan/counted.ts";
import { isMatch, type Matches } from "../scan/scanned_block.ts";

export type AddValue = (value: CountedValue, count: number) => void;
/** Calls `add` for the values of the field in the matching rows. One value may be added several times. */
export type ReadValues = (block: OpenBlock, matches: Matches, add: AddValue, project: string) => void;
/** The value of a field by a record's counted flags; undefined for a record without the field. */
export type FlagValue = (flags: number) => CountedValue | undefined;

/** The fields that counted flags decide, so that cells of statistics can count them. */
export const FLAG_FIELDS: Readonly<Record<string, FlagValue>> = {
  kind: (flags) => (kindCodeOf(flags) === 0 ? "log" : "timing"),
  level: levelOf,
  source: sourceOf,
  keyType: (flags) => keyTypeOfCode(keyTypeCodeIn(flags)),
  status: (flags) => (kindCodeOf(flags) === 0 ? undefined : kindOf(flags)),
};

export function flagsReader(valueOf: FlagValue): ReadValues {
  return (block, matches, add) => {
    const flags = block.flags();
    const keyTypes = block.keyType();
    const counts = new Float64Array(COUNTED_FLAGS_MAX);
    for (let row = 0; row < block.count; row++) {
      if (isMatch(matches, row)) (counts[countedFlags(flags[row] as number, keyTypes[row] as number)] as number)++;
    }
    counts.forEach((count, code) => {
      const value = count === 0 ? undefined : valueOf(code);
      if (value !== undefined) add(value, count);
    });
  };
}

/** The fields that have a column of their own. */
export const COLUMN_READERS: Readonly<Record<string, ReadValues>> = {
  apiKey: (block, matches, add) => readDictionary(block.apiKey(), matches, add),
  touchpoint: (block, matches, add) =>
    readDictionary(block.touchpoint(), matches, (name, count) => add(cutTouchpoint(String(name)), count)),
  message: (block, matches, add) => readTexts(block.message(), undefined, matches, add),
  key: (block, matches, add) => readTexts(block.key(), block.key()?.rows, matches, add),
  project: (block, matches, add, project) => add(project, countOf(block, matches)),
  id: (block, matches, add) => readDense(block.id(), matches, add),
  time: (block, matches, add) => readDense(block.time(), matches, add),
  receivedAt: (block, matches, add) => readDense(block.received(), matches, add),
  duration: (block, matches, add) => readSparse(block.duration(), matches, add),
  startTime: (block, matches, add) => readSparse(block.start(), matches, add),
  endTime: (block, matches, add) => readSparse(block.end(), matches, add),
};

function countOf(block: OpenBlock, matches: Matches): number {
  let count = 0;
  for (let row = 0; row < block.count; row++) if (isMatch(matches, row)) count++;
  return count;
}

function readDense(values: Float64Array, matches: Matches, add: AddValue): void {
  for (let row = 0; row < values.length; row++) if (isMatch(matches, row)) add(values[row] as number, 1);
}

function readSparse(column: SparseColumn<number> | undefined, matches: Matches, add: AddValue): void {
  if (column === undefined) return;
  for (let place = 0; place < column.rows.length; place++) {
    if (isMatch(matches, column.rows[place] as number)) add(column.values[place] as number, 1);
  }
}

/** @param rows the row of each code; undefined: code n is in row n. */
function readDictionary(
  { dictionary, codes }: DictionaryColumn,
  matches: Matches,
  add: AddValue,
  rows?: ArrayLike<number>,
): void {
  const counts = new Float64Array(dictionary.length + 1);
  for (let place = 0; place < codes.length; place++) {
    if (isMatch(matches, rows === undefined ? place : (rows[place] as number))) {
      (counts[codes[place] as number] as number)++;
    }
  }
  dictionary.forEach((text, index) => {
    if ((counts[index + 1] as number) > 0) add(beginningOf(text), counts[index + 1] as number);
  });
}

/** @param rows the row of each text; undefined: text n is in row n. */
function readTexts(
  column: TextColumn | undefined,
  rows: ArrayLike<number> | undefined,
  matches: Matches,
  add: AddValue,
): void {
  if (column === undefined) return;
  const coded = column.asDictionary();
  if (coded !== undefined) {
    readDictionary(coded, matches, add, rows);
    return;
  }
  for (let place = 0; place < column.count; place++) {
    if (!isMatch(matches, rows === undefined ? place : (rows[place] as number))) continue;
    const text = column.beginning(place, VALUE_LENGTH_MAX);
    if (text !== undefined) add(text, 1);
  }
}

/** The values of a metadata field. A dotted name also means members of objects, as in match/metadata_path.ts. */
export function metadataReader(name: string): ReadValues {
  if (!name.includes(".")) return (block, matches, add) => readMetadata(name, block, matches, add);
  return (block, matches, add) => readDottedMetadata(name, block, matches, add);
}

function readMetadata(name: string, block: OpenBlock, matches: Matches, add: AddValue): void {
  const column = block.metadata(name);
  const coded = column?.asDictionary();
  const places = coded === undefined ? (column?.rows ?? []) : [];
  if (coded !== undefined) readDictionary(coded, matches, add, column?.rows);
  for (let place = 0; place < places.length; place++) {
    if (isMatch(matches, places[place] as number)) add(scalarOf(column?.json(place) ?? column?.value(place)), 1);
  }
  const overflow = block.overflowMembers();
  overflow?.forEachOf(name, (row, member) => {
    if (!isMatch(matches, row)) return;
    add(scalarOf(overflow.jsonOf(member) ?? overflow.value(member)), 1);
  });
}

/** Levels of members that have names of their own. */
const LEAF_LEVELS_MAX = 8;
/** Different names of one record's members, of each top-level field. */
const LEAF_NAMES_MAX = 50;

/** Called with a member's dotted name. */
export type AddLeaf = (name: string, value: CountedValue, count: number) => void;

/** The fields that a top-level metadata field and the members below it are, by their dotted names. */
export class LeafFields {
  readonly #head: string;
  readonly #fields = new Map<string, ReadField>();

  constructor(head: string) {
    this.#head = head;
  }

  field(leaf: string): ReadField {
    const known = this.#fields.get(leaf);
    if (known !== undefined) return known;
    const field: ReadField = { name: metadataFieldName(leaf), head: this.#head };
    this.#fields.set(leaf, field);
    return field;
  }
}

/**
 * Calls `add` for the values of a top-level metadata field, and for those of the members below it by their dotted names.
 * A list stands for its elements, as in a search. A record counts once for each different value of a name.
 */
export function readLeaves(name: string, block: OpenBlock, matches: Matches, add: AddLeaf): void {
  const column = block.metadata(name);
  const coded = column?.asDictionary();
  if (coded !== undefined) readDictionary(coded, matches, (value, count) => add(name, value, count), column?.rows);
  else if (column !== undefined) {
    for (let place = 0; place < column.rows.length; place++) {
      if (isMatch(matches, column.rows[place] as number)) addLeaves(name, column.value(place), add);
    }
  }
  const overflow = block.overflowMembers();
  overflow?.forEachOf(name, (row, member) => {
    if (isMatch(matches, row)) addLeaves(name, overflow.value(member), add);
  });
}

/** Calls `add` for the value of a top-level metadata field in one record, as `readLeaves` does. */
export function addLeaves(name: string, value: unknown, add: AddLeaf): void {
  if (typeof value !== "object" || value === null) {
    add(name, scalarOf(value), 1);
    return;
  }
  const found = new Map<string, DistinctValues>();
  collectLeaves(name, value, 1, found);
  for (const [leaf, { values }] of found) for (const one of values) add(leaf, one, 1);
}

function collectLeaves(name: string, value: unknown, level: number, found: Map<string, DistinctValues>): void {
  if (typeof value !== "object" || value === null) {
    const values = found.get(name) ?? new DistinctValues();
    if (found.size < LEAF_NAMES_MAX || found.has(name)) found.set(name, values);
    values.add(scalarOf(value));
  } else if (level <= LEAF_LEVELS_MAX) {
    const isList = Array.isArray(value);
    for (const [member, one] of Object.entries(value)) {
      const leaf = isList ? name : `${name}.${member}`;
      if (leaf.length <= FIELD_NAME_LENGTH_MAX) collectLeaves(leaf, one, level + 1, found);
    }
  }
}

/** A record counts once for each different value that the name means in it. */
function readDottedMetadata(name: string, block: OpenBlock, matches: Matches, add: AddValue): void {
  const byRow = new Map<number, DistinctValues>();
  const collect = (row: number, value: unknown, path: string | undefined) => {
    const values = byRow.get(row) ?? new DistinctValues();
    byRow.set(row, values);
    forEachValueAt(value, path, (one) => values.add(scalarOf(one)));
  };
  const overflow = block.overflowMembers();
  const whole: [string, string | undefined] = [name, undefined];
  for (const [head, path] of [whole, ...splitName(name)]) {
    overflow?.forEachOf(head, (row, member) => {
      if (isMatch(matches, row)) collect(row, overflow.value(member), path);
    });
    const column = block.metadata(head);
    // Texts have no members.
    if (column === undefined || (path !== undefined && column.asDictionary() !== undefined)) continue;
    for (let place = 0; place < column.rows.length; place++) {
      const row = column.rows[place] as number;
      if (isMatch(matches, row)) collect(row, column.value(place), path);
    }
  }
  for (const { values } of byRow.values()) for (const value of values) add(value, 1);
}

/**
 * The different values that some members of a record's metadata have: of each the value itself (path undefined), or what
 * is at the path below it.
 */
export function distinctValues(
  members: readonly (readonly [value: unknown, path: string | undefined])[],
): CountedValue[] {
  const found = new DistinctValues();
  for (const [value, path] of members) forEachValueAt(value, path, (one) => found.add(scalarOf(one)));
  return found.values;
}

/** Values that are compared one by one; past them, a hash table finds duplicates. */
const COMPARED_MAX = 16;

/** The distinct values of one record, which may be very many. */
class DistinctValues {
  readonly values: CountedValue[] = [];
  #table: TextTable | undefined;

  add(value: CountedValue): void {
    if (this.values.length < COMPARED_MAX) {
      if (!this.values.includes(value)) this.values.push(value);
      return;
    }
    if (this.#table === undefined) {
      this.#table = new TextTable();
      for (const known of this.values) this.#table.add(identityOf(known));
    }
    if (this.#table.add(identityOf(value)) === this.values.length) this.values.push(value);
  }
}

/** Differs for values that differ, even if only in their types. */
function identityOf(value: CountedValue): string {
  return `${typeof value} ${value}`;
}

/** An object or an array as its JSON; of a text the beginning. */
function scalarOf(value: unknown): CountedValue {
  if (typeof value === "string") return beginningOf(value);
  if (typeof value === "number" || typeof value === "boolean" || value === null) return value;
  return beginningOf(JSON.stringify(value));
}

/** As much of a text as responses show. */
export function beginningOf(text: string): string {
  return cutBeginning(text, VALUE_LENGTH_MAX);
}
