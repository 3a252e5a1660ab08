// What was removed from the data file where a cluster has it, as the file says it: written in the transaction that
// removes it.

/** What is read in the cluster alone. */
export interface RemovedRecords {
  /** Every record with this id or a higher one is in the data file. */
  readonly below: number;
  /** Every record that was received later is in the data file. Unix ms. */
  readonly receivedUpTo: number;
}

const NOTHING: RemovedRecords = { below: 1, receivedUpTo: 0 };

/** With more removed. */
export function withRemoved(one: RemovedRecords, other: RemovedRecords): RemovedRecords {
  return {
    below: Math.max(one.below, other.below),
    receivedUpTo: Math.max(one.receivedUpTo, other.receivedUpTo),
  };
}

/** The text that the table `meta` has of it. */
export function writeRemovedRecords(removed: RemovedRecords): string {
  return JSON.stringify(removed);
}

/** @param text undefined or null: nothing was removed */
export function readRemovedRecords(text: unknown): RemovedRecords {
  return typeof text === "string" ? (JSON.parse(text) as RemovedRecords) : NOTHING;
}
