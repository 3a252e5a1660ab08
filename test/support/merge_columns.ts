// Several blocks into one, sorted by touchpoint and then time, the plain way: as columns of values. What BlockMerger is
// held against.

import { emptySparse, type SparseColumn } from "../../src/block/codec/sparse_column.ts";
import { type Columns, emptyColumns } from "../../src/block/columns.ts";
import { type JsonObject, setMember } from "../../src/core/json.ts";
import { METADATA_COLUMNS_MAX, METADATA_NAME_LENGTH_MAX } from "../../src/core/limits.ts";

/** For each new row, the row of the concatenation it comes from. */
function sortedOrder(
  touchpoints: readonly (string | undefined)[],
  times: ArrayLike<number>,
  ids: ArrayLike<number>,
): Uint32Array {
  const rows = new Map<string, number[]>();
  for (let row = 0; row < touchpoints.length; row++) {
    const name = touchpoints[row] ?? "";
    const bucket = rows.get(name);
    if (bucket === undefined) rows.set(name, [row]);
    else bucket.push(row);
  }
  const order = new Uint32Array(touchpoints.length);
  let at = 0;
  const before = (a: number, b: number) =>
    (times[a] as number) - (times[b] as number) || (ids[a] as number) - (ids[b] as number);
  for (const name of [...rows.keys()].sort()) {
    const bucket = rows.get(name) as number[];
    let sorted = true;
    for (let index = 1; sorted && index < bucket.length; index++) {
      sorted = before(bucket[index - 1] as number, bucket[index] as number) < 0;
    }
    order.set(sorted ? bucket : bucket.sort(before), at);
    at += bucket.length;
  }
  return order;
}

function gather<T>(parts: readonly (readonly T[])[], order: Uint32Array): T[] {
  const all = parts.length === 1 ? (parts[0] as readonly T[]) : ([] as T[]).concat(...parts);
  const values = new Array<T>(order.length);
  for (let row = 0; row < order.length; row++) values[row] = all[order[row] as number] as T;
  return values;
}

/** Past this share of filled rows, spreading the values over all rows is cheaper than sorting them. */
const DENSE_SHARE = 1 / 16;

/** Numbers of all parts, one behind the other. */
function concatNumbers(parts: readonly ArrayLike<number>[], count: number): Float64Array {
  const all = new Float64Array(count);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function gatherNumbers(all: Float64Array, order: Uint32Array): Float64Array {
  const values = new Float64Array(order.length);
  for (let row = 0; row < order.length; row++) values[row] = all[order[row] as number] as number;
  return values;
}

/** Moves the values of sparse columns to their new rows. `offsets[n]` is the first row of part n before sorting. */
function gatherSparse<T>(
  parts: readonly SparseColumn<T>[],
  offsets: readonly number[],
  places: Uint32Array,
): SparseColumn<T> {
  let total = 0;
  for (const part of parts) total += part.rows.length;
  const merged = emptySparse<T>();
  if (total >= places.length * DENSE_SHARE) {
    const spread = new Array<T | undefined>(places.length).fill(undefined);
    forEachPlaced(parts, offsets, places, (row, value) => {
      spread[row] = value;
    });
    for (let row = 0; row < spread.length; row++) {
      if (spread[row] === undefined) continue;
      merged.rows.push(row);
      merged.values.push(spread[row] as T);
    }
    return merged;
  }
  const pairs: [number, T][] = [];
  forEachPlaced(parts, offsets, places, (row, value) => pairs.push([row, value]));
  pairs.sort((a, b) => a[0] - b[0]);
  for (const [row, value] of pairs) {
    merged.rows.push(row);
    merged.values.push(value);
  }
  return merged;
}

function forEachPlaced<T>(
  parts: readonly SparseColumn<T>[],
  offsets: readonly number[],
  places: Uint32Array,
  visit: (row: number, value: T) => void,
): void {
  for (let part = 0; part < parts.length; part++) {
    const { rows, values } = parts[part] as SparseColumn<T>;
    const offset = offsets[part] as number;
    for (let index = 0; index < rows.length; index++) {
      visit(places[offset + (rows[index] as number)] as number, values[index] as T);
    }
  }
}

/** The names that keep a column of their own: the most frequent ones, when there are too many. */
function metadataNames(parts: readonly Columns[]): { kept: string[]; moved: string[] } {
  const counts = new Map<string, number>();
  for (const part of parts) {
    for (const [name, column] of part.metadata) counts.set(name, (counts.get(name) ?? 0) + column.rows.length);
  }
  const isLong = (name: string) => name.length > METADATA_NAME_LENGTH_MAX;
  const long = [...counts.keys()].filter(isLong);
  const names = [...counts.keys()].filter((name) => !isLong(name));
  if (names.length <= METADATA_COLUMNS_MAX) return { kept: names, moved: long };
  names.sort((a, b) => (counts.get(b) as number) - (counts.get(a) as number));
  return { kept: names.slice(0, METADATA_COLUMNS_MAX), moved: [...names.slice(METADATA_COLUMNS_MAX), ...long] };
}

/** One JSON object a row, of the rests of the parts and of the columns that are given up. */
function mergeRest(
  rest: SparseColumn<string>,
  moved: readonly [string, SparseColumn<unknown>][],
): SparseColumn<string> {
  if (moved.length === 0) return rest;
  const objects = new Map<number, JsonObject>();
  for (let index = 0; index < rest.rows.length; index++) {
    objects.set(rest.rows[index] as number, JSON.parse(rest.values[index] as string) as JsonObject);
  }
  for (const [name, column] of moved) {
    for (let index = 0; index < column.rows.length; index++) {
      const row = column.rows[index] as number;
      let object = objects.get(row);
      if (object === undefined) {
        object = {};
        objects.set(row, object);
      }
      setMember(object, name, column.values[index]);
    }
  }
  const rows = [...objects.keys()].sort((a, b) => a - b);
  return { rows, values: rows.map((row) => JSON.stringify(objects.get(row))) };
}

/** Merges the blocks of one project and one day. */
export function mergeColumns(parts: readonly Columns[]): Columns {
  const touchpoints = ([] as (string | undefined)[]).concat(...parts.map((part) => part.touchpoint));
  const numbers = (pick: (part: Columns) => ArrayLike<number>) => concatNumbers(parts.map(pick), touchpoints.length);
  const times = numbers((part) => part.time);
  const ids = numbers((part) => part.id);
  const order = sortedOrder(touchpoints, times, ids);
  const places = new Uint32Array(order.length);
  for (let row = 0; row < order.length; row++) places[order[row] as number] = row;
  const offsets: number[] = [];
  let offset = 0;
  for (const part of parts) {
    offsets.push(offset);
    offset += part.count;
  }
  const sparse = <T>(pick: (part: Columns) => SparseColumn<T>) => gatherSparse(parts.map(pick), offsets, places);
  const field = (name: string) => sparse((part) => part.metadata.get(name) ?? emptySparse<unknown>());
  const { kept, moved } = metadataNames(parts);
  return {
    ...emptyColumns(),
    count: order.length,
    id: gatherNumbers(ids, order),
    time: gatherNumbers(times, order),
    received: gatherNumbers(
      numbers((part) => part.received),
      order,
    ),
    flags: gatherNumbers(
      numbers((part) => part.flags),
      order,
    ),
    keyType: gatherNumbers(
      numbers((part) => part.keyType),
      order,
    ),
    apiKey: gather(
      parts.map((part) => part.apiKey),
      order,
    ),
    touchpoint: gather([touchpoints], order),
    message: gather(
      parts.map((part) => part.message),
      order,
    ),
    key: sparse((part) => part.key),
    start: sparse((part) => part.start),
    end: sparse((part) => part.end),
    duration: sparse((part) => part.duration),
    metadata: new Map(kept.map((name) => [name, field(name)])),
    overflow: mergeRest(
      sparse((part) => part.overflow),
      moved.map((name) => [name, field(name)]),
    ),
  };
}
