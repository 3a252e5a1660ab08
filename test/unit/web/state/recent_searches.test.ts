// The recent searches of a browser.

import { describe, expect, test } from "bun:test";
import { RecentSearches, SEARCH_LENGTH_MAX, SEARCHES_MAX } from "../../../../src/web/state/recent_searches.ts";

function storageOf(stored?: string) {
  let text = stored;
  return {
    read: () => text,
    write: (next: string | undefined) => {
      text = next;
    },
  };
}

describe("recent searches", () => {
  test("are the newest first, each once, and are read back", () => {
    const storage = storageOf();
    const searches = new RecentSearches(storage);
    for (const search of ["a", " b ", "a", "", "  "]) searches.add(search);
    expect(searches.all.peek()).toEqual(["a", "b"]);
    expect(new RecentSearches(storage).all.peek()).toEqual(["a", "b"]);
  });

  test("are bounded in number and in length", () => {
    const searches = new RecentSearches(storageOf());
    for (let index = 0; index < 3 * SEARCHES_MAX; index++) searches.add(`q${index}`);
    searches.add("x".repeat(SEARCH_LENGTH_MAX + 1));
    expect(searches.all.peek().length).toBe(SEARCHES_MAX);
    expect(searches.all.peek()[0]).toBe(`q${3 * SEARCHES_MAX - 1}`);
  });

  test("of another tab stay", () => {
    const storage = storageOf();
    const [one, other] = [new RecentSearches(storage), new RecentSearches(storage)];
    one.add("a");
    other.add("b");
    expect(other.all.peek()).toEqual(["b", "a"]);
  });

  test("are none where something else is stored, or nothing can be", () => {
    for (const stored of ["", "{", "null", '{"a":1}', "[1,null,{}]"]) {
      expect(new RecentSearches(storageOf(stored)).all.peek()).toEqual([]);
    }
    const blocked = new RecentSearches({ read: () => undefined, write: () => undefined });
    blocked.add("a");
    blocked.add("b");
    expect(blocked.all.peek()).toEqual(["b", "a"]);
  });

  test("are forgotten", () => {
    const storage = storageOf('["a"]');
    const searches = new RecentSearches(storage);
    searches.clear();
    expect([searches.all.peek(), storage.read()]).toEqual([[], undefined]);
  });
});
