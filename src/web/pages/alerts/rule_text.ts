// Alert rules as texts: what one measures as a sentence, its search in the app, and its lines in the configuration file.

import type { ShownRule } from "../../../core/alert_responses.ts";
import { type AlertRuleText, shownValue } from "../../../core/alert_rule.ts";
import { formatDuration } from "../../../core/format.ts";
import type { PageName } from "../../../core/pages.ts";
import type { ParameterChanges } from "../../state/router.ts";
import { exactTerm, joinSearches } from "../../state/search_text.ts";
import { tomlString } from "../../state/toml_text.ts";

type Condition = Pick<ShownRule, "kind" | "of" | "p" | "windowMs" | "side" | "bound">;

/** When a rule fires: "above 10 in 5 m", "p95 above 1.5 s in 10 m", "none in 26 h". */
export function conditionText({ kind, of, p, windowMs, side, bound }: Condition): string {
  const window = formatDuration(windowMs);
  const beyond = `${side} ${shownValue(kind, bound)}`;
  if (kind === "silence") return `none in ${window}`;
  if (kind === "running") return `${beyond} running for ${window}`;
  if (kind === "percentile") return `p${p} ${beyond} in ${window}`;
  return kind === "share" ? `${beyond} of ${of} in ${window}` : `${beyond} in ${window}`;
}

/** Where the app shows what a rule, or one of its groups, looks at: a page and its parameters. */
export function searchPlace(
  { kind, q, project, groupBy }: Pick<ShownRule, "kind" | "q" | "project" | "groupBy">,
  group: string | null,
): { readonly page: PageName; readonly parameters: ParameterChanges } {
  const term = groupBy === null || group === null ? undefined : exactTerm(groupBy, group);
  const parameters = { project: project ?? "", q: joinSearches(q, term) };
  if (kind === "running") return { page: "timings", parameters: { ...parameters, tab: "running" } };
  return { page: kind === "percentile" ? "timings" : "logs", parameters };
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** A length of time as the configuration has it: "90s", "26h". */
export function lengthText(ms: number): string {
  const [name, unitMs] = UNITS.find(([, unitMs]) => ms >= unitMs && ms % unitMs === 0) ?? ["ms", 1];
  return `${ms / unitMs}${name}`;
}

/** A rule as it is written. What has its default is left out. */
export function ruleText(rule: ShownRule): AlertRuleText {
  const { kind, side, resolveBound, forMs, keepMs, groupBy, repeatMs, project, note } = rule;
  const boundOf = (bound: number) => (kind === "percentile" ? lengthText(bound) : bound);
  const hasMin = kind === "share" || kind === "percentile";
  return {
    name: rule.name,
    ...(project === null ? {} : { project }),
    ...(rule.q === "" ? {} : { q: rule.q }),
    ...(kind === "count" ? {} : { kind }),
    ...(kind === "share" ? { of: rule.of } : {}),
    ...(kind === "percentile" ? { p: rule.p } : {}),
    window: lengthText(rule.windowMs),
    every: lengthText(rule.everyMs),
    ...(kind === "silence" ? {} : { [side]: boundOf(rule.bound) }),
    ...(kind === "silence" || resolveBound === null
      ? {}
      : { [side === "above" ? "resolve_below" : "resolve_above"]: boundOf(resolveBound) }),
    ...(forMs === 0 ? {} : { for: lengthText(forMs) }),
    ...(keepMs === 0 ? {} : { keep: lengthText(keepMs) }),
    ...(groupBy === null ? {} : { group_by: groupBy }),
    ...(hasMin ? { min: rule.min } : {}),
    ...(repeatMs === null ? {} : { repeat: lengthText(repeatMs) }),
    ...(rule.notify.length === 0 ? {} : { notify: rule.notify }),
    ...(rule.severity === "warning" ? {} : { severity: rule.severity }),
    ...(note === null ? {} : { note }),
  };
}

/** The table of a rule in the configuration file. */
export function ruleToml(rule: AlertRuleText): string {
  const lines = Object.entries(rule).map(([name, value]: [string, unknown]) => `${name} = ${tomlValue(value)}`);
  return ["[[alerts]]", ...lines].join("\n");
}

function tomlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(", ")}]`;
  return typeof value === "string" ? tomlString(value) : String(value);
}
