// An instance of a rule in the data file: a row of JSON.

import type { AlertRow } from "../../core/alerts.ts";
import type { Notification } from "../../core/notification.ts";
import type { GroupValue } from "./observe.ts";
import type { InstanceState } from "./state.ts";

/** An instance of a rule, as it is kept. */
export interface StoredInstance {
  /** Name of the rule. */
  readonly rule: string;
  /** The rule's group_by; null: none. */
  readonly field: string | null;
  readonly value: GroupValue;
  /** Of the rule that it was evaluated by. */
  readonly fingerprint: string;
  readonly state: InstanceState;
  /** The last notification of this firing; null: none. */
  readonly last: Notification | null;
  /** Whom this firing was told to. */
  readonly notify: readonly string[];
}

/** The id of an instance's row. */
export function instanceId({ rule, field, value }: Pick<StoredInstance, "rule" | "field" | "value">): string {
  return JSON.stringify([rule, field, value]);
}

export function instanceRow(instance: StoredInstance): AlertRow {
  return { kind: "state", id: instanceId(instance), data: JSON.stringify(instance) };
}
