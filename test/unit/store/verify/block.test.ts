import { describe, expect, test } from "bun:test";
import { constants, zstdCompressSync } from "node:zlib";
import { ByteWriter } from "../../../../src/block/codec/bytes.ts";
import {
  type ColumnChunk,
  chunkChecksum,
  compressChunk,
  FILTER_CHUNK,
  inflate,
  STATISTICS_CHUNK,
} from "../../../../src/block/codec/column_chunks.ts";
import { BlockDamagedError } from "../../../../src/block/codec/damage.ts";
import { writeSparseTexts } from "../../../../src/block/codec/sparse_column.ts";
import type { Columns } from "../../../../src/block/columns.ts";
import { BlockEncoder } from "../../../../src/block/encode.ts";
import { CHUNKED_COLUMN, textChunkName, writeChunkHead } from "../../../../src/block/filter/chunked_texts.ts";
import { FILTER_VERSIONS, type FilterVersion } from "../../../../src/block/filter/ngram_filter.ts";
import { BlockMerger } from "../../../../src/block/merge/merge_blocks.ts";
import { chunkedMessages } from "../../../../src/block/merge/output_columns.ts";
import { statisticsSource } from "../../../../src/block/merge/output_statistics.ts";
import { computeStatistics } from "../../../../src/block/stats/compute_statistics.ts";
import { LARGE_BLOCK_RECORDS_MIN, readStatistics } from "../../../../src/block/stats/statistics.ts";
import { zoneMapOf } from "../../../../src/block/stats/zone_map.ts";
import { DAY_MS } from "../../../../src/core/limits.ts";
import { LEVELS, type StoredRecord } from "../../../../src/core/record.ts";
import { COLUMN, verifyBlock, type ZoneMapValues } from "../../../../src/store/verify/block.ts";
import { formerColumns, formerRecords, formerSummary } from "../../../support/former_summary.ts";
import { mergedOf } from "../../../support/merged_blocks.ts";
import { columnsOf } from "../../block/random_records.ts";

function headerValues(columns: Columns, chunks: readonly ColumnChunk[]): ZoneMapValues {
  const header = zoneMapOf(columns);
  const { records, idMin, idMax, timeMin, timeMax, receivedMin, receivedMax, levels, statuses } = header;
  const values = [1, 1, Math.floor(timeMin / DAY_MS), records, idMin, idMax, timeMin, timeMax];
  values.push(receivedMin, receivedMax, ...levels, ...statuses);
  values[COLUMN.bytes] = chunks.reduce((sum, { data }) => sum + data.length, 0);
  return values;
}

/** What is wrong with a merged block whose summary is replaced. */
function wrongWith(columns: Columns, summary: ColumnChunk | undefined, notesRecordsMin?: number): readonly string[] {
  const { chunks } = mergedOf(columns, notesRecordsMin);
  const replaced = chunks.map((chunk) => (chunk.name === STATISTICS_CHUNK && summary !== undefined ? summary : chunk));
  return verifyBlock(headerValues(columns, replaced), replaced).wrong;
}

function summaryOf(columns: Columns, notesRecordsMin?: number): ColumnChunk | undefined {
  return mergedOf(columns, notesRecordsMin).chunks.find(({ name }) => name === STATISTICS_CHUNK);
}

describe("nothing is wrong with a block", () => {
  test("whose statistics are of this version, with value counts or without", () => {
    expect(wrongWith(formerColumns(), undefined)).toEqual([]);
    expect(wrongWith(formerColumns(), summaryOf(formerColumns(), 1))).toEqual([]);
  });

  test("whose many touchpoints share a sketch between their levels", () => {
    const records = formerRecords();
    const columns = (last: number) =>
      columnsOf(
        Array.from({ length: 8_100 }, (_, index) => ({
          ...(records[index % records.length] as StoredRecord),
          id: index + 1,
          kind: "completed" as const,
          touchpoint: `api/${index % 1_500}`,
          level: LEVELS[Math.floor(index / 1_500) % LEVELS.length],
          duration: index === 0 ? last : 5,
        })),
      );
    const summary = summaryOf(columns(1_000)) as ColumnChunk;
    expect(readStatistics(summary).cells.length).toBeGreaterThan(4_000);
    expect(wrongWith(columns(1_000), summary)).toEqual([]);
    // Not the same bytes, so that what they say is compared: api/0 took six times, 1,025 ms in all.
    const bytes = Buffer.from(inflate(summary));
    const sumAt = bytes.indexOf(Buffer.from(Float64Array.of(1_025).buffer));
    bytes.writeDoubleLE(1_025.000001, sumAt);
    expect(wrongWith(columns(1_000), compressChunk(STATISTICS_CHUNK, bytes))).toEqual([]);
    expect(wrongWith(columns(2_000), summary)).toEqual(["its summary does not say what its records are"]);
  });

  test("whose statistics are of the version before", () => {
    expect(wrongWith(formerColumns(), formerSummary())).toEqual([]);
  });
});

/** Records whose messages differ, enough for text filters. */
function manyRecords(message: (index: number) => string): StoredRecord[] {
  const records = formerRecords();
  return Array.from({ length: LARGE_BLOCK_RECORDS_MIN }, (_, index) => ({
    ...(records[index % records.length] as StoredRecord),
    id: index + 1,
    message: message(index),
  }));
}

function wrongIn(columns: Columns, chunks: readonly ColumnChunk[]): readonly string[] {
  return verifyBlock(headerValues(columns, chunks), chunks).wrong;
}

/** Its chunks with the text filters of another version, of the block and of each part of its messages. */
function withFilters(columns: Columns, version: FilterVersion, partTexts: number): ColumnChunk[] {
  const merger = new BlockMerger("as they lie");
  merger.add(new BlockEncoder().packed(columns).chunks, columns.count);
  const { chunks } = merger.columnar(undefined, partTexts).encoded;
  const rows = merger.output();
  const head = new ByteWriter();
  writeChunkHead(head, chunkedMessages(rows), partTexts, version);
  const filter = rows.ngramFilter(false, version).encode() as ByteWriter;
  const others = chunks.filter(({ name }) => name !== FILTER_CHUNK && name !== CHUNKED_COLUMN);
  return [
    ...others.slice(0, 1),
    compressChunk(FILTER_CHUNK, filter.view()),
    ...others.slice(1),
    compressChunk(CHUNKED_COLUMN, head.view()),
  ];
}

describe("a block that an older program wrote is not called damaged", () => {
  const columns = columnsOf(manyRecords((index) => `ſoon ${index} wombat`));

  test("where it was compressed otherwise", () => {
    const params = { [constants.ZSTD_c_compressionLevel]: 12 };
    const chunks = mergedOf(columns).chunks.map((chunk) => {
      const data = zstdCompressSync(inflate(chunk), { params });
      return { name: chunk.name, checksum: chunkChecksum(chunk.name, data), data };
    });
    expect(chunks.map(({ data }) => data.length)).not.toEqual(mergedOf(columns).chunks.map(({ data }) => data.length));
    expect(wrongIn(columns, chunks)).toEqual([]);
  });

  test("where its messages are in one chunk or cut elsewhere, and where it has no filter", () => {
    for (const chunks of [mergedOf(columns, 1e9).chunks, mergedOf(columns, 1, 1_000).chunks]) {
      expect(wrongIn(columns, chunks)).toEqual([]);
    }
    const { chunks } = mergedOf(columns);
    const without = chunks.filter(({ name }) => name !== FILTER_CHUNK && name !== STATISTICS_CHUNK);
    expect(wrongIn(columns, without)).toEqual([]);
  });

  test("where its n-gram filters are of the version before", () => {
    for (const version of FILTER_VERSIONS) {
      // Parts come behind their head.
      const chunks = withFilters(columns, version, 3_000);
      const [head, others] = [chunks.slice(-1), chunks.slice(0, -1)];
      const at = others.findIndex(({ name }) => name === textChunkName(0));
      expect(wrongIn(columns, others.toSpliced(at, 0, ...head))).toEqual([]);
    }
  });

  test("where a field with a long name has a column of its own", () => {
    const long = "n".repeat(200);
    const named = (name: string) =>
      columnsOf(formerRecords().map((record) => ({ ...record, metadata: { [name]: 1, z: { [name]: [] } } })));
    const merger = new BlockMerger("as they lie");
    merger.add(new BlockEncoder().packed(named("short")).chunks, 60);
    const { chunks } = merger.columnar().encoded;
    const source = statisticsSource(merger.output());
    const fieldCounts = source.fieldCounts.map(
      ([name, count]) => [name === "metadata.short" ? `metadata.${long}` : name, count] as const,
    );
    const summary = computeStatistics({ ...source, fieldCounts }) as ByteWriter;
    const old = chunks.map((chunk) => {
      if (chunk.name === STATISTICS_CHUNK) return compressChunk(STATISTICS_CHUNK, summary.view());
      return chunk.name === "metadata.short" ? compressChunk(`metadata.${long}`, inflate(chunk)) : chunk;
    });
    expect(old.map(({ name }) => name)).toContain(`metadata.${long}`);
    expect(wrongIn(named(long), old)).toEqual([]);
    const other = computeStatistics({ ...source, fieldCounts: fieldCounts.map(([name, count]) => [name, count - 1]) });
    const bad = old.map((chunk) =>
      chunk.name === STATISTICS_CHUNK ? compressChunk(STATISTICS_CHUNK, (other as ByteWriter).view()) : chunk,
    );
    expect(wrongIn(named(long), bad)).toEqual(["its summary does not say what its records are"]);
  });
});

describe("a block is found", () => {
  const columns = columnsOf(manyRecords((index) => `soon ${index} wombat`));
  const { chunks } = mergedOf(columns);
  const other = mergedOf(columnsOf(manyRecords((index) => `later ${index} koala`))).chunks;
  const instead = (name: string, chunk: ColumnChunk | undefined) => {
    expect(chunks.map((one) => one.name)).toContain(name);
    return chunks.flatMap((one) => (one.name === name ? (chunk ?? []) : one));
  };

  test("whose text filters are of other texts", () => {
    const head = other.find(({ name }) => name === CHUNKED_COLUMN);
    expect(wrongIn(columns, instead(CHUNKED_COLUMN, head))).toEqual([
      "the text filters of its messages are not those of its records",
    ]);
    const filter = mergedOf(columnsOf(manyRecords(() => "the same"))).chunks.find(({ name }) => name === FILTER_CHUNK);
    expect(wrongIn(columns, instead(FILTER_CHUNK, filter))).toEqual(["its text filter is not that of its records"]);
  });

  test("whose columns no merge could take, though each can be read", () => {
    const [first] = chunks as [ColumnChunk];
    const unknown = [...chunks, compressChunk("unheard of", inflate(first))];
    expect(() => wrongIn(columns, unknown)).toThrow(BlockDamagedError);
    const rest = (text: string) => {
      const writer = new ByteWriter();
      writeSparseTexts(writer, { rows: [3], values: [text] }, columns.count);
      return [...chunks, compressChunk("rest", writer.view())];
    };
    expect(() => wrongIn(columns, rest('{"a":'))).toThrow(BlockDamagedError);
    expect(wrongIn(columns, rest('{"a":1}'))).toEqual(["its summary does not say what its records are"]);
  });
});

describe("a summary that says something else is found", () => {
  const wrong = ["its summary does not say what its records are"];
  const columns = formerColumns();
  const set = <T>(values: ArrayLike<T>, index: number, value: T) =>
    Array.from(values, (old, at) => (at === index ? value : old));

  test("of another duration, in either version", () => {
    const { duration } = columns;
    const longer = { ...columns, duration: { ...duration, values: set(duration.values, 3, 1_000) } };
    expect(wrongWith(longer, formerSummary())).toEqual(wrong);
    expect(wrongWith(longer, summaryOf(columns))).toEqual(wrong);
  });

  test("of another level, in either version", () => {
    const flags = set(columns.flags, 5, (columns.flags[5] as number) ^ 8);
    expect(wrongWith({ ...columns, flags }, formerSummary())).toEqual(wrong);
    expect(wrongWith({ ...columns, flags }, summaryOf(columns))).toEqual(wrong);
  });

  test("of another counted value", () => {
    const records = formerRecords();
    const many = (value: string) =>
      columnsOf(
        Array.from({ length: LARGE_BLOCK_RECORDS_MIN }, (_, index) => ({
          ...(records[index % records.length] as StoredRecord),
          id: index + 1,
          message: index === 5 ? value : "hello",
        })),
      );
    expect(wrongWith(many("good"), summaryOf(many("good")))).toEqual([]);
    expect(wrongWith(many("good"), summaryOf(many("evil")))).toEqual(wrong);
  });
});
