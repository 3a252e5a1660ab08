// Time ranges as people type them.

import { describe, expect, test } from "bun:test";
import { TimeZone } from "../../../../src/core/time_zone.ts";
import { readRangeText } from "../../../../src/web/state/range_text.ts";
import { lastOf } from "../../../../src/web/state/time_range.ts";

const ZONE = new TimeZone("Europe/Berlin");
/** 10:30 in Berlin. */
const NOW = Date.parse("2026-03-28T09:30:00Z");

/** The range as texts in UTC, or the hint. */
function read(text: string, now = NOW): unknown {
  const reading = readRangeText(text, now, ZONE);
  if (!reading.ok) return reading.hint;
  const { value } = reading;
  if (value.kind === "last") return value.text;
  const textOf = (time: number | undefined) => (time === undefined ? "" : new Date(time).toISOString().slice(0, 19));
  return [textOf(value.from), textOf(value.to)];
}

describe("a typed range", () => {
  test.each([
    ["3h", "3h"],
    ["3 hours", "3h"],
    ["last 3 hrs", "3h"],
    ["  Last   Hour ", "1h"],
    ["past week", "7d"],
    ["the last 2 weeks", "14d"],
    ["90 min", "90m"],
    ["45s", "45s"],
    ["1d", "1d"],
  ])("is a length before now: %s", (text, wanted) => {
    expect(readRangeText(text, NOW, ZONE)).toEqual({ ok: true, value: lastOf(wanted) });
  });

  test.each([
    ["yesterday", "2026-03-26T23:00:00", "2026-03-27T23:00:00"],
    ["2026-01-31", "2026-01-30T23:00:00", "2026-01-31T23:00:00"],
    ["2026-01-31 12:00", "2026-01-31T11:00:00", "2026-01-31T11:01:00"],
    ["2026-01-31T12:00Z", "2026-01-31T12:00:00", "2026-01-31T12:01:00"],
    ["2026-01-31 12:00:05", "2026-01-31T11:00:05", "2026-01-31T11:00:06"],
    ["2026-01-31 12:00:05.250", "2026-01-31T10:59:35", "2026-01-31T11:00:35"],
    ["9:15", "2026-03-28T08:15:00", "2026-03-28T08:16:00"],
    ["today", "2026-03-27T23:00:00", ""],
  ])("is a time with its own length: %s", (text, from, to) => {
    expect(read(text)).toEqual([from, to]);
  });

  test.each([
    ["9:00 to 10:15", "2026-03-28T08:00:00", "2026-03-28T09:15:00"],
    ["9:00 - 10:15", "2026-03-28T08:00:00", "2026-03-28T09:15:00"],
    ["9:00–10:15", "2026-03-28T08:00:00", "2026-03-28T09:15:00"],
    ["9:00..10:15", "2026-03-28T08:00:00", "2026-03-28T09:15:00"],
    ["between 9:00 and 10:15", "2026-03-28T08:00:00", "2026-03-28T09:15:00"],
    ["from 09:00:30 until now", "2026-03-28T08:00:30", ""],
    ["yesterday 22:00 to 23:30", "2026-03-27T21:00:00", "2026-03-27T22:30:00"],
    ["yesterday to today", "2026-03-26T23:00:00", "2026-03-28T23:00:00"],
    ["2026-01-30 to 2026-01-31", "2026-01-29T23:00:00", "2026-01-31T23:00:00"],
    ["2026-01-30 14:00, 2026-01-31 15:00", "2026-01-30T13:00:00", "2026-01-31T14:00:00"],
    ["2026-01-30 14:00 to 15:00", "2026-01-30T13:00:00", "2026-01-30T14:00:00"],
    ["3h ago to 1h ago", "2026-03-28T06:30:00", "2026-03-28T08:30:00"],
    ["2 days ago to yesterday", "2026-03-26T09:30:00", "2026-03-27T23:00:00"],
  ])("is two times: %s", (text, from, to) => {
    expect(read(text)).toEqual([from, to]);
  });

  test("of two times of day is the latest that has begun, over midnight too", () => {
    expect(read("23:00 to 23:30")).toEqual(["2026-03-27T22:00:00", "2026-03-27T22:30:00"]);
    expect(read("22:00 to 2:00")).toEqual(["2026-03-27T21:00:00", "2026-03-28T01:00:00"]);
    expect(read("9:00 to 11:00")).toEqual(["2026-03-28T08:00:00", "2026-03-28T10:00:00"]);
  });

  test("knows that a day may have 23 hours", () => {
    expect(read("yesterday", Date.parse("2026-03-30T10:00:00Z"))).toEqual([
      "2026-03-28T23:00:00",
      "2026-03-29T22:00:00",
    ]);
  });

  test.each([
    ["since 9:00", "2026-03-28T08:00:00", ""],
    ["since yesterday", "2026-03-26T23:00:00", ""],
    ["until 2026-01-31", "", "2026-01-31T23:00:00"],
    ["before 9:00", "", "2026-03-28T08:00:00"],
  ])("is open at one end: %s", (text, from, to) => {
    expect(read(text)).toEqual([from, to]);
  });

  test.each([
    ["", "write a length (3h)"],
    ["h", "write a length (3h)"],
    ["soon", "write a length (3h)"],
    ["0h", "write a length (3h)"],
    ["999999999d", "write a length (3h)"],
    ["2026-02-30", "there is no such day"],
    ["25:00 to 26:00", "there is no such time of day"],
    ["2026-01-31 to 2026-01-30", "the end must be after the start"],
    ["2026/01/31", "dates are written with dashes"],
  ])("that is none is refused with a hint: %p", (text, hint) => {
    expect(read(text)).toContain(hint);
  });
});
