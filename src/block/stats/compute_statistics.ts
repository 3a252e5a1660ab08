// The columns of a merged block into its statistics, as statistics.ts reads them. Runs on the compactor's thread.

import { TOUCHPOINTS_MAX } from "../../core/limits.ts";
import { KINDS } from "../../core/record.ts";
import { cutTouchpoint } from "../../core/touchpoint.ts";
import { ByteWriter } from "../codec/bytes.ts";
import { METADATA_PREFIX } from "../codec/column_chunks.ts";
import type { DictionaryColumn } from "../codec/dictionary.ts";
import { COUNTED_FLAGS_MAX, countedFlags, keyTypeCodeIn, kindCodeOf, levelCodeOf } from "../codec/flags.ts";
import { forEachMember, stringAt } from "../codec/json_text.ts";
import type { SparseColumn } from "../codec/sparse_column.ts";
import { TextCounts } from "../codec/text_table.ts";
import { DurationSketch } from "./duration_sketch.ts";
import { LARGE_BLOCK_RECORDS_MIN, SKETCHES_BY, STATISTICS_VERSION } from "./statistics.ts";
import { type FieldValueCounts, writeValueCounts } from "./value_counts.ts";

const FLAGS = COUNTED_FLAGS_MAX;

const COMPLETED = KINDS.indexOf("completed");

/** Widths of time slots. The least that gives at most SLOTS_MAX slots is taken. */
const SLOT_WIDTHS_MS = [1_000, 10_000, 60_000, 600_000] as const;

/** For a longer span, which a block of one day never has. */
const SLOT_WIDTH_MS_MAX = 3_600_000;

/** Slots of a block of one day at most. */
const SLOTS_MAX = 300;

/** Fields at most; with more, none is listed. Overflow metadata holds any number of them, and readers keep the list. */
const FIELDS_MAX = 2_000;

/** Characters of all names at most. Ordinary names meet FIELDS_MAX first. */
const FIELDS_LENGTH_MAX = 128 * 1024;

/** Sketches by cell at most; with more, the cells of a touchpoint share one. Readers keep the sketches. */
const CELL_SKETCHES_MAX = 4_000;

/** What statistics are computed from; `count` rows. */
export interface StatisticsSource {
  readonly count: number;
  readonly time: ArrayLike<number>;
  readonly flags: ArrayLike<number>;
  readonly keyType: ArrayLike<number>;
  /** The dictionary is in the order of the first rows. */
  readonly touchpoint: DictionaryColumn;
  readonly duration: SparseColumn<number>;
  /** Records that have a field, by its name in searches; of the fields that the other members do not show. */
  readonly fieldCounts: readonly (readonly [name: string, count: number])[];
  /** Overflow metadata: JSON objects. */
  readonly overflow: ArrayLike<string>;
  /** Value counts of fields, by the same names; called for large blocks only. */
  readonly valueCounts: () => readonly FieldValueCounts[];
}

/**
 * Computes and writes the statistics of a block; undefined where it has more than TOUCHPOINTS_MAX touchpoints.
 *
 * @param largeRecordsMin records from which on values are counted.
 */
export function computeStatistics(
  source: StatisticsSource,
  largeRecordsMin = LARGE_BLOCK_RECORDS_MIN,
): ByteWriter | undefined {
  const { dictionary } = source.touchpoint;
  if (dictionary.length > TOUCHPOINTS_MAX) return undefined;
  const writer = new ByteWriter(4096);
  writer.byte(STATISTICS_VERSION);
  writer.unsigned(dictionary.length);
  for (const name of dictionary) writer.text(cutTouchpoint(name));
  const cells = writeCells(writer, source);
  writeSketches(writer, source, cells.keys);
  writeSlots(writer, source);
  const overflow = countMembers(source.overflow);
  writeFields(writer, source, cells, overflow);
  const values = source.count < largeRecordsMin ? [] : source.valueCounts();
  // Overflow metadata may have more values of these fields.
  const whole = values.filter(({ name }) => !overflow.has(name));
  writeValueCounts(writer, whole, source.count);
  return writer;
}

/** Counts by key: the code of a touchpoint times FLAGS, plus the counted flags. */
type FilledCells = ReturnType<Cells["filled"]>;

function writeCells(writer: ByteWriter, { count, flags, keyType, touchpoint }: StatisticsSource): FilledCells {
  const { dictionary, codes } = touchpoint;
  const cells = new Cells((dictionary.length + 1) * FLAGS);
  for (let row = 0; row < count; row++) {
    cells.add((codes[row] as number) * FLAGS + countedFlags(flags[row] as number, keyType[row] as number));
  }
  const filled = cells.filled();
  const { keys, counts } = filled;
  writer.unsigned(keys.length);
  writer.unsignedAll(keys.map((key) => Math.floor(key / FLAGS)));
  writeFlags(writer, keys);
  writer.unsignedAll(counts);
  return filled;
}

/** Writes the flags of the keys in two planes: the low bytes, then the high ones. */
function writeFlags(writer: ByteWriter, keys: readonly number[]): void {
  const flags = keys.map((key) => key % FLAGS);
  writer.lowBytes(flags, 0);
  writer.lowBytes(flags, 8);
}

function writeSketches(
  writer: ByteWriter,
  { flags, keyType, duration, touchpoint }: StatisticsSource,
  cells: readonly number[],
): void {
  const isByCell = cells.filter((key) => kindCodeOf(key % FLAGS) === COMPLETED).length <= CELL_SKETCHES_MAX;
  const sketches = new Map<number, DurationSketch>();
  for (let index = 0; index < duration.rows.length; index++) {
    const row = duration.rows[index] as number;
    const flagsOfRow = countedFlags(flags[row] as number, keyType[row] as number);
    if (kindCodeOf(flagsOfRow) !== COMPLETED) continue;
    const code = touchpoint.codes[row] as number;
    const of = isByCell ? code * FLAGS + flagsOfRow : code;
    let sketch = sketches.get(of);
    if (sketch === undefined) {
      sketch = new DurationSketch();
      sketches.set(of, sketch);
    }
    sketch.add(duration.values[index] as number);
  }
  const places = new Map(cells.map((key, place) => [key, place]));
  writer.byte(isByCell ? SKETCHES_BY.cell : SKETCHES_BY.touchpoint);
  writer.unsigned(sketches.size);
  const stored = new ByteWriter();
  for (const [of, sketch] of sketches) {
    stored.clear();
    sketch.write(stored);
    writer.unsigned(isByCell ? (places.get(of) as number) : of);
    writer.unsigned(stored.length);
    writer.raw(stored.view());
  }
}

function writeSlots(writer: ByteWriter, { count, time, flags, keyType }: StatisticsSource): void {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < count; row++) {
    const value = time[row] as number;
    if (value < first) first = value;
    if (value > last) last = value;
  }
  const slotsOf = (widthMs: number) => Math.floor(last / widthMs) - Math.floor(first / widthMs) + 1;
  const widthMs = SLOT_WIDTHS_MS.find((width) => slotsOf(width) <= SLOTS_MAX) ?? SLOT_WIDTH_MS_MAX;
  const firstSlot = Math.floor(first / widthMs);
  const cells = new Cells(slotsOf(widthMs) * FLAGS);
  for (let row = 0; row < count; row++) {
    const slot = Math.floor((time[row] as number) / widthMs) - firstSlot;
    cells.add(slot * FLAGS + countedFlags(flags[row] as number, keyType[row] as number));
  }
  const { keys, counts } = cells.filled();
  writer.unsigned(widthMs);
  writer.unsigned(keys.length);
  writer.differences(
    keys.map((key) => Math.floor(key / FLAGS) + firstSlot),
    1,
  );
  writeFlags(writer, keys);
  writer.unsignedAll(counts);
}

/** Cells that are counted in an array; more are counted in a map. */
const CELLS_MAX = 1024 * 1024;

/** Counts by key, from 0 up to a bound. */
class Cells {
  readonly #array: Uint32Array | undefined;
  readonly #map = new Map<number, number>();

  constructor(bound: number) {
    this.#array = bound <= CELLS_MAX ? new Uint32Array(bound) : undefined;
  }

  add(key: number): void {
    if (this.#array === undefined) this.#map.set(key, (this.#map.get(key) ?? 0) + 1);
    else (this.#array[key] as number)++;
  }

  /** The keys with a count, rising. */
  filled(): { readonly keys: number[]; readonly counts: number[] } {
    if (this.#array === undefined) {
      const keys = [...this.#map.keys()].sort((a, b) => a - b);
      return { keys, counts: keys.map((key) => this.#map.get(key) as number) };
    }
    const keys: number[] = [];
    const counts: number[] = [];
    for (let key = 0; key < this.#array.length; key++) {
      const count = this.#array[key] as number;
      if (count === 0) continue;
      keys.push(key);
      counts.push(count);
    }
    return { keys, counts };
  }
}

/** How many records have each field of the overflow metadata, by its name in searches. */
function countMembers(overflow: ArrayLike<string>): TextCounts {
  const fields = new TextCounts();
  for (let index = 0; index < overflow.length; index++) {
    const object = overflow[index] as string;
    forEachMember(object, 0, object.length, (from, to) => {
      fields.add(METADATA_PREFIX + stringAt(object, from, to), 1);
    });
  }
  return fields;
}

/** How many records have each field, by its name in searches. */
function countFields(
  { count, fieldCounts }: StatisticsSource,
  { keys, counts }: FilledCells,
  overflow: TextCounts,
): TextCounts {
  let [levels, statuses, touchpoints, keyTypes] = [0, 0, 0, 0];
  keys.forEach((key, cell) => {
    const records = counts[cell] as number;
    const flags = key % FLAGS;
    if (levelCodeOf(flags) > 0) levels += records;
    if (kindCodeOf(flags) > 0) statuses += records;
    if (key >= FLAGS) touchpoints += records;
    if (keyTypeCodeIn(flags) > 0) keyTypes += records;
  });
  const fields = new TextCounts();
  const known: readonly (readonly [string, number])[] = [
    ["apiKey", count],
    ["kind", count],
    ["source", count],
    ["keyType", keyTypes],
    ["level", levels],
    ["status", statuses],
    ["touchpoint", touchpoints],
    ...fieldCounts,
  ];
  for (const [name, records] of known) fields.add(name, records);
  for (const [name, members] of overflow) fields.add(name, members);
  return fields;
}

function writeFields(writer: ByteWriter, source: StatisticsSource, cells: FilledCells, overflow: TextCounts): void {
  const fields = [...countFields(source, cells, overflow)].filter(([, count]) => count > 0);
  const length = fields.reduce((sum, [name]) => sum + name.length, 0);
  const isListed = fields.length <= FIELDS_MAX && length <= FIELDS_LENGTH_MAX;
  writer.byte(isListed ? 1 : 0);
  if (!isListed) return;
  writer.unsigned(fields.length);
  for (const [name, count] of fields) {
    writer.text(name);
    writer.unsigned(count);
  }
}
