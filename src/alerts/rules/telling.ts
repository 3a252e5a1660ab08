// What is told of a change, and the record that keeps it: from a rule, an instance and a step to a notification and to
// a record of the server's own project. Pure.

import { createHash } from "node:crypto";
import { type AlertRule, shownValue } from "../../core/alert_rule.ts";
import type { AlertRecord } from "../../core/alerts.ts";
import type { JsonObject } from "../../core/json.ts";
import {
  type Notification,
  type NotificationSample,
  type NotificationState,
  titleOf,
} from "../../core/notification.ts";
import type { Level, ShownRecord } from "../../core/record.ts";
import { type GroupValue, shownSearch, WHOLE } from "./observe.ts";

const MESSAGE_CHARACTERS_MAX = 300;
/** Discord and ntfy take links of up to 2,048 characters. */
const LINK_CHARACTERS_MAX = 2_000;
const LEVELS: Readonly<Record<AlertRule["severity"], Level>> = { info: "info", warning: "warn", critical: "error" };

/** Where the app is reached, without a slash at the end. */
export interface Links {
  readonly url: string;
}

/** One change of an instance. */
export interface Change {
  readonly rule: AlertRule;
  readonly group: GroupValue;
  readonly telling: NotificationState;
  /** Undefined where a test has none. */
  readonly value: number | undefined;
  /** When the rule began to fire, Unix ms. */
  readonly firingFrom: number;
  /** The instant of the evaluation, Unix ms. */
  readonly t: number;
}

/**
 * The notification. Its id follows from what it says, so the same change always has the same one.
 * @param replay tells apart what is said at a time that comes once more, because the clock was set back
 */
export function notificationOf(
  change: Change,
  samples: readonly ShownRecord[],
  links: Links,
  replay?: number,
): Notification {
  const { rule, group, telling, value, firingFrom, t } = change;
  const resolveBound = telling === "resolved" ? rule.resolveBound : undefined;
  return {
    id: idOf([rule.name, group, telling, firingFrom, t, ...(replay === undefined ? [] : [replay])]),
    rule: rule.name,
    ...(rule.groupBy === undefined || group === WHOLE ? {} : { group: { field: rule.groupBy, value: group } }),
    ...(rule.project === undefined ? {} : { project: rule.project }),
    state: telling,
    kind: rule.kind,
    ...(value === undefined ? {} : { value }),
    threshold: resolveBound ?? rule.bound,
    side: rule.side,
    query: rule.q,
    from: t - rule.windowMs,
    to: t,
    since: firingFrom,
    severity: rule.severity,
    ...(rule.note === undefined ? {} : { note: rule.note }),
    url: searchUrl(rule, group, t, links),
    samples: samples.map((record) => sampleOf(record, links)),
  };
}

/** The end of a firing that no evaluation saw: its rule is gone, or is grouped by another field. */
export function withdrawn(last: Notification, t: number): Notification {
  const { value: _, ...rest } = last;
  const note = "The rule was removed or changed while it was firing.";
  return {
    ...rest,
    id: idOf([last.rule, last.group?.value ?? WHOLE, "withdrawn", last.since, t]),
    state: "resolved",
    note,
    to: t,
    samples: [],
  };
}

function idOf(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

function searchUrl(rule: AlertRule, group: GroupValue, t: number, { url }: Links): string {
  const isTiming = rule.kind === "percentile" || rule.kind === "running";
  const path = isTiming ? "/timings" : "/logs";
  const times = { project: rule.project, from: String(t - rule.windowMs), to: String(t) };
  const link = `${url}${path}?${parameters({ ...times, q: shownSearch(rule, group) })}`;
  // A part of a search is another one.
  return link.length <= LINK_CHARACTERS_MAX ? link : `${url}${path}?${parameters(times)}`;
}

function sampleOf(record: ShownRecord, { url }: Links): NotificationSample {
  const { id, project, time, level, touchpoint, message } = record;
  return {
    id,
    time,
    ...(level === undefined ? {} : { level }),
    ...(touchpoint === undefined ? {} : { touchpoint }),
    ...(message === undefined ? {} : { message: message.slice(0, MESSAGE_CHARACTERS_MAX).toWellFormed() }),
    url: `${url}/logs?${parameters({ project, from: String(Math.floor(time)), to: String(Math.floor(time) + 1), q: `id:${id}` })}`,
  };
}

function parameters(values: Readonly<Record<string, string | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined && value !== "") search.set(name, value);
  return search.toString();
}

/** The record of a notification that changes a state. */
export function recordOf(notification: Notification): AlertRecord {
  const { rule, group, project, state, kind, value, threshold, side, query, from, to, since, severity } = notification;
  const metadata: JsonObject = {
    rule,
    state,
    kind,
    ...(value === undefined ? {} : { value }),
    threshold,
    side,
    query,
    severity,
    since,
    from,
    to,
    ...(group === undefined ? {} : { group: group.value, groupBy: group.field }),
    ...(project === undefined ? {} : { project }),
  };
  return {
    time: to,
    level: state === "firing" ? LEVELS[severity] : "info",
    touchpoint: touchpointOf(rule),
    key: `${titleOf(notification)} ${since}`,
    message: messageOf(notification),
    metadata,
  };
}

/** The touchpoint of a rule's records: a slash in a rule's name is no level. */
export function touchpointOf(rule: string): string {
  return `alerts/${rule.replaceAll("/", "-")}`;
}

/** A record of what a person did to a rule. */
export function actionRecord(rule: string, message: string, time: number): AlertRecord {
  return { time, level: "info", touchpoint: touchpointOf(rule), key: rule, message, metadata: { rule } };
}

function messageOf(notification: Notification): string {
  const { state, kind, value, threshold, side } = notification;
  const measured = value === undefined ? "" : `: ${shownValue(kind, value)}`;
  const bound = kind === "silence" ? "" : `, ${side} ${shownValue(kind, threshold)}`;
  if (state === "firing") return `${titleOf(notification)} is firing${measured}${bound}`;
  return `${titleOf(notification)} has resolved${measured}`;
}
