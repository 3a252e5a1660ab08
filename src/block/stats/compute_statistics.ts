// A merged block's columns into its summary. Runs on the compactor's thread.

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

/** Widths of time slots, in ms. */
const SLOT_WIDTHS_MS = [1_000, 10_000, 60_000, 600_000] as const;

/** For what spans more, which a block of one day never does. */
const SLOT_WIDTH_MS_MAX = 3_600_000;

/** Slots that a block of one day has at most. */
const SLOTS_MAX = 300;

/** Names of fields past which they are not listed: a rest holds any number of them, and readers keep what is noted. */
const FIELDS_MAX = 2_000;

/** And characters of all their names: of ordinary ones it is not met before the other. */
const FIELDS_LENGTH_MAX = 128 * 1024;

/** Cells with sketches past which those of a touchpoint share one: readers keep what is noted. */
const CELL_SKETCHES_MAX = 4_000;

/** What a summary is made of. */
export interface StatisticsSource {
  readonly count: number;
  readonly time: ArrayLike<number>;
  readonly flags: ArrayLike<number>;
  readonly keyType: ArrayLike<number>;
  /** Its names in the order in which they come. */
  readonly touchpoint: DictionaryColumn;
  readonly duration: SparseColumn<number>;
  /** Names as searches have them, and how many records have each, of those that are not seen in the other members. */
  readonly fieldCounts: readonly (readonly [name: string, count: number])[];
  /** JSON objects, whose members are metadata fields. */
  readonly overflow: ArrayLike<string>;
  /** Fields whose values may be noted, by the same names. */
  readonly valueCounts: () => readonly FieldValueCounts[];
}

/** The summary's bytes; undefined where the block has more touchpoints than are kept track of. Fewer records have no values noted. */
export function computeStatistics(
  source: StatisticsSource,
  notesRecordsMin = LARGE_BLOCK_RECORDS_MIN,
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
  const rest = countMembers(source.overflow);
  writeFields(writer, source, cells, rest);
  const values = source.count < notesRecordsMin ? [] : source.valueCounts();
  // What the rest has too is more than what was counted.
  const whole = values.filter(({ name }) => !rest.has(name));
  writeValueCounts(writer, whole, source.count);
  return writer;
}

/** Counts by key: a touchpoint's code times FLAGS, and counted flags. */
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

/** Two planes: the low bytes of the keys' flags, then the high ones. */
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

/** Cells that are counted in an array; with more of them, in a map. */
const CELLS_MAX = 1024 * 1024;

/** How often each key from 0 up to a bound comes. */
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

  /** Those that came, rising. */
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

/** Metadata fields of the rest by their names in searches, and how many records have each. */
function countMembers(rest: ArrayLike<string>): TextCounts {
  const fields = new TextCounts();
  for (let index = 0; index < rest.length; index++) {
    const object = rest[index] as string;
    forEachMember(object, 0, object.length, (from, to) => {
      fields.add(METADATA_PREFIX + stringAt(object, from, to), 1);
    });
  }
  return fields;
}

/** Names as searches have them, with how many records have each. */
function countFields(
  { count, fieldCounts }: StatisticsSource,
  { keys, counts }: FilledCells,
  rest: TextCounts,
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
  for (const [name, members] of rest) fields.add(name, members);
  return fields;
}

function writeFields(writer: ByteWriter, source: StatisticsSource, cells: FilledCells, rest: TextCounts): void {
  const fields = [...countFields(source, cells, rest)].filter(([, count]) => count > 0);
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
