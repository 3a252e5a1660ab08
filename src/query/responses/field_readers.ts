// Values of one field out of a block's columns, by how often they come.

import type { TextColumn } from "../../block/codec/text_column.ts";
import { cutBeginning } from "../../block/codec/text_column.ts";
import type { OpenBlock } from "../../block/open_block.ts";
import type { CountedValue } from "../../block/stats/value_counts.ts";
import { cutTouchpoint } from "../../core/touchpoint.ts";
import { VALUE_LENGTH_MAX } from "../scan/limits.ts";
import { isMatch, type Matches } from "../scan/scanned_block.ts";

export type FoundValue = (value: CountedValue, count: number) => void;
/** Calls `found` for the value of each wanted row that has one; of each wanted row. */
export type ReadValues = (view: OpenBlock, matches: Matches, found: FoundValue, project: string) => void;

export const COLUMN_FIELDS: Readonly<Record<string, ReadValues>> = {
  apiKey: (view, matches, found) => readCodes(view.apiKey(), matches, found),
  touchpoint: (view, matches, found) =>
    readCodes(view.touchpoint(), matches, (name, count) => found(cutTouchpoint(String(name)), count)),
  message: (view, matches, found) => readPlaces(view.message(), undefined, matches, found),
  key: (view, matches, found) => readPlaces(view.key(), view.key()?.rows, matches, found),
  project: (view, matches, found, project) => found(project, countOf(view, matches)),
  id: (view, matches, found) => readDense(view.id(), matches, found),
  time: (view, matches, found) => readDense(view.time(), matches, found),
  receivedAt: (view, matches, found) => readDense(view.received(), matches, found),
  duration: (view, matches, found) => readNumbers(view.duration(), matches, found),
  startTime: (view, matches, found) => readNumbers(view.start(), matches, found),
  endTime: (view, matches, found) => readNumbers(view.end(), matches, found),
};

function countOf(view: OpenBlock, matches: Matches): number {
  let count = 0;
  for (let row = 0; row < view.count; row++) if (isMatch(matches, row)) count++;
  return count;
}

function readDense(values: Float64Array, matches: Matches, found: FoundValue): void {
  for (let row = 0; row < values.length; row++) if (isMatch(matches, row)) found(values[row] as number, 1);
}

function readCodes(
  { dictionary, codes }: { readonly dictionary: readonly string[]; readonly codes: Uint32Array },
  matches: Matches,
  found: FoundValue,
  rowOf?: ArrayLike<number>,
): void {
  const counts = new Float64Array(dictionary.length + 1);
  for (let place = 0; place < codes.length; place++) {
    if (isMatch(matches, rowOf === undefined ? place : (rowOf[place] as number))) {
      (counts[codes[place] as number] as number)++;
    }
  }
  dictionary.forEach((text, index) => {
    if ((counts[index + 1] as number) > 0) found(beginningOf(text), counts[index + 1] as number);
  });
}

function readPlaces(
  column: TextColumn | undefined,
  rowOf: ArrayLike<number> | undefined,
  matches: Matches,
  found: FoundValue,
): void {
  if (column === undefined) return;
  const coded = column.asDictionary();
  if (coded !== undefined) {
    readCodes(coded, matches, found, rowOf);
    return;
  }
  for (let place = 0; place < column.count; place++) {
    if (!isMatch(matches, rowOf === undefined ? place : (rowOf[place] as number))) continue;
    const text = column.beginning(place, VALUE_LENGTH_MAX);
    if (text !== undefined) found(text, 1);
  }
}

function readNumbers(
  column: { readonly rows: ArrayLike<number>; readonly values: ArrayLike<number> } | undefined,
  matches: Matches,
  found: FoundValue,
): void {
  if (column === undefined) return;
  for (let index = 0; index < column.rows.length; index++) {
    if (isMatch(matches, column.rows[index] as number)) found(column.values[index] as number, 1);
  }
}

/** Values of a metadata field whose name has no dots; objects and arrays count by their JSON. */
export function metadataReader(name: string): ReadValues {
  return (view, matches, found) => {
    const column = view.metadata(name);
    const coded = column?.asDictionary();
    const places = coded === undefined ? (column?.rows ?? []) : [];
    if (coded !== undefined) readCodes(coded, matches, found, column?.rows);
    for (let place = 0; place < places.length; place++) {
      if (isMatch(matches, places[place] as number)) found(asValue(column?.json(place) ?? column?.value(place)), 1);
    }
    const rest = view.overflowMembers();
    rest?.forEachOf(name, (row, member) => {
      if (!isMatch(matches, row)) return;
      found(asValue(rest.jsonOf(member) ?? rest.value(member)), 1);
    });
  };
}

/** Of an object or an array, its JSON. */
export function asValue(value: unknown): CountedValue {
  if (typeof value === "string") return beginningOf(value);
  if (typeof value === "number" || typeof value === "boolean" || value === null) return value;
  return beginningOf(JSON.stringify(value));
}

export function beginningOf(text: string): string {
  return cutBeginning(text, VALUE_LENGTH_MAX);
}
