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

  test("are new again once they were taken from the list, and not new where they were put in it", () => {
    const names = new TouchpointNames([{ project: "a", name: "old" }]);
    names.remove("a", "old");
    names.remove("b", "never");
    names.add("b", "registered");
    names.see("a", ["old"], 5);
    names.see("b", ["registered"], 6);
    expect(names.staged()).toEqual([{ project: "a", name: "old", firstSeen: 5 }]);
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
