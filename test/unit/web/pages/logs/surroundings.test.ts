// What is around a record: its place in an address, and the requests that find it.

import { describe, expect, test } from "bun:test";
import type { ShownRecord } from "../../../../../src/core/record.ts";
import {
  type AskEntries,
  findSurroundings,
  nearParameters,
  parseNear,
  parseShared,
} from "../../../../../src/web/pages/logs/surroundings.ts";
import { failure, type QueryParameters } from "../../../../../src/web/state/query.ts";

const OWN = { project: "shop", apiKey: "test", source: "server", kind: "log", receivedAt: 0 } as const;
const record = (id: number, more: Partial<ShownRecord> = {}): ShownRecord => ({
  ...OWN,
  id,
  time: 1_000 + id,
  ...more,
});
const place = { time: 1_007.25, id: 7 };
const query = { place, shared: [], isOldestFirst: false, project: "" } as const;

/** Gives the record itself, 6 and 5 before it, 8 and 9 after it; notes what it was asked. */
function api(own: readonly ShownRecord[], asked: QueryParameters[] = []): AskEntries {
  return async (parameters) => {
    asked.push(parameters);
    const entries =
      "cursor" in parameters ? (parameters["order"] === "asc" ? [record(8), record(9)] : [record(6), record(5)]) : own;
    return { ok: true, value: { entries: [...entries], nextCursor: "more" } };
  };
}

describe("a record's place", () => {
  test("comes back from an address, with fractions of milliseconds", () => {
    expect(nearParameters(place)).toEqual({ near: "1007.25:7", open: "7", live: undefined });
    expect(parseNear("1007.25:7")).toEqual(place);
  });

  test.each([
    "",
    "7",
    ":7",
    "1007:",
    "1007:0",
    "1007:-7",
    "-5:7",
    "1e3:7",
    "1007:7:7",
    " 1007:7",
    "99999999999999999:7",
  ])("is no other text: %p", (text) => {
    expect(parseNear(text)).toBeUndefined();
  });

  test("has the shared fields that there are, each once", () => {
    expect(parseShared("key,nothing,source,key")).toEqual(["source", "key"]);
    expect(parseShared("")).toEqual([]);
  });
});

describe("the surroundings", () => {
  test("are those before and after it, in either order, of its project, as one page", async () => {
    const asked: QueryParameters[] = [];
    const found = await findSurroundings(api([record(7)], asked), query);
    if (!found.ok) throw new Error(found.problem.message);
    expect(found.value.entries.map(({ id }) => id)).toEqual([9, 8, 7, 6, 5]);
    expect(found.value.nextCursor).toBeNull();
    expect(asked).toEqual([
      { q: "id:7", limit: 1 },
      { project: "shop", q: "", order: "desc", limit: 50, cursor: "1007.25:7" },
      { project: "shop", q: "", order: "asc", limit: 50, cursor: "1007.25:7" },
    ]);
    const turned = await findSurroundings(api([record(7)]), { ...query, isOldestFirst: true });
    expect(turned.ok && turned.value.entries.map(({ id }) => id)).toEqual([5, 6, 7, 8, 9]);
  });

  test("share what was chosen, whatever is in it; what the record lacks, they lack", async () => {
    const asked: QueryParameters[] = [];
    const own = record(7, { touchpoint: 'a "b"*', key: "k 1" });
    await findSurroundings(api([own], asked), { ...query, shared: ["touchpoint", "source", "key"] });
    expect(asked[1]?.["q"]).toBe('touchpoint:"a \\"b\\"*" source:server key:"k 1"');
    await findSurroundings(api([record(7)], asked), { ...query, shared: ["key"] });
    expect(asked.at(-1)?.["q"]).toBe("-key:*");
  });

  test("of a record that is gone are those of its time, in the chosen project", async () => {
    const asked: QueryParameters[] = [];
    const found = await findSurroundings(api([], asked), { ...query, project: "blog", shared: ["key"] });
    expect(found.ok && found.value.entries.map(({ id }) => id)).toEqual([9, 8, 6, 5]);
    expect([asked[1]?.["project"], asked[1]?.["q"]]).toEqual(["blog", ""]);
  });

  test("are not there when any request fails", async () => {
    for (const failing of [0, 1, 2]) {
      let count = 0;
      const ask = api([record(7)]);
      const found = await findSurroundings(
        (parameters) => (count++ === failing ? Promise.resolve(failure("offline", "gone")) : ask(parameters)),
        query,
      );
      expect(found).toEqual(failure("offline", "gone"));
    }
  });
});
