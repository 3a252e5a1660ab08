import { describe, expect, test } from "bun:test";
import type { EncodedBlock } from "../../../src/block/codec/column_chunks.ts";
import { BlockDamagedError } from "../../../src/block/codec/damage.ts";
import { BlockEncoder } from "../../../src/block/encode.ts";
import { decodeColumns } from "../../../src/block/open_block.ts";
import { recordsOf } from "../../../src/block/records.ts";
import { zoneMapOf } from "../../../src/block/stats/zone_map.ts";
import { METADATA_COLUMNS_MAX } from "../../../src/core/limits.ts";
import type { StoredRecord } from "../../../src/core/record.ts";
import { mergeColumns } from "../../support/merge_columns.ts";
import { columnarOf } from "../../support/merged_blocks.ts";
import { integer, runSeed, seededRandom } from "../../support/random.ts";
import { columnsOf, randomRecord } from "./random_records.ts";

function roundTrip(encoded: EncodedBlock, count: number): StoredRecord[] {
  return recordsOf(decodeColumns(encoded.chunks, count));
}

/** Equal as JSON values: −0 is 0, and an own member "__proto__" counts. */
function asJson(records: readonly StoredRecord[]): string[] {
  return [...records].sort((a, b) => a.id - b.id).map((record) => JSON.stringify(sortMembers(record)));
}

function sortMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortMembers);
  if (value === null || typeof value !== "object") return value;
  const members = Object.entries(value).map(([name, member]) => [name, sortMembers(member)]);
  return members.sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
}

describe("a block gives back what went in", () => {
  const random = seededRandom(runSeed("block round trip"));

  test("packed, row by row, for random records", () => {
    for (let round = 0; round < 150; round++) {
      const records = Array.from({ length: 1 + integer(random, 40) }, (_, index) => randomRecord(random, index + 1));
      expect(asJson(roundTrip(new BlockEncoder().packed(columnsOf(records)), records.length))).toEqual(asJson(records));
    }
  });

  test("merged from several blocks, sorted by touchpoint and time", () => {
    for (let round = 0; round < 60; round++) {
      const records = Array.from({ length: 2 + integer(random, 200) }, (_, index) => randomRecord(random, index + 1));
      const cut = 1 + integer(random, records.length - 2);
      const parts = [records.slice(0, cut), records.slice(cut)].map((part) =>
        decodeColumns(new BlockEncoder().packed(columnsOf(part)).chunks, part.length),
      );
      const merged = mergeColumns(parts);
      const back = roundTrip(columnarOf(merged), records.length);
      expect(asJson(back)).toEqual(asJson(records));
      const order = back.map((record) => [record.touchpoint ?? "", record.time] as const);
      for (let row = 1; row < order.length; row++) {
        const [before, after] = [order[row - 1] as [string, number], order[row] as [string, number]];
        expect(before[0] < after[0] || (before[0] === after[0] && before[1] <= after[1])).toBe(true);
      }
      expect(zoneMapOf(merged)).toEqual(zoneMapOf(columnsOf(records)));
    }
  });

  test("with more metadata names than there are columns", () => {
    const records = Array.from({ length: 300 }, (_, index) => randomRecord(random, index + 1, 5_000));
    const columns = columnsOf(records);
    expect(columns.metadata.size).toBeLessThanOrEqual(METADATA_COLUMNS_MAX);
    expect(columns.overflow.rows.length).toBeGreaterThan(0);
    const parts = [records.slice(0, 150), records.slice(150)].map(columnsOf);
    const merged = mergeColumns(parts);
    expect(merged.metadata.size).toBeLessThanOrEqual(METADATA_COLUMNS_MAX);
    expect(asJson(roundTrip(columnarOf(merged), 300))).toEqual(asJson(records));
    expect(asJson(roundTrip(new BlockEncoder().packed(columns), 300))).toEqual(asJson(records));
  });

  test("and its zone map counts logs by level and timings by status", () => {
    const base = { ...randomRecord(random, 1), time: 5, receivedAt: 7 };
    const zoneMap = zoneMapOf(
      columnsOf([
        { ...base, id: 4, kind: "log", level: "warn" },
        { ...base, id: 5, kind: "log", level: "warn", time: 9 },
        { ...base, id: 6, kind: "orphaned", level: "error", receivedAt: 8 },
      ]),
    );
    expect(zoneMap).toEqual({
      records: 3,
      idMin: 4,
      idMax: 6,
      timeMin: 5,
      timeMax: 9,
      receivedMin: 7,
      receivedMax: 8,
      levels: [0, 0, 2, 0],
      statuses: [0, 0, 0, 1],
    });
  });
});

describe("a damaged block", () => {
  test("is found by its checksum, whichever byte was changed", () => {
    const random = seededRandom(runSeed("damaged block"));
    const records = Array.from({ length: 20 }, (_, index) => randomRecord(random, index + 1));
    const [chunk] = new BlockEncoder().packed(columnsOf(records)).chunks;
    if (chunk === undefined) throw new Error("a packed block has a chunk");
    for (let round = 0; round < 50; round++) {
      const data = Uint8Array.from(chunk.data);
      const at = integer(random, data.length - 1);
      data[at] = (data[at] as number) ^ (1 + integer(random, 254));
      expect(() => decodeColumns([{ ...chunk, data }], records.length)).toThrow(BlockDamagedError);
    }
  });

  test("is an error when its zone map counts other rows", () => {
    const random = seededRandom(7);
    const encoded = columnarOf(columnsOf([randomRecord(random, 1), randomRecord(random, 2)]));
    expect(() => decodeColumns(encoded.chunks, 3)).toThrow(BlockDamagedError);
  });
});
