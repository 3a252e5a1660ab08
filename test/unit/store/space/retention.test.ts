import { describe, expect, test } from "bun:test";
import {
  blocksToDelete,
  type Deletion,
  hiddenBlocks,
  type RetentionRules,
} from "../../../../src/store/space/retention.ts";
import { blockOf } from "../blocks.ts";

const DAY = 86_400_000;
const now = 100 * DAY;
const retentionMsOf = (project: number) => (project === 1 ? 30 : 7) * DAY;
const rules: RetentionRules = { now, storedMsOf: retentionMsOf, shownMsOf: retentionMsOf, excessBytes: 0 };

function idsOf(removals: readonly Deletion[]): number[] {
  return removals.map(({ block }) => block.id);
}

describe("retention removes", () => {
  test("blocks whose last record is older than their own project's retention, to the millisecond", () => {
    const blocks = [
      blockOf(1, { timeMax: now - 30 * DAY }),
      blockOf(2, { timeMax: now - 30 * DAY - 1 }),
      blockOf(3, { project: 2, timeMax: now - 7 * DAY }),
      blockOf(4, { project: 2, timeMax: now - 7 * DAY - 1 }),
    ];
    expect(idsOf(blocksToDelete(blocks, rules))).toEqual([2, 4]);
  });

  test("the blocks that were received first, of all projects and whatever their times, until so many bytes are gone", () => {
    const blocks = [
      blockOf(11, { timeMax: now - 1, idMin: 300, bytes: 50 }),
      blockOf(12, { timeMax: now + DAY, idMin: 100, bytes: 50, project: 2 }),
      blockOf(13, { timeMax: now - 2, idMin: 200, bytes: 50 }),
    ];
    expect(idsOf(blocksToDelete(blocks, { ...rules, excessBytes: 1 }))).toEqual([12]);
    expect(idsOf(blocksToDelete(blocks, { ...rules, excessBytes: 50 }))).toEqual([12]);
    expect(idsOf(blocksToDelete(blocks, { ...rules, excessBytes: 51 }))).toEqual([12, 13]);
    expect(idsOf(blocksToDelete(blocks, { ...rules, excessBytes: 1_000 }))).toEqual([12, 13, 11]);
  });

  test("nothing for its size that the expired blocks make room for", () => {
    const blocks = [blockOf(1, { timeMax: 0, bytes: 50 }), blockOf(2, { timeMax: now, bytes: 50 })];
    expect(idsOf(blocksToDelete(blocks, { ...rules, excessBytes: 50 }))).toEqual([1]);
    expect(idsOf(blocksToDelete(blocks, { ...rules, excessBytes: 60 }))).toEqual([1, 2]);
  });

  test("for its size first what a shorter retention hides, however late it was received", () => {
    const shortened = { ...rules, shownMsOf: () => 3 * DAY };
    const blocks = [
      blockOf(1, { timeMax: now, bytes: 50 }),
      blockOf(2, { timeMax: now - 4 * DAY, bytes: 50 }),
      blockOf(3, { timeMax: now - 5 * DAY, bytes: 50, project: 2 }),
    ];
    expect(blocksToDelete(blocks, shortened)).toEqual([]);
    const removals = blocksToDelete(blocks, { ...shortened, excessBytes: 101 });
    expect(removals.map(({ block, cause }) => [block.id, cause])).toEqual([
      [2, "hidden"],
      [3, "hidden"],
      [1, "oldest"],
    ]);
    expect(idsOf(hiddenBlocks(blocks, shortened))).toEqual([2, 3]);
  });
});

describe("with a cluster behind the data file", () => {
  const shipped = { below: 100, keepMs: DAY };
  const expired = now - 31 * DAY;

  test("nothing is deleted that is not shipped: neither for its age, nor for its size, nor for room", () => {
    const blocks = [blockOf(1, { timeMax: expired, idMax: 100 }), blockOf(2, { timeMax: now, idMax: 250 })];
    expect(blocksToDelete(blocks, { ...rules, shipped, excessBytes: 1_000 })).toEqual([]);
    expect(hiddenBlocks(blocks, { ...rules, shownMsOf: () => 0, shipped })).toEqual([]);
  });

  test("what is shipped is deleted once it is older than it is to stay, and what has expired in any case", () => {
    const blocks = [
      blockOf(1, { timeMax: now - DAY, idMax: 99 }),
      blockOf(2, { timeMax: now - DAY - 1, idMax: 99 }),
      blockOf(3, { timeMax: expired, idMax: 99 }),
      blockOf(4, { timeMax: now - DAY - 1, idMax: 100 }),
    ];
    const deletions = blocksToDelete(blocks, { ...rules, shipped });
    expect(deletions.map(({ block, cause }) => [block.id, cause])).toEqual([
      [2, "shipped"],
      [3, "expired"],
    ]);
  });

  test("a block that was received later is deleted for the size where the first is not shipped", () => {
    const blocks = [
      blockOf(1, { timeMax: now, idMin: 1, idMax: 100 }),
      blockOf(2, { timeMax: now, idMin: 50, idMax: 99 }),
    ];
    expect(idsOf(blocksToDelete(blocks, { ...rules, shipped, excessBytes: 1 }))).toEqual([2]);
  });
});
