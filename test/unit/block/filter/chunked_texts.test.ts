import { describe, expect, test } from "bun:test";
import {
  type ChunkSource,
  type ColumnChunk,
  chunksInMemory,
  compressChunk,
  FILTER_CHUNK,
  inflate,
} from "../../../../src/block/codec/column_chunks.ts";
import { BlockDamagedError } from "../../../../src/block/codec/damage.ts";
import type { Columns } from "../../../../src/block/columns.ts";
import { BlockEncoder } from "../../../../src/block/encode.ts";
import { readBlockFilters } from "../../../../src/block/filter/block_filters.ts";
import { BlockMerger } from "../../../../src/block/merge/merge_blocks.ts";
import { decodeColumns, OpenBlock, openBlock } from "../../../../src/block/open_block.ts";
import { recordsOf } from "../../../../src/block/records.ts";
import { LARGE_BLOCK_RECORDS_MIN } from "../../../../src/block/stats/statistics.ts";
import { foldText } from "../../../../src/core/case_folding.ts";
import { columnarOf, mergedOf } from "../../../support/merged_blocks.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../../support/random.ts";
import { columnsOf, randomRecord } from "../random_records.ts";

const WORDS = "Timeout ORDER-4711 3.5e10 true NULL Ärger 日本語 🎉 a\0b x.y/z \u0130stanbul 5\u212a".split(" ");

/** Records in row order, their messages of some words. */
function columnsOfWords(random: Random, count: number, words: readonly string[] = WORDS): Columns {
  const text = () => Array.from({ length: 3 }, () => pick(random, words)).join(" ");
  return columnsOf(
    Array.from({ length: count }, (_, index) => ({
      ...randomRecord(random, index + 1),
      message: random() < 0.1 ? undefined : `${text()} ${index}`,
    })),
  );
}

function partNames(chunks: readonly ColumnChunk[]): string[] {
  return chunks.map(({ name }) => name).filter((name) => name.startsWith("message"));
}

class CountingSource implements ChunkSource {
  readonly loaded: string[] = [];
  readonly #source: ChunkSource;

  constructor(chunks: readonly ColumnChunk[]) {
    this.#source = chunksInMemory(chunks);
  }

  names(): readonly string[] {
    return this.#source.names();
  }

  chunk(name: string): ColumnChunk | undefined {
    this.loaded.push(name);
    return this.#source.chunk(name);
  }
}

describe("messages in chunks", () => {
  const random = seededRandom(runSeed("text parts"));

  test("are all there, one by one and together, in records and for the next merge", () => {
    for (let round = 0; round < 40; round++) {
      const columns = columnsOfWords(random, 1 + integer(random, 60));
      const { chunks } = mergedOf(columns, 1, 1 + integer(random, 20));
      const decoded = decodeColumns(chunks, columns.count);
      expect(decoded.message).toEqual(columns.message);
      const message = openBlock(chunks, columns.count).message();
      for (const row of [columns.count - 1, 0, integer(random, columns.count - 1)]) {
        expect([message.has(row), message.value(row)]).toEqual([
          columns.message[row] !== undefined,
          columns.message[row],
        ]);
      }
      const rows = [integer(random, columns.count - 1), integer(random, columns.count - 1)];
      const all = recordsOf(decoded);
      expect(openBlock(chunks, columns.count).records(rows)).toEqual(rows.map((row) => all[row]) as typeof all);
      const merger = new BlockMerger();
      merger.add(chunks, columns.count);
      const again = merger.packed().encoded.chunks;
      const byId = (a: { id: number }, b: { id: number }) => a.id - b.id;
      expect(recordsOf(decodeColumns(again, columns.count)).sort(byId)).toEqual(all.sort(byId));
    }
  });

  test("are found wherever they contain a needle, and only there", () => {
    for (let round = 0; round < 60; round++) {
      const columns = columnsOfWords(random, 1 + integer(random, 60));
      const { chunks } = mergedOf(columns, 1, 1 + integer(random, 20));
      const message = openBlock(chunks, columns.count).message();
      const wanted = Uint8Array.from(columns.message, () => integer(random, 1));
      for (const word of [...WORDS, "i", "k", " 1", "", "nowhere"]) {
        const needle = foldText(word);
        const expected = columns.message.map((text) => (text !== undefined && foldText(text).includes(needle) ? 1 : 0));
        const hits = new Uint8Array(columns.count);
        message.markContaining(needle, hits);
        expect([needle, ...hits]).toEqual([needle, ...expected]);
        const some = new Uint8Array(columns.count);
        message.markContaining(needle, some, wanted);
        const among = (marks: ArrayLike<number>) => Array.from(marks).filter((_, row) => wanted[row] === 1);
        expect(among(some)).toEqual(among(expected));
      }
      const tested = new Uint8Array(columns.count);
      message.markWhere((text) => text.endsWith("1"), tested);
      expect([...tested]).toEqual(columns.message.map((text) => (text?.endsWith("1") ? 1 : 0)));
    }
  });

  test("are not loaded where their filter excludes the needle, or no row of them is wanted", () => {
    const columns = columnsOf(
      Array.from({ length: 30 }, (_, index) => ({
        ...randomRecord(random, index + 1),
        message: `${["alpha", "beta", "gamma"][Math.floor(index / 10)]} ${index}`,
      })),
    );
    const { chunks } = mergedOf(columns, 1, 10);
    const source = new CountingSource(chunks);
    const message = new OpenBlock(source, 30).message();
    const hits = new Uint8Array(30);
    message.markContaining("beta", hits);
    message.markContaining("nowhere", hits);
    message.markContaining("1", hits, new Uint8Array(30).fill(1, 20));
    expect(source.loaded).toEqual(["message", "message#1", "message#2"]);
    expect([...hits.keys()].filter((row) => hits[row] === 1)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21]);
  });

  test("have filters that tell messages from other texts", () => {
    const columns = columnsOf(
      Array.from({ length: 4 }, (_, index) => ({
        ...randomRecord(random, index + 1),
        touchpoint: "checkout",
        message: `payment ${index}`,
        metadata: { note: "refunded" },
      })),
    );
    const filter = readBlockFilters(chunksInMemory(mergedOf(columns, 1, 2).chunks), 4);
    const asked = ["payment", "refunded", "checkout", "nowhere"];
    expect(asked.map((needle) => filter?.mayContain(needle))).toEqual([true, true, true, false]);
    expect(asked.map((needle) => filter?.mayContainInMessages(needle))).toEqual([true, false, false, false]);
    expect(asked.map((needle) => filter?.mayContainOutsideMessages(needle))).toEqual([false, true, true, false]);
  });

  test("are made of large blocks whose messages differ", () => {
    const base = randomRecord(random, 1);
    const chunksOf = (count: number, message: (index: number) => string) => {
      const columns = columnsOf(
        Array.from({ length: count }, (_, index) => ({ ...base, id: index + 1, message: message(index) })),
      );
      return mergedOf(columns).chunks;
    };
    const differing = chunksOf(LARGE_BLOCK_RECORDS_MIN, (index) => `message ${index}`);
    expect(partNames(differing)).toEqual(["message", "message#0", "message#1"]);
    expect(partNames(chunksOf(LARGE_BLOCK_RECORDS_MIN, () => "the same"))).toEqual(["message"]);
    const small = chunksOf(LARGE_BLOCK_RECORDS_MIN - 1, (index) => `message ${index}`);
    expect([partNames(small), small.some(({ name }) => name === FILTER_CHUNK)]).toEqual([["message"], false]);
    const same = chunksOf(LARGE_BLOCK_RECORDS_MIN, () => "the same");
    const filter = readBlockFilters(chunksInMemory(same), LARGE_BLOCK_RECORDS_MIN);
    expect(["same", "nowhere"].map((needle) => filter?.mayContainInMessages(needle))).toEqual([true, false]);
  });

  test("come of a merge as of an encoder of values", () => {
    for (let round = 0; round < 20; round++) {
      const merger = new BlockMerger();
      let first = 1;
      for (let blocks = 1 + integer(random, 4); blocks > 0; blocks--) {
        const records = Array.from({ length: 1 + integer(random, 30) }, () => randomRecord(random, first++));
        const form = pick(random, ["packed", "columnar"] as const);
        const columns = columnsOf(records);
        const { chunks } = form === "packed" ? new BlockEncoder().packed(columns) : columnarOf(columns);
        merger.add(chunks, records.length);
      }
      const { encoded, zoneMap } = merger.columnar(1, 7);
      const columns = decodeColumns(encoded.chunks, zoneMap.records);
      const expected = mergedOf(columns, 1, 7);
      const raw = (chunks: readonly ColumnChunk[]) => chunks.filter(({ name }) => partNames(chunks).includes(name));
      expect(raw(encoded.chunks).map(({ name, ...chunk }) => [name, inflate({ name, ...chunk })])).toEqual(
        raw(expected.chunks).map(({ name, ...chunk }) => [name, inflate({ name, ...chunk })]),
      );
    }
  });
});

describe("messages in chunks that are damaged", () => {
  const columns = columnsOfWords(seededRandom(3), 30, ["one", "two"]);
  const { chunks } = mergedOf(columns, 1, 10);
  const instead = (name: string, chunk: ColumnChunk | undefined) =>
    chunks.flatMap((one) => (one.name === name ? (chunk ?? []) : one));
  const asRead = (damaged: readonly ColumnChunk[]) => () => decodeColumns(damaged, 30);
  const asMerged = (damaged: readonly ColumnChunk[]) => () => new BlockMerger().add(damaged, 30);
  const raw = (name: string) => inflate(chunks.find((one) => one.name === name) as ColumnChunk);

  test("are named where a chunk is missing", () => {
    for (const name of ["message#0", "message#1", "message#2"]) {
      for (const read of [asRead, asMerged]) expect(read(instead(name, undefined))).toThrow(BlockDamagedError);
    }
  });

  test("are named where a chunk has other texts than it should, or is another one", () => {
    for (const bytes of [
      raw("message#2").subarray(0, 12),
      Uint8Array.from([...raw("message#2"), 97]),
      raw("message"),
    ]) {
      const chunk = compressChunk("message#2", bytes);
      for (const read of [asRead, asMerged]) expect(read(instead("message#2", chunk))).toThrow(BlockDamagedError);
    }
  });

  test("are named where the head does not say how they are cut", () => {
    for (const bytes of [[3], [3, 0], [3, 10, 5], [3, 10, 0, 0], [3, 10, 0, 0, 0, 0], [3, 10, 2, 9, 9, 0, 0]]) {
      const chunk = compressChunk("message", Uint8Array.from(bytes));
      for (const read of [asRead, asMerged]) expect(read(instead("message", chunk))).toThrow(BlockDamagedError);
      const filter = () => readBlockFilters(chunksInMemory(instead("message", chunk)), 30);
      expect(filter).toThrow(BlockDamagedError);
    }
  });
});
