import { describe, expect, test } from "bun:test";
import { editDistance, nearestName } from "../../../src/core/nearest.ts";

describe("editDistance", () => {
  test.each([
    ["", "", 0],
    ["", "abc", 3],
    ["kitten", "sitting", 3],
    ["port", "prot", 2],
    ["port", "port", 0],
  ])("from %j to %j is %d", (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance);
    expect(editDistance(to, from)).toBe(distance);
  });
});

describe("nearestName", () => {
  const known = ["host", "port", "max_body", "max_entries"];

  test("finds the least distance, letter case aside", () => {
    expect(["prt", "PORT", "maxbody", "max_entrys"].map((name) => nearestName(name, known))).toEqual([
      "port",
      "port",
      "max_body",
      "max_entries",
    ]);
  });

  test("finds nothing beyond the distance, or among none", () => {
    expect(nearestName("prt", known, 1)).toBe("port");
    expect(nearestName("completely", known, 2)).toBeUndefined();
    expect(nearestName("port", [])).toBeUndefined();
  });
});
