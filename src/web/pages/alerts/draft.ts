// The form of a rule: its fields as texts, and the rule that they write. What is wrong with it is said by the server,
// which has the one checker.

import type { ShownRule } from "../../../core/alert_responses.ts";
import { type AlertRuleText, RULE_KINDS, type RuleKind } from "../../../core/alert_rule.ts";
import type { Parameters } from "../../state/router.ts";
import { ruleText } from "./rule_text.ts";

/** The fields. "" is one that is left out. */
export interface Draft {
  readonly name: string;
  readonly project: string;
  readonly q: string;
  readonly kind: RuleKind;
  readonly of: string;
  readonly p: string;
  readonly window: string;
  readonly every: string;
  readonly side: "above" | "below";
  readonly bound: string;
  readonly resolve: string;
  readonly for: string;
  readonly keep: string;
  readonly group_by: string;
  readonly min: string;
  readonly repeat: string;
  readonly notify: readonly string[];
  readonly severity: string;
  readonly note: string;
}

const EMPTY: Draft = {
  name: "",
  project: "",
  q: "",
  kind: "count",
  of: "",
  p: "",
  window: "5m",
  every: "30s",
  side: "above",
  bound: "",
  resolve: "",
  for: "",
  keep: "",
  group_by: "",
  min: "",
  repeat: "",
  notify: [],
  severity: "warning",
  note: "",
};

/** A first bound, so that there is something to see. */
export const FIRST_BOUNDS: Readonly<Record<RuleKind, string>> = {
  count: "10",
  share: "5%",
  percentile: "1s",
  silence: "",
  running: "0",
};

/** The form for a search, as the address has it. */
export function draftOfSearch({ kind, q = "", project = "" }: Parameters): Draft {
  const known = RULE_KINDS.find((one) => one === kind) ?? "count";
  return { ...EMPTY, q, project, kind: known, bound: FIRST_BOUNDS[known] };
}

/** The form of a rule that there is. */
export function draftOfRule(rule: ShownRule): Draft {
  const { above, below, resolve_above, resolve_below, notify = [], ...written } = ruleText(rule);
  const texts = Object.entries(written).map(([name, value]) => [name, String(value)]);
  const bound = above ?? below ?? "";
  return {
    ...EMPTY,
    ...(Object.fromEntries(texts) as Partial<Draft>),
    side: rule.side,
    bound: String(bound),
    resolve: String(resolve_below ?? resolve_above ?? ""),
    notify,
  };
}

/** The rule that the fields write. What does not belong to its kind is left out. */
export function ruleOfDraft(draft: Draft): AlertRuleText {
  const { kind, side, notify } = draft;
  const isShare = kind === "share";
  const isPercentile = kind === "percentile";
  const hasBound = kind !== "silence";
  const members: Readonly<Record<string, string | number | readonly string[]>> = {
    project: draft.project,
    q: draft.q.trim(),
    kind,
    of: isShare ? draft.of.trim() : "",
    p: isPercentile ? numberOr(draft.p) : "",
    window: draft.window.trim(),
    every: draft.every.trim(),
    [side]: hasBound ? numberOr(draft.bound) : "",
    [side === "above" ? "resolve_below" : "resolve_above"]: hasBound ? numberOr(draft.resolve) : "",
    for: draft.for.trim(),
    keep: draft.keep.trim(),
    group_by: draft.group_by.trim(),
    min: isShare || isPercentile ? numberOr(draft.min) : "",
    repeat: draft.repeat.trim(),
    notify,
    severity: draft.severity,
    note: draft.note.trim(),
  };
  const given = Object.entries(members).filter(([, value]) => value !== "" && (value as string).length !== 0);
  return { name: draft.name.trim(), ...Object.fromEntries(given) };
}

/** "5%" is 0.05. A text that is no number stays, and the server says what it should be. */
function numberOr(text: string): string | number {
  const plain = text.trim();
  const [, percent] = /^(\d+(?:\.\d+)?) ?%$/.exec(plain) ?? [];
  if (percent !== undefined) return Number((Number(percent) / 100).toPrecision(12));
  return plain === "" || Number.isNaN(Number(plain)) ? plain : Number(plain);
}

/** The field that a problem is about; undefined: none of them. */
export function fieldOf(member: string | undefined): keyof Draft | undefined {
  if (member === "above" || member === "below") return "bound";
  if (member === "resolve_above" || member === "resolve_below") return "resolve";
  return Object.keys(EMPTY).find((name): name is keyof Draft => name === member);
}
