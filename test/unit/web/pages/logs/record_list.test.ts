import { describe, expect, test } from "bun:test";
import type { ShownRecord } from "../../../../../src/core/record.ts";
import {
  type FetchPage,
  FIRST_RECORDS,
  LIVE_RECORDS_MAX,
  LOADED_PAGES_MAX,
  PAGE_RECORDS,
  RecordList,
} from "../../../../../src/web/pages/logs/record_list.ts";
import { failure } from "../../../../../src/web/state/query.ts";

function record(id: number): ShownRecord {
  return { id, project: "default", apiKey: "test", kind: "log", time: id, receivedAt: id, source: "server" };
}

/** A server with records `total` to 1, newest first; the cursor is the last id. Records each request. */
function serverOf(total: number) {
  const gone = new Set<number>();
  const requested: (string | undefined)[] = [];
  const fetch: FetchPage = async (cursor, limit) => {
    requested.push(cursor);
    const entries: ShownRecord[] = [];
    let id = cursor === undefined ? total : Number(cursor) - 1;
    for (; id >= 1 && entries.length < limit; id--) if (!gone.has(id)) entries.push(record(id));
    return { ok: true, value: { entries, nextCursor: id >= 1 ? String(id + 1) : null } };
  };
  return { fetch, requested, gone };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

describe("a list of records", () => {
  test("grows page by page until there is no more", async () => {
    const { fetch, requested } = serverOf(FIRST_RECORDS + 10);
    const list = new RecordList(fetch);
    expect([list.isReady, list.count, list.hasMore]).toEqual([false, 0, true]);
    await list.loadMore();
    expect([list.isReady, list.count, list.hasMore]).toEqual([true, FIRST_RECORDS, true]);
    await Promise.all([list.loadMore(), list.loadMore()]);
    await list.loadMore();
    expect([list.count, list.hasMore, requested.length]).toEqual([FIRST_RECORDS + 10, false, 2]);
    expect([list.idAt(0), list.idAt(list.count - 1), list.idAt(list.count)]).toEqual([
      FIRST_RECORDS + 10,
      1,
      undefined,
    ]);
    expect(list.indexOf(1)).toBe(FIRST_RECORDS + 9);
  });

  test("keeps only pages near the view, and loads the rest when it comes back into view", async () => {
    const pages = LOADED_PAGES_MAX * 3;
    const total = FIRST_RECORDS + PAGE_RECORDS * (pages - 1);
    const { fetch, gone } = serverOf(total);
    const list = new RecordList(fetch);
    for (let page = 0; page < pages; page++) {
      await list.loadMore();
      list.see(list.count, list.count);
    }
    const held = Array.from({ length: list.count }, (_, index) => list.recordAt(index)).filter(
      (one) => one !== undefined,
    );
    expect(held.length).toBe(LOADED_PAGES_MAX * PAGE_RECORDS);
    expect([list.recordAt(3), list.isEvicted(3), list.idAt(3)]).toEqual([undefined, true, total - 3]);
    gone.add(total - 4);
    list.see(3, 3);
    await settled();
    expect([list.recordAt(3)?.id, list.isEvicted(3)]).toEqual([total - 3, false]);
    expect([list.recordAt(4), list.isEvicted(4), list.count]).toEqual([undefined, false, total]);
  });

  test("puts live records on top, the last one first, and none twice", async () => {
    const list = new RecordList(serverOf(3).fetch);
    list.prepend([record(3), record(4)]);
    await list.loadMore();
    list.prepend([record(4), record(5), record(2)]);
    expect(Array.from({ length: list.count }, (_, index) => list.idAt(index))).toEqual([5, 4, 3, 2, 1]);
    expect(list.indexOf(2)).toBe(3);
  });

  test("is cut when more live records come than it may hold", async () => {
    const list = new RecordList(serverOf(3).fetch);
    await list.loadMore();
    list.prepend(Array.from({ length: LIVE_RECORDS_MAX + 1 }, (_, index) => record(10 + index)));
    expect([list.count, list.isCut, list.hasMore]).toEqual([LIVE_RECORDS_MAX, true, false]);
    expect([list.idAt(0), list.idAt(LIVE_RECORDS_MAX - 1)]).toEqual([10 + LIVE_RECORDS_MAX, 11]);
  });
});

describe("a list whose requests fail", () => {
  test("says why, and loads the same page again", async () => {
    const { fetch } = serverOf(3);
    let isDown = true;
    const list = new RecordList(async (...query) => (isDown ? failure("offline", "no server") : fetch(...query)));
    await list.loadMore();
    expect([list.isReady, list.problem?.message, list.count]).toEqual([true, "no server", 0]);
    isDown = false;
    await list.loadMore();
    expect([list.problem, list.count]).toEqual([undefined, 3]);
  });

  test("takes nothing after its end", async () => {
    const { fetch } = serverOf(3);
    const list = new RecordList(fetch);
    const fetching = list.loadMore();
    list.stop();
    await fetching;
    expect(list.count).toBe(0);
  });
});
