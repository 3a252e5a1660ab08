// From a rule and an instant to the query that measures it, and from the response to what was observed of each
// instance. Pure.

import {
  frequencyOf,
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
import { compareTexts } from "../../core/text_order.ts";
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

/**
 * The query that measures the rule at `t`, Unix ms. `known`: values of instances that must be among the answer's.
 * `fromId`: see fromIdOf.
 */
export function requestOf(rule: AlertRule, t: number, known: readonly string[], fromId?: number): QueryRequest {
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
    received: { after: t - windowMs, upTo: t, fromId },
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
  fromId?: number,
): QueryRequest | undefined {
  if (rule.kind === "running" || rule.kind === "silence") return undefined;
  const since = fromId === undefined ? "" : ` id:>=${fromId}`;
  const window = `receivedAt:>${t - rule.windowMs} receivedAt:<=${t}${since}`;
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

/** A break in time: the instant after it, Unix ms by the clock as it is now, and how long it was, in ms. */
export interface Gap {
  readonly at: number;
  readonly ms: number;
}

/** When the server can vouch for what it has received. */
export interface Continuity {
  /** When the server started, Unix ms by the clock as it is now. */
  readonly startedAt: number;
  /** The last jump of the clock, less than 0 where it was set back; undefined: none. */
  readonly jump: Gap | undefined;
  /** Those before it. */
  readonly earlierJumps?: readonly Gap[];
  /** Times in which the process stood still, and received nothing. */
  readonly stalls?: readonly Gap[];
  /**
   * The clock was set back: records that were received before have times up to `until`, which come once more, and ids
   * below `fromId`. Undefined: it was not.
   */
  readonly replay?: { readonly until: number; readonly fromId: number } | undefined;
}

/** Gaps that are shorter than this part of a window in all are not worth being blind for. */
const GAP_SHARE_MIN = 0.1;

/** The lowest id of the records that a window after `after` is about; undefined: any. */
export function fromIdOf({ replay }: Continuity, after: number): number | undefined {
  return replay !== undefined && after < replay.until ? replay.fromId : undefined;
}

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
  const chosen = known.map((value) => ({ value, observation: look(groups.get(value) ?? NOTHING_MEASURED) }));
  const others = [...groups]
    .map(([value, measured]) => ({ value, observation: look(measured), frequency: frequencyOf(rule, measured) }))
    .filter(({ value, observation }) => !known.includes(value) && isWorthKnowing(rule, observation))
    .sort(
      (a, b) =>
        badness(rule, b.observation) - badness(rule, a.observation) ||
        b.frequency - a.frequency ||
        compareTexts(a.value, b.value),
    );
  for (const { value, observation } of others) {
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
function checked(observation: Observation, rule: AlertRule, t: number, continuity: Continuity): Observation {
  if (rule.kind === "running" || !observation.isKnown) return observation;
  const { startedAt, jump, earlierJumps = [], stalls = [] } = continuity;
  const begin = t - rule.windowMs;
  const isLong = (gaps: readonly Gap[]) =>
    gaps.filter(({ at }) => at > begin).reduce((sum, { ms }) => sum + Math.abs(ms), 0) > rule.windowMs * GAP_SHARE_MIN;
  if (isLong(jump === undefined ? earlierJumps : [...earlierJumps, jump])) {
    return { isKnown: false, reason: "the clock was set during the window" };
  }
  if (remembersValues(rule) && isBeyond(observation.value, rule)) {
    if (startedAt > begin) return { isKnown: false, reason: "the server has not run for a whole window yet" };
    if (isLong(stalls)) return { isKnown: false, reason: "the server stood still during the window" };
  }
  return observation;
}
