// A change of the rules that the data file has: what is to be written, or why it is refused. Pure. Names are unique among
// the configuration's rules and these.

import type { RuleChange, RuleChangeOutcome } from "../core/alert_responses.ts";
import { type AlertRule, RULES_MAX, type RuleReading } from "../core/alert_rule.ts";
import type { AlertRow, AlertWrite } from "../core/alerts.ts";
import { ruleRow } from "./rows.ts";
import { actionRecord } from "./rules/telling.ts";

/** The rules that there are. */
export interface KnownRules {
  /** Of the configuration. */
  readonly configured: readonly AlertRule[];
  /** Rows of kind "rule". */
  readonly stored: readonly AlertRow[];
}

export type RuleDecision =
  | {
      readonly ok: true;
      readonly write: AlertWrite;
      /** Of the rule that is there afterwards; undefined: it is deleted. */
      readonly name: string | undefined;
    }
  | Extract<RuleChangeOutcome, { readonly ok: false }>;

/** @param now Unix ms */
export function decideChange(
  change: RuleChange,
  known: KnownRules,
  read: (rule: unknown) => RuleReading,
  now: number,
): RuleDecision {
  if (change.kind === "delete") return decideDeletion(change.name, known, now);
  const { configured, stored } = known;
  if (change.kind === "replace") {
    const refusal = unchangeable(change.name, known);
    if (refusal !== undefined) return refusal;
  } else if (configured.length + stored.length >= RULES_MAX) {
    return refuse("limit", `there are ${configured.length + stored.length} rules, the most there can be`);
  }
  const reading = read(change.rule);
  if (!reading.ok) {
    const [problem = { message: "the rule cannot work" }] = reading.problems;
    return { ok: false, code: "invalid", problem };
  }
  const { text } = reading;
  const before = change.kind === "replace" ? change.name : undefined;
  if (text.name !== before) {
    const other = configured.find(({ name }) => name === text.name);
    const where = other === undefined ? "" : ` in the configuration file${inLine(other)}`;
    if (other !== undefined || isStored(text.name, stored)) {
      const message = `there is a rule ${JSON.stringify(text.name)}${where} already: choose another name`;
      return { ok: false, code: "already_there", problem: { message, member: "name" } };
    }
  }
  const isRenamed = before !== undefined && before !== text.name;
  const what = before === undefined ? "was made" : isRenamed ? `was made of ${before}` : "was changed";
  return {
    ok: true,
    name: text.name,
    write: {
      put: [ruleRow(text)],
      remove: isRenamed ? rowsOf(before) : [],
      records: [actionRecord(text.name, `${text.name} ${what}`, now)],
    },
  };
}

/** What the configuration has set aside can be deleted. */
function decideDeletion(name: string, known: KnownRules, now: number): RuleDecision {
  if (!isStored(name, known.stored)) return unchangeable(name, known) ?? refuse("not_found", noRule(name));
  const records = [actionRecord(name, `${name} was deleted`, now)];
  const isSetAside = known.configured.some((rule) => rule.name === name);
  const remove = isSetAside ? rowsOf(name).slice(0, 1) : rowsOf(name);
  return { ok: true, name: undefined, write: { put: [], remove, records } };
}

/** Why the rule of this name cannot be replaced; undefined: it can. */
function unchangeable(name: string, { configured, stored }: KnownRules): RuleDecision | undefined {
  const rule = configured.find((one) => one.name === name);
  if (rule !== undefined) {
    const message = `${JSON.stringify(name)} stands in the configuration file${inLine(rule)}: change it there`;
    return refuse("configured", message);
  }
  return isStored(name, stored) ? undefined : refuse("not_found", noRule(name));
}

/** What the data file has of a rule by its name alone: itself, its mute, and until when it was evaluated. */
function rowsOf(name: string): AlertWrite["remove"] {
  return [
    { kind: "rule", id: name },
    { kind: "mute", id: name },
    { kind: "evaluated", id: name },
  ];
}

function isStored(name: string, stored: readonly AlertRow[]): boolean {
  return stored.some(({ id }) => id === name);
}

function inLine({ line }: AlertRule): string {
  return line === undefined ? "" : `, line ${line}`;
}

function noRule(name: string): string {
  return `there is no rule ${JSON.stringify(name)}`;
}

function refuse(code: "limit" | "configured" | "not_found", message: string): RuleDecision {
  return { ok: false, code, problem: { message } };
}
