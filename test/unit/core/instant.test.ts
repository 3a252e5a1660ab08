import { describe, expect, test } from "bun:test";
import { formatInstant } from "../../../src/core/format.ts";
import {
  INSTANT_PATTERN,
  INTERVAL_PATTERN,
  instantText,
  parseInterval,
  readBound,
  readTime,
} from "../../../src/core/instant.ts";
import { localTimeZone, TimeZone } from "../../../src/core/time_zone.ts";

const NOW = Date.UTC(2026, 10, 23, 12);

describe("an interval is read", () => {
  test.each([
    ["1", 1],
    ["60000", 60_000],
    ["30s", 30_000],
    ["5m", 300_000],
    ["01h", 3_600_000],
    ["1d", 86_400_000],
    ["100000000d", 8.64e15],
  ])("%s", (text, expected) => {
    expect(parseInterval(text)).toBe(expected);
    expect(new RegExp(INTERVAL_PATTERN).test(text)).toBe(true);
  });
});

describe("an interval is refused", () => {
  test.each(["", "0", "0s", "-5m", "1.5h", "5 m", "5w", "m", "1e3", "100000001d", "9".repeat(400)])("%p", (text) => {
    expect(parseInterval(text)).toBeUndefined();
  });
});

const UTC = new TimeZone();
const BERLIN = new TimeZone("Europe/Berlin");

function timeOf(text: string, zone = UTC): [from: string, lengthMs: number] | string {
  const read = readTime(text, zone);
  return read.ok ? [new Date(read.value.from).toISOString(), read.value.to - read.value.from] : read.hint;
}

describe("a time", () => {
  test.each([
    ["1718900000000", "2024-06-20T16:13:20.000Z", 0],
    ["2026-11-29T17:49:48.123Z", "2026-11-29T17:49:48.123Z", 1],
    ["2026-11-29 17:49:48.123", "2026-11-29T16:49:48.123Z", 1],
    ["2026-11-29 17:49:48,5", "2026-11-29T16:49:48.500Z", 100],
    ["2026-11-29 17:49:48.123456", "2026-11-29T16:49:48.123Z", 0],
    ["2026-11-29T17:49:48", "2026-11-29T16:49:48.000Z", 1_000],
    ["2026-11-29T17:49", "2026-11-29T16:49:00.000Z", 60_000],
    ["2026-11-29 17:49+05:30", "2026-11-29T12:19:00.000Z", 60_000],
    ["2026-11-29T17:49:48-0800", "2026-11-30T01:49:48.000Z", 1_000],
    ["2026-11-29T17:49:48+00", "2026-11-29T17:49:48.000Z", 1_000],
    ["2026-11-29T24:00", "2026-11-29T23:00:00.000Z", 60_000],
    ["2026-11-29", "2026-11-28T23:00:00.000Z", 86_400_000],
    ["2026-03-29", "2026-03-28T23:00:00.000Z", 82_800_000],
    ["2026-10-25 02:30:00.000 +02:00", "2026-10-25T00:30:00.000Z", 1],
    ["2026-10-25 02:30:00.000 +01:00", "2026-10-25T01:30:00.000Z", 1],
    ["2026-10-25 02:30:00.000", "2026-10-25T00:30:00.000Z", 1],
  ])("%s is %s in Berlin, and %p ms", (text, from, lengthMs) => {
    expect(timeOf(text, BERLIN)).toEqual([from, lengthMs]);
    expect(new RegExp(INSTANT_PATTERN).test(text)).toBe(true);
  });

  test("finer than a thousandth is exact", () => {
    const read = readTime("2026-11-29T17:49:48.1235Z", UTC);
    expect(read.ok && read.value.from).toBe(Date.UTC(2026, 10, 29, 17, 49, 48) + 123.5);
  });

  test.each([
    ["2026", "that would be in 1970: a year? write 2026-01-01"],
    ["1718900000", "that would be in 1970: seconds? write 1718900000000"],
    ["1718900000.25", "that would be in 1970: seconds? write 1718900000250"],
    ["0", "that would be in 1970: seconds, or days? a whole day is written 2026-01-31"],
    ["31535999999", "that would be in 1970: seconds? write 31535999999000"],
    ["-5", "that would be before 1970"],
    ["8640000000000001", "that is too far away: microseconds or nanoseconds?"],
    ["2026-11", "a month? its days are 2026-11-01 to the last one"],
    ["24h", "a length of time before now is for from and to"],
    ["2026/11/29", "dates are written with dashes"],
    ["2026-02-30", "there is no such day"],
    ["2025-02-29T10:00Z", "there is no such day"],
    ["2026-13-01", "there is no such day"],
    ["2026-11-29T25:00", "there is no such time of day"],
    ["2026-11-29T24:01", "there is no such time of day"],
    ["2026-11-29 12:60", "there is no such time of day"],
    ["2026-11-29 12:00:60", "there is no such time of day"],
    ["2026-11-29T12:00+25:00", "there is no such time of day"],
    ["yesterday", ""],
    ["", ""],
    ["1e3", ""],
    ["2026-11-29Z", ""],
    ["2026-11-29  12:00", ""],
    ["12:00", ""],
  ])("%p is refused: %s", (text, hint) => {
    expect(timeOf(text)).toBe(hint);
  });

  test("of a day that a zone never had is refused", () => {
    expect(timeOf("2011-12-30", new TimeZone("Pacific/Apia"))).toBe("there is no such day in Pacific/Apia");
  });
});

describe("a bound", () => {
  const bound = (text: string, side: "from" | "to") => {
    const read = readBound(text, side, NOW, BERLIN);
    return read.ok ? new Date(read.value).toISOString() : read.hint;
  };

  test("that is a date takes its whole day in", () => {
    expect(bound("2026-11-29", "from")).toBe("2026-11-28T23:00:00.000Z");
    expect(bound("2026-11-29", "to")).toBe("2026-11-29T23:00:00.000Z");
  });

  test("that is a time is this instant on both sides", () => {
    for (const side of ["from", "to"] as const)
      expect(bound("2026-11-29 12:00", side)).toBe("2026-11-29T11:00:00.000Z");
  });

  test("may be a length of time before now", () => {
    expect(bound("30s", "from")).toBe(new Date(NOW - 30_000).toISOString());
    expect(bound("7d", "to")).toBe(new Date(NOW - 7 * 86_400_000).toISOString());
    expect(bound("99999999999999d", "from")).toBe("that is too far away");
  });

  test("is sent as a text that means the same instant everywhere", () => {
    for (const instant of [0, 1, 31_535_999_999, 31_536_000_000, 1_718_900_000_000.5, 8.64e15, -62_167_219_200_000]) {
      expect(readBound(instantText(instant), "to", NOW, BERLIN)).toEqual({ ok: true, value: instant });
    }
    expect(readBound(instantText(-8.64e15), "from", NOW, UTC)).toEqual({ ok: true, value: -62_167_219_200_000 });
  });
});

test("a printed time is taken back, hour by hour, over a year", () => {
  const here = new TimeZone(localTimeZone());
  for (let time = Date.UTC(2026, 0, 1) + 123; time < Date.UTC(2027, 0, 1); time += 1_800_000) {
    const read = readTime(formatInstant(time), here);
    expect([formatInstant(time), read.ok && read.value.from]).toEqual([formatInstant(time), time]);
  }
});
