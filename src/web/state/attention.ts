// What the strip under the header has to say, from the responses of the server: which projects lose entries, which
// batches were refused, how full the data file is.

import type { FileSpace, RejectionRow, UsageResponse } from "../../core/account_responses.ts";
import type { ShownRule } from "../../core/alert_responses.ts";
import type { DropReason } from "../../core/drop.ts";
import { monthOf } from "../../core/instant.ts";
import { DAY_MS } from "../../core/limits.ts";
import type { RefusalRow } from "../../core/refusals.ts";
import { isFiring, isOfProject } from "./firings.ts";

/** Reasons for which nothing is lost. */
const HARMLESS_REASONS: ReadonlySet<string> = new Set<DropReason>(["duplicate", "ignored"]);
/** A project that dropped an entry within this time drops entries, in ms. */
const RECENT_MS = 3_600_000;
/** The data file is nearly full from this share of its limit on. */
const DISK_SHARE_HIGH = 0.9;

/** A project that loses entries: the reasons of the latest, with their counts of this month, most frequent first. */
export interface DroppingProject {
  readonly project: string;
  readonly reasons: readonly (readonly [reason: string, count: number])[];
}

/**
 * Projects that dropped entries in the last hour, or drop all further ones of this month. `project` "": all of them.
 * `now` in Unix ms.
 */
export function droppingProjects(
  { usage }: UsageResponse,
  rejections: readonly RejectionRow[],
  project: string,
  now: number,
): readonly DroppingProject[] {
  const month = monthOf(now);
  const dropping: DroppingProject[] = [];
  for (const row of usage) {
    if (row.month !== month || (project !== "" && row.project !== project)) continue;
    const reasons = new Set<string>();
    for (const { project, reason, receivedAt } of rejections) {
      if (project === row.project && now - receivedAt < RECENT_MS && !HARMLESS_REASONS.has(reason)) reasons.add(reason);
    }
    if (isDroppingOverPlan(row)) reasons.add("quota");
    const counts = Object.entries(row.dropped).filter(([reason, count]) => reasons.has(reason) && count > 0);
    if (counts.length > 0) dropping.push({ project: row.project, reasons: counts.toSorted((a, b) => b[1] - a[1]) });
  }
  return dropping;
}

/** Whether the plan is used up and what comes now is dropped. */
export function isDroppingOverPlan({
  limit,
  admitted,
  overagePolicy,
  dropped,
}: Pick<UsageResponse["usage"][number], "limit" | "admitted" | "overagePolicy" | "dropped">): boolean {
  return overagePolicy === "drop" && limit !== null && admitted >= limit && (dropped.quota ?? 0) > 0;
}

/** Refused batches of the last day that are of a project ("": of any), or of none, most frequent first. */
export function recentRefusals(rows: readonly RefusalRow[], project: string): readonly RefusalRow[] {
  return refusalsOf(rows, project)
    .filter(({ lastDay }) => lastDay > 0)
    .toSorted((a, b) => b.lastDay - a.lastDay);
}

/** Refused batches of a project ("": of any), and those that show no known key, which may be its too. */
export function refusalsOf(rows: readonly RefusalRow[], project: string): readonly RefusalRow[] {
  return project === "" ? rows : rows.filter((row) => row.project === null || row.project === project);
}

/**
 * What is shown after the user has hidden the strip's refused batches at `hiddenAt` (Unix ms): for a day only what was
 * not there then.
 */
export function unhidden(rows: readonly RefusalRow[], hiddenAt: number, now: number): readonly RefusalRow[] {
  return now - hiddenAt > DAY_MS ? rows : rows.filter(({ first }) => first > hiddenAt);
}

/** Who sent it, as far as the key shows it: "shop keys", "sk_abcd…", "no key". */
export function keyText({ apiKey, masked, isRevoked, keyType, reason }: RefusalRow): string {
  if (masked !== null) return isRevoked && apiKey !== null ? `${masked} (${apiKey}, revoked)` : masked;
  if (apiKey !== null) return keyType === null ? apiKey : `${apiKey} (${keyType})`;
  return reason === "key_missing" ? "no key" : "key not read";
}

/** Rules that fire and are of a project ("": of any), or of all projects; those that fire longest first. */
export function firingRules(rules: readonly ShownRule[], project: string): readonly ShownRule[] {
  return rules
    .filter((rule) => isFiring(rule) && isOfProject(rule, project))
    .toSorted((a, b) => firingSince(a) - firingSince(b));
}

/** When the first of a rule's instances that fire began to, Unix ms. */
export function firingSince({ instances }: Pick<ShownRule, "instances">): number {
  return Math.min(...instances.map((one) => (isFiring(one) && one.since !== null ? one.since : Infinity)));
}

/** The used share of the data file's limit, where it is nearly full. */
export function highDiskShare({ bytesOnDisk, bytesMax }: FileSpace): number | undefined {
  const share = bytesMax === 0 ? 1 : bytesOnDisk / bytesMax;
  return share >= DISK_SHARE_HIGH ? share : undefined;
}
