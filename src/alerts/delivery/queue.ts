// What waits to be told: plain data, which the store keeps in the data file. A delivery is added by the transaction
// that changes the rule's state, so after a crash there are either both or none. It is removed once it was delivered or
// given up; a crash before that sends it again, with the same id.

import type { Notification } from "../../core/notification.ts";

/** What a destination is told at once, where it would have to be told too often. */
export interface Summary {
  /** As a notification's: stable over retries and restarts. */
  readonly id: string;
  readonly state: "summary";
  /** Of each rule and group the last notification, without samples; at most SUMMARY_NOTIFICATIONS_MAX. */
  readonly notifications: readonly Notification[];
  /** How many notifications it replaces. */
  readonly replaced: number;
  /** Unix ms. */
  readonly at: number;
}

/** Notifications of one summary, at most. */
export const SUMMARY_NOTIFICATIONS_MAX = 100;

/** One notification for one destination. */
export interface QueuedDelivery {
  /** Unique in the queue: see deliveryId. */
  readonly id: string;
  /** Name of the destination. */
  readonly destination: string;
  readonly notification: Notification | Summary;
  /** Attempts that failed. */
  readonly attempt: number;
  /** When it is tried next, Unix ms. */
  readonly nextAt: number;
  /** How long that was from the attempt that failed, in ms. Undefined: nothing was tried. */
  readonly pauseMs?: number;
  /** The id of the first delivery that a summary replaces: it takes that one's place in the order. */
  readonly inPlaceOf?: string;
}

/** A change of the queue in the data file: one transaction. */
export interface QueueChange {
  /** Ids that are removed; one that is not there is ignored. */
  readonly removed: readonly string[];
  /** Deliveries that are added at the end, or in place of another, or changed where their id is there. */
  readonly put: readonly QueuedDelivery[];
}

/** The queue in the data file. After a start it gives the deliveries in the order in which they were added. */
export interface QueueStore {
  /** Ends once the change is committed; rejects when it is not. */
  change(change: QueueChange): Promise<void>;
}

/** The queue's id of a notification for a destination. */
export function deliveryId(notification: Pick<Notification, "id">, destination: string): string {
  return `${notification.id} ${destination}`;
}

/** A notification that waits for its first attempt. */
export function queuedDelivery(notification: Notification, destination: string, now: number): QueuedDelivery {
  return { id: deliveryId(notification, destination), destination, notification, attempt: 0, nextAt: now };
}
