import { describe, expect, test } from "bun:test";
import { TimeZone } from "../../../../src/core/time_zone.ts";
import { comparisonOf, typedCompare } from "../../../../src/web/state/compare.ts";

const NOW = Date.UTC(2026, 0, 31, 12);
const HOUR_MS = 3_600_000;
const BERLIN = new TimeZone("Europe/Berlin");
const LAST_HOUR = { from: NOW - HOUR_MS, to: NOW };

describe("what an address compares with", () => {
  test("is asked of the server, a range of its own by its instants", () => {
    const of = (text: string) => comparisonOf(text, LAST_HOUR, NOW, BERLIN);
    expect([of("").kind, of("previous").parameters, of("week").parameters]).toEqual([
      "",
      { compare: "previous" },
      { compare: "week" },
    ]);
    const day = of("2026-01-30..2026-01-30");
    const span = { from: Date.UTC(2026, 0, 29, 23), to: Date.UTC(2026, 0, 30, 23) };
    expect([day.kind, day.span, day.parameters]).toEqual(["between", span, { compare: `${span.from}..${span.to}` }]);
  });

  test("is nothing, and says why, where it cannot be", () => {
    const open = { from: undefined, to: NOW };
    for (const [text, range] of [
      ["previous", open],
      ["week", open],
      ["llama", LAST_HOUR],
      ["1h..2h", LAST_HOUR],
    ] as const) {
      const { parameters, problem } = comparisonOf(text, range, NOW, BERLIN);
      expect(parameters).toEqual({});
      expect(problem).toStartWith("Nothing is compared: ");
    }
  });
});

describe("a typed range to compare with", () => {
  test("becomes two instants; an end that is left out is now", () => {
    const of = (text: string) => typedCompare(text, NOW, BERLIN);
    expect([of("yesterday"), of("2h"), of("9:00 to 10:00"), of("since 12:00")]).toEqual(
      [
        "2026-01-29T23:00:00.000Z..2026-01-30T23:00:00.000Z",
        "2026-01-31T10:00:00.000Z..2026-01-31T12:00:00.000Z",
        "2026-01-31T08:00:00.000Z..2026-01-31T09:00:00.000Z",
        "2026-01-31T11:00:00.000Z..2026-01-31T12:00:00.000Z",
      ].map((value) => ({ ok: true, value })),
    );
  });

  test("is refused where it is none, or has no beginning", () => {
    for (const text of ["", "llama", "until 9:00", "since 13:00 tomorrow"])
      expect(typedCompare(text, NOW, BERLIN).ok).toBe(false);
  });
});
