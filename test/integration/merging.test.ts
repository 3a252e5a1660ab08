import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { DAY_MS } from "../../src/core/limits.ts";
import { Maintenance } from "../../src/store/space/maintenance.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import type { MergeResult } from "../../src/threads/messages.ts";
import { Merging } from "../../src/threads/writer/merging.ts";
import { readingAt } from "../support/clock_reading.ts";
import { withFolder } from "../support/folder.ts";
import { groupOf, recordOf } from "../support/groups.ts";

/** A result that is not used, since the store is not healthy: the next merge may be requested at once. */
const NO_ROOM = { zoneMap: {}, encoded: { chunks: [], rawBytes: 0 } } as unknown as MergeResult;

/** Blocks of one record each, none of which was merged. */
function addBlocks(store: StoreWriter, count: number): void {
  for (let n = 0; n < count; n++) store.commit(groupOf("shop", [recordOf(store.catalog.nextId)]));
}

describe("merging is backlogged", () => {
  test("from a thousand unfinished blocks until few are left", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const store = new StoreWriter(file, "memory", "run");
      const options = { file, bytesMax: () => 1e9, clock: () => readingAt(Date.now()), retentionMsOf: () => DAY_MS };
      const merging = new Merging(store, new Maintenance(store, options));
      const { catalog } = store;
      /** The next request with so many unfinished blocks; it is answered, and nothing is merged. */
      const isBackloggedAt = (unfinished: number) => {
        for (const { id } of [...catalog.all()].slice(0, Math.max(0, catalog.unfinished - unfinished))) {
          catalog.giveUp(id);
          catalog.remove(id);
        }
        addBlocks(store, unfinished - catalog.unfinished);
        const request = merging.plan(true, undefined);
        if (request !== undefined) merging.take(request.job, NO_ROOM, [], false);
        return [catalog.unfinished, request?.isBacklogged];
      };
      const counts = [2, 999, 1_000, 400, 250, 249, 999, 1_200];
      const backlogged = new Set([1_000, 400, 250, 1_200]);
      expect(counts.map(isBackloggedAt)).toEqual(counts.map((count) => [count, backlogged.has(count)]));
      store.close();
    });
  });
});
