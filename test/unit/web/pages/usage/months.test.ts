// Months, plans and counts of the usage page.

import { expect, test } from "bun:test";
import {
  dayCounts,
  daysIn,
  droppedOf,
  localDay,
  monthBounds,
  monthName,
  planOf,
} from "../../../../../src/web/pages/usage/months.ts";

test("a month has its UTC bounds, also at the year's end and in a leap year", () => {
  expect(monthBounds("2026-12")).toEqual({ from: Date.UTC(2026, 11, 1), to: Date.UTC(2027, 0, 1) });
  const february = monthBounds("2028-02");
  expect(february === undefined ? 0 : daysIn(february)).toBe(29);
  expect(monthBounds("0099-01")).toEqual({ from: Date.parse("0099-01-01"), to: Date.parse("0099-02-01") });
});

test("what is no month has no bounds, and is shown as it is", () => {
  expect(["", "2026-13", "2026-1", "2026-11-01", "<img>"].map(monthBounds)).toEqual(Array(5).fill(undefined));
  expect([monthName("2026-11"), monthName("<img>")]).toEqual(["November 2026", "<img>"]);
});

test("a UTC day is drawn as the same date of this place", () => {
  const day = new Date(localDay(Date.UTC(2026, 10, 23)));
  expect([day.getFullYear(), day.getMonth(), day.getDate(), day.getHours()]).toEqual([2026, 10, 23, 0]);
});

test("a day counts logs of every level, and timings", () => {
  const bucket = { time: Date.UTC(2026, 10, 1), debug: 1, info: 2, warn: 3, error: 4, timing: 5 };
  const { logs, timings } = dayCounts({ interval: 86_400_000, buckets: [bucket] });
  expect({ logs, timings }).toEqual({ logs: [10], timings: [5] });
});

test("projects have a plan together only where each has one", () => {
  expect(planOf([{ limit: 10 }, { limit: 5 }])).toBe(15);
  expect([planOf([{ limit: 10 }, { limit: null }]), planOf([])]).toEqual([undefined, undefined]);
});

test("reasons come with the most frequent first, and only where something was dropped", () => {
  expect(droppedOf({ dropped: { empty: 1, quota: 7, duplicate: 0 } })).toEqual([
    ["quota", 7],
    ["empty", 1],
  ]);
});
