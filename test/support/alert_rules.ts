// Alert rules for tests.

import type { AlertRule } from "../../src/core/alert_rule.ts";

/** More than 10 matches in a minute, looked at every 10 s; told at once. */
export function ruleOf(members: Partial<AlertRule> = {}): AlertRule {
  return {
    name: "errors",
    project: undefined,
    q: "level:error",
    kind: "count",
    of: "kind:log",
    percentile: 95,
    windowMs: 60_000,
    everyMs: 10_000,
    side: "above",
    bound: 10,
    resolveBound: undefined,
    forMs: 0,
    keepMs: 0,
    groupBy: undefined,
    min: 0,
    repeatMs: undefined,
    notify: [],
    severity: "warning",
    note: undefined,
    ...members,
  };
}
