import { describe, expect, test } from "bun:test";
import { TOUCHPOINTS_MAX } from "../../../src/core/limits.ts";
import { TouchpointNames } from "../../../src/worker/touchpoint_names.ts";

describe("touchpoint names", () => {
  test("are told once a project, and not when they are known from before", () => {
    const names = new TouchpointNames([{ project: "a", name: "old" }]);
    names.see("a", ["old", "new", undefined, "new"], 5);
    names.see("b", ["old"], 6);
    expect(names.staged()).toEqual([
      { project: "a", name: "new", firstSeen: 5 },
      { project: "b", name: "old", firstSeen: 6 },
    ]);
    names.commit();
    names.see("a", ["new"], 7);
    expect(names.staged()).toEqual([]);
  });

  test("are bounded a project", () => {
    const names = new TouchpointNames([]);
    names.see(
      "a",
      Array.from({ length: TOUCHPOINTS_MAX + 5 }, (_, index) => `t${index}`),
      1,
    );
    names.see("b", ["t"], 1);
    expect(names.staged().length).toBe(TOUCHPOINTS_MAX + 1);
  });
});
