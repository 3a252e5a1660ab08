// The time range: from an address, to an address, and as parameters of a query.

import { describe, expect, test } from "bun:test";
import { formatInstant } from "../../../../src/core/format.ts";
import { localTimeZone, TimeZone } from "../../../../src/core/time_zone.ts";
import {
  lastOf,
  PRESETS,
  rangeBounds,
  rangeParameters,
  rangeQuery,
  readRange,
  type TimeRange,
} from "../../../../src/web/state/time_range.ts";

const NOW = Date.parse("2026-01-31T12:00:00Z");
const HOUR_MS = 3_600_000;

describe("a time range", () => {
  test("is the last hour where an address names none, and needs no words there", () => {
    const { range, problem } = readRange({}, NOW);
    expect(range).toEqual({ kind: "last", text: "1h", lengthMs: HOUR_MS });
    expect(problem).toBeUndefined();
    expect(rangeParameters(range)).toEqual({ from: undefined, to: undefined });
  });

  test.each(PRESETS.map(({ text }) => [text]))("of the preset %s comes back from its address", (text) => {
    const range = lastOf(text);
    const { from } = rangeParameters(range);
    expect(readRange(from === undefined ? {} : { from }, NOW)).toEqual({ range });
  });

  test("before now is sent as a length, so that the server's clock resolves it", () => {
    expect(rangeQuery(lastOf("24h"))).toEqual({ from: "24h" });
    expect(rangeBounds(lastOf("24h"), NOW)).toEqual({ from: NOW - 24 * HOUR_MS, to: NOW });
  });

  test("between two instants comes back to the millisecond", () => {
    const range: TimeRange = { kind: "between", from: NOW - 1_234, to: NOW - 1 };
    const parameters = rangeParameters(range);
    expect(parameters).toEqual({ from: "2026-01-31T11:59:58.766Z", to: "2026-01-31T11:59:59.999Z" });
    expect(readRange(parameters as Record<string, string>, NOW)).toEqual({ range });
    expect(rangeQuery(range)).toEqual({ from: String(NOW - 1_234), to: String(NOW - 1) });
  });

  test("may be open at one end", () => {
    const at = 1_718_900_000_000;
    expect(readRange({ from: String(at) }, NOW)).toEqual({ range: { kind: "between", from: at, to: undefined } });
    expect(readRange({ to: String(at) }, NOW)).toEqual({ range: { kind: "between", from: undefined, to: at } });
    expect(rangeQuery({ kind: "between", from: undefined, to: at })).toEqual({ to: String(at) });
  });

  test("in 1970 is sent as a date, since the server would take the number for a mistake", () => {
    expect(rangeQuery({ kind: "between", from: 0, to: 1_000 })).toEqual({
      from: "1970-01-01T00:00:00.000Z",
      to: "1970-01-01T00:00:01.000Z",
    });
  });

  test("of dates takes in their whole days, and a printed time is taken back", () => {
    const day = new TimeZone(localTimeZone());
    expect(readRange({ from: "2026-01-30", to: "2026-01-31" }, NOW)).toEqual({
      range: {
        kind: "between",
        from: day.startOfDay(Date.UTC(2026, 0, 30)),
        to: day.startOfDay(Date.UTC(2026, 1, 1)),
      },
    });
    expect(readRange({ from: formatInstant(NOW) }, NOW)).toEqual({
      range: { kind: "between", from: NOW, to: undefined },
    });
  });

  test("with a length and an end has fixed bounds", () => {
    expect(readRange({ from: "2h", to: "1h" }, NOW)).toEqual({
      range: { kind: "between", from: NOW - 2 * HOUR_MS, to: NOW - HOUR_MS },
    });
  });
});

describe("a time range that cannot be taken", () => {
  const cases: readonly (readonly [fact: string, parameters: Record<string, string>])[] = [
    ["a word", { from: "yesterday" }],
    ["a word as its end", { from: "1h", to: "never" }],
    ["a length of zero, which has no room", { from: "0s", to: "0s" }],
    ["an end before its beginning", { from: "2000", to: "1000" }],
    ["a day that is none", { from: "2026-02-30" }],
  ];
  test.each(cases)("%s gives the last hour, and says so", (_fact, parameters) => {
    expect(readRange(parameters, NOW)).toEqual({
      range: lastOf("1h"),
      problem: expect.stringContaining("Showing the last hour"),
    });
  });
});
