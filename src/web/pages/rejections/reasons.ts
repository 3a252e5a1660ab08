// Reasons for which entries are dropped: what each means, and how many of a list have it.

import { DROP_REASONS, type DropReason } from "../../../core/drop.ts";
import type { RejectionRow } from "../../../core/responses.ts";

/** For people, in a few words. */
export const REASON_TEXTS: Readonly<Record<DropReason, string>> = {
  empty: "nothing in it",
  invalid_time: "a time that is none",
  too_deep: "metadata nested too deeply",
  negative_duration: "ends before it starts",
  too_old: "older than the retention",
  in_future: "more than 24 hours ahead",
  duplicate: "sent before",
  quota: "past the month's plan",
  internal: "a fault of the server",
};

export interface ReasonCount {
  readonly reason: DropReason;
  readonly count: number;
}

/** Reasons that occur, most frequent first; `chosen` also where it does not. */
export function reasonCounts(rows: readonly RejectionRow[], chosen: string): readonly ReasonCount[] {
  return DROP_REASONS.map((reason) => ({ reason, count: rows.filter((row) => row.reason === reason).length }))
    .filter(({ reason, count }) => count > 0 || reason === chosen)
    .toSorted((a, b) => b.count - a.count);
}

/** The reason that an address names; undefined for none, and for what is none. */
export function parseReason(text: string): DropReason | undefined {
  return DROP_REASONS.find((reason) => reason === text);
}

/** What of an entry fits into a line: its message, touchpoint or key. */
export function entryTitle(entry: unknown): string {
  if (Array.isArray(entry)) return `${entry.length} ${entry.length === 1 ? "entry" : "entries"}`;
  if (typeof entry === "string") return entry;
  if (typeof entry !== "object" || entry === null) return JSON.stringify(entry) ?? "";
  const named = ["message", "touchpoint", "key"].map((name) =>
    Object.hasOwn(entry, name) ? Reflect.get(entry, name) : "",
  );
  const title = named.find((text) => typeof text === "string" && text !== "");
  return typeof title === "string" ? title : JSON.stringify(entry);
}
