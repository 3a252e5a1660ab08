// The time range: from an address, to an address, and as parameters of a query.

import { describe, expect, test } from "bun:test";
import { formatInstant } from "../../../../src/core/format.ts";
import { localTimeZone, TimeZone } from "../../../../src/core/time_zone.ts";
import { widerRanges } from "../../../../src/web/components/wider_range.tsx";
import {
  isWithin,
  lastOf,
  PRESETS,
  rangeBounds,
  rangeLabel,
  rangeParameters,
  rangeQuery,
  readRange,
  type TimeRange,
  widened,
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

describe("all time", () => {
  test("is a range without ends, which comes back from its address, has every instant and is as wide as can be", () => {
    const { range, problem } = readRange({ from: "all" }, NOW);
    expect([range, problem]).toEqual([{ kind: "between", from: undefined, to: undefined }, undefined]);
    expect(rangeParameters(range)).toEqual({ from: "all", to: undefined });
    expect(rangeQuery(range)).toEqual({});
    expect(rangeLabel(range, "utc")).toBe("All time");
    expect([isWithin(0, range, NOW), isWithin(NOW * 2, range, NOW)]).toEqual([true, true]);
    expect(widened(range, NOW)).toBeUndefined();
    expect(widerRanges(range, NOW)).toEqual([]);
  });

  test("is not what a range with one end is, nor what another word is", () => {
    expect(readRange({ from: "all", to: "1h" }, NOW).problem).toContain("not valid");
    expect(readRange({ to: "all" }, NOW).problem).toContain("not valid");
    expect(isWithin(NOW - 2 * HOUR_MS, lastOf("1h"), NOW)).toBe(false);
    expect(isWithin(NOW - HOUR_MS, lastOf("1h"), NOW)).toBe(true);
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

describe("a wider range", () => {
  const between = (from: number | undefined, to: number | undefined): TimeRange => ({ kind: "between", from, to });

  test("of two ends is three times as long, and not past now", () => {
    expect(widened(between(1_000, 2_000), NOW)).toEqual(between(0, 3_000));
    expect(widened(between(NOW - 100, NOW - 50), NOW - 20)).toEqual(between(NOW - 150, NOW - 20));
  });

  test("that lies ahead of now keeps its end", () => {
    expect(widened(between(NOW + 10, NOW + 20), NOW)).toEqual(between(NOW, NOW + 20));
  });

  test("before now is the next longer preset, and of the longest there is none", () => {
    expect(["15m", "3h", "24h", "30d", "90d"].map((text) => widened(lastOf(text), NOW))).toEqual([
      lastOf("1h"),
      lastOf("6h"),
      lastOf("7d"),
      undefined,
      undefined,
    ]);
  });

  test("of an open start there is none; an open end stays open", () => {
    expect(widened(between(undefined, NOW), NOW)).toBeUndefined();
    expect(widened(between(NOW - 1_000, undefined), NOW)).toEqual(between(NOW - 2_000, undefined));
  });

  test("can always be written into an address, however often it is widened", () => {
    let range: TimeRange | undefined = between(NOW - 1_000, NOW);
    for (let count = 0; count < 100 && range !== undefined; count++) {
      const parameters = rangeParameters(range) as Record<string, string>;
      expect(readRange(parameters, NOW).problem).toBeUndefined();
      range = widened(range, NOW);
    }
    expect(range).toBeUndefined();
  });

  test("is offered for an empty result: the next one, and the longest preset", () => {
    expect(widerRanges(lastOf("1h"), NOW)).toEqual([lastOf("6h"), lastOf("30d")]);
    expect(widerRanges(lastOf("7d"), NOW)).toEqual([lastOf("30d")]);
    expect(widerRanges(lastOf("30d"), NOW)).toEqual([]);
    expect(widerRanges(between(1_000, 2_000), NOW)).toEqual([between(0, 3_000), lastOf("30d")]);
  });
});
