// Merging without decoding, against the plain way: blocks decoded into columns of values, and put in order.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  type ColumnChunk,
  compressChunk,
  type EncodedBlock,
  inflate,
  PACKED_CHUNK,
} from "../../../../src/block/codec/column_chunks.ts";
import { BlockDamagedError } from "../../../../src/block/codec/damage.ts";
import { BlockEncoder } from "../../../../src/block/encode.ts";
import { BlockMerger } from "../../../../src/block/merge/merge_blocks.ts";
import { decodeColumns } from "../../../../src/block/open_block.ts";
import { recordsOf } from "../../../../src/block/records.ts";
import { zoneMapOf } from "../../../../src/block/stats/zone_map.ts";
import type { StoredRecord } from "../../../../src/core/record.ts";
import { mergeColumns } from "../../../support/merge_columns.ts";
import { columnarOf, mergedOf } from "../../../support/merged_blocks.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../../support/random.ts";
import { columnsOf, randomRecord, randomValue } from "../random_records.ts";

/** On a machine that does much else. */
setDefaultTimeout(30_000);

interface Part {
  readonly encoded: EncodedBlock;
  readonly count: number;
}

/** Records as services make them: few templates with numbers, times near one another, fields of one type. */
function likelyRecord(random: Random, id: number): StoredRecord {
  const message = pick(random, ["user # signed in", "GET /api/# took # ms", "größer als #", "連接 # 已關閉", "#"]);
  const time = 1718900000000 + integer(random, 90_000) + (random() < 0.1 ? 0.25 : 0);
  const duration = integer(random, 100_000) / 1000;
  const isTiming = random() < 0.3;
  return {
    ...randomRecord(random, id),
    time,
    receivedAt: 1718900000000 + 50 * Math.floor(id / 40),
    startTime: isTiming ? time : undefined,
    endTime: isTiming ? time + duration : undefined,
    duration: isTiming ? duration : undefined,
    touchpoint: pick(random, ["a", "b/c", "b/d", undefined, "ü"]),
    message: random() < 0.9 ? message.replaceAll("#", () => String(integer(random, 99))) : undefined,
    metadata: {
      code: `E${integer(random, 30)}`,
      ...(random() < 0.3 ? { pid: String(integer(random, 1e6)) } : {}),
      ...(random() < 0.02 ? { rare: randomValue(random) } : {}),
      ...(random() < 0.5 ? { count: integer(random, 1000) / 8 } : {}),
    },
  };
}

type MakeRecord = (random: Random, id: number) => StoredRecord;

/** Blocks as the writer makes them; some of them merged already, in either form. */
function randomParts(random: Random, make: MakeRecord, recordsMax: number): Part[] {
  const merger = new BlockMerger();
  let id = 1;
  return Array.from({ length: 1 + integer(random, 5) }, () => {
    const records = Array.from({ length: 1 + integer(random, recordsMax) }, () => make(random, id++));
    const encoded = new BlockEncoder().packed(columnsOf(records));
    const form = pick(random, ["group", "packed", "columnar"] as const);
    if (form === "group") return { encoded, count: records.length };
    merger.clear();
    merger.add(encoded.chunks, records.length);
    return { encoded: merger[form](pick(random, [1, 1000])).encoded, count: records.length };
  });
}

function inflated({ chunks, rawBytes }: EncodedBlock): unknown {
  return { rawBytes, chunks: chunks.map((chunk) => [chunk.name, Buffer.from(inflate(chunk)).toString("latin1")]) };
}

function naive(parts: readonly Part[]) {
  return mergeColumns(parts.map(({ encoded, count }) => decodeColumns(encoded.chunks, count)));
}

function compare(merger: BlockMerger, parts: readonly Part[]): void {
  merger.clear();
  for (const { encoded, count } of parts) merger.add(encoded.chunks, count);
  const columns = naive(parts);
  const merged = merger.columnar(100);
  expect(merged.zoneMap).toEqual(zoneMapOf(columns));
  expect(recordsOf(decodeColumns(merged.encoded.chunks, columns.count))).toEqual(recordsOf(columns));
  expect(inflated(merged.encoded)).toEqual(inflated(mergedOf(columns, 100)));
  const again = new BlockMerger(columns.count % 2 === 0 ? "sorted" : "as they lie");
  again.add(merged.encoded.chunks, columns.count);
  expect(inflated(again.columnar(100).encoded)).toEqual(inflated(merged.encoded));
  const packed = merger.packed();
  expect(packed.zoneMap).toEqual(zoneMapOf(columns));
  expect(packed.encoded.chunks.map(({ name }) => name)).toEqual([PACKED_CHUNK]);
  expect(recordsOf(decodeColumns(packed.encoded.chunks, columns.count))).toEqual(recordsOf(columns));
}

describe("merged blocks are what decoding and sorting makes, and the same bytes when they are merged again", () => {
  const random = seededRandom(runSeed("merged blocks"));

  test("of records with the odd texts, numbers and names", () => {
    const merger = new BlockMerger();
    for (let round = 0; round < 40; round++) compare(merger, randomParts(random, randomRecord, 40));
  });

  test("of records as services make them", () => {
    const merger = new BlockMerger();
    for (let round = 0; round < 12; round++) compare(merger, randomParts(random, likelyRecord, 600));
  });

  test("of more metadata names than there are columns", () => {
    const merger = new BlockMerger();
    for (let round = 0; round < 3; round++) {
      compare(
        merger,
        randomParts(random, (source, id) => randomRecord(source, id, 2_000), 200),
      );
    }
  });

  test("of metadata names that are too long for a column, which blocks of older formats gave one", () => {
    const merger = new BlockMerger();
    const name = (index: number) => `${index}`.padEnd(20_000, "n");
    const records = Array.from({ length: 20 }, (_, index) => ({
      ...likelyRecord(random, index + 1),
      metadata: { short: 1, [name(index % 7)]: { is: "found" }, ["e".repeat(128)]: 2 },
    }));
    const now = columnsOf(records);
    // As it was: a column for each.
    const metadata = new Map(now.metadata);
    for (let index = 0; index < 7; index++) {
      const rows = Array.from({ length: 20 }, (_, row) => row).filter((row) => row % 7 === index);
      metadata.set(name(index), { rows, values: rows.map(() => ({ is: "found" })) });
    }
    const old = { ...now, metadata, overflow: { rows: [], values: [] } };
    const [before, after] = [old, now].map((columns) => new BlockEncoder().packed(columns));
    expect([...now.metadata.keys()]).toEqual(["short", "e".repeat(128)]);
    if (before === undefined || after === undefined) throw new Error("both are encoded");
    compare(merger, [
      { encoded: before, count: 20 },
      { encoded: after, count: 20 },
    ]);
    const names = merger.columnar(1).encoded.chunks.map((chunk) => chunk.name);
    expect(Math.max(...names.map(({ length }) => length))).toBeLessThan(200);
    const { encoded } = merger.packed();
    const found = recordsOf(decodeColumns(encoded.chunks, 40)).filter(
      ({ metadata: fields }) => fields?.[name(3)] !== undefined,
    );
    expect([found.length, merger.rawBytes > 400_000]).toEqual([6, true]);
  });

  test("of texts that are larger than what they are copied through", () => {
    const merger = new BlockMerger();
    const make: MakeRecord = (source, id) => ({
      ...likelyRecord(source, id),
      message: pick(source, ["short", "é".repeat(integer(source, 300_000)), "x".repeat(integer(source, 300_000))]),
    });
    for (let round = 0; round < 3; round++) compare(merger, randomParts(random, make, 10));
  });
});

describe("a merge refuses", () => {
  test("a block whose bytes are not what was written, and takes others after it", () => {
    const random = seededRandom(runSeed("damaged sources"));
    const merger = new BlockMerger();
    for (let round = 0; round < 30; round++) {
      const parts = randomParts(random, randomRecord, 20);
      const { encoded, count } = parts[0] as Part;
      const at = integer(random, encoded.chunks.length - 1);
      const chunks = encoded.chunks.map((chunk, index) => {
        const data = Uint8Array.from(chunk.data);
        if (index === at) data[data.length >> 1] = (data[data.length >> 1] as number) ^ 1;
        return { ...chunk, data };
      });
      merger.clear();
      const isNote = ["summary", "filter"].includes(chunks[at]?.name ?? "");
      if (!isNote) expect(() => merger.add(chunks, count)).toThrow(BlockDamagedError);
      compare(merger, parts);
    }
  });

  test("a block that has other rows than is said, lacks a column, or has one that is not known", () => {
    const random = seededRandom(7);
    const records = Array.from({ length: 20 }, (_, index) => likelyRecord(random, index + 31));
    const { chunks } = columnarOf(columnsOf(records));
    const [first] = chunks;
    if (first === undefined) throw new Error("a block has chunks");
    const merger = new BlockMerger();
    const refused: [readonly ColumnChunk[], number][] = [
      [chunks, 19],
      [chunks, 21],
      [[], 20],
      [chunks.filter(({ name }) => name !== "flags"), 20],
      [[...chunks, { ...first, name: "unheard of" }], 20],
      [chunks.map((chunk) => (chunk.name === "keyType" ? compressChunk("keyType", new Uint8Array([4])) : chunk)), 20],
      [
        chunks.map((chunk) =>
          chunk.name === "keyType" ? compressChunk("keyType", new Uint8Array(20).fill(3)) : chunk,
        ),
        20,
      ],
      [chunks.map((chunk) => (chunk.name === "keyType" ? compressChunk("keyType", new Uint8Array(19)) : chunk)), 20],
    ];
    for (const [given, count] of refused) {
      merger.clear();
      expect(() => merger.add(given, count)).toThrow(BlockDamagedError);
    }
  });
});
