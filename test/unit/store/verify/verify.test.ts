import { describe, expect, test } from "bun:test";
import { IdSet } from "../../../../src/store/verify/verify.ts";

describe("a set of ids", () => {
  test("says of each whether it is new, across ranges, also beyond 32 bits", () => {
    const ids = new IdSet();
    const added = [1, 65_535, 65_536, 1, 2 ** 40, 65_535, 2 ** 40, 2 ** 40 + 1].map((id) => ids.add(id));
    expect(added).toEqual([true, true, true, false, true, false, false, true]);
  });

  test("still knows those of the range that holds what is forgotten below", () => {
    const ids = new IdSet();
    for (const id of [10, 70_000, 70_010]) ids.add(id);
    ids.forgetBelow(70_005);
    expect([ids.add(70_000), ids.add(70_010), ids.add(70_011)]).toEqual([false, false, true]);
  });
});

describe("a set of ids that has forgotten a range", () => {
  test("is not asked for it", () => {
    const ids = new IdSet();
    ids.forgetBelow(70_000);
    expect(() => ids.add(5)).toThrow("an id that was forgotten");
  });
});
