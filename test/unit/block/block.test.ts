import { describe, expect, test } from "bun:test";
import { appendRecord } from "../../../src/block/append.ts";
import { type Columns, emptyColumns } from "../../../src/block/columns.ts";
import { BlockDamagedError, decodeColumns, recordsOf } from "../../../src/block/decode.ts";
import { BlockEncoder, type EncodedBlock } from "../../../src/block/encode.ts";
import { headerOf } from "../../../src/block/header.ts";
import { mergeColumns } from "../../../src/block/merge.ts";
import { LEVELS } from "../../../src/core/entry.ts";
import { METADATA_COLUMNS_MAX } from "../../../src/core/limits.ts";
import { KINDS, type StoredRecord } from "../../../src/core/record.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../support/random.ts";

const TEXTS = [
  "",
  "a",
  "ünïcödé 🎉",
  "\u0000nul\u0000",
  "line\nbreak",
  "\uFFFD",
  "\uFEFFbom",
  "x".repeat(5_000),
  "日本語",
];
const NUMBERS = [0, -0, 1, -1, 0.1, 1e-7, 247.7829, 2 ** 51, 2 ** 53, -(2 ** 53), 1.7976931348623157e308, 5e-324, 1e21];
const TIMES = [0, 0.5, 1718900000000, 1718900000000.123, 8.64e15, 1718900086400000 % 1e13];

function randomValue(random: Random, depth = 0): unknown {
  const kind = integer(random, depth > 2 ? 4 : 6);
  if (kind === 0) return pick(random, TEXTS);
  if (kind === 1) return pick(random, NUMBERS);
  if (kind === 2) return random() < 0.5;
  if (kind === 3) return null;
  if (kind === 4) return integer(random, 1000);
  if (kind === 5) return Array.from({ length: integer(random, 3) }, () => randomValue(random, depth + 1));
  return randomObject(random, depth + 1);
}

function randomObject(random: Random, depth = 0, names = 6): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (let count = integer(random, 5); count > 0; count--) {
    const name =
      random() < 0.1
        ? pick(random, ["__proto__", "", "constructor", "*", "id", "ünï", "a.b"])
        : `f${integer(random, names)}`;
    Object.defineProperty(object, name, {
      value: randomValue(random, depth),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return object;
}

function randomRecord(random: Random, id: number, names = 6): StoredRecord {
  const maybe = <T>(value: T): T | undefined => (random() < 0.5 ? value : undefined);
  return {
    id,
    kind: pick(random, KINDS),
    time: pick(random, TIMES),
    receivedAt: 1718900000000 + integer(random, 10_000),
    source: pick(random, ["server", "client"] as const),
    apiKey: pick(random, ["web shop", "worker", "ü"]),
    touchpoint: maybe(pick(random, ["a/b", "a/c", "z", "日本"])),
    key: maybe(pick(random, TEXTS)),
    level: pick(random, LEVELS),
    message: maybe(pick(random, TEXTS)),
    startTime: maybe(pick(random, TIMES)),
    endTime: maybe(pick(random, TIMES)),
    duration: maybe(Math.abs(pick(random, NUMBERS))),
    metadata: maybe(randomObject(random, 0, names)),
  };
}

function columnsOf(records: readonly StoredRecord[]): Columns {
  const columns = emptyColumns();
  for (const record of records) appendRecord(columns, record.id, record);
  return columns;
}

function roundTrip(encoded: EncodedBlock, count: number): StoredRecord[] {
  return recordsOf(decodeColumns(encoded.pieces, count));
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
        decodeColumns(new BlockEncoder().packed(columnsOf(part)).pieces, part.length),
      );
      const merged = mergeColumns(parts);
      const back = roundTrip(new BlockEncoder().columnar(merged), records.length);
      expect(asJson(back)).toEqual(asJson(records));
      const order = back.map((record) => [record.touchpoint ?? "", record.time] as const);
      for (let row = 1; row < order.length; row++) {
        const [before, after] = [order[row - 1] as [string, number], order[row] as [string, number]];
        expect(before[0] < after[0] || (before[0] === after[0] && before[1] <= after[1])).toBe(true);
      }
      expect(headerOf(merged)).toEqual(headerOf(columnsOf(records)));
    }
  });

  test("with more metadata names than there are columns", () => {
    const records = Array.from({ length: 300 }, (_, index) => randomRecord(random, index + 1, 5_000));
    const columns = columnsOf(records);
    expect(columns.metadata.size).toBeLessThanOrEqual(METADATA_COLUMNS_MAX);
    expect(columns.metadataRest.rows.length).toBeGreaterThan(0);
    const parts = [records.slice(0, 150), records.slice(150)].map(columnsOf);
    const merged = mergeColumns(parts);
    expect(merged.metadata.size).toBeLessThanOrEqual(METADATA_COLUMNS_MAX);
    expect(asJson(roundTrip(new BlockEncoder().columnar(merged), 300))).toEqual(asJson(records));
    expect(asJson(roundTrip(new BlockEncoder().packed(columns), 300))).toEqual(asJson(records));
  });

  test("and its header counts logs by level and timings by status", () => {
    const base = { ...randomRecord(random, 1), time: 5, receivedAt: 7 };
    const header = headerOf(
      columnsOf([
        { ...base, id: 4, kind: "log", level: "warn" },
        { ...base, id: 5, kind: "log", level: "warn", time: 9 },
        { ...base, id: 6, kind: "orphaned", level: "error", receivedAt: 8 },
      ]),
    );
    expect(header).toEqual({
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
  test("is told by its checksum, whichever byte was changed", () => {
    const random = seededRandom(runSeed("damaged block"));
    const records = Array.from({ length: 20 }, (_, index) => randomRecord(random, index + 1));
    const [piece] = new BlockEncoder().packed(columnsOf(records)).pieces;
    if (piece === undefined) throw new Error("a packed block has a piece");
    for (let round = 0; round < 50; round++) {
      const data = Uint8Array.from(piece.data);
      const at = integer(random, data.length - 1);
      data[at] = (data[at] as number) ^ (1 + integer(random, 254));
      expect(() => decodeColumns([{ ...piece, data }], records.length)).toThrow(BlockDamagedError);
    }
  });

  test("is an error and not nonsense when its header counts other rows", () => {
    const random = seededRandom(7);
    const encoded = new BlockEncoder().columnar(columnsOf([randomRecord(random, 1), randomRecord(random, 2)]));
    expect(() => decodeColumns(encoded.pieces, 3)).toThrow(BlockDamagedError);
  });
});
