// A trace in the address, over a page whose own parameters stay.

import { describe, expect, test } from "bun:test";
import { changeParameters } from "../../../../src/web/state/router.ts";
import { hasRange } from "../../../../src/web/state/time_range.ts";
import { isSearchShown, TRACE_CLOSED, traceOf, traceParameters } from "../../../../src/web/state/trace_address.ts";

const BEGINNING = { key: "a b&c", project: "shop", time: 1_718_900_000_000.5 };

describe("a trace", () => {
  test("opens over the page, and closing it leaves the page as it was, whatever was chosen in it", () => {
    for (const page of [{}, { q: "level:error", open: "7", project: "blog", clocks: "utc" }] as const) {
      const opened = changeParameters({}, traceParameters(page, BEGINNING));
      const used = changeParameters(opened, {
        span: "7",
        zoom: "1-2",
        traceAs: "table",
        traceLogs: "off",
        traceSort: "own",
      });
      expect(changeParameters(used, TRACE_CLOSED)).toEqual(page);
    }
  });

  test("is of the header's project, or else of the project that it was opened in", () => {
    expect(traceOf(changeParameters({}, traceParameters({}, BEGINNING)))).toEqual({
      key: "a b&c",
      around: "2024-06-20T16:13:20.000Z",
      project: "shop",
    });
    expect(traceOf(changeParameters({}, traceParameters({ project: "blog" }, BEGINNING)))?.project).toBe("blog");
    expect(traceOf({ trace: "k", project: "blog", traceProject: "shop" })?.project).toBe("blog");
    expect(traceOf({ trace: "k" })).toEqual({ key: "k", around: undefined, project: "" });
  });

  test("opens from another trace without its zoom and record", () => {
    const opened = changeParameters({}, traceParameters({ trace: "x", zoom: "1-2", span: "7" }, { key: "k" }));
    expect(opened).toEqual({ trace: "k" });
  });

  test("is none without a key, and hides the range and the search below it", () => {
    expect(traceOf({ trace: "" })).toBeUndefined();
    expect(traceOf({})).toBeUndefined();
    const pages = [{}, { trace: "k" }, { near: "1:1" }];
    expect(pages.map((parameters) => hasRange({ page: "logs", parameters }))).toEqual([true, false, false]);
    expect(pages.map((parameters) => isSearchShown("logs", parameters))).toEqual([true, false, false]);
    expect([hasRange({ page: "timings", parameters: { near: "1:1" } }), isSearchShown("timings", {})]).toEqual([
      true,
      false,
    ]);
  });
});
