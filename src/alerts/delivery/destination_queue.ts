// What waits for one destination, and what is to be done next. It keeps the order within a rule's instance, so that
// "resolved" never overtakes "firing"; it bounds requests to 30 a minute, and folds what is too much into a summary.
// Pure data: it sends nothing and has no clock. Times are ms of a clock that nobody sets.

import type { Notification } from "../../core/notification.ts";
import { type QueuedDelivery, SUMMARY_NOTIFICATIONS_MAX, type Summary } from "./queue.ts";

/** Requests to one destination in a minute, attempts that fail included. */
export const REQUESTS_A_MINUTE_MAX = 30;
const MINUTE_MS = 60_000;
/** What may wait behind the first of a rule's instance; past it, the oldest of these is left out. */
const BEHIND_FIRST_MAX = 8;
/** Past so many deliveries that wait, firings that have resolved, and of which nobody was told, are left out. */
const WAITING_MAX = 2_000;
/** Fewer are sent one by one. */
const SUMMARY_NOTIFICATIONS_MIN = 2;

/** What to do next. "wait" without ms: until something is added or ends. */
export type NextStep =
  | { readonly step: "send"; readonly delivery: QueuedDelivery }
  | { readonly step: "fold"; readonly deliveries: readonly QueuedDelivery[] }
  | { readonly step: "wait"; readonly ms: number | undefined };

interface Waiting {
  delivery: QueuedDelivery;
  dueAt: number;
  isBusy: boolean;
  readonly lanes: readonly string[];
}

/** One destination's deliveries in their order. */
export class DestinationQueue {
  readonly #waiting: Waiting[] = [];
  readonly #sentAt: number[] = [];
  /** Requests at the same time, 1 or more. */
  atOnceMax: number;
  #busy = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  /** Something waited only because of the bound on requests: what waits becomes a summary. */
  #hasOverflowed = false;

  constructor(atOnceMax: number) {
    this.atOnceMax = atOnceMax;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Whether no request is under way. */
  get isIdle(): boolean {
    return this.#busy === 0;
  }

  /** Lanes of everything that waits. */
  get lanes(): ReadonlySet<string> {
    return new Set(this.#waiting.flatMap(({ lanes }) => lanes));
  }

  /** Adds a delivery at the end; returns the ids of those that it makes needless. */
  add(delivery: QueuedDelivery, dueAt: number): string[] {
    const lanes = lanesOf(delivery);
    this.#waiting.push({ delivery, dueAt, isBusy: false, lanes });
    const same = this.#waiting.filter((one) => one.lanes.some((lane) => lanes.includes(lane)));
    // A summary may be the last word on other rules.
    const behind = same.slice(1, -1).filter((one) => !one.isBusy && isNew(one) && one.lanes.length === 1);
    const needless = behind.slice(0, Math.max(0, behind.length + 1 - BEHIND_FIRST_MAX));
    if (this.#waiting.length > WAITING_MAX) needless.push(...this.#untold());
    for (const one of needless) this.#drop(one);
    return needless.map((one) => one.delivery.id);
  }

  /** Whatever waits is tried now: its destination is another one than before. */
  retryNow(now: number): void {
    this.#pausedUntil = Number.NEGATIVE_INFINITY;
    for (const one of this.#waiting) one.dueAt = Math.min(one.dueAt, now);
  }

  /** The next step at this moment. What it hands out to send or to fold is under way until it ends. */
  next(now: number): NextStep {
    if (this.#busy >= this.atOnceMax) return { step: "wait", ms: undefined };
    if (now < this.#pausedUntil) return this.#wait(this.#pausedUntil - now);
    while ((this.#sentAt[0] ?? now) <= now - MINUTE_MS) this.#sentAt.shift();
    const first = this.#first();
    const due = first.filter(({ dueAt }) => dueAt <= now);
    if (due.length === 0) {
      const soonest = Math.min(...first.map(({ dueAt }) => dueAt));
      return this.#wait(soonest === Number.POSITIVE_INFINITY ? undefined : soonest - now);
    }
    if (this.#sentAt.length >= REQUESTS_A_MINUTE_MAX) {
      this.#hasOverflowed ||= due.some(isNew);
      return this.#wait((this.#sentAt[0] ?? now) + MINUTE_MS - now);
    }
    const folded = this.#hasOverflowed ? this.#foldable() : [];
    this.#hasOverflowed = false;
    if (folded.length >= SUMMARY_NOTIFICATIONS_MIN) {
      for (const one of folded) one.isBusy = true;
      this.#busy++;
      return { step: "fold", deliveries: folded.map(({ delivery }) => delivery) };
    }
    const [chosen] = due;
    if (chosen === undefined) return this.#wait(undefined);
    chosen.isBusy = true;
    this.#busy++;
    this.#sentAt.push(now);
    return { step: "send", delivery: chosen.delivery };
  }

  /**
   * Puts a summary in the place of the first that was handed out to fold: what came meanwhile says more, and is told
   * after it.
   */
  folded(deliveries: readonly QueuedDelivery[], summary: QueuedDelivery, now: number): void {
    const ids = new Set(deliveries.map(({ id }) => id));
    const place = this.#waiting.findIndex(({ delivery }) => ids.has(delivery.id));
    for (const one of this.#waiting.filter(({ delivery }) => ids.has(delivery.id))) this.#drop(one);
    this.#busy--;
    this.#waiting.splice(place, 0, { delivery: summary, dueAt: now, isBusy: false, lanes: lanesOf(summary) });
    // Others may wait still, where there were more than one summary can hold.
    this.#hasOverflowed = this.#foldable().length >= SUMMARY_NOTIFICATIONS_MIN;
  }

  /** What was handed out to send has ended, and is told or given up. */
  ended({ id }: QueuedDelivery): void {
    const found = this.#waiting.find(({ delivery }) => delivery.id === id);
    if (found !== undefined) this.#drop(found);
    this.#busy--;
  }

  /** What was handed out to send has failed, and is tried again. */
  postponed(delivery: QueuedDelivery, dueAt: number): void {
    const found = this.#waiting.find((one) => one.delivery.id === delivery.id);
    if (found !== undefined) {
      found.delivery = delivery;
      found.dueAt = dueAt;
      found.isBusy = false;
    }
    this.#busy--;
  }

  /** Sends nothing before this. */
  pause(until: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
  }

  /** A request that is not of the queue begins; only while it is idle. */
  occupy(): void {
    this.#busy++;
  }

  /** It has ended. */
  release(): void {
    this.#busy--;
  }

  #wait(ms: number | undefined): NextStep {
    return { step: "wait", ms };
  }

  /** What may be sent as far as the order goes: nothing before it waits for the same rule's instance. */
  #first(): Waiting[] {
    const taken = new Set<string>();
    return this.#waiting.filter(({ lanes, isBusy }) => {
      const isFirst = !lanes.some((lane) => taken.has(lane));
      for (const lane of lanes) taken.add(lane);
      return isFirst && !isBusy;
    });
  }

  /** What can become one summary: it was never tried, and nothing that was stands before it. */
  #foldable(): Waiting[] {
    const blocked = new Set<string>();
    const chosen = new Set<string>();
    return this.#waiting.filter((one) => {
      const isNotification =
        one.delivery.notification.state !== "summary" && one.delivery.notification.state !== "test";
      const isFree = !one.isBusy && isNew(one) && isNotification && !one.lanes.some((lane) => blocked.has(lane));
      const fits = chosen.size < SUMMARY_NOTIFICATIONS_MAX || one.lanes.every((lane) => chosen.has(lane));
      for (const lane of one.lanes) (isFree && fits ? chosen : blocked).add(lane);
      return isFree && fits;
    });
  }

  /** Of each instance that fired and has resolved all that waits, if none of it was ever tried. */
  #untold(): Waiting[] {
    const byLane = new Map<string, Waiting[]>();
    for (const one of this.#waiting) for (const lane of one.lanes) byLane.set(lane, [...(byLane.get(lane) ?? []), one]);
    return [...byLane.values()].flatMap((same) => {
      const isUntold = same.every((one) => isNew(one) && !one.isBusy && one.lanes.length === 1);
      const [first, last] = [same[0]?.delivery.notification.state, same.at(-1)?.delivery.notification.state];
      return isUntold && first === "firing" && last === "resolved" ? same : [];
    });
  }

  #drop(one: Waiting): void {
    const at = this.#waiting.indexOf(one);
    if (at !== -1) this.#waiting.splice(at, 1);
  }
}

/** What a summary says of these: of each rule's instance the last one. */
export function summaryOf(id: string, deliveries: readonly QueuedDelivery[], at: number): Summary {
  const last = new Map<string, Notification>();
  for (const { notification } of deliveries) {
    if (notification.state === "summary") continue;
    const lane = laneOf(notification);
    last.delete(lane);
    last.set(lane, { ...notification, samples: [] });
  }
  return { id, state: "summary", notifications: [...last.values()], replaced: deliveries.length, at };
}

/** What must be told in order: one rule, or one instance of it. A test stands by itself. */
export function laneOf({ rule, group, state, id }: Notification): string {
  return JSON.stringify(state === "test" ? ["test", id] : ["rule", rule, group?.field, group?.value]);
}

function lanesOf({ notification }: QueuedDelivery): string[] {
  return notification.state === "summary" ? notification.notifications.map(laneOf) : [laneOf(notification)];
}

function isNew({ delivery }: Waiting): boolean {
  return delivery.attempt === 0;
}
