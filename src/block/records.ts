// Columns back into records: those of some rows, or of all.

import { type JsonObject, setMember } from "../core/json.ts";
import type { StoredRecord } from "../core/record.ts";
import { hasMetadata, keyTypeOfCode, kindOf, levelOf, sourceOf } from "./codec/flags.ts";
import { valueAt } from "./codec/json_text.ts";
import type { SparseColumn } from "./codec/sparse_column.ts";
import type { Columns } from "./columns.ts";

/** The records of decoded columns in the order of rows: all, or those of the wanted rows. */
export function recordsOf(columns: Columns, isWanted: (row: number) => boolean = () => true): StoredRecord[] {
  const rows: number[] = [];
  for (let row = 0; row < columns.count; row++) if (isWanted(row)) rows.push(row);
  return recordsAt(rows, {
    id: columns.id,
    time: columns.time,
    received: columns.received,
    flags: columns.flags,
    keyType: columns.keyType,
    apiKey: (row) => columns.apiKey[row],
    touchpoint: (row) => columns.touchpoint[row],
    message: (row) => columns.message[row],
    key: placed(columns.key),
    start: placed(columns.start),
    end: placed(columns.end),
    duration: placed(columns.duration),
    metadata: [...columns.metadata].map(([name, column]) => [name, placed(column)] as const),
    overflow: placed(columns.overflow),
  });
}

function placed<T>({ rows, values }: SparseColumn<T>): PlacedValues<T> {
  return { rows, value: (place) => values[place] as T };
}

/** A sparse column, decoded or not: place n belongs to row `rows[n]`, rows rising. */
export interface PlacedValues<T> {
  readonly rows: ArrayLike<number>;
  value(place: number): T;
}

/** The columns that records are made of. */
export interface RecordSource {
  readonly id: ArrayLike<number>;
  readonly time: ArrayLike<number>;
  readonly received: ArrayLike<number>;
  readonly flags: ArrayLike<number>;
  readonly keyType: ArrayLike<number>;
  apiKey(row: number): string | undefined;
  touchpoint(row: number): string | undefined;
  message(row: number): string | undefined;
  readonly key: PlacedValues<string | undefined> | undefined;
  readonly start: PlacedValues<number> | undefined;
  readonly end: PlacedValues<number> | undefined;
  readonly duration: PlacedValues<number> | undefined;
  readonly metadata: Iterable<readonly [name: string, column: PlacedValues<unknown>]>;
  /** Overflow metadata: JSON objects as text. */
  readonly overflow: PlacedValues<string | undefined> | undefined;
}

/** The records of these rows, in this order. The cost depends on these rows, not on the block. */
export function recordsAt(rows: ArrayLike<number>, source: RecordSource): StoredRecord[] {
  const key = valuesAt(rows, source.key);
  const start = valuesAt(rows, source.start);
  const end = valuesAt(rows, source.end);
  const duration = valuesAt(rows, source.duration);
  const metadata = metadataAt(rows, source);
  const records: StoredRecord[] = [];
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index] as number;
    const flags = source.flags[row] as number;
    records.push({
      id: source.id[row] as number,
      kind: kindOf(flags),
      time: source.time[row] as number,
      receivedAt: source.received[row] as number,
      source: sourceOf(flags),
      keyType: keyTypeOfCode(source.keyType[row] as number),
      apiKey: source.apiKey(row) as string,
      touchpoint: source.touchpoint(row),
      key: key[index],
      level: levelOf(flags),
      message: source.message(row),
      startTime: start[index],
      endTime: end[index],
      duration: duration[index],
      metadata: metadata[index],
    });
  }
  return records;
}

function valuesAt<T>(rows: ArrayLike<number>, column: PlacedValues<T> | undefined): (T | undefined)[] {
  const values = new Array<T | undefined>(rows.length).fill(undefined);
  if (column === undefined) return values;
  forEachPlace(rows, column.rows, (index, place) => {
    values[index] = column.value(place);
  });
  return values;
}

function metadataAt(rows: ArrayLike<number>, source: RecordSource): (JsonObject | undefined)[] {
  const objects = new Array<JsonObject | undefined>(rows.length).fill(undefined);
  let isAny = false;
  for (let index = 0; index < rows.length; index++) {
    if (!hasMetadata(source.flags[rows[index] as number] as number)) continue;
    objects[index] = {};
    isAny = true;
  }
  if (!isAny) return objects;
  for (const [name, column] of source.metadata) {
    forEachPlace(rows, column.rows, (index, place) => {
      const object = objects[index];
      if (object !== undefined) setMember(object, name, column.value(place));
    });
  }
  const { overflow } = source;
  if (overflow === undefined) return objects;
  forEachPlace(rows, overflow.rows, (index, place) => {
    const object = objects[index];
    if (object === undefined) return;
    const text = overflow.value(place) as string;
    const members = valueAt(text, 0, text.length) as JsonObject;
    for (const name of Object.keys(members)) setMember(object, name, members[name]);
  });
  return objects;
}

/**
 * Calls `visit` for each wanted row that the column has. A galloping search from row to row makes both few and all rows
 * cheap.
 */
function forEachPlace(
  wanted: ArrayLike<number>,
  has: ArrayLike<number>,
  visit: (index: number, place: number) => void,
): void {
  let place = 0;
  let previous = -1;
  for (let index = 0; index < wanted.length; index++) {
    const row = wanted[index] as number;
    if (row < previous) place = 0;
    previous = row;
    place = firstFrom(has, place, row);
    if (has[place] === row) visit(index, place);
  }
}

/** The first place from `from` on whose row is at least `row`. */
function firstFrom(has: ArrayLike<number>, from: number, row: number): number {
  if (from >= has.length || (has[from] as number) >= row) return from;
  let before = from;
  let step = 1;
  while (before + step < has.length && (has[before + step] as number) < row) {
    before += step;
    step *= 2;
  }
  let notBefore = Math.min(before + step, has.length);
  while (before + 1 < notBefore) {
    const middle = (before + notBefore) >>> 1;
    if ((has[middle] as number) < row) before = middle;
    else notBefore = middle;
  }
  return notBefore;
}
