// From a rule and an instant to the query that measures it, and from the response to what was observed of each
// instance. Pure.

import {
  isBeyond,
  NOTHING_MEASURED,
  type Observation,
  observationOf,
  remembersValues,
  runningValue,
} from "../../core/alert_measure.ts";
import { type AlertRule, INSTANCES_MAX } from "../../core/alert_rule.ts";
import { SERVER_PROJECT } from "../../core/alerts.ts";
import { ROWS_MAX } from "../../core/limits.ts";
import type { QueryRequest } from "../../core/queries.ts";
import type { Measured, MeasureResponse, RunningResponse } from "../../core/responses.ts";
import { METADATA_PREFIX, metadataFieldName, quote } from "../../search/fields.ts";

/** The one instance of a rule without group_by. */
export const WHOLE = null;
/** The value of the field that rules are grouped by, or WHOLE. */
export type GroupValue = string | typeof WHOLE;

/** Values longer than this are cut in responses, so they cannot be looked for. */
const VALUE_CHARACTERS_MAX = 500;

/** The rule's search; without a project, the server's own records are left out, or a rule might count its own. */
export function searchOf({ project, q }: Pick<AlertRule, "project" | "q">): string {
  if (project !== undefined) return q;
  return q.trim() === "" ? `-project:${SERVER_PROJECT}` : `(${q}) -project:${SERVER_PROJECT}`;
}

/** The query that measures the rule at `t`, Unix ms. `known`: values of instances that must be among the answer's. */
export function requestOf(rule: AlertRule, t: number, known: readonly string[]): QueryRequest {
  const { kind, project, windowMs, groupBy } = rule;
  const q = searchOf(rule);
  if (kind === "running") {
    const scope = {
      project,
      q: `${inParentheses(q)} receivedAt:<=${t}`.trimStart(),
      from: undefined,
      to: t - windowMs,
    };
    return { kind: "running", scope, limit: ROWS_MAX };
  }
  return {
    kind: "measure",
    scope: { project, q, from: undefined, to: undefined },
    received: { after: t - windowMs, upTo: t },
    of: kind === "share" ? searchOf({ project, q: rule.of }) : undefined,
    percentile: kind === "percentile" ? rule.percentile : undefined,
    groups: groupBy === undefined ? undefined : { field: groupBy, known, isOfAll: rule.side === "below" },
  };
}

/** The query for a notification's sample records: the newest ones. Undefined: open timings are no records yet. */
export function samplesRequestOf(
  rule: AlertRule,
  t: number,
  value: GroupValue,
  limit: number,
): QueryRequest | undefined {
  if (rule.kind === "running" || rule.kind === "silence") return undefined;
  const window = `receivedAt:>${t - rule.windowMs} receivedAt:<=${t}`;
  const parts = [inParentheses(searchOf(rule)), groupSearch(rule.groupBy, value), window];
  if (rule.kind === "share") parts.unshift(inParentheses(rule.of));
  const q = parts.filter((part) => part !== "").join(" ");
  return {
    kind: "entries",
    scope: { project: rule.project, q, from: undefined, to: undefined },
    limit,
    cursor: undefined,
  };
}

/** The search for people: what the rule looks for, of this instance. */
export function shownSearch(rule: AlertRule, value: GroupValue): string {
  const group = groupSearch(rule.groupBy, value);
  if (group === "") return rule.q;
  return rule.q.trim() === "" ? group : `${inParentheses(rule.q)} ${group}`;
}

function groupSearch(field: string | undefined, value: GroupValue): string {
  if (field === undefined || value === WHOLE) return "";
  const name = field.startsWith(METADATA_PREFIX) ? metadataFieldName(field.slice(METADATA_PREFIX.length)) : field;
  return `${name}:${quote(value)}`;
}

/** A search of several words is one member of a longer one only in parentheses. */
function inParentheses(q: string): string {
  return q.trim() === "" || /^[^\s()"]+$/.test(q) ? q.trim() : `(${q})`;
}

/** What was measured of one instance. */
interface Sample {
  readonly value: GroupValue;
  readonly observation: Observation;
}

/** When the server can vouch for what it has received. */
export interface Continuity {
  /** When the server started, Unix ms by the clock as it is now. */
  readonly startedAt: number;
  /** The last jump of the clock: the instant after it, and by how many ms; undefined: none. */
  readonly jump: { readonly at: number; readonly ms: number } | undefined;
}

/** A jump that is shorter than this part of a window is not worth being blind for. */
const JUMP_SHARE_MIN = 0.1;

/**
 * What was observed of the instances: of the `known` ones, and of those that are furthest beyond the bound, at most
 * INSTANCES_MAX together. A rule without group_by has exactly one.
 */
export function observe(
  rule: AlertRule,
  answer: MeasureResponse | RunningResponse,
  t: number,
  known: readonly string[],
  continuity: Continuity,
): Sample[] {
  const look = (measured: Measured) => checked(observationOf(rule, measured), rule, t, continuity);
  if (rule.groupBy === undefined) return [{ value: WHOLE, observation: look(wholeOf(answer)) }];
  const groups = groupsOf(rule.groupBy, answer);
  const observed = new Map([...groups].map(([value, measured]) => [value, look(measured)] as const));
  const chosen = known.map((value) => ({ value, observation: observed.get(value) ?? look(NOTHING_MEASURED) }));
  const others = [...observed]
    .filter(([value, observation]) => !known.includes(value) && isWorthKnowing(rule, observation))
    .sort(([, a], [, b]) => badness(rule, b) - badness(rule, a));
  for (const [value, observation] of others) {
    if (chosen.length >= INSTANCES_MAX) break;
    if (value.length < VALUE_CHARACTERS_MAX) chosen.push({ value, observation });
  }
  return chosen;
}

function isWorthKnowing(rule: AlertRule, observation: Observation): boolean {
  if (!observation.isKnown) return false;
  return remembersValues(rule) || isBeyond(observation.value, rule);
}

function badness({ side }: AlertRule, observation: Observation): number {
  if (!observation.isKnown) return Number.NEGATIVE_INFINITY;
  return side === "above" ? observation.value : -observation.value;
}

function wholeOf(answer: MeasureResponse | RunningResponse): Measured {
  return "running" in answer ? { ...NOTHING_MEASURED, count: answer.count } : answer;
}

function groupsOf(field: string, answer: MeasureResponse | RunningResponse): ReadonlyMap<string, Measured> {
  if (!("running" in answer)) return new Map((answer.groups ?? []).map((group) => [group.value, group]));
  const counts = new Map<string, number>();
  for (const timing of answer.running) {
    const value = runningValue(timing, field);
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return new Map([...counts].map(([value, count]) => [value, { ...NOTHING_MEASURED, count }]));
}

/** The same, unless the window reaches to a time of which the server cannot say what it would have received. */
function checked(observation: Observation, rule: AlertRule, t: number, { startedAt, jump }: Continuity): Observation {
  if (rule.kind === "running" || !observation.isKnown) return observation;
  const begin = t - rule.windowMs;
  if (jump !== undefined && jump.at > begin && Math.abs(jump.ms) > rule.windowMs * JUMP_SHARE_MIN) {
    return { isKnown: false, reason: "the clock was set during the window" };
  }
  if (remembersValues(rule) && isBeyond(observation.value, rule) && startedAt > begin) {
    return { isKnown: false, reason: "the server has not run for a whole window yet" };
  }
  return observation;
}
