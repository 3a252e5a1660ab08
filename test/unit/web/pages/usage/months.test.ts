// Months, plans and counts of the usage page.

import { expect, test } from "bun:test";
import {
  dayCounts,
  daysIn,
  droppedOf,
  formatForecast,
  limitReachedAt,
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

const HOUR_MS = 3_600_000;
const reached = (admitted: number, limit: number | null, now: number, since = 0) =>
  limitReachedAt({ month: "2026-11", admitted, limit }, since, now);

test("a limit is reached when the pace since the month's start, or the first entry, has used it up", () => {
  const start = Date.UTC(2026, 10, 1);
  expect(reached(100, 150, start + 240 * HOUR_MS)).toBe(start + 360 * HOUR_MS);
  expect(reached(100, 150, start + 240 * HOUR_MS, start + 140 * HOUR_MS)).toBe(start + 290 * HOUR_MS);
  expect(reached(1, 720, start + 6 * HOUR_MS)).toBeUndefined();
  expect(reached(9, 700, start + 6 * HOUR_MS)).toBeNumber();
});

test("no time is named past the month, for a reached limit, without one, or from too little", () => {
  const start = Date.UTC(2026, 10, 1);
  const now = start + 240 * HOUR_MS;
  expect([reached(100, 300, now), reached(100, 100, now), reached(200, 100, now), reached(100, null, now)]).toEqual(
    Array(4).fill(undefined),
  );
  expect([reached(0, 100, now), reached(9, 10, start + 5 * HOUR_MS), reached(9, 10, now, now - HOUR_MS)]).toEqual(
    Array(3).fill(undefined),
  );
  expect(reached(9, 10, Date.UTC(2026, 11, 2))).toBeUndefined();
});

test("a foreseen time has its day and minute of this place", () => {
  expect(formatForecast(new Date(2026, 10, 30, 14, 0).getTime())).toBe("Nov 30, 14:00");
  expect(formatForecast(new Date(2026, 10, 3, 0, 5).getTime())).toBe("Nov 3, 00:05");
  expect(formatForecast(Date.UTC(2026, 10, 30, 23, 59), "utc")).toBe("Nov 30, 23:59");
});
