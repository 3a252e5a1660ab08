// What is told when a rule changes its state: plain data, so that it can wait in the data file and be sent again after
// a crash. Rules make it, destinations send it. Times are Unix ms.

import type { RuleKind, Severity } from "./alert_rule.ts";

/** Why something is told. "repeat": still firing. "test": somebody asked for it. */
export const NOTIFICATION_STATES = ["firing", "resolved", "repeat", "test"] as const;
export type NotificationState = (typeof NOTIFICATION_STATES)[number];

/** Sample records a notification has at most. */
export const SAMPLES_MAX = 3;

/** One of the records that a rule found. */
export interface NotificationSample {
  /** The record's id. */
  readonly id: number;
  readonly time: number;
  readonly level?: string;
  readonly touchpoint?: string;
  /** At most 300 characters. */
  readonly message?: string;
  /** Opens the record in the app. */
  readonly url: string;
}

/** One telling. The same for each of the rule's destinations. */
export interface Notification {
  /**
   * Stable over retries and restarts: a receiver that sees it twice was told the same thing twice. Visible ASCII, at
   * most 100 characters.
   */
  readonly id: string;
  /** Name of the rule. */
  readonly rule: string;
  /** Of a rule with group_by: the field and the value of this instance. */
  readonly group?: { readonly field: string; readonly value: string };
  /** Absent: all projects. */
  readonly project?: string;
  readonly state: NotificationState;
  readonly kind: RuleKind;
  /** The measured value: records, a share from 0 to 1, or milliseconds. Undefined where a test has none. */
  readonly value?: number;
  /** The bound that was crossed: `above` or `below`, or on "resolved" the bound it came back across. */
  readonly threshold: number;
  /** Which side of the bound is bad. */
  readonly side: "above" | "below";
  /** The rule's search; empty: everything. */
  readonly query: string;
  /** The window that was measured, by when records were received: (from, to]. */
  readonly from: number;
  readonly to: number;
  /** When the rule began to fire; of a test, the time of the test. */
  readonly since: number;
  readonly severity: Severity;
  readonly note?: string;
  /** Opens the search in the app. */
  readonly url: string;
  /** At most SAMPLES_MAX, newest first. */
  readonly samples: readonly NotificationSample[];
}

/** "errors" or "errors (touchpoint: checkout)": what a person calls the rule and its instance. */
export function titleOf({ rule, group }: Pick<Notification, "rule" | "group">): string {
  return group === undefined ? rule : `${rule} (${group.field}: ${group.value})`;
}
