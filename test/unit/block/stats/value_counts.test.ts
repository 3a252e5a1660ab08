import { describe, expect, test } from "bun:test";
import { ByteWriter } from "../../../../src/block/codec/bytes.ts";
import type { EncodedBlock } from "../../../../src/block/codec/column_chunks.ts";
import { STATISTICS_CHUNK } from "../../../../src/block/codec/column_chunks.ts";
import type { Columns } from "../../../../src/block/columns.ts";
import { selectRows } from "../../../../src/block/columns.ts";
import { BlockEncoder } from "../../../../src/block/encode.ts";
import { BlockMerger } from "../../../../src/block/merge/merge_blocks.ts";
import { outputValueCounts } from "../../../../src/block/merge/output_statistics.ts";
import { decodeColumns } from "../../../../src/block/open_block.ts";
import { LARGE_BLOCK_RECORDS_MIN, readStatistics } from "../../../../src/block/stats/statistics.ts";
import { StoredValueCounts, type ValueCounts, writeValueCounts } from "../../../../src/block/stats/value_counts.ts";
import { type JsonObject, setMember } from "../../../../src/core/json.ts";
import type { StoredRecord } from "../../../../src/core/record.ts";
import { mergedOf } from "../../../support/merged_blocks.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../../support/random.ts";
import { columnsOf, randomRecord, randomValue } from "../random_records.ts";

type Counts = Map<unknown, number>;

/** What is noted of a block, by field. */
function notesOf({ chunks }: EncodedBlock): Map<string, Counts> {
  const chunk = chunks.find(({ name }) => name === STATISTICS_CHUNK);
  if (chunk === undefined) throw new Error("a merged block has a summary");
  const notes = new Map<string, Counts>();
  for (const [name, values] of readStatistics(chunk).values) {
    const counts: Counts = new Map();
    values.forEach((value, count) => counts.set(value, (counts.get(value) ?? 0) + count));
    notes.set(name, counts);
  }
  return notes;
}

/** What a value is counted as. */
function counted(value: unknown): unknown {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : value;
}

function countAll(records: readonly StoredRecord[]): Map<string, Counts> {
  const all = new Map<string, Counts>();
  const add = (name: string, value: unknown) => {
    if (value === undefined) return;
    const counts = all.get(name) ?? new Map<unknown, number>();
    counts.set(counted(value), (counts.get(counted(value)) ?? 0) + 1);
    all.set(name, counts);
  };
  for (const { apiKey, message, key, metadata = {} } of records) {
    for (const [name, value] of Object.entries({ apiKey, message, key })) add(name, value);
    for (const name of Object.keys(metadata)) add(`metadata.${name}`, metadata[name]);
  }
  return all;
}

function recordsOfFewValues(random: Random, count: number): StoredRecord[] {
  const fields = ["constructor", "__proto__", "b", "ü", "c"].map((name) => {
    const values = Array.from({ length: 1 + integer(random, 4) }, () => randomValue(random, 2));
    return { name, values: values.filter((value) => JSON.stringify(value).length < 100), share: random() };
  });
  return Array.from({ length: count }, (_, index) => {
    const metadata: JsonObject = {};
    for (const { name, values, share } of fields) {
      if (values.length > 0 && random() < share) setMember(metadata, name, pick(random, values));
    }
    return { ...randomRecord(random, index + 1), time: 1718900000000 + index, metadata };
  });
}

const BASE = { ...randomRecord(seededRandom(5), 1), message: undefined, key: undefined, time: 1718900000000 };

/** Records that only differ in one metadata field, and so many without it. */
function fieldOf(values: readonly unknown[], others = 0): Columns {
  const all = [...values.map((value) => ({ field: value })), ...Array.from({ length: others }, () => undefined)];
  return columnsOf(all.map((metadata, index) => ({ ...BASE, id: index + 1, metadata })));
}

function noted(values: readonly unknown[], others = 0): Counts | undefined {
  return notesOf(mergedOf(fieldOf(values, others), 1)).get("metadata.field");
}

/** The counts of a field that every record has, whether there is room for them in the notes or not. */
function countValues(values: readonly unknown[]): ValueCounts | undefined {
  const merger = new BlockMerger();
  merger.add(new BlockEncoder().packed(fieldOf(values)).chunks, values.length);
  return outputValueCounts(merger.output()).find(({ name }) => name === "metadata.field")?.counts;
}

describe("values are counted", () => {
  const random = seededRandom(runSeed("noted values"));

  test("are counted exactly", () => {
    const names = new Set<string>();
    for (let round = 0; round < 40; round++) {
      const records = recordsOfFewValues(random, 50 + integer(random, 1_500));
      const columns = columnsOf(records);
      const expected = countAll(records);
      const notes = notesOf(mergedOf(columns, 1));
      for (const [name, counts] of notes) {
        names.add(name);
        expect([name, counts]).toEqual([name, expected.get(name) ?? new Map()]);
      }
    }
    expect([...names].sort()).toEqual(
      expect.arrayContaining(["apiKey", "metadata.__proto__", "metadata.b", "metadata.constructor", "metadata.ü"]),
    );
  });

  test("are those of the records that stay where some are erased", () => {
    const records = recordsOfFewValues(random, 2_000);
    const { chunks } = mergedOf(columnsOf(records), 1);
    const columns = decodeColumns(chunks, records.length);
    const isKept = Uint8Array.from(columns.id, () => integer(random, 1));
    const ids = new Set(Array.from(columns.id).filter((_, row) => isKept[row] === 1));
    const expected = countAll(records.filter(({ id }) => ids.has(id)));
    const notes = notesOf(mergedOf(selectRows(columns, isKept), 1));
    expect(notes.has("apiKey")).toBe(true);
    for (const [name, counts] of notes) expect([name, counts]).toEqual([name, expected.get(name) ?? new Map()]);
  });

  test("keep their types", () => {
    const values = [1, "1", true, "true", null, "null", -0, "0", [], "[]", {}, 1.5];
    const many = Array.from({ length: 20 }, () => values).flat();
    const expected: Counts = new Map(
      [1, "1", true, "true", null, "null", 0, "0", "{}", 1.5].map((value) => [value, 20]),
    );
    expected.set("[]", 40);
    expect(noted(many)).toEqual(expected);
  });
});

describe("values are not counted", () => {
  const repeated = (different: number, times: number, of: (index: number) => unknown) =>
    Array.from({ length: different * times }, (_, index) => of(index % different));
  const ways = [(index: number) => index, String, (index: number) => (index % 2 === 0 ? index : `${index}`)];

  test("where more than a sixteenth of them differ, or more than 2,048", () => {
    for (const of of ways) {
      expect(noted(repeated(50, 16, of), 3_000)?.size).toBe(50);
      expect(noted([...repeated(50, 15, of), "another"], 3_000)).toBeUndefined();
      expect(countValues(repeated(2_048, 20, of))?.length).toBe(2_048);
      expect(countValues(repeated(2_049, 20, of))).toBeUndefined();
    }
  });

  test("where their texts are long", () => {
    const writtenOf = (text: string) => {
      const writer = new ByteWriter();
      writeValueCounts(writer, [{ name: "field", counts: [[text, 1]] }], 100_000);
      return writer.view()[0];
    };
    expect([writtenOf("é".repeat(8_192)), writtenOf("é".repeat(8_193))]).toEqual([1, 0]);
    expect(noted(Array.from({ length: 100 }, () => "x".repeat(20_000)))).toBeUndefined();
  });

  test("where those of other fields leave no room", () => {
    const texts = ["a", "b", "c"].map((name, index) => [name, `${index}`.repeat(300)] as const);
    const columns = columnsOf(
      Array.from({ length: 3_000 }, (_, index) => ({ ...BASE, id: index + 1, metadata: Object.fromEntries(texts) })),
    );
    expect([...notesOf(mergedOf(columns, 1)).keys()]).toEqual(["apiKey", "metadata.a", "metadata.b"]);
  });

  test("in a small block", () => {
    const columns = (count: number) => fieldOf(Array.from({ length: count }, () => 1));
    expect(notesOf(mergedOf(columns(LARGE_BLOCK_RECORDS_MIN - 1))).size).toBe(0);
    expect(notesOf(mergedOf(columns(LARGE_BLOCK_RECORDS_MIN))).size).toBe(2);
  });

  test("where numbers are made to have one hash, and that is found out soon", () => {
    const words = new Uint32Array(2);
    const double = new Float64Array(words.buffer);
    const crafted: number[] = [];
    for (let low = 1; crafted.length < 1_000; low++) {
      words.set([low, 12_345 ^ Math.imul(low, 0x85ebca6b)]);
      if (Number.isFinite(double[0])) crafted.push(double[0] as number);
    }
    expect(new Set(crafted).size).toBe(1_000);
    expect(countValues(Array.from({ length: 20 }, () => crafted).flat())).toBeUndefined();
  });
});

describe("value counts that are damaged", () => {
  test("say so", () => {
    for (const bytes of [[], [1], [1, 5, 3, 97, 98, 99, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0]]) {
      const values = new StoredValueCounts(Uint8Array.from(bytes));
      expect(() => values.forEach(() => undefined)).toThrow("block is damaged");
    }
  });
});
