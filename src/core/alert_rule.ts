// An alert rule, as the configuration says it and as it is evaluated. All lengths of time are in ms.

import { formatDuration } from "./format.ts";

/** What a rule measures. */
export const RULE_KINDS = ["count", "share", "percentile", "silence", "running"] as const;
export type RuleKind = (typeof RULE_KINDS)[number];

/** How urgent a rule is, least first. */
export const SEVERITIES = ["info", "warning", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Rules of one configuration: more than anyone answers for, and few enough to evaluate in time. */
export const RULES_MAX = 500;
/** Instances of a rule with group_by: more at once is one problem, not many. */
export const INSTANCES_MAX = 20;

export interface AlertRule {
  /** 1 to 80 characters, unique. */
  readonly name: string;
  /** Undefined: all but the server's own. */
  readonly project: string | undefined;
  /** The search language; "" matches everything. */
  readonly q: string;
  readonly kind: RuleKind;
  /** Of `share`: among which records. */
  readonly of: string;
  /** Of `percentile`: 0 to 100. */
  readonly percentile: number;
  readonly windowMs: number;
  readonly everyMs: number;
  /** Which side of the bound is bad. */
  readonly side: "above" | "below";
  /** Records, a share from 0 to 1, or ms. The value is beyond it, not equal, when the rule fires. */
  readonly bound: number;
  /** The value is beyond it on the good side when the rule recovers; undefined: when it is not beyond `bound`. */
  readonly resolveBound: number | undefined;
  /** How long the value is beyond the bound before the rule fires. */
  readonly forMs: number;
  /** How long it is back before the rule has resolved. */
  readonly keepMs: number;
  /** A field: each of its values is an instance, INSTANCES_MAX at most. */
  readonly groupBy: string | undefined;
  /** Records of `of`, or timings, below which nothing is known. */
  readonly min: number;
  /** How often a rule that still fires is told again; undefined: never. */
  readonly repeatMs: number | undefined;
  /** Names of destinations. */
  readonly notify: readonly string[];
  readonly severity: Severity;
  readonly note: string | undefined;
  /** Where it stands in the configuration; absent: it was made in the app, and is in the data file. */
  readonly line?: number;
}

/** A rule as a person writes it: the members and spellings of an [[alerts]] table. */
export interface AlertRuleText {
  readonly name: string;
  readonly project?: string;
  readonly q?: string;
  readonly kind?: RuleKind;
  readonly of?: string;
  readonly p?: number;
  readonly window?: string;
  readonly every?: string;
  readonly above?: number | string;
  readonly below?: number | string;
  readonly resolve_below?: number | string;
  readonly resolve_above?: number | string;
  readonly for?: string;
  readonly keep?: string;
  readonly group_by?: string;
  readonly min?: number;
  readonly repeat?: string;
  readonly notify?: readonly string[];
  readonly severity?: Severity;
  readonly note?: string;
}

/** What is wrong with a rule that was written. */
export interface RuleProblem {
  readonly message: string;
  /** The member that it is about; undefined: the rule as a whole. */
  readonly member?: string | undefined;
  /** Where in the member's search, in UTF-16 units from 0. */
  readonly at?: number | undefined;
}

/** A rule that was read, or its problems: one or more. */
export type RuleReading =
  | { readonly ok: true; readonly rule: AlertRule; readonly text: AlertRuleText }
  | { readonly ok: false; readonly problems: readonly RuleProblem[] };

/** The members that decide what a state means: with others, a rule that was about to change begins anew. */
export function fingerprintOf(rule: AlertRule): string {
  const { project, q, kind, of, percentile, windowMs, side, bound, resolveBound, groupBy, min } = rule;
  return JSON.stringify([project ?? null, q, kind, of, percentile, windowMs, side, bound, resolveBound, groupBy, min]);
}

/** A value as people read it: "12", "5.2 %", "1.5 s". */
export function shownValue(kind: RuleKind, value: number): string {
  if (kind === "percentile") return formatDuration(value);
  return kind === "share" ? `${Number((value * 100).toPrecision(3))} %` : String(value);
}
