// The state of one instance of a rule: what was measured enters, the next state and what is to be told leave. Pure: the
// same series of measurements gives the same tellings.
//
//   ok → pending (beyond the bound) → firing (held `for`) → recovering (back across the resolve bound) → ok (held `keep`)

import { isBack, isBeyond, type Observation } from "../../core/alert_measure.ts";
import type { AlertRule } from "../../core/alert_rule.ts";
import type { NotificationState } from "../../core/notification.ts";

/** Where an instance stands. */
export const PHASES = ["ok", "pending", "firing", "recovering"] as const;
export type Phase = (typeof PHASES)[number];

/** The state of an instance. Times in Unix ms, those of evaluations. */
export interface InstanceState {
  readonly phase: Phase;
  /** Since when it is in this phase; of `pending` and `recovering`, since when the value is where it is. */
  readonly heldFrom: number;
  /** When it began to fire; undefined unless it is firing or recovering. */
  readonly firingFrom: number | undefined;
  /** When that was told last; undefined: it was not told, because the rule was muted. */
  readonly toldAt: number | undefined;
}

export interface Step {
  readonly state: InstanceState;
  /** At most one. */
  readonly telling: Exclude<NotificationState, "test"> | undefined;
}

/** The state of an instance that was never seen. */
export const NEVER_SEEN: InstanceState = { phase: "ok", heldFrom: 0, firingFrom: undefined, toldAt: undefined };

/**
 * The next state. @param t the instant of the evaluation, Unix ms. @param isMuted whether nothing new is told: a firing
 * that begins meanwhile is told when the mute ends, and one that was told before is told as resolved all the same.
 */
export function nextState(
  before: InstanceState,
  observation: Observation,
  rule: AlertRule,
  t: number,
  isMuted: boolean,
): Step {
  const state = notAfter(before, t);
  if (!observation.isKnown) return { state, telling: undefined };
  const { value } = observation;
  const isBad = isBeyond(value, rule);
  const moved = moveOn(state, isBad, !isBad && isBack(value, rule), rule, t);
  if (state.firingFrom !== undefined && moved.firingFrom === undefined) {
    return { state: moved, telling: state.toldAt === undefined ? undefined : "resolved" };
  }
  return told(moved, rule, t, isMuted);
}

/** By phases alone: `toldAt` is carried along. */
function moveOn(
  { phase, heldFrom, firingFrom, toldAt }: InstanceState,
  isBad: boolean,
  isGood: boolean,
  { forMs, keepMs }: AlertRule,
  t: number,
): InstanceState {
  if (firingFrom === undefined) {
    if (!isBad) return phase === "ok" ? { phase, heldFrom, firingFrom, toldAt } : { ...NEVER_SEEN, heldFrom: t };
    const from = phase === "pending" ? heldFrom : t;
    if (t - from < forMs) return { phase: "pending", heldFrom: from, firingFrom: undefined, toldAt: undefined };
    return { phase: "firing", heldFrom: t, firingFrom: t, toldAt: undefined };
  }
  if (!isGood) return { phase: "firing", heldFrom: phase === "firing" ? heldFrom : t, firingFrom, toldAt };
  const from = phase === "recovering" ? heldFrom : t;
  if (t - from < keepMs) return { phase: "recovering", heldFrom: from, firingFrom, toldAt };
  return { ...NEVER_SEEN, heldFrom: t };
}

/** Tells of a state that is firing, if it is time. */
function told(state: InstanceState, { repeatMs }: AlertRule, t: number, isMuted: boolean): Step {
  const { phase, toldAt } = state;
  if (phase !== "firing" || isMuted) return { state, telling: undefined };
  if (toldAt === undefined) return { state: { ...state, toldAt: t }, telling: "firing" };
  if (repeatMs === undefined || t - toldAt < repeatMs) return { state, telling: undefined };
  return { state: { ...state, toldAt: t }, telling: "repeat" };
}

/** The same state with no instant after `t`: the clock may have been set back. */
function notAfter(state: InstanceState, t: number): InstanceState {
  const { heldFrom, firingFrom, toldAt } = state;
  if (heldFrom <= t && (firingFrom ?? t) <= t && (toldAt ?? t) <= t) return state;
  const least = (instant: number | undefined) => (instant === undefined ? undefined : Math.min(instant, t));
  return { ...state, heldFrom: Math.min(heldFrom, t), firingFrom: least(firingFrom), toldAt: least(toldAt) };
}

/** The same state after the clock was set by so many ms: lengths of time stay as they are. */
export function shiftState(state: InstanceState, ms: number): InstanceState {
  const shifted = (instant: number | undefined) => (instant === undefined ? undefined : instant + ms);
  const { heldFrom, firingFrom, toldAt } = state;
  return { ...state, heldFrom: heldFrom + ms, firingFrom: shifted(firingFrom), toldAt: shifted(toldAt) };
}

/** Whether two states are equal, but for since when an instance is at rest. */
export function isSameState(one: InstanceState, other: InstanceState): boolean {
  if (one.phase !== other.phase) return false;
  if (one.phase === "ok") return true;
  return one.heldFrom === other.heldFrom && one.firingFrom === other.firingFrom && one.toldAt === other.toldAt;
}

/** The state that a changed rule begins with: what was about to change begins anew, what fires goes on firing. */
export function underChangedRule(state: InstanceState): InstanceState {
  if (state.phase === "pending") return NEVER_SEEN;
  return state.phase === "recovering" ? { ...state, phase: "firing" } : state;
}
