import { describe, expect, test } from "bun:test";
import { BlockCatalog, type BlockEntry, isFinished } from "../../../src/store/catalog.ts";
import { isTransient, planMerge } from "../../../src/store/merge_plan.ts";
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
  test("for 64 small blocks of about one size, while groups come", () => {
    for (const records of [1, 15, 16, 255]) {
      expect(planMerge([blocksOf(63, { records })], false)).toBe(undefined);
      expect(planMerge([blocksOf(64, { records })], false)).toEqual({
        project: 1,
        day: 10,
        blocks: blocksOf(64).map((block) => block.id),
      });
    }
    const mixed = [...blocksOf(63, { records: 15 }), ...blocksOf(63, { records: 16 }, 64)];
    expect(planMerge([mixed], false)).toBe(undefined);
  });

  test("never for blocks of hundreds of records before there are enough of them for a full block", () => {
    expect(planMerge([blocksOf(256, { records: 256 })], false)).toBe(undefined);
    const blocks = blocksOf(257, { records: 256 });
    expect(planMerge([blocks], false)?.blocks).toEqual(blocks.slice(0, 256).map((block) => block.id));
  });

  test("by bytes as by records, where records are large", () => {
    expect(planMerge([blocksOf(64, { records: 1, rawBytes: 255 * 1024 })], false)?.blocks.length).toBe(64);
    expect(planMerge([blocksOf(64, { records: 1, rawBytes: MIB })], false)).toBe(undefined);
    expect(planMerge([blocksOf(65, { records: 1, rawBytes: MIB })], false)?.blocks.length).toBe(64);
  });

  test("for the day with the most blocks to merge", () => {
    const days = [blocksOf(64), blocksOf(70, { project: 2, day: 11 }, 100), blocksOf(63, { project: 3 }, 200)];
    const plan = planMerge(days, false);
    expect([plan?.project, plan?.day, plan?.blocks.length]).toEqual([2, 11, 70]);
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
    expect(rewritten / count).toBeLessThan(2.2);
    expect(catalog.size).toBeLessThan(64 + 64 + 102);
  });

  test("so that large groups have each record written again once", () => {
    for (const records of [300, 1_000, 4_000]) {
      const catalog = new BlockCatalog();
      const count = 600_000;
      let rewritten = 0;
      for (let written = 0; written < count; written += records) {
        catalog.add(blockOf(catalog.nextId, { records, rawBytes: 200 * records }));
        rewritten += mergeAll(catalog, false);
      }
      expect(rewritten / count).toBeLessThanOrEqual(1);
      expect(catalog.size).toBeLessThan(256 + count / 50_000);
    }
  });
});

describe("a merged block is made to be merged again", () => {
  test("when it has less than an eighth of a full block, in records and in bytes", () => {
    const blocks = [{ records: 8_191 }, { records: 8_192 }, { records: 5, rawBytes: 8 * MIB }];
    expect(blocks.map((fields) => isTransient(blockOf(1, fields)))).toEqual([true, false, false]);
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
