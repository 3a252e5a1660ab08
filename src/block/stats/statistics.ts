// The statistics of a merged block: what answers counts and percentiles over the whole block without any of its
// columns. Exact counts by touchpoint and flags, sketches of durations by the same, exact counts by time slot and
// flags, the number of records that have each field, and value counts. One chunk, before the columns. This file reads
// it; compute_statistics.ts writes it.

import { BLOCK_RECORDS_MAX } from "../../core/limits.ts";
import { KINDS } from "../../core/record.ts";
import { cutTouchpoint } from "../../core/touchpoint.ts";
import { ByteReader } from "../codec/bytes.ts";
import { type ColumnChunk, inflate } from "../codec/column_chunks.ts";
import { orDamaged } from "../codec/damage.ts";
import { kindCodeOf } from "../codec/flags.ts";
import { type SketchLike, StoredSketch } from "./duration_sketch.ts";
import { StoredValueCounts } from "./value_counts.ts";

/** Version of the stored form: its first byte. This program also reads the two versions before. */
export const STATISTICS_VERSION = 3;

/** With one byte of flags: key types were unknown. */
const ONE_BYTE_VERSION = 2;

/** As ONE_BYTE_VERSION, without value counts, and with one sketch for all cells of a touchpoint. */
const FIRST_VERSION = 1;

/**
 * Records from which on a block gets value counts, n-gram filters and chunked messages. A smaller one is read as fast
 * as skipped.
 */
export const LARGE_BLOCK_RECORDS_MIN = BLOCK_RECORDS_MAX / 8;

/** What has a sketch of its own; a byte. */
export const SKETCHES_BY = { touchpoint: 0, cell: 1 } as const;

/** How many records have this touchpoint and these flags. */
export interface TouchpointCell {
  /** Undefined for none; a long name is cut (cutTouchpoint). */
  readonly touchpoint: string | undefined;
  /** As `countedFlags` gives them. */
  readonly flags: number;
  readonly count: number;
  /**
   * Durations of completed timings; undefined where there are none. Cells of a touchpoint share one sketch in the first
   * version, and in blocks with too many cells.
   */
  readonly sketch: SketchLike | undefined;
}

/** Counts by time: `counts[n]` records have `flags[n]` in the slot that begins at `times[n]`, Unix ms, rising. */
export interface TimeSlots {
  /** Slots begin at multiples of this. */
  readonly widthMs: number;
  readonly times: Float64Array;
  readonly flags: Uint16Array;
  readonly counts: Float64Array;
}

/** The statistics of a block, as they are read. */
export interface BlockStatistics {
  readonly cells: readonly TouchpointCell[];
  readonly slots: TimeSlots;
  /** Records that have a field, by its name in searches; undefined where the block has too many fields. */
  readonly fields: ReadonlyMap<string, number> | undefined;
  /** Value counts of fields, by the same names. A field that is missing may have any values. */
  readonly values: ReadonlyMap<string, StoredValueCounts>;
  /** Memory that the statistics take, about; for caches. */
  readonly bytes: number;
}

/**
 * Estimates of memory beside the inflated bytes. Measured with 20, 500 and 5,000 touchpoints of four levels each: 0.2,
 * 0.9 and 4.4 MB in all; estimated: 0.13, 1.2 and 5.1.
 */
const CELL_BYTES = 64;

const SKETCH_BYTES = 400;

const SLOT_BYTES = 18;

const VALUES_BYTES = 200;

const COMPLETED = KINDS.indexOf("completed");

/** Reads the statistics of a block from their chunk. Throws BlockDamagedError. */
export function readStatistics(chunk: ColumnChunk): BlockStatistics {
  const bytes = inflate(chunk);
  return orDamaged(() => parse(bytes));
}

function parse(bytes: Uint8Array): BlockStatistics {
  const reader = new ByteReader(bytes);
  const version = reader.byte();
  if (version < FIRST_VERSION || version > STATISTICS_VERSION) {
    throw new RangeError(`unknown version ${version} of block statistics`);
  }
  const isFirst = version === FIRST_VERSION;
  const flagBytes = version <= ONE_BYTE_VERSION ? 1 : 2;
  const touchpoints = Array.from({ length: reader.unsigned() }, () => cutTouchpoint(reader.text()));
  const { codes, flags, counts } = readCells(reader, flagBytes);
  const sketchesBy = isFirst ? SKETCHES_BY.touchpoint : reader.byte();
  if (sketchesBy > SKETCHES_BY.cell) throw new RangeError(`unknown form ${sketchesBy} of sketches`);
  const sketches = readSketches(reader);
  const cells = Array.from(codes, (code, index) => ({
    touchpoint: touchpoints[code - 1],
    flags: flags[index] as number,
    count: counts[index] as number,
    sketch:
      kindCodeOf(flags[index] as number) === COMPLETED
        ? sketches.get(sketchesBy === SKETCHES_BY.touchpoint ? code : index)
        : undefined,
  }));
  const slots = readSlots(reader, flagBytes);
  const fields = reader.byte() === 0 ? undefined : readFields(reader);
  const values = isFirst ? new Map<string, StoredValueCounts>() : readValues(reader);
  if (reader.left > 0) throw new RangeError("block statistics are longer than they state");
  const memoryBytes =
    CELL_BYTES * cells.length +
    SKETCH_BYTES * sketches.size +
    SLOT_BYTES * slots.times.length +
    VALUES_BYTES * values.size;
  return { cells, slots, fields, values, bytes: bytes.length + memoryBytes };
}

/** Cells by code of the touchpoint, 0 for none. */
function readCells(reader: ByteReader, flagBytes: number) {
  const length = reader.unsigned();
  return {
    codes: reader.unsignedAll(length),
    flags: readFlags(reader, length, flagBytes),
    counts: reader.unsignedAll(length),
  };
}

/** Flags in planes of a byte each. */
function readFlags(reader: ByteReader, length: number, flagBytes: number): Uint16Array {
  const flags = Uint16Array.from(reader.raw(length));
  if (flagBytes === 1) return flags;
  const high = reader.raw(length);
  for (let index = 0; index < length; index++) (flags[index] as number) += 256 * (high[index] as number);
  return flags;
}

/** Sketches by code of the touchpoint, or by index of the cell. */
function readSketches(reader: ByteReader): Map<number, SketchLike> {
  const sketches = new Map<number, SketchLike>();
  for (let length = reader.unsigned(); length > 0; length--) {
    const of = reader.unsigned();
    sketches.set(of, new StoredSketch(reader.raw(reader.unsigned())));
  }
  return sketches;
}

function readSlots(reader: ByteReader, flagBytes: number): TimeSlots {
  const widthMs = reader.unsigned();
  const length = reader.unsigned();
  const times = reader.differences(length, 1);
  for (let index = 0; index < length; index++) times[index] = (times[index] as number) * widthMs;
  return { widthMs, times, flags: readFlags(reader, length, flagBytes), counts: reader.unsignedAll(length) };
}

function readFields(reader: ByteReader): Map<string, number> {
  const fields = new Map<string, number>();
  for (let length = reader.unsigned(); length > 0; length--) {
    const name = reader.text();
    fields.set(name, reader.unsigned());
  }
  return fields;
}

function readValues(reader: ByteReader): Map<string, StoredValueCounts> {
  const values = new Map<string, StoredValueCounts>();
  for (let length = reader.unsigned(); length > 0; length--) {
    const name = reader.text();
    values.set(name, new StoredValueCounts(reader.raw(reader.unsigned())));
  }
  return values;
}
