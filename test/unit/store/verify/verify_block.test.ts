import { describe, expect, test } from "bun:test";
import { constants, zstdCompressSync } from "node:zlib";
import { ByteWriter } from "../../../../src/block/codec/bytes.ts";
import {
  type BlockPiece,
  FILTER,
  inflate,
  pieceChecksum,
  pieceOf,
  SUMMARY,
} from "../../../../src/block/codec/column_chunks.ts";
import { BlockDamagedError } from "../../../../src/block/codec/damage.ts";
import { writeSparseStrings } from "../../../../src/block/codec/sparse_column.ts";
import type { Columns } from "../../../../src/block/columns.ts";
import { BlockEncoder } from "../../../../src/block/encode.ts";
import { PARTED_COLUMN, partName, writeHead } from "../../../../src/block/filter/chunked_texts.ts";
import type { FilterVersion } from "../../../../src/block/filter/ngram_filter.ts";
import { FILTER_VERSIONS } from "../../../../src/block/filter/ngram_filter.ts";
import { BlockMerger } from "../../../../src/block/merge/merge_blocks.ts";
import { partedMessages } from "../../../../src/block/merge/output_columns.ts";
import { summarySource } from "../../../../src/block/merge/output_statistics.ts";
import { summarise } from "../../../../src/block/stats/compute_statistics.ts";
import { NOTES_RECORDS_MIN, readSummary } from "../../../../src/block/stats/statistics.ts";
import { headerOf } from "../../../../src/block/stats/zone_map.ts";
import { DAY_MS } from "../../../../src/core/limits.ts";
import type { StoredRecord } from "../../../../src/core/record.ts";
import { LEVELS } from "../../../../src/core/record.ts";
import { HEADER, type HeaderValues, verifyBlock } from "../../../../src/store/verify/verify_block.ts";
import { formerColumns, formerRecords, formerSummary } from "../../../support/former_summary.ts";
import { mergedOf } from "../../../support/merged_blocks.ts";
import { columnsOf } from "../../block/random_records.ts";

function headerValues(columns: Columns, pieces: readonly BlockPiece[]): HeaderValues {
  const header = headerOf(columns);
  const { records, idMin, idMax, timeMin, timeMax, receivedMin, receivedMax, levels, statuses } = header;
  const values = [1, 1, Math.floor(timeMin / DAY_MS), records, idMin, idMax, timeMin, timeMax];
  values.push(receivedMin, receivedMax, ...levels, ...statuses);
  values[HEADER.bytes] = pieces.reduce((sum, { data }) => sum + data.length, 0);
  return values;
}

/** What is wrong with a merged block whose summary is replaced. */
function wrongWith(columns: Columns, summary: BlockPiece | undefined, notesRecordsMin?: number): readonly string[] {
  const { pieces } = mergedOf(columns, notesRecordsMin);
  const replaced = pieces.map((piece) => (piece.name === SUMMARY && summary !== undefined ? summary : piece));
  return verifyBlock(headerValues(columns, replaced), replaced).wrong;
}

function summaryOf(columns: Columns, notesRecordsMin?: number): BlockPiece | undefined {
  return mergedOf(columns, notesRecordsMin).pieces.find(({ name }) => name === SUMMARY);
}

describe("nothing is wrong with a block", () => {
  test("whose summary is of this version, with values noted or without", () => {
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
    const summary = summaryOf(columns(1_000)) as BlockPiece;
    expect(readSummary(summary).cells.length).toBeGreaterThan(4_000);
    expect(wrongWith(columns(1_000), summary)).toEqual([]);
    // Not the same bytes, so that what they say is compared: api/0 took six times, 1,025 ms in all.
    const bytes = Buffer.from(inflate(summary));
    const sumAt = bytes.indexOf(Buffer.from(Float64Array.of(1_025).buffer));
    bytes.writeDoubleLE(1_025.000001, sumAt);
    expect(wrongWith(columns(1_000), pieceOf(SUMMARY, bytes))).toEqual([]);
    expect(wrongWith(columns(2_000), summary)).toEqual(["its summary does not say what its records are"]);
  });

  test("whose summary is of the former version", () => {
    expect(wrongWith(formerColumns(), formerSummary())).toEqual([]);
  });
});

/** Records whose messages differ, enough for text filters. */
function manyRecords(message: (index: number) => string): StoredRecord[] {
  const records = formerRecords();
  return Array.from({ length: NOTES_RECORDS_MIN }, (_, index) => ({
    ...(records[index % records.length] as StoredRecord),
    id: index + 1,
    message: message(index),
  }));
}

function wrongIn(columns: Columns, pieces: readonly BlockPiece[]): readonly string[] {
  return verifyBlock(headerValues(columns, pieces), pieces).wrong;
}

/** Its pieces with the text filters of another version, of the block and of each part of its messages. */
function withFilters(columns: Columns, version: FilterVersion, partTexts: number): BlockPiece[] {
  const merger = new BlockMerger("as they lie");
  merger.add(new BlockEncoder().packed(columns).pieces, columns.count);
  const { pieces } = merger.columnar(undefined, partTexts).encoded;
  const rows = merger.rows();
  const head = new ByteWriter();
  writeHead(head, partedMessages(rows), partTexts, version);
  const filter = rows.textFilter(false, version).encode() as ByteWriter;
  const others = pieces.filter(({ name }) => name !== FILTER && name !== PARTED_COLUMN);
  return [
    ...others.slice(0, 1),
    pieceOf(FILTER, filter.view()),
    ...others.slice(1),
    pieceOf(PARTED_COLUMN, head.view()),
  ];
}

describe("a block that an older program wrote is not called damaged", () => {
  const columns = columnsOf(manyRecords((index) => `ſoon ${index} wombat`));

  test("where it was compressed otherwise", () => {
    const params = { [constants.ZSTD_c_compressionLevel]: 12 };
    const pieces = mergedOf(columns).pieces.map((piece) => {
      const data = zstdCompressSync(inflate(piece), { params });
      return { name: piece.name, checksum: pieceChecksum(piece.name, data), data };
    });
    expect(pieces.map(({ data }) => data.length)).not.toEqual(mergedOf(columns).pieces.map(({ data }) => data.length));
    expect(wrongIn(columns, pieces)).toEqual([]);
  });

  test("where its messages are one piece, or other parts, and where it has no filter", () => {
    for (const pieces of [mergedOf(columns, 1e9).pieces, mergedOf(columns, 1, 1_000).pieces]) {
      expect(wrongIn(columns, pieces)).toEqual([]);
    }
    const { pieces } = mergedOf(columns);
    const without = pieces.filter(({ name }) => name !== FILTER && name !== SUMMARY);
    expect(wrongIn(columns, without)).toEqual([]);
  });

  test("where its text filters are of the former version", () => {
    for (const version of FILTER_VERSIONS) {
      // Parts come behind their head.
      const pieces = withFilters(columns, version, 3_000);
      const [head, others] = [pieces.slice(-1), pieces.slice(0, -1)];
      const at = others.findIndex(({ name }) => name === partName(0));
      expect(wrongIn(columns, others.toSpliced(at, 0, ...head))).toEqual([]);
    }
  });

  test("where a field with a long name has a column of its own", () => {
    const long = "n".repeat(200);
    const named = (name: string) =>
      columnsOf(formerRecords().map((record) => ({ ...record, metadata: { [name]: 1, z: { [name]: [] } } })));
    const merger = new BlockMerger("as they lie");
    merger.add(new BlockEncoder().packed(named("short")).pieces, 60);
    const { pieces } = merger.columnar().encoded;
    const source = summarySource(merger.rows());
    const fieldCounts = source.fieldCounts.map(
      ([name, count]) => [name === "metadata.short" ? `metadata.${long}` : name, count] as const,
    );
    const summary = summarise({ ...source, fieldCounts }) as ByteWriter;
    const old = pieces.map((piece) => {
      if (piece.name === SUMMARY) return pieceOf(SUMMARY, summary.view());
      return piece.name === "metadata.short" ? pieceOf(`metadata.${long}`, inflate(piece)) : piece;
    });
    expect(old.map(({ name }) => name)).toContain(`metadata.${long}`);
    expect(wrongIn(named(long), old)).toEqual([]);
    const other = summarise({ ...source, fieldCounts: fieldCounts.map(([name, count]) => [name, count - 1]) });
    const bad = old.map((piece) => (piece.name === SUMMARY ? pieceOf(SUMMARY, (other as ByteWriter).view()) : piece));
    expect(wrongIn(named(long), bad)).toEqual(["its summary does not say what its records are"]);
  });
});

describe("a block is found", () => {
  const columns = columnsOf(manyRecords((index) => `soon ${index} wombat`));
  const { pieces } = mergedOf(columns);
  const other = mergedOf(columnsOf(manyRecords((index) => `later ${index} koala`))).pieces;
  const instead = (name: string, piece: BlockPiece | undefined) => {
    expect(pieces.map((one) => one.name)).toContain(name);
    return pieces.flatMap((one) => (one.name === name ? (piece ?? []) : one));
  };

  test("whose text filters are of other texts", () => {
    const head = other.find(({ name }) => name === PARTED_COLUMN);
    expect(wrongIn(columns, instead(PARTED_COLUMN, head))).toEqual([
      "the text filters of its messages are not those of its records",
    ]);
    const filter = mergedOf(columnsOf(manyRecords(() => "the same"))).pieces.find(({ name }) => name === FILTER);
    expect(wrongIn(columns, instead(FILTER, filter))).toEqual(["its text filter is not that of its records"]);
  });

  test("whose columns no merge could take, though each can be read", () => {
    const [first] = pieces as [BlockPiece];
    const unknown = [...pieces, pieceOf("unheard of", inflate(first))];
    expect(() => wrongIn(columns, unknown)).toThrow(BlockDamagedError);
    const rest = (text: string) => {
      const writer = new ByteWriter();
      writeSparseStrings(writer, { rows: [3], values: [text] }, columns.count);
      return [...pieces, pieceOf("rest", writer.view())];
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

  test("of another value that is noted", () => {
    const records = formerRecords();
    const many = (value: string) =>
      columnsOf(
        Array.from({ length: NOTES_RECORDS_MIN }, (_, index) => ({
          ...(records[index % records.length] as StoredRecord),
          id: index + 1,
          message: index === 5 ? value : "hello",
        })),
      );
    expect(wrongWith(many("good"), summaryOf(many("good")))).toEqual([]);
    expect(wrongWith(many("good"), summaryOf(many("evil")))).toEqual(wrong);
  });
});
