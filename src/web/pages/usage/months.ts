// Figures of the usage page: bounds of months, counts by day, plans. Months and days are UTC, as the plan is.

import type { UsageResponse } from "../../../core/account_responses.ts";
import type { Clocks } from "../../../core/format.ts";
import { DAY_MS } from "../../../core/limits.ts";
import type { HistogramResponse } from "../../../core/responses.ts";

/** The usage of one project in one month. */
export type MonthRow = UsageResponse["usage"][number];

const MONTH = /^\d{4}-(?:0[1-9]|1[0-2])$/;

/** The start of a month ("2026-11") and of the next one, in Unix ms. Undefined for a text that is not a month. */
export function monthBounds(month: string): { readonly from: number; readonly to: number } | undefined {
  if (!MONTH.test(month)) return undefined;
  const [year, number] = month.split("-").map(Number) as [number, number];
  const from = new Date(0);
  from.setUTCFullYear(year, number - 1, 1);
  const to = new Date(0);
  to.setUTCFullYear(year, number, 1);
  return { from: from.getTime(), to: to.getTime() };
}

/** The number of days between two UTC midnights. */
export function daysIn({ from, to }: { readonly from: number; readonly to: number }): number {
  return Math.round((to - from) / DAY_MS);
}

/** "November 2026". */
export function monthName(month: string): string {
  const bounds = monthBounds(month);
  if (bounds === undefined) return month;
  return new Date(bounds.from).toLocaleDateString("en", { month: "long", year: "numeric", timeZone: "UTC" });
}

/** The local midnight of the same date as a UTC midnight, since charts draw in local time. Unix ms. */
export function localDay(time: number): number {
  const day = new Date(time);
  return new Date(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate()).getTime();
}

/** Logs and timings of each day, as a chart takes them. */
export function dayCounts({ buckets }: HistogramResponse) {
  return {
    times: buckets.map(({ time }) => localDay(time)),
    logs: buckets.map(({ debug, info, warn, error }) => debug + info + warn + error),
    timings: buckets.map(({ timing }) => timing),
  };
}

/** The sum of the plans. Undefined when a project has no limit, or there is no row. */
export function planOf(rows: readonly Pick<MonthRow, "limit">[]): number | undefined {
  if (rows.length === 0) return undefined;
  let sum = 0;
  for (const { limit } of rows) {
    if (limit === null) return undefined;
    sum += limit;
  }
  return sum;
}

/** A pace is not told from less time than this, in ms. */
const PACE_MS_MIN = 6 * 3_600_000;

/**
 * When a month's limit is reached if entries go on to come as they did so far; Unix ms. Undefined: it is reached, will
 * not be within the month, or there is no limit. `since` is when the project's first entries came, where that was later
 * than the month's start.
 */
export function limitReachedAt(
  { month, admitted, limit }: Pick<MonthRow, "month" | "admitted" | "limit">,
  since: number,
  now: number,
): number | undefined {
  const bounds = monthBounds(month);
  if (bounds === undefined || limit === null || admitted >= limit || admitted === 0) return undefined;
  const elapsedMs = now - Math.max(since, bounds.from);
  if (now >= bounds.to || elapsedMs < PACE_MS_MIN) return undefined;
  const reachedAt = now + ((limit - admitted) / admitted) * elapsedMs;
  return reachedAt < bounds.to ? reachedAt : undefined;
}

/** "Nov 30, 14:00", to the minute. */
export function formatForecast(time: number, clocks: Clocks = "local"): string {
  const zone = clocks === "utc" ? { timeZone: "UTC" } : {};
  const date = new Date(time).toLocaleDateString("en", { month: "short", day: "numeric", ...zone });
  const minute = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...zone } as const;
  const clock = new Date(time).toLocaleTimeString("en", minute);
  return `${date}, ${clock}`;
}

/** The reasons with a count above 0, most frequent first. */
export function droppedOf({ dropped }: Pick<MonthRow, "dropped">): readonly (readonly [string, number])[] {
  return Object.entries(dropped)
    .filter(([, count]) => count > 0)
    .toSorted(([, a], [, b]) => b - a);
}
