// At which instants a rule is evaluated: at whole multiples of its `every`. Where some were missed, because the server was
// off or busy, windows still follow one another without a hole, so nothing that was received is never looked at.

import type { AlertRule } from "../../core/alert_rule.ts";
import type { RuleEvaluation } from "./rule_evaluation.ts";

/** A rule that lags further goes on at the present instant, in ms. */
const LAG_MS_MAX = 3_600_000;

/** The latest instant at which the rule is to be evaluated, Unix ms. */
export function instantOf({ everyMs }: AlertRule, now: number): number {
  return Math.floor(now / everyMs) * everyMs;
}

/** The first instant at which the rule is to be evaluated that is not before `now`, Unix ms. */
export function instantAfter({ everyMs }: AlertRule, now: number): number {
  return Math.ceil(now / everyMs) * everyMs;
}

/** A time in which nothing was received, Unix ms. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * The next instant up to `latest`; undefined: there is none. A rule that lags behind by more than a window looks at
 * what lies between first, but not at a time in which nothing was received.
 */
export function nextInstant(
  { rule, evaluatedAt, evaluatedBefore }: RuleEvaluation,
  latest: number,
  away: Span | undefined,
): number | undefined {
  if (evaluatedAt === latest) return undefined;
  const from = evaluatedAt ?? evaluatedBefore;
  if (from === undefined || rule.kind === "running") return latest;
  const isBeforeStart = away !== undefined && from < away.to;
  const end = isBeforeStart ? Math.min(latest, away.from) : latest;
  const lagMs = latest - from;
  if (end <= from || lagMs <= rule.windowMs || end - from > LAG_MS_MAX) return latest;
  return instantOf(rule, from + rule.windowMs);
}
