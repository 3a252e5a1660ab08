import { describe, expect, test } from "bun:test";
import { ByteReader, ByteWriter } from "../../../../src/block/codec/bytes.ts";
import { toDictionary, writeDictionary } from "../../../../src/block/codec/dictionary.ts";
import type { TextColumn } from "../../../../src/block/codec/text_column.ts";
import { COLUMN_FORM, readTexts, writeTexts } from "../../../../src/block/codec/text_column.ts";
import type { ValueColumn } from "../../../../src/block/codec/value_column.ts";
import { BlockEncoder } from "../../../../src/block/encode.ts";
import { openBlock } from "../../../../src/block/open_block.ts";
import { foldText } from "../../../../src/core/case_folding.ts";
import { recordOf } from "../../../support/groups.ts";
import { columnarOf } from "../../../support/merged_blocks.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../../support/random.ts";
import { columnsOf, randomValue } from "../random_records.ts";

/** Pieces of text whose case is odd: İ and the Kelvin sign lower to ASCII, Σ lowers by its neighbours. */
const ODD = "\u0130 \u212a Σ ΟΔΟΣ οδος σ ς ß ẞ \u212b ſ ﬁ Ǆ 🎉 日本 ÄÖ äö \u0307 é".split(" ");
const PLAIN = [
  "a",
  "B",
  "error",
  "ERROR",
  "Kit",
  "i",
  "12",
  "-",
  ".*",
  "\\",
  '"',
  "\n",
  "\0",
  " ",
  "",
  "x/y",
  "\u001F",
];

function randomText(random: Random, words: readonly string[]): string {
  return Array.from({ length: integer(random, 5) }, () => pick(random, words)).join("");
}

function columnOf(texts: readonly (string | undefined)[], compact: boolean): TextColumn {
  const writer = new ByteWriter();
  if (compact) {
    writer.byte(COLUMN_FORM.dictionary);
    writeDictionary(writer, toDictionary(texts));
  } else writeTexts(writer, texts);
  return readColumn(writer.view(), texts.length);
}

/** Reads a column as it was written, its form first. */
function readColumn(bytes: Uint8Array, count: number): TextColumn {
  const reader = new ByteReader(bytes);
  return readTexts(reader.byte(), reader, count);
}

function marked(count: number, mark: (hits: Uint8Array) => void): number[] {
  const hits = new Uint8Array(count);
  mark(hits);
  return Array.from(hits.keys()).filter((place) => hits[place] === 1);
}

function placesWhere<T>(values: readonly T[], isHit: (value: T) => boolean): number[] {
  return values.flatMap((value, place) => (isHit(value) ? [place] : []));
}

describe("a text column", () => {
  const random = seededRandom(runSeed("text column"));

  test("finds a needle exactly where the folded text has it, whatever the characters", () => {
    for (let round = 0; round < 400; round++) {
      const words = round % 3 === 0 ? PLAIN : [...PLAIN, ...ODD];
      const texts = Array.from({ length: integer(random, 40) }, () =>
        random() < 0.2 ? undefined : randomText(random, words),
      );
      const needle = foldText(randomText(random, [...PLAIN, ...ODD]));
      const expected = placesWhere(texts, (text) => text !== undefined && foldText(text).includes(needle));
      for (const compact of [false, true]) {
        const column = columnOf(texts, compact);
        expect(marked(texts.length, (hits) => column.markContaining(needle, hits))).toEqual(expected);
        expect(column.all()).toEqual(texts);
        expect(texts.map((_, place) => column.value(place))).toEqual(texts);
        expect(texts.map((_, place) => column.has(place))).toEqual(texts.map((text) => text !== undefined));
      }
    }
  });

  test("takes no needle for found that lies across two texts", () => {
    const texts = ["ab", "cd", undefined, "", "abcd", "c", "dabc", "d", "x", "xx"];
    const column = columnOf(texts, false);
    for (const [needle, places] of [
      ["xx", [9]],
      ["bc", [4, 6]],
      ["cd", [1, 4]],
      ["abcd", [4]],
      ["da", [6]],
      ["", [0, 1, 3, 4, 5, 6, 7, 8, 9]],
    ] as const) {
      expect(marked(texts.length, (hits) => column.markContaining(needle, hits))).toEqual([...places]);
    }
  });

  test("folds each letter by itself, whatever its neighbour", () => {
    const texts = ["ΟΔΟΣ", "abc", "ΣΑ", "\u0130x", "5\u212a", "ſ"];
    const column = columnOf(texts, false);
    for (const [needle, places] of [
      ["σ", [0, 2]],
      ["\u0130x", [3]],
      ["ix", []],
      ["i", []],
      ["s", [5]],
      ["5k", [4]],
      ["c", [1]],
    ] as const) {
      expect([needle, marked(texts.length, (hits) => column.markContaining(needle, hits))]).toEqual([
        needle,
        [...places],
      ]);
    }
  });

  test("gives any text of a long column with rare characters past ASCII", () => {
    const texts = Array.from({ length: 3_000 }, () =>
      random() < 0.01 ? randomText(random, ODD) : "x".repeat(integer(random, 300)),
    );
    const column = columnOf(texts, false);
    expect(texts.every((text, place) => column.value(place) === text)).toBe(true);
  });

  test("asks once for each different text where they repeat", () => {
    const texts = Array.from({ length: 100 }, (_, row) => (row % 10 === 9 ? undefined : `text ${row % 3}`));
    const asked: string[] = [];
    const column = columnOf(texts, true);
    const hits = marked(100, (set) =>
      column.markWhere((text) => {
        asked.push(text);
        return text === "text 1";
      }, set),
    );
    expect([hits, asked.sort()]).toEqual([
      placesWhere(texts, (text) => text === "text 1"),
      ["text 0", "text 1", "text 2"],
    ]);
  });

  test("adds to the hits that are there", () => {
    const hits = Uint8Array.of(0, 1, 0);
    columnOf(["a", "b", "a"], false).markContaining("a", hits);
    expect(hits).toEqual(Uint8Array.of(1, 1, 1));
  });
});

describe("a text column that is damaged", () => {
  test("is refused when its text is shorter or longer than its lengths say", () => {
    const writer = new ByteWriter();
    writeTexts(writer, ["ab", "é"]);
    const bytes = writer.view();
    expect(() => readColumn(bytes.subarray(0, 5), 2)).toThrow(/does not end where its text does/);
    const longer = Uint8Array.from([...bytes, 97, 97, 97, 97, 97, 97]);
    expect(() => readColumn(longer, 2)).toThrow(/does not end where its text does/);
    const other = Uint8Array.from([...bytes, 97]);
    expect(() => readColumn(other, 2).value(0)).toThrow(/does not end where its text does/);
    expect(() => readColumn(other, 2).all()).toThrow(/does not end where its text does/);
  });

  test("is refused when its form is unknown", () => {
    expect(() => readColumn(Uint8Array.of(9), 0)).toThrow(/unknown string form 9/);
  });
});

function leavesOf(value: unknown): string[] {
  if (value === null || typeof value !== "object") return [String(value)];
  return Object.values(value).flatMap(leavesOf);
}

/** As a merged block has them, where texts that repeat are a dictionary; or as a packed one. */
function valuesOf(values: readonly unknown[], isMerged = true): ValueColumn {
  const records = values.map((value, index) => recordOf(index + 1, { metadata: { field: value } }));
  const columns = columnsOf(records);
  const { chunks } = isMerged ? columnarOf(columns) : new BlockEncoder().packed(columns);
  return openBlock(chunks, values.length).metadata("field") as ValueColumn;
}

describe("a value column", () => {
  const random = seededRandom(runSeed("value column"));
  const words = [...PLAIN, ...ODD, "true", "null", "1e", "0.1", "247", "f1"];

  test("finds a needle in the text of any leaf, and in no name", () => {
    for (let round = 0; round < 400; round++) {
      const values = Array.from({ length: 1 + integer(random, 19) }, () => {
        const kind = integer(random, 3);
        if (kind === 0) return randomText(random, words);
        if (kind === 1) return { f1: [randomText(random, words), { x: randomText(random, words) }], true: 0.1 };
        return randomValue(random);
      });
      const needle = foldText(randomText(random, words));
      const column = valuesOf(values, round % 2 === 0);
      const expected = placesWhere(values, (value) => leavesOf(value).some((leaf) => foldText(leaf).includes(needle)));
      expect(marked(values.length, (hits) => column.markContaining(needle, hits))).toEqual(expected);
      expect(JSON.stringify(column.all())).toBe(JSON.stringify(values));
      expect(JSON.stringify(values.map((_, place) => column.value(place)))).toBe(JSON.stringify(values));
    }
  });

  test("finds in objects what their JSON hides: escapes, halves of pairs, and Σ beside an escape", () => {
    const values = [{ a: 'say "Hi"\n' }, ["\u001f"], [{ b: ["\nΣ"] }], ["😀"], { '"Hi"\n\u001fσ': 1 }, "C:\\dir"];
    for (const [needle, places] of [
      ['"hi"\n', [0]],
      ["\n", [0, 2]],
      ["\u001f", [1]],
      ["u001f", []],
      ["σ", [2]],
      ["ς", []],
      ["\ud83d", [3]],
      [":\\d", [5]],
      ["\\n", []],
    ] as const) {
      const hits = marked(values.length, (set) => valuesOf(values).markContaining(needle, set));
      expect([needle, hits]).toEqual([needle, [...places]]);
    }
  });

  test("asks a test for its values, each with its type", () => {
    const values = ["1", 1, true, null, [1], { a: "1" }];
    const asked: unknown[] = [];
    const hits = marked(values.length, (set) =>
      valuesOf(values).markWhere((value) => {
        asked.push(value);
        return value === 1 || value === null;
      }, set),
    );
    expect([hits, asked]).toEqual([[1, 3], values]);
  });
});
