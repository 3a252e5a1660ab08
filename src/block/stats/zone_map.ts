// The zone map of a block: ranges and counts that are stored beside it in SQL columns. They are enough to skip it, to
// count it and to expire it without inflating anything.

import { kindCodeOf, levelCodeOf } from "../codec/flags.ts";

/** Ranges and counts of a block. Times in Unix ms; ranges include both ends. */
export interface ZoneMap {
  readonly records: number;
  readonly idMin: number;
  readonly idMax: number;
  readonly timeMin: number;
  readonly timeMax: number;
  readonly receivedMin: number;
  readonly receivedMax: number;
  /** Logs by level: debug, info, warn, error. */
  readonly levels: readonly [number, number, number, number];
  /** Timings by status: completed, started, unfinished, orphaned. */
  readonly statuses: readonly [number, number, number, number];
}

/** The columns that a zone map is computed from, of `count` rows each. */
export interface ZoneMapSource {
  readonly count: number;
  readonly id: ArrayLike<number>;
  readonly time: ArrayLike<number>;
  readonly received: ArrayLike<number>;
  readonly flags: ArrayLike<number>;
}

/** Computes the zone map of a block. Without records its ranges are from Infinity to −Infinity. */
export function zoneMapOf(columns: ZoneMapSource): ZoneMap {
  const levels: [number, number, number, number] = [0, 0, 0, 0];
  const statuses: [number, number, number, number] = [0, 0, 0, 0];
  for (let row = 0; row < columns.count; row++) {
    const flags = columns.flags[row] as number;
    const kind = kindCodeOf(flags);
    if (kind === 0) levels[(levelCodeOf(flags) - 1) as 0]++;
    else statuses[(kind - 1) as 0]++;
  }
  const [idMin, idMax] = rangeOf(columns.id);
  const [timeMin, timeMax] = rangeOf(columns.time);
  const [receivedMin, receivedMax] = rangeOf(columns.received);
  return { records: columns.count, idMin, idMax, timeMin, timeMax, receivedMin, receivedMax, levels, statuses };
}

function rangeOf(values: ArrayLike<number>): [number, number] {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < values.length; row++) {
    const value = values[row] as number;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}
