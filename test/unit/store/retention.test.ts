import { describe, expect, test } from "bun:test";
import { blocksToRemove } from "../../../src/store/retention.ts";
import { blockOf } from "./blocks.ts";

const DAY = 86_400_000;
const now = 100 * DAY;
const rules = { now, retentionMsOf: (project: number) => (project === 1 ? 30 : 7) * DAY, excessBytes: 0 };

describe("retention removes", () => {
  test("blocks whose last record is older than their own project's retention, to the millisecond", () => {
    const blocks = [
      blockOf(1, { timeMax: now - 30 * DAY }),
      blockOf(2, { timeMax: now - 30 * DAY - 1 }),
      blockOf(3, { project: 2, timeMax: now - 7 * DAY }),
      blockOf(4, { project: 2, timeMax: now - 7 * DAY - 1 }),
    ];
    expect(blocksToRemove(blocks, rules)).toEqual([2, 4]);
  });

  test("the oldest blocks by time, of all projects, until so many bytes are gone", () => {
    const blocks = [
      blockOf(1, { timeMax: now - 1, bytes: 50 }),
      blockOf(2, { timeMax: now - 3, bytes: 50, project: 2 }),
      blockOf(3, { timeMax: now - 2, bytes: 50 }),
    ];
    expect(blocksToRemove(blocks, { ...rules, excessBytes: 1 })).toEqual([2]);
    expect(blocksToRemove(blocks, { ...rules, excessBytes: 50 })).toEqual([2]);
    expect(blocksToRemove(blocks, { ...rules, excessBytes: 51 })).toEqual([2, 3]);
    expect(blocksToRemove(blocks, { ...rules, excessBytes: 1_000 })).toEqual([2, 3, 1]);
  });

  test("nothing for its size that the expired blocks make room for", () => {
    const blocks = [blockOf(1, { timeMax: 0, bytes: 50 }), blockOf(2, { timeMax: now, bytes: 50 })];
    expect(blocksToRemove(blocks, { ...rules, excessBytes: 50 })).toEqual([1]);
    expect(blocksToRemove(blocks, { ...rules, excessBytes: 60 })).toEqual([1, 2]);
  });
});
