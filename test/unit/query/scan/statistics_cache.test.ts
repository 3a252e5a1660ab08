import { describe, expect, test } from "bun:test";
import type { BlockStatistics } from "../../../../src/block/stats/statistics.ts";
import type { QueryBlock } from "../../../../src/query/scan/source.ts";
import { StatisticsCache, UNUSED_MS_MAX } from "../../../../src/query/scan/statistics_cache.ts";

function block(id: number, records = 1): QueryBlock {
  const levels = [0, 0, 0, 0] as const;
  const range = { idMin: id, idMax: id, timeMin: 0, timeMax: 0, receivedMin: 0, receivedMax: 0 };
  return { id, project: "shop", records, ...range, levels, statuses: levels, rawBytes: 1, isFinished: true };
}

function summary(bytes: number): BlockStatistics {
  const none = new Float64Array();
  const slots = { widthMs: 1_000, times: none, flags: new Uint16Array(), counts: none };
  return { cells: [], slots, fields: undefined, values: new Map(), bytes };
}

/** Gets the statistics of blocks in turn. Returns the ids of those that had to be read. */
function readsOf(cache: StatisticsCache, blocks: readonly QueryBlock[], bytes: number): number[] {
  const reads: number[] = [];
  for (const one of blocks) {
    cache.statisticsOf(one, () => {
      reads.push(one.id);
      return bytes === 0 ? null : summary(bytes);
    });
  }
  return reads;
}

describe("the statistics cache", () => {
  test("reads each block once, also one without statistics", () => {
    for (const bytes of [0, 10]) {
      expect(readsOf(new StatisticsCache(), [block(1), block(2), block(1), block(2)], bytes)).toEqual([1, 2]);
    }
  });

  test("evicts the least recently used when it holds too many bytes", () => {
    const cache = new StatisticsCache(200);
    expect(readsOf(cache, [block(1), block(2), block(1), block(3), block(1), block(2)], 50)).toEqual([1, 2, 3, 2]);
  });

  test("evicts what was not used for long, also without another query", () => {
    let now = 0;
    const cache = new StatisticsCache(1_000, () => now);
    expect(readsOf(cache, [block(1), block(2)], 10)).toEqual([1, 2]);
    now = UNUSED_MS_MAX - 1;
    expect([cache.evictUnused(), readsOf(cache, [block(2)], 10)]).toEqual([true, []]);
    now = UNUSED_MS_MAX;
    expect(readsOf(cache, [block(2), block(1), block(2)], 10)).toEqual([1]);
    now = 2 * UNUSED_MS_MAX;
    expect(cache.evictUnused()).toBe(false);
    expect(readsOf(cache, [block(1), block(2)], 10)).toEqual([1, 2]);
  });

  test("takes a reused id for another block", () => {
    expect(readsOf(new StatisticsCache(), [block(1), block(1, 5), block(1)], 10)).toEqual([1, 1]);
  });
});
