// What a rule makes of what was measured: the value, or why it is not known, and on which side of the bounds it is. Pure,
// and the same for an evaluation and for a preview.

import type { AlertRule } from "./alert_rule.ts";
import type { Measured, RunningTiming } from "./responses.ts";

/** What an evaluation found of an instance. */
export type Observation =
  | { readonly isKnown: true; readonly value: number }
  /** Too few records, or the query failed: the reason is for people. */
  | { readonly isKnown: false; readonly reason: string };

type Bounds = Pick<AlertRule, "side" | "bound" | "resolveBound">;

/** Nothing was found. */
export const NOTHING_MEASURED: Measured = { count: 0, of: 0, timings: 0, percentile: null };

/** The value of what was measured. */
export function observationOf(
  { kind, min }: Pick<AlertRule, "kind" | "min">,
  { count, of, timings, percentile }: Measured,
): Observation {
  if (kind === "share") {
    if (of < min || of === 0)
      return { isKnown: false, reason: `${of} records to take a share of, at least ${min} are needed` };
    return { isKnown: true, value: count / of };
  }
  if (kind !== "percentile") return { isKnown: true, value: count };
  if (timings < min || percentile === null)
    return { isKnown: false, reason: `${timings} completed timings, at least ${min} are needed` };
  return { isKnown: true, value: percentile };
}

/** How many records there are of a value of group_by: of values that are as bad, those with the most are looked at. */
export function frequencyOf({ side }: Pick<AlertRule, "side">, { count, of }: Pick<Measured, "count" | "of">): number {
  return side === "below" ? of : count;
}

/** Whether the value is on the bad side of the bound. */
export function isBeyond(value: number, { side, bound }: Bounds): boolean {
  return side === "above" ? value > bound : value < bound;
}

/** Whether the value is back on the good side of the resolve bound. */
export function isBack(value: number, bounds: Bounds): boolean {
  const { side, resolveBound } = bounds;
  if (resolveBound === undefined) return !isBeyond(value, bounds);
  return side === "above" ? value < resolveBound : value > resolveBound;
}

/** Whether values of group_by that are not beyond the bound are instances too: those that may fall silent. */
export function remembersValues({ side, kind }: Pick<AlertRule, "side" | "kind">): boolean {
  return side === "below" && (kind === "silence" || kind === "count");
}

const METADATA = "metadata.";

/** The value of a running timing by which a rule groups it; undefined: it has none. */
export function runningValue(timing: RunningTiming, field: string): string | undefined {
  const value: unknown = field.startsWith(METADATA)
    ? timing.metadata?.[field.slice(METADATA.length)]
    : (timing as Readonly<Record<string, unknown>>)[field];
  if (value === undefined) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}
