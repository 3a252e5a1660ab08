import { describe, expect, test } from "bun:test";
import type { ColumnChunk } from "../../../src/block/codec/column_chunks.ts";
import { type ChunkSource, chunksInMemory } from "../../../src/block/codec/column_chunks.ts";
import { BlockDamagedError, BlockGoneError } from "../../../src/block/codec/damage.ts";
import { BlockEncoder } from "../../../src/block/encode.ts";
import { decodeColumns, OpenBlock, openBlock } from "../../../src/block/open_block.ts";
import { recordsOf } from "../../../src/block/records.ts";
import type { StoredRecord } from "../../../src/core/record.ts";
import { columnarOf, mergedOf } from "../../support/merged_blocks.ts";
import { integer, type Random, runSeed, seededRandom } from "../../support/random.ts";
import { columnsOf, randomRecord } from "./random_records.ts";

function randomRecords(random: Random, count: number, names?: number): StoredRecord[] {
  return Array.from({ length: count }, (_, index) => randomRecord(random, index + 1, names));
}

/** Records which chunks were loaded. */
class CountingSource implements ChunkSource {
  readonly loaded: string[] = [];
  readonly #chunks: ChunkSource;

  constructor(chunks: readonly ColumnChunk[]) {
    this.#chunks = chunksInMemory(chunks);
  }

  chunk(name: string): ColumnChunk | undefined {
    this.loaded.push(name);
    return this.#chunks.chunk(name);
  }

  names(): readonly string[] {
    return this.#chunks.names();
  }
}

/** The chunk with one byte changed. */
function damaged(chunk: ColumnChunk): ColumnChunk {
  const data = Uint8Array.from(chunk.data);
  const at = data.length >> 1;
  data[at] = (data[at] as number) ^ 1;
  return { ...chunk, data };
}

describe("an opened block", () => {
  const random = seededRandom(runSeed("open block"));

  test("gives the records of any rows in the order asked, packed and merged alike", () => {
    for (let round = 0; round < 80; round++) {
      const count = 1 + integer(random, 60);
      const columns = columnsOf(randomRecords(random, count, round % 4 === 0 ? 400 : 6));
      const all = recordsOf(decodeColumns(new BlockEncoder().packed(columns).chunks, count));
      const rows = Array.from({ length: integer(random, 2 * count) }, () => integer(random, count - 1));
      if (round % 2 === 0) rows.sort((a, b) => a - b);
      const expected = rows.map((row) => all[row]);
      for (const encode of ["packed", "columnar"] as const) {
        const { chunks } = encode === "packed" ? new BlockEncoder().packed(columns) : columnarOf(columns);
        expect(openBlock(chunks, count).records(rows)).toEqual(expected as StoredRecord[]);
      }
    }
  });

  test("gives columns as they were put in", () => {
    for (let round = 0; round < 40; round++) {
      const columns = columnsOf(randomRecords(random, 1 + integer(random, 60), 400));
      const { chunks } = mergedOf(columns, 1);
      const block = openBlock(chunks, columns.count);
      const decoded = decodeColumns(chunks, columns.count);
      expect([...block.metadataNames()].sort()).toEqual([...columns.metadata.keys()].sort());
      for (const name of ["id", "time", "received"] as const) {
        expect([...block[name]()]).toEqual((columns[name] as number[]).map((value) => value + 0));
      }
      expect(decoded.message).toEqual(columns.message);
      const message = block.message();
      expect(columns.message.map((_, row) => [message.has(row), message.value(row)])).toEqual(
        columns.message.map((text) => [text !== undefined, text]),
      );
      const { dictionary, codes } = block.touchpoint();
      expect([...codes].map((code) => dictionary[code - 1])).toEqual([...columns.touchpoint]);
      for (const [name, column] of columns.metadata) {
        const values = block.metadata(name);
        expect(values === undefined ? [] : [...values.rows]).toEqual([...(column.rows as number[])]);
        const seen = column.rows.length === 0 ? [] : Array.from(column.values, (_, place) => values?.value(place));
        expect(JSON.stringify(seen)).toBe(JSON.stringify(column.values));
      }
      expect(Array.from(block.overflow()?.values ?? [])).toEqual([...(columns.overflow.values as string[])]);
    }
  });

  test("loads a column when it is asked for, and once", () => {
    const { chunks } = columnarOf(columnsOf(randomRecords(random, 50)));
    const source = new CountingSource(chunks);
    const block = new OpenBlock(source, 50);
    expect([block.metadataNames().length > 0, source.loaded]).toEqual([true, []]);
    block.time();
    block.flags();
    block.time();
    expect(source.loaded).toEqual(["time", "flags"]);
    block.key();
    block.message().markContaining("x", new Uint8Array(50));
    block.message();
    expect(source.loaded).toEqual(["time", "flags", "key", "message"]);
    expect(block.metadata("no such field")).toBeUndefined();
    block.records(Array.from({ length: 50 }, (_, row) => row));
    expect([...source.loaded].sort()).toEqual(chunks.map((chunk) => chunk.name).sort());
  });

  test("loads a packed block as a whole, and once", () => {
    const { chunks } = new BlockEncoder().packed(columnsOf(randomRecords(random, 50)));
    const source = new CountingSource(chunks);
    const block = new OpenBlock(source, 50);
    block.time();
    block.metadataNames();
    block.records([3]);
    expect(source.loaded).toEqual(["*"]);
  });

  test("never loads the statistics for its records", () => {
    const { chunks } = mergedOf(columnsOf(randomRecords(random, 50)), 1);
    const source = new CountingSource(chunks);
    expect(source.names().slice(0, 2)).toEqual(["summary", "filter"]);
    const all = recordsOf(decodeColumns(chunks, 50));
    expect(new OpenBlock(source, 50).records([0, 49])).toEqual([all[0], all[49]] as StoredRecord[]);
    expect(source.loaded).not.toContain("summary");
    expect(source.loaded).not.toContain("filter");
  });
});

describe("an opened block that is damaged", () => {
  const random = seededRandom(7);

  test("gives every column but those that are", () => {
    const { chunks } = columnarOf(columnsOf(randomRecords(random, 20)));
    const block = openBlock(
      chunks.map((chunk) => (chunk.name === "message" ? damaged(chunk) : chunk)),
      20,
    );
    expect(block.time().length).toBe(20);
    expect(() => block.message()).toThrow(/^column "message" is damaged: checksum \d+, expected \d+$/);
    expect(() => block.records([1])).toThrow(BlockDamagedError);
  });

  test("says so for each of its columns", () => {
    const columns = columnsOf(randomRecords(random, 40));
    const { chunks } = columnarOf(columns);
    for (const [index, chunk] of chunks.entries()) {
      expect(() => openBlock(chunks.with(index, damaged(chunk)), 40).records([0])).toThrow(BlockDamagedError);
    }
  });

  test("says so when a column is missing, or has other rows than the zone map says", () => {
    const { chunks } = columnarOf(columnsOf(randomRecords(random, 20)));
    const without = chunks.filter((chunk) => chunk.name !== "id");
    expect(() => openBlock(without, 20).id()).toThrow(new BlockDamagedError('column "id" is missing'));
    for (const count of [19, 21]) {
      for (const name of ["id", "flags", "touchpoint"] as const) {
        expect(() => openBlock(chunks, count)[name]()).toThrow(BlockDamagedError);
      }
      expect(() => decodeColumns(chunks, count)).toThrow(BlockDamagedError);
    }
  });

  test("says so when its frame is no zstd, whatever its checksum", () => {
    const { chunks } = new BlockEncoder().packed(columnsOf(randomRecords(random, 3)));
    const garbage = { name: "*", checksum: 0, data: new Uint8Array() };
    expect(() => openBlock([garbage], 3).id()).toThrow(BlockDamagedError);
    expect(openBlock(chunks, 3).id().length).toBe(3);
  });
});

describe("a source that fails", () => {
  test("in a metadata column is not reported as damage when records are read", () => {
    const failure = new Error("disk I/O error");
    const { chunks } = columnarOf(columnsOf(randomRecords(seededRandom(7), 20)));
    const atHand = chunksInMemory(chunks);
    const chunk = (name: string) => {
      if (name.startsWith("metadata.")) throw failure;
      return atHand.chunk(name);
    };
    const block = new OpenBlock({ names: () => atHand.names(), chunk }, 20);
    expect(() => block.records(Array.from({ length: 20 }, (_, row) => row))).toThrow(failure);
  });

  test("is not taken for damage", () => {
    const gone = new BlockGoneError("block 5 is gone");
    const block = new OpenBlock(
      {
        names: () => ["id"],
        chunk: () => {
          throw gone;
        },
      },
      1,
    );
    expect(() => block.id()).toThrow(gone);
  });
});
