// Alerts in the data file: what a row's text means. What cannot be read (a later version wrote it) is left out.

import type { AlertRuleText } from "../core/alert_rule.ts";
import type { AlertRow, AlertWrite } from "../core/alerts.ts";
import { DAY_MS } from "../core/limits.ts";
import type { QueuedDelivery } from "./delivery/queue.ts";
import type { StoredInstance } from "./rules/instance_rows.ts";
import { PHASES } from "./rules/state.ts";

/** Until when nothing new is told of a rule. */
export interface Mute {
  readonly rule: string;
  /** Unix ms. */
  readonly until: number;
  /** When it began, Unix ms; undefined: an earlier version did not say. */
  readonly at?: number;
}

/** The longest mute, in ms: a rule is not forgotten by it. */
export const MUTE_MS_MAX = 90 * DAY_MS;

/** The mute as it is at this moment: it lasts no longer than it was meant to, however the clock was set. */
export function muteAt({ rule, until, at = until - MUTE_MS_MAX }: Mute, now: number): Mute {
  return at <= now ? { rule, until, at } : { rule, until: now + (until - at), at: now };
}

/** All that is kept. */
export interface StoredAlerts {
  readonly instances: readonly StoredInstance[];
  readonly mutes: readonly Mute[];
  /** Until when each rule was evaluated at least, Unix ms. */
  readonly evaluated: ReadonlyMap<string, number>;
  /** In the order in which they were added. */
  readonly deliveries: readonly PlacedDelivery[];
}

export function muteRow(mute: Mute): AlertRow {
  return { kind: "mute", id: mute.rule, data: JSON.stringify(mute) };
}

/** A rule that was made in the app. */
export function ruleRow(text: AlertRuleText): AlertRow {
  return { kind: "rule", id: text.name, data: JSON.stringify(text) };
}

/** The rows after a write. */
export function applied(rows: readonly AlertRow[], { put, remove }: AlertWrite): AlertRow[] {
  const isChanged = ({ kind, id }: Pick<AlertRow, "kind" | "id">) =>
    [...put, ...remove].some((one) => one.kind === kind && one.id === id);
  return [...rows.filter((row) => !isChanged(row)), ...put];
}

/** @param place where it stands in the order of all deliveries. */
export function deliveryRow(delivery: QueuedDelivery, place: number): AlertRow {
  return { kind: "delivery", id: delivery.id, data: JSON.stringify({ place, delivery }) };
}

/** The highest place of a delivery in the rows, 0 for none. */
export function lastPlace(rows: readonly AlertRow[]): number {
  return Math.max(0, ...placedDeliveries(rows).map(({ place }) => place));
}

/** Until when one rule was evaluated, Unix ms: written with a change of its state. */
export function evaluatedRow(rule: string, t: number): AlertRow {
  return { kind: "evaluated", id: rule, data: JSON.stringify({ [rule]: t }) };
}

/** The same of all rules at once. */
export function allEvaluatedRow(evaluated: ReadonlyMap<string, number>): AlertRow {
  return { kind: "evaluated", id: "", data: JSON.stringify(Object.fromEntries(evaluated)) };
}

export function storedAlerts(rows: readonly AlertRow[]): StoredAlerts {
  const placed = placedDeliveries(rows).toSorted((a, b) => a.place - b.place);
  const evaluated = new Map<string, number>();
  for (const [rule, t] of read<object>(rows, "evaluated").flatMap((one) => Object.entries(one ?? {}))) {
    if (Number.isFinite(t)) evaluated.set(rule, Math.max(Number(t), evaluated.get(rule) ?? Number.NEGATIVE_INFINITY));
  }
  return {
    evaluated,
    instances: read<StoredInstance>(rows, "state").filter(
      ({ rule, state }) => typeof rule === "string" && PHASES.includes(state?.phase),
    ),
    mutes: read<Mute>(rows, "mute").filter(({ until }) => Number.isFinite(until)),
    deliveries: placed,
  };
}

/** A delivery, and where it stands in the order of all. */
export interface PlacedDelivery {
  readonly place: number;
  readonly delivery: QueuedDelivery;
}

function placedDeliveries(rows: readonly AlertRow[]): PlacedDelivery[] {
  return read<PlacedDelivery>(rows, "delivery").filter(
    ({ place, delivery }) => Number.isFinite(place) && delivery !== undefined,
  );
}

function read<T>(rows: readonly AlertRow[], wanted: AlertRow["kind"]): T[] {
  return rows.flatMap(({ kind, data }) => {
    if (kind !== wanted) return [];
    try {
      return [JSON.parse(data) as T];
    } catch {
      return [];
    }
  });
}
