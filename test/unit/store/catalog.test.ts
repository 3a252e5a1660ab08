import { describe, expect, test } from "bun:test";
import { BlockCatalog } from "../../../src/store/catalog.ts";
import { blockOf } from "./blocks.ts";

function catalogOf(...blocks: ReturnType<typeof blockOf>[]): BlockCatalog {
  const catalog = new BlockCatalog();
  for (const block of blocks) catalog.add(block);
  return catalog;
}

function mergeableIds(catalog: BlockCatalog): number[][] {
  return [...catalog.mergeable()].map((day) => day.map((block) => block.id));
}

describe("the catalog", () => {
  test("sums up what is there, and gives ids that rise also after a removal", () => {
    const catalog = catalogOf(blockOf(3, { records: 5, bytes: 70 }), blockOf(9, { records: 2, bytes: 30 }));
    expect([catalog.size, catalog.records, catalog.bytes, catalog.nextId]).toEqual([2, 7, 100, 10]);
    catalog.remove(9);
    expect([catalog.size, catalog.records, catalog.bytes, catalog.nextId]).toEqual([1, 5, 70, 10]);
    expect([catalog.has(3), catalog.has(9)]).toEqual([true, false]);
  });

  test("offers for merging the unfinished blocks of days that have two or more", () => {
    const catalog = catalogOf(
      blockOf(1),
      blockOf(2, { day: 11 }),
      blockOf(3, { records: 60_000 }),
      blockOf(4),
      blockOf(5, { project: 2 }),
    );
    expect(mergeableIds(catalog)).toEqual([[1, 4]]);
    catalog.add(blockOf(6, { project: 2 }));
    expect(mergeableIds(catalog)).toEqual([
      [1, 4],
      [5, 6],
    ]);
    catalog.remove(4);
    expect(mergeableIds(catalog)).toEqual([[5, 6]]);
    catalog.add(blockOf(7));
    expect(mergeableIds(catalog)).toEqual([
      [5, 6],
      [1, 7],
    ]);
  });

  test("keeps a block that cannot be merged, and no longer offers it for merging", () => {
    const catalog = catalogOf(blockOf(1), blockOf(2), blockOf(3));
    catalog.giveUp(2);
    expect([mergeableIds(catalog), catalog.has(2), catalog.size]).toEqual([[[1, 3]], true, 3]);
    catalog.remove(2);
    catalog.remove(3);
    expect([mergeableIds(catalog), catalog.size]).toEqual([[], 1]);
  });
});

describe("the catalog is not changed", () => {
  test("by the removal of a block that is not there", () => {
    const catalog = catalogOf(blockOf(1));
    catalog.remove(2);
    catalog.giveUp(2);
    expect([catalog.size, catalog.records, catalog.nextId]).toEqual([1, 1, 2]);
  });
});
