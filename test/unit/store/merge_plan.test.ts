import { describe, expect, test } from "bun:test";
import { type BlockEntry, isFinished } from "../../../src/store/block_entry.ts";
import { BlockCatalog } from "../../../src/store/catalog.ts";
import { planMerge } from "../../../src/store/merge_plan.ts";
import { blockOf } from "./blocks.ts";

const MIB = 1024 * 1024;

function blocksOf(count: number, fields: Partial<BlockEntry> = {}, firstId = 1): BlockEntry[] {
  return Array.from({ length: count }, (_, index) => blockOf(firstId + index, fields));
}

/** Merges until there is nothing more to merge; answers how many records were written again. */
function mergeAll(catalog: BlockCatalog, isIdle: boolean): number {
  let rewritten = 0;
  for (;;) {
    const plan = planMerge(catalog.mergeable(), isIdle);
    if (plan === undefined) return rewritten;
    const sources = [...catalog.all()].filter((block) => plan.blocks.includes(block.id));
    const records = sources.reduce((sum, block) => sum + block.records, 0);
    for (const block of sources) catalog.remove(block.id);
    catalog.add(blockOf(catalog.nextId, { records, rawBytes: 200 * records }));
    rewritten += records;
  }
}

describe("a merge is planned", () => {
  test("for sixteen blocks of one size, while groups come", () => {
    expect(planMerge([blocksOf(15)], false)).toBe(undefined);
    expect(planMerge([blocksOf(16)], false)).toEqual({
      project: 1,
      day: 10,
      blocks: blocksOf(16).map((block) => block.id),
    });
  });

  test("for the day with the most blocks to merge", () => {
    const days = [blocksOf(16), blocksOf(20, { project: 2, day: 11 }, 100), blocksOf(3, { project: 3 }, 200)];
    const plan = planMerge(days, false);
    expect([plan?.project, plan?.day, plan?.blocks.length]).toEqual([2, 11, 20]);
  });

  test("straight to its final size for what fills a block, and never above it", () => {
    const plan = planMerge([blocksOf(5, { records: 30_000 })], false);
    expect(plan?.blocks).toEqual([1, 2]);
    expect(planMerge([blocksOf(300)], false)?.blocks.length).toBe(256);
  });

  test("for no more inflated bytes than the compactor may hold", () => {
    const plan = planMerge([blocksOf(20, { records: 10, rawBytes: 10 * MIB })], false);
    expect(plan?.blocks).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("for small remainders once it is quiet, without the large block beside them", () => {
    const large = blockOf(1, { records: 30_000 });
    expect(planMerge([[large, ...blocksOf(3, {}, 2)]], true)?.blocks).toEqual([2, 3, 4]);
    expect(planMerge([[large, blockOf(2, { records: 8_000 })]], true)?.blocks).toEqual([1, 2]);
    expect(planMerge([[large, blockOf(2)]], true)).toBe(undefined);
    expect(
      planMerge([[blockOf(1), blockOf(2, { records: 5_000 }), blockOf(3, { records: 6_000 })]], true)?.blocks,
    ).toEqual([2, 3]);
  });

  test("so that a line now and then has each record written again a few times only", () => {
    const catalog = new BlockCatalog();
    const count = 20_000;
    let rewritten = 0;
    for (let written = 0; written < count; written++) {
      catalog.add(blockOf(catalog.nextId));
      rewritten += mergeAll(catalog, true);
    }
    expect(rewritten / count).toBeLessThan(40);
    expect(catalog.size).toBeLessThan(12);
    expect(catalog.records).toBe(count);
  });

  test("so that steady groups have each record written again a few times only", () => {
    const catalog = new BlockCatalog();
    const count = 200_000;
    let rewritten = 0;
    for (let written = 0; written < count; written += 10) {
      catalog.add(blockOf(catalog.nextId, { records: 10 }));
      rewritten += mergeAll(catalog, false);
    }
    expect(rewritten / count).toBeLessThan(6);
    expect(catalog.size).toBeLessThan(70);
  });
});

describe("no merge is planned", () => {
  test("for one block, or for none", () => {
    expect(planMerge([], true)).toBe(undefined);
    expect(planMerge([[blockOf(1)]], true)).toBe(undefined);
  });

  test("for a block of half the full size, in records or in bytes", () => {
    const sizes: Partial<BlockEntry>[] = [{ records: 32_767 }, { records: 32_768 }, { rawBytes: 32 * MIB }];
    expect(sizes.map((size) => isFinished(blockOf(1, size)))).toEqual([false, true, true]);
    const catalog = new BlockCatalog();
    for (const block of blocksOf(40, { records: 40_000 })) catalog.add(block);
    expect(planMerge(catalog.mergeable(), true)).toBe(undefined);
  });
});
