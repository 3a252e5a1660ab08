// Texts with one engine hash cost about what others cost, wherever a block is made or merged.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { appendRecord, type Columns, emptyColumns } from "../../../src/block/columns.ts";
import { BlockEncoder } from "../../../src/block/encode.ts";
import { BlockMerger } from "../../../src/block/merge/merge_blocks.ts";
import type { StoredRecord } from "../../../src/core/record.ts";
import { cpuRatio } from "../../support/cpu_ratio.ts";
import { runSeed, seededRandom } from "../../support/random.ts";
import { collidingName, differentNames, ordinaryName } from "../../support/raw_collisions.ts";
import { record } from "../query/match/search_block.ts";

/** On a machine that does much else. */
setDefaultTimeout(60_000);

const random = seededRandom(runSeed("colliding texts"));
const COUNT = 10_000;
const colliding = differentNames(COUNT, () => collidingName(random));
const ordinary = differentNames(COUNT, () => ordinaryName(random));
/** Two orders of magnitude below what a Map of them takes. */
const RATIO_MAX = 8;

/** Where a client's text can stand. */
const PLACES: Readonly<Record<string, (text: string, index: number) => Partial<StoredRecord>>> = {
  touchpoint: (touchpoint) => ({ touchpoint }),
  key: (key) => ({ key }),
  message: (message) => ({ message }),
  "metadata value": (v) => ({ metadata: { v } }),
  "value in a list": (v) => ({ metadata: { v: [v], w: 1 } }),
};

function columnsOf(texts: readonly string[], place: (text: string, index: number) => Partial<StoredRecord>): Columns {
  const columns = emptyColumns();
  texts.forEach((text, index) => appendRecord(columns, index + 1, record(index + 1, place(text, index))));
  return columns;
}

/** Each text in sixteen records, so that it is worth a dictionary and a note. */
function repeated(texts: readonly string[]): string[] {
  return Array.from({ length: 16 }, () => texts.slice(0, COUNT / 16)).flat();
}

describe("texts with one hash cost about what others cost", () => {
  for (const [name, place] of Object.entries(PLACES)) {
    const [bad, good] = [columnsOf(colliding, place), columnsOf(ordinary, place)];
    const [badAgain, goodAgain] = [columnsOf(repeated(colliding), place), columnsOf(repeated(ordinary), place)];

    test(`as ${name}, when a group is written`, () => {
      const encode = (columns: Columns) => () => void new BlockEncoder().packed(columns);
      expect(cpuRatio(encode(bad), encode(good), RATIO_MAX)).toBeLessThan(RATIO_MAX);
    });

    test(`as ${name}, when blocks are merged`, () => {
      for (const [one, other] of [
        [bad, good],
        [badAgain, goodAgain],
      ] as const) {
        const merge = (columns: Columns) => {
          const { chunks } = new BlockEncoder().packed(columns);
          return () => {
            const merger = new BlockMerger();
            merger.add(chunks, columns.count);
            merger.columnar(1);
          };
        };
        expect(cpuRatio(merge(one), merge(other), RATIO_MAX)).toBeLessThan(RATIO_MAX);
      }
    });
  }
});

describe("names of metadata fields with one hash cost about what others cost", () => {
  test("when many blocks of few of them are merged", () => {
    const merge = (names: readonly string[]) => {
      const blocks: Columns[] = [];
      for (let from = 0; from < COUNT; from += 250) {
        const columns = emptyColumns();
        const metadata = Object.fromEntries(names.slice(from, from + 250).map((name) => [name, 1]));
        appendRecord(columns, from + 1, record(from + 1, { metadata }));
        blocks.push(columns);
      }
      const chunks = blocks.map((columns) => new BlockEncoder().packed(columns).chunks);
      return () => {
        const merger = new BlockMerger();
        for (const block of chunks) merger.add(block, 1);
        merger.columnar(1);
      };
    };
    expect(cpuRatio(merge(colliding), merge(ordinary), RATIO_MAX)).toBeLessThan(RATIO_MAX);
  });
});
