// Sends what waits in the queue: each destination by itself, so that one that hangs holds up no other. What was told is
// removed from the data file afterwards; a crash between the two tells it again, with the same id.

import { randomUUID } from "node:crypto";
import { type Destination, shownUrl } from "../../core/destination.ts";
import type { Notification } from "../../core/notification.ts";
import { REPOST_MS } from "./alertmanager.ts";
import { DestinationQueue, laneOf, summaryOf } from "./destination_queue.ts";
import { isBad, type Told } from "./message.ts";
import type { Outcome, Schedule } from "./outcome.ts";
import { deliveryId, type QueuedDelivery, type QueueStore } from "./queue.ts";
import { QueueWriter } from "./queue_writer.ts";
import { RETRY_AFTER_MS_MAX, retryDelay } from "./retries.ts";

/** What happened to a delivery, for metrics. "replaced": by a summary, or by what came after it. */
export const DELIVERY_OUTCOMES = ["delivered", "retried", "failed", "replaced"] as const;
export type DeliveryOutcome = (typeof DELIVERY_OUTCOMES)[number];

/** What sending needs. */
export interface DeliveriesOptions {
  readonly destinations: readonly Destination[];
  /** The queue of the data file, in its order. */
  readonly queued: readonly QueuedDelivery[];
  readonly store: QueueStore;
  /** One attempt; it never rejects. */
  readonly send: (destination: Destination, told: Told) => Promise<Outcome>;
  /** Sends what fires to an Alertmanager once more. */
  readonly repost: (destination: Destination, firing: readonly Notification[]) => Promise<Outcome>;
  /** What fires now and is told to this destination. */
  readonly firing: (destination: string) => readonly Notification[];
  /** Unix ms. */
  readonly clock: () => number;
  /** Ms of a clock that nobody sets. */
  readonly monotonic: () => number;
  readonly schedule: Schedule;
  /** Of `count` deliveries of a destination. */
  readonly count: (destination: string, outcome: DeliveryOutcome, count: number) => void;
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
}

/** A destination as it is shown. */
export interface DestinationStatus {
  readonly name: string;
  readonly type: Destination["type"];
  /** Without what may be secret. */
  readonly url: string;
  /** Deliveries that wait. */
  readonly waiting: number;
  /** Why the last attempt failed; undefined: it did not. */
  readonly problem: string | undefined;
}

/** Requests at the same time to one destination. To Alertmanager one, so that what fires never overtakes its end. */
const AT_ONCE_MAX = 4;
/** A timer runs at most so long; then it looks again. */
const WAIT_MS_MAX = 3_600_000;

/** What is kept of a destination while the server runs. */
class DestinationState {
  readonly queue: DestinationQueue;
  cancel: (() => void) | undefined;
  problem: string | undefined;
  isRepostDue = false;

  constructor(atOnceMax: number) {
    this.queue = new DestinationQueue(atOnceMax);
  }
}

/** All destinations. It begins with what waits in the data file. */
export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #writer: QueueWriter;
  readonly #states = new Map<string, DestinationState>();
  #destinations: ReadonlyMap<string, Destination>;
  #cancelRepost: (() => void) | undefined;
  #isStopped = false;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
    this.#destinations = byName(options.destinations);
    this.#writer = new QueueWriter(options.store, options.schedule, () =>
      options.log("error", "what was told cannot be noted in the data file: after a restart it is told again"),
    );
    this.add(options.queued);
    this.#repost();
  }

  /** Takes what a committed transaction has put into the queue of the data file. */
  add(deliveries: readonly QueuedDelivery[]): void {
    const { monotonic, clock, count } = this.#options;
    const [steady, wall] = [monotonic(), clock()];
    const changed = new Set<DestinationState>();
    for (const delivery of deliveries) {
      const state = this.#state(delivery.destination);
      // However the clock was set meanwhile, it is never put off for longer than it was meant to.
      const pauseMs = delivery.attempt === 0 ? 0 : (delivery.pauseMs ?? RETRY_AFTER_MS_MAX);
      const delayMs = Math.min(Math.max(0, delivery.nextAt - wall), pauseMs);
      const needless = state.queue.add(delivery, steady + delayMs);
      if (needless.length > 0) {
        count(delivery.destination, "replaced", needless.length);
        void this.#writer.write(needless, []);
      }
      changed.add(state);
    }
    for (const [name, state] of this.#states) if (changed.has(state)) this.#go(name, state);
  }

  /** Tells a destination at once, past the queue; for tests. */
  async tell(destination: string, notification: Notification): Promise<Outcome> {
    const found = this.#destinations.get(destination);
    if (found === undefined) return { outcome: "failed", reason: "there is no such destination" };
    return this.#options.send(found, notification);
  }

  /** Takes over a changed configuration. */
  setDestinations(destinations: readonly Destination[]): void {
    const before = this.#destinations;
    this.#destinations = byName(destinations);
    for (const [name, state] of this.#states) {
      if (placeOf(before.get(name)) !== placeOf(this.#destinations.get(name))) {
        state.queue.retryNow(this.#options.monotonic());
      }
      state.queue.atOnceMax = this.#atOnceMax(name);
      this.#go(name, state);
    }
  }

  /** Every destination of the configuration. */
  status(): DestinationStatus[] {
    return [...this.#destinations.values()].map(({ name, type, url }) => {
      const state = this.#states.get(name);
      return { name, type, url: shownUrl(url), waiting: state?.queue.size ?? 0, problem: state?.problem };
    });
  }

  /** Begins nothing more. What is under way may end, and is told again after the next start. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelRepost?.();
    for (const state of this.#states.values()) state.cancel?.();
    this.#writer.stop();
  }

  #state(name: string): DestinationState {
    const found = this.#states.get(name);
    if (found !== undefined) return found;
    const state = new DestinationState(this.#atOnceMax(name));
    this.#states.set(name, state);
    return state;
  }

  #atOnceMax(name: string): number {
    return this.#destinations.get(name)?.type === "alertmanager" ? 1 : AT_ONCE_MAX;
  }

  /** Does all that can be done now, and comes back when there is more. */
  #go(name: string, state: DestinationState): void {
    state.cancel?.();
    state.cancel = undefined;
    while (!this.#isStopped) {
      if (state.isRepostDue && state.queue.isIdle && this.#beginRepost(name, state)) return;
      const step = state.queue.next(this.#options.monotonic());
      if (step.step === "wait") {
        if (step.ms === undefined) return;
        state.cancel = this.#options.schedule(() => this.#go(name, state), Math.min(step.ms, WAIT_MS_MAX));
        return;
      }
      if (step.step === "send") void this.#attempt(name, state, step.delivery);
      else void this.#fold(name, state, step.deliveries);
    }
  }

  async #attempt(name: string, state: DestinationState, delivery: QueuedDelivery): Promise<void> {
    const outcome = await this.#outcomeOf(name, delivery.notification);
    if (this.#isStopped) return;
    this.#noteProblem(name, state, outcome);
    const failedAttempts = delivery.attempt + 1;
    const afterMs = outcome.outcome === "retry" ? outcome.afterMs : undefined;
    const delayMs =
      outcome.outcome === "retry" ? retryDelay(delivery.notification, failedAttempts, afterMs) : undefined;
    const { clock, monotonic, count, log } = this.#options;
    if (delayMs === undefined) {
      state.queue.ended(delivery);
      const isDelivered = outcome.outcome === "delivered";
      if (!isDelivered)
        log(
          "error",
          `destination ${JSON.stringify(name)} could not be told, and is not tried again: ${outcome.reason}`,
        );
      count(name, isDelivered ? "delivered" : "failed", 1);
      void this.#writer.write([delivery.id], []);
    } else {
      const postponed = { ...delivery, attempt: failedAttempts, nextAt: clock() + delayMs, pauseMs: delayMs };
      state.queue.postponed(postponed, monotonic() + delayMs);
      if (afterMs !== undefined) state.queue.pause(monotonic() + Math.min(afterMs, RETRY_AFTER_MS_MAX));
      count(name, "retried", 1);
      void this.#writer.write([], [postponed]);
    }
    this.#go(name, state);
  }

  /** One summary for many: committed before it is sent, so that after a crash there are either they or it. */
  async #fold(name: string, state: DestinationState, deliveries: readonly QueuedDelivery[]): Promise<void> {
    const { clock, monotonic, count } = this.#options;
    const notification = summaryOf(randomUUID(), deliveries, clock());
    const summary: QueuedDelivery = {
      id: deliveryId(notification, name),
      destination: name,
      notification,
      attempt: 0,
      nextAt: clock(),
      ...(deliveries[0] === undefined ? {} : { inPlaceOf: deliveries[0].id }),
    };
    await this.#writer.write(
      deliveries.map(({ id }) => id),
      [summary],
    );
    if (this.#isStopped) return;
    count(name, "replaced", deliveries.length);
    state.queue.folded(deliveries, summary, monotonic());
    this.#go(name, state);
  }

  async #outcomeOf(name: string, told: Told): Promise<Outcome> {
    const destination = this.#destinations.get(name);
    if (destination === undefined) return { outcome: "retry", reason: "there is no such destination any more" };
    return this.#options.send(destination, told);
  }

  /** Says in the log when a destination begins to fail, and when it works again. */
  #noteProblem(name: string, state: DestinationState, outcome: Outcome): void {
    const problem = outcome.outcome === "delivered" ? undefined : outcome.reason;
    const shown = `destination ${JSON.stringify(name)}`;
    if (problem !== undefined && state.problem === undefined) {
      this.#options.log("warn", `${shown} cannot be told, and is tried again: ${problem}`);
    } else if (problem === undefined && state.problem !== undefined)
      this.#options.log("info", `${shown} is told again`);
    state.problem = problem;
  }

  #repost(): void {
    this.#cancelRepost = this.#options.schedule(() => this.#repost(), REPOST_MS);
    for (const { name, type } of this.#destinations.values()) {
      if (type !== "alertmanager") continue;
      const state = this.#state(name);
      state.isRepostDue = true;
      this.#go(name, state);
    }
  }

  /** Whether there is anything to send again. What waits in the queue says more, and is left to it. */
  #beginRepost(name: string, state: DestinationState): boolean {
    state.isRepostDue = false;
    const destination = this.#destinations.get(name);
    if (destination?.type !== "alertmanager") return false;
    const { lanes } = state.queue;
    const firing = this.#options.firing(name).filter((one) => isBad(one) && !lanes.has(laneOf(one)));
    if (firing.length === 0) return false;
    state.queue.occupy();
    void this.#repostNow(destination, state, firing);
    return true;
  }

  async #repostNow(destination: Destination, state: DestinationState, firing: readonly Notification[]): Promise<void> {
    const outcome = await this.#options.repost(destination, firing);
    state.queue.release();
    if (this.#isStopped) return;
    this.#noteProblem(destination.name, state, outcome);
    this.#go(destination.name, state);
  }
}

function byName(destinations: readonly Destination[]): ReadonlyMap<string, Destination> {
  return new Map(destinations.map((destination) => [destination.name, destination]));
}

/** Where a destination is told, and as whom: what a person changes when it cannot be. Undefined: nowhere. */
function placeOf(destination: Destination | undefined): string | undefined {
  if (destination === undefined) return undefined;
  const { type, url, credentials } = destination;
  const headers = "headers" in destination ? Object.values(destination.headers).map((value) => value.reveal()) : [];
  return JSON.stringify([type, url.reveal(), credentials?.user, credentials?.password.reveal(), headers]);
}
