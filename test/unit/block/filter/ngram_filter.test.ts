import { describe, expect, test } from "bun:test";
import { ByteReader, type ByteWriter } from "../../../../src/block/codec/bytes.ts";
import type { Columns } from "../../../../src/block/columns.ts";
import { BlockEncoder } from "../../../../src/block/encode.ts";
import type { FilterVersion } from "../../../../src/block/filter/ngram_filter.ts";
import {
  FILTER_BITS_LOG2_MAX,
  FILTER_VERSION_FORMER,
  FOLDED_BYTES,
  type NgramFilter,
  ngramBit,
  parseNgramFilter,
} from "../../../../src/block/filter/ngram_filter.ts";
import { BlockMerger } from "../../../../src/block/merge/merge_blocks.ts";
import { foldText } from "../../../../src/core/case_folding.ts";
import type { StoredRecord } from "../../../../src/core/record.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../../support/random.ts";
import { columnsOf, randomRecord } from "../random_records.ts";

function buildTextFilter(columns: Columns, version?: FilterVersion): ByteWriter | undefined {
  const merger = new BlockMerger();
  merger.add(new BlockEncoder().packed(columns).chunks, columns.count);
  return merger.output().ngramFilter(true, version).encode();
}

function filterOf(columns: Columns): NgramFilter | undefined {
  const filter = buildTextFilter(columns);
  return filter === undefined ? undefined : parseNgramFilter(new ByteReader(filter.view()));
}

/** The filter of a block with one message a record. */
function filterOfMessages(messages: readonly string[]): NgramFilter | undefined {
  const base = randomRecord(seededRandom(1), 1);
  const rest = { touchpoint: undefined, key: undefined, metadata: undefined };
  return filterOf(columnsOf(messages.map((message, index) => ({ ...base, ...rest, id: index + 1, message }))));
}

function leavesOf(value: unknown): string[] {
  if (value === null || typeof value !== "object") return [String(value)];
  return Object.values(value).flatMap(leavesOf);
}

/** Every text that a word may be found in. */
function textsOf({ message, touchpoint, key, metadata }: StoredRecord): string[] {
  return [message, touchpoint, key].filter((text) => text !== undefined).concat(leavesOf(metadata ?? {}));
}

/** Those of which it has the runs: numbers are left out. */
function filteredTexts({ message, touchpoint, key, metadata }: StoredRecord): string[] {
  const leaves = (value: unknown): string[] => {
    if (typeof value === "number") return Number.isFinite(value) ? [] : ["null"];
    if (value === null || typeof value !== "object") return [String(value)];
    return Object.values(value).flatMap(leaves);
  };
  return [message, touchpoint, key].filter((text) => text !== undefined).concat(leaves(metadata ?? {}));
}

function cut(random: Random, text: string): string {
  const lower = foldText(text);
  const from = integer(random, lower.length);
  return lower.slice(from, from + integer(random, 12));
}

describe("an n-gram filter", () => {
  const random = seededRandom(runSeed("text filter"));
  const words = "Timeout ORDER-4711 ord_8f3a 3.5e10 true NULL Ärger 日本語 🎉 a\0b x.y/z Σίσυφος ΧΡΗΣΤΗΣ:admin".split(
    " ",
  );

  test("never rules out a substring of any text, whatever the characters", () => {
    let asked = 0;
    for (let round = 0; round < 150; round++) {
      const some = round % 10 === 0 ? [...words, "\u0130stanbul", "5\u212a", "ſauſen"] : words;
      const records = Array.from({ length: 1 + integer(random, 12) }, (_, index) => {
        const odd = randomRecord(random, index + 1, round % 3 === 0 ? 900 : 6);
        const text = () => Array.from({ length: 3 }, () => pick(random, some)).join(pick(random, ["", " ", "."]));
        return {
          ...odd,
          message: text(),
          metadata: { ...odd.metadata, text: text(), deep: [{ x: [text(), true, 1e21] }] },
        };
      });
      const filter = filterOf(columnsOf(records));
      if (filter === undefined) continue;
      const texts = records.flatMap(textsOf);
      for (let probe = 0; probe < 60; probe++) {
        const needle = cut(random, pick(random, texts));
        expect([needle, filter.mayContain(needle)]).toEqual([needle, true]);
        asked++;
      }
    }
    expect(asked).toBeGreaterThan(5_000);
  });

  test("has the runs of its texts and no others", () => {
    for (let round = 0; round < 60; round++) {
      const records = Array.from({ length: 1 + integer(random, 60) }, (_, index) => ({
        ...randomRecord(random, index + 1, round % 3 === 0 ? 900 : 6),
        message: Array.from({ length: 5 }, () => pick(random, words)).join(" "),
      }));
      const bytes = buildTextFilter(columnsOf(records))?.view();
      if (bytes === undefined) continue;
      const places = new Set<number>();
      for (const text of records.flatMap(filteredTexts)) {
        const folded = Array.from(new TextEncoder().encode(text), (byte) => FOLDED_BYTES[byte] as number);
        for (let at = 0; at + 4 <= folded.length; at++) {
          const [a, b, c, d] = folded.slice(at, at + 4) as [number, number, number, number];
          if (a * b * c * d > 0) places.add(ngramBit((a << 24) | (b << 16) | (c << 8) | d));
        }
      }
      const bitsLog2 = bytes[1] as number;
      const expected = new Uint8Array(2 ** bitsLog2 / 8);
      for (const place of places) {
        const bit = place >>> (FILTER_BITS_LOG2_MAX - bitsLog2);
        expected[bit >>> 3] = (expected[bit >>> 3] as number) | (1 << (bit & 7));
      }
      expect(Buffer.from(bytes.subarray(2)).equals(expected)).toBe(true);
    }
  });

  test("says no to nearly every word that no text has", () => {
    const filter = filterOfMessages([
      "Connection refused by 10.0.0.1 after 30 ms",
      "Order ord_8f3a2b was placed",
      "GET /api/orders 200",
    ]) as NgramFilter;
    const absent = [
      "timeout",
      "deadlock",
      "connection reset",
      "checkout",
      "wombat",
      "ord_x",
      "post /",
      "refused after",
    ];
    expect(absent.filter((needle) => filter.mayContain(needle))).toEqual([]);
  });

  test("takes every digit for the same one, and does not know numbers", () => {
    const filter = filterOfMessages(["order 4711 placed"]) as NgramFilter;
    const found = ["order 4711", "order 9999", "4711", "123456", "-1.5e+10", "7 placed"];
    expect(found.filter((needle) => filter.mayContain(needle))).toEqual(found);
    expect(["7 shipped", "x4711", "order-4711"].filter((needle) => filter.mayContain(needle))).toEqual([]);
  });

  test("knows true, false and null of metadata", () => {
    const base = { ...randomRecord(random, 1), message: "x", touchpoint: undefined, key: undefined };
    const filter = filterOf(columnsOf([{ ...base, metadata: { a: true, b: [{ c: null }] } }])) as NgramFilter;
    expect(["true", "null", "false"].map((needle) => filter.mayContain(needle))).toEqual([true, true, false]);
  });

  test("cannot say no to short words, nor to what is not ASCII", () => {
    const filter = filterOfMessages(["abcdef"]) as NgramFilter;
    expect(["", "xyz", "日本語", "äöü", "xyzä"].map((needle) => filter.mayContain(needle))).toEqual(
      new Array(5).fill(true),
    );
    expect(filter.mayContain("日本語 wxyz")).toBe(false);
  });

  test("is not there where a character folds to ASCII", () => {
    expect(filterOfMessages(["5\u212a resistor"])).toBeUndefined();
    expect(filterOfMessages(["Ärger mit ſauſen"])).toBeUndefined();
    expect(filterOfMessages(["Ärger ﬁ Å \u0130stanbul Σ"])).toBeDefined();
  });

  test("of the version before, which did not fold ſ to s, rules out no run with an s", () => {
    const record = { ...randomRecord(seededRandom(1), 1), touchpoint: undefined, key: undefined, metadata: undefined };
    const columns = columnsOf([{ ...record, message: "ein ſauſen im Walde" }]);
    const former = buildTextFilter(columns, FILTER_VERSION_FORMER) as ByteWriter;
    const filter = parseNgramFilter(new ByteReader(former.view()));
    expect(["sausen", "sausen im walde", "ausen"].map((needle) => filter.mayContain(needle))).toEqual([
      true,
      true,
      true,
    ]);
    expect(["wombat", "sausen im kino", "kino sausen"].map((needle) => filter.mayContain(needle))).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("grows with what it holds, up to a bound, and is left out where it would say yes to everything", () => {
    const noise = () => Array.from({ length: 8 }, () => String.fromCharCode(97 + integer(random, 25))).join("");
    const sizes = [10, 1_000, 8_000].map((count) => filterOfMessages(Array.from({ length: count }, noise))?.bytes);
    expect(sizes).toEqual([128, 4_096, 32_768]);
    expect(filterOfMessages(Array.from({ length: 20_000 }, () => noise() + noise() + noise()))).toBeUndefined();
  });
});

describe("an n-gram filter that is damaged", () => {
  test("says so", () => {
    for (const bytes of [[9], [1], [1, 30], [1, 10, 0]]) {
      expect(() => parseNgramFilter(new ByteReader(Uint8Array.from(bytes)))).toThrow(RangeError);
    }
  });
});
