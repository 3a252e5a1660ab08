import { describe, expect, test } from "bun:test";
import type { TouchpointTimings } from "../../../../../src/core/responses.ts";
import { ambiguousTouchpoints } from "../../../../../src/web/pages/timings/ambiguous_notice.tsx";

const NONE = { min: null, mean: null, max: null, p50: null, p75: null, p90: null, p95: null, p99: null };

function touchpoint(name: string, ambiguous: number): TouchpointTimings {
  return {
    project: "shop",
    touchpoint: name,
    registered: true,
    ambiguous,
    count: 9,
    ...NONE,
    running: 0,
    unfinished: 0,
  };
}

describe("touchpoints that want a key of their own", () => {
  test("are none where no pair was ambiguous", () => {
    expect(ambiguousTouchpoints([touchpoint("a", 0), touchpoint("", 0)])).toBeUndefined();
  });

  test("are those with ambiguous pairs, the most first, so many as a sentence holds", () => {
    const all = ["a", "b", "c", "d", "e", "f", "g"].map((name, at) => touchpoint(name, at % 4));
    expect(ambiguousTouchpoints(all)).toEqual({
      names: ["d", "c", "g", "b", "f"].map((touchpoint) => ({ project: "shop", touchpoint })),
      more: 0,
      pairs: 9,
    });
    expect(ambiguousTouchpoints([...all, touchpoint("h", 1), touchpoint("i", 1)])).toEqual({
      names: ["d", "c", "g", "b", "f"].map((touchpoint) => ({ project: "shop", touchpoint })),
      more: 2,
      pairs: 11,
    });
  });
});
