// Usage to what the overview tells of it: whether anything was ever taken, and how each project stands against its limit in the
// server's month, which is UTC's.

import { monthOf } from "../../../core/month.ts";
import type { UsageAnswer } from "../../../core/responses.ts";

export interface PlanRow {
  readonly project: string;
  /** Entries of the month that count against the limit. */
  readonly admitted: number;
  /** Null: no limit. */
  readonly limit: number | null;
  /** Of the limit, from 0, above 1 past it; null: no limit. */
  readonly share: number | null;
  readonly overage: number;
  readonly overagePolicy: "continue" | "drop";
}

/** The month's rows: nearest to their limit first, then by count, then by name. `project`: only this one; "" for all. */
export function planRows({ usage }: UsageAnswer, project: string, now: number): PlanRow[] {
  const month = monthOf(now);
  const rows = usage
    .filter((row) => row.month === month && (project === "" || row.project === project))
    .map(({ project, admitted, limit, overage, overagePolicy }) => ({
      project,
      admitted,
      limit,
      // A limit of nothing is used up from the start.
      share: limit === null ? null : limit === 0 ? 1 : admitted / limit,
      overage,
      overagePolicy,
    }));
  return rows.sort(
    (a, b) => (b.share ?? -1) - (a.share ?? -1) || b.admitted - a.admitted || (a.project < b.project ? -1 : 1),
  );
}

/** How much of the UTC month has gone, 0 to 1. */
export function monthGone(now: number): number {
  const at = new Date(now);
  const start = Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1);
  const end = Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1);
  return (now - start) / (end - start);
}

/** Whether any entry was ever taken: stored, or waiting for its other half. */
export function hasEntries({ usage, storage }: UsageAnswer): boolean {
  return storage.some(({ records }) => records > 0) || usage.some((row) => row.received > droppedOf(row));
}

/** Entries that came and were dropped, of all projects and months. */
export function droppedEntries({ usage }: UsageAnswer): number {
  return usage.reduce((sum, row) => sum + droppedOf(row), 0);
}

/** When the newest record is from, of one project or of all (""); undefined where there is none. */
export function newestRecord({ storage }: UsageAnswer, project: string): number | undefined {
  const times = storage
    .filter((row) => project === "" || row.project === project)
    .flatMap(({ newest }) => newest ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}

function droppedOf({ dropped }: UsageAnswer["usage"][number]): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, 0);
}
