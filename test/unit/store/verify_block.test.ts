import { describe, expect, test } from "bun:test";
import type { Columns } from "../../../src/block/columns.ts";
import { BlockEncoder, type BlockPiece, pieceOf } from "../../../src/block/encode.ts";
import { headerOf } from "../../../src/block/header.ts";
import { inflate } from "../../../src/block/inflate.ts";
import { encodeMerged } from "../../../src/block/merged.ts";
import { NOTES_RECORDS_MIN, readSummary, SUMMARY } from "../../../src/block/summary.ts";
import { LEVELS } from "../../../src/core/entry.ts";
import { DAY_MS } from "../../../src/core/limits.ts";
import type { StoredRecord } from "../../../src/core/record.ts";
import { HEADER, type HeaderValues, verifyBlock } from "../../../src/store/verify_block.ts";
import { formerColumns, formerRecords, formerSummary } from "../../support/former_summary.ts";
import { columnsOf } from "../block/random_records.ts";

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
  const { pieces } = encodeMerged(new BlockEncoder(), columns, notesRecordsMin);
  const replaced = pieces.map((piece) => (piece.name === SUMMARY && summary !== undefined ? summary : piece));
  return verifyBlock(headerValues(columns, replaced), replaced).wrong;
}

function summaryOf(columns: Columns, notesRecordsMin?: number): BlockPiece | undefined {
  return encodeMerged(new BlockEncoder(), columns, notesRecordsMin).pieces.find(({ name }) => name === SUMMARY);
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
