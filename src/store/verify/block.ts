// Verifies one block from end to end: its bytes against their checksums, and its zone map and statistics against its
// records. In: a zone map row and its chunks. Out: what is wrong, in words; nothing when all is well.
//
// The statistics and filters of a merged block are compared with those that merging it again gives. An older program
// may have encoded or compressed its columns in another way, which is no damage. So columns are compared by their
// values, n-gram filters by their bits (computed as their version does, for as many texts a chunk), statistics by their
// content.

import { ByteReader, ByteWriter } from "../../block/codec/bytes.ts";
import {
  type ColumnChunk,
  compressChunk,
  FILTER_CHUNK,
  inflate,
  METADATA_PREFIX,
  PACKED_CHUNK,
  STATISTICS_CHUNK,
} from "../../block/codec/column_chunks.ts";
import { orDamaged } from "../../block/codec/damage.ts";
import type { Columns } from "../../block/columns.ts";
import { CHUNKED_COLUMN, readChunkHead, textChunkName, writeChunkHead } from "../../block/filter/chunked_texts.ts";
import { FILTER_VERSIONS } from "../../block/filter/ngram_filter.ts";
import { BlockMerger } from "../../block/merge/merge_blocks.ts";
import type { MergeOutput } from "../../block/merge/merge_output.ts";
import { chunkedMessages } from "../../block/merge/output_columns.ts";
import { statisticsSource } from "../../block/merge/output_statistics.ts";
import { decodeColumns } from "../../block/open_block.ts";
import { computeStatistics } from "../../block/stats/compute_statistics.ts";
import { DurationSketch, type SketchLike } from "../../block/stats/duration_sketch.ts";
import { type BlockStatistics, readStatistics } from "../../block/stats/statistics.ts";
import type { CountedValue, StoredValueCounts } from "../../block/stats/value_counts.ts";
import { zoneMapOf } from "../../block/stats/zone_map.ts";
import { DAY_MS, METADATA_NAME_LENGTH_MAX } from "../../core/limits.ts";

/** The values of a row of `blocks`, in the order of ZONE_MAP_COLUMNS. */
export type ZoneMapValues = readonly number[];

/** Places of a zone map's values in ZONE_MAP_COLUMNS. */
export const COLUMN = {
  id: 0,
  project: 1,
  day: 2,
  records: 3,
  idMin: 4,
  idMax: 5,
  timeMin: 6,
  timeMax: 7,
  bytes: 18,
} as const;

/** What is wrong with a block, each a sentence without its subject; and its columns. Throws BlockDamagedError. */
export function verifyBlock(
  zoneMap: ZoneMapValues,
  chunks: readonly ColumnChunk[],
): { readonly wrong: readonly string[]; readonly columns: Columns } {
  const wrong: string[] = [];
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.data.length, 0);
  if (bytes !== zoneMap[COLUMN.bytes]) wrong.push(`it has ${bytes} bytes, its zone map says ${zoneMap[COLUMN.bytes]}`);
  const columns = decodeColumns(chunks, zoneMap[COLUMN.records] as number);
  if (!saysSame(zoneMap, columns)) wrong.push("its zone map does not say what its records are");
  const day = zoneMap[COLUMN.day] as number;
  for (const time of [zoneMap[COLUMN.timeMin], zoneMap[COLUMN.timeMax]] as number[]) {
    if (Math.floor(time / DAY_MS) === day) continue;
    wrong.push("it has records of another day than its zone map says");
    break;
  }
  if (chunks[0]?.name !== PACKED_CHUNK) wrong.push(...orDamaged(() => wrongStatistics(chunks, columns.count)));
  return { wrong, columns };
}

/** Merges a merged block again, and compares the statistics and filters of both. */
function wrongStatistics(chunks: readonly ColumnChunk[], count: number): string[] {
  const merger = new BlockMerger("as they lie");
  merger.add(chunks, count);
  const merged = merger.output();
  const isChunked = chunks.some(({ name }) => name === textChunkName(0));
  const wrong: string[] = [];
  for (const chunk of chunks) {
    if (chunk.name === STATISTICS_CHUNK && !isStatisticsOf(chunk, merged))
      wrong.push("its summary does not say what its records are");
    if (chunk.name === FILTER_CHUNK && !isFilterOf(chunk, merged, isChunked)) {
      wrong.push("its text filter is not that of its records");
    }
    if (chunk.name === CHUNKED_COLUMN && isChunked && !isHeadOf(chunk, merged)) {
      wrong.push("the text filters of its messages are not those of its records");
    }
  }
  return wrong;
}

function saysSame(zoneMap: ZoneMapValues, columns: Columns): boolean {
  const { records, idMin, idMax, timeMin, timeMax, receivedMin, receivedMax, levels, statuses } = zoneMapOf(columns);
  const computed = [records, idMin, idMax, timeMin, timeMax, receivedMin, receivedMax, ...levels, ...statuses];
  return computed.every((value, index) => value === zoneMap[COLUMN.records + index]);
}

function isFilterOf(chunk: ColumnChunk, merged: MergeOutput, isChunked: boolean): boolean {
  const bytes = inflate(chunk);
  return FILTER_VERSIONS.some((version) => {
    const filter = merged.ngramFilter(!isChunked, version).encode();
    return filter !== undefined && Buffer.compare(filter.view(), bytes) === 0;
  });
}

function isHeadOf(chunk: ColumnChunk, merged: MergeOutput): boolean {
  const bytes = inflate(chunk);
  const reader = new ByteReader(bytes);
  // Its form.
  reader.byte();
  const { chunkTexts } = readChunkHead(reader, merged.input.count);
  const messages = chunkedMessages(merged);
  return FILTER_VERSIONS.some((version) => {
    const computed = new ByteWriter();
    writeChunkHead(computed, messages, chunkTexts, version);
    return Buffer.compare(computed.view(), bytes) === 0;
  });
}

function isStatisticsOf(chunk: ColumnChunk, merged: MergeOutput): boolean {
  const computed = computeStatistics(statisticsSource(merged));
  if (computed === undefined) return false;
  if (Buffer.compare(computed.view(), inflate(chunk)) === 0) return true;
  // Another machine's logarithm may put a duration that lies between two buckets of a sketch into the other one.
  // Statistics of the former version say less.
  return saysOnly(readStatistics(chunk), readStatistics(compressChunk(STATISTICS_CHUNK, computed.view())));
}

/** Whether statistics hold nothing but what was computed. Ignores into which bucket each duration fell. */
function saysOnly(said: BlockStatistics, computed: BlockStatistics): boolean {
  return (
    countsOf(said) === countsOf(computed) &&
    // The former version listed more of them.
    (computed.fields === undefined || listOf(said.fields) === listOf(computed.fields)) &&
    haveDurationsOf(said, computed) &&
    haveValuesOf(said.values, computed.values)
  );
}

/** Names that are too long for a column are sorted: they had one once, so they come in another place. */
function listOf(fields: BlockStatistics["fields"]): string | undefined {
  const isLong = ([name]: readonly [string, number]) => name.length > METADATA_PREFIX.length + METADATA_NAME_LENGTH_MAX;
  const all = fields === undefined ? [] : [...fields];
  const long = all.filter(isLong).sort(([a], [b]) => (a < b ? -1 : 1));
  return fields && JSON.stringify([all.filter((field) => !isLong(field)), long]);
}

function countsOf({ cells, slots }: BlockStatistics): string {
  const { widthMs, times, flags, counts } = slots;
  const cellCounts = cells.map(({ touchpoint, flags: cellFlags, count }) => [touchpoint, cellFlags, count]);
  return JSON.stringify([cellCounts, widthMs, [...times], [...flags], [...counts]]);
}

/** Cells of the first one may share a sketch where those of the other one have one each, or share it too. */
function haveDurationsOf(said: BlockStatistics, computed: BlockStatistics): boolean {
  const together = new Map<SketchLike, DurationSketch>();
  const merged = new Set<SketchLike>();
  for (const [index, { sketch }] of said.cells.entries()) {
    const own = computed.cells[index]?.sketch;
    if (own === undefined) continue;
    if (sketch === undefined) return false;
    const sum = together.get(sketch) ?? new DurationSketch();
    if (!merged.has(own)) sum.merge(own);
    merged.add(own);
    together.set(sketch, sum);
  }
  const sketches = new Set(said.cells.flatMap(({ sketch }) => sketch ?? []));
  return sketches.size === together.size && [...together].every(([one, sum]) => durationsOf(one) === durationsOf(sum));
}

function durationsOf(sketch: SketchLike): string {
  const bucketed = sketch.buckets().counts.reduce((sum, count) => sum + count, sketch.zeros);
  return [sketch.count, bucketed, sketch.zeros, sketch.min, sketch.max].join(" ");
}

/** Of fields that both note: texts made to look alike may be left out of one of them. */
function haveValuesOf(said: BlockStatistics["values"], computed: BlockStatistics["values"]): boolean {
  return [...said].every(([name, values]) => {
    const own = computed.get(name);
    return own === undefined || JSON.stringify(countsByValue(own)) === JSON.stringify(countsByValue(values));
  });
}

function countsByValue(values: StoredValueCounts): [value: CountedValue, count: number][] {
  const counts: [CountedValue, number][] = [];
  values.forEach((value, count) => counts.push([value, count]));
  return counts;
}
