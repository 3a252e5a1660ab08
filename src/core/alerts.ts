// What the data file keeps of alerts, as the writer sees it: rows of text that only the room `alerts` reads, and the
// records that say what happened.

import type { JsonObject } from "./json.ts";
import type { Level } from "./record.ts";

/** The project that the server's own records belong to. */
export const SERVER_PROJECT = "simplelogs";

/** The search for the records about alerts in it. */
export const ALERT_RECORDS_SEARCH = "touchpoint:alerts/*";

/**
 * What a row is about: the state of a rule's instance, a mute, a delivery that waits, a rule that was made in the app,
 * until when rules were evaluated.
 */
export type AlertRowKind = "state" | "mute" | "delivery" | "rule" | "evaluated";

/** One row of the table `alerts`. */
export interface AlertRow {
  readonly kind: AlertRowKind;
  /** Unique within its kind. */
  readonly id: string;
  /** JSON. */
  readonly data: string;
}

/** A record of SERVER_PROJECT about a change of an alert. */
export interface AlertRecord {
  /** Unix ms. */
  readonly time: number;
  readonly level: Level;
  readonly touchpoint: string;
  readonly key: string;
  readonly message: string;
  readonly metadata: JsonObject;
}

/** What one transaction changes: rows, and the records that tell of it. */
export interface AlertWrite {
  readonly put: readonly AlertRow[];
  readonly remove: readonly Pick<AlertRow, "kind" | "id">[];
  readonly records: readonly AlertRecord[];
}
