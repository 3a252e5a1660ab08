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

/** Where the text is damaged: all that is in the cluster may be removed. */
const UNKNOWN: RemovedRecords = { below: Number.MAX_SAFE_INTEGER, receivedUpTo: Number.MAX_SAFE_INTEGER };

/** Reads the text of the table `meta`. @param text undefined or null: nothing was removed */
export function readRemovedRecords(text: unknown): RemovedRecords {
  if (text === undefined || text === null) return NOTHING;
  if (typeof text !== "string") return UNKNOWN;
  try {
    const { below, receivedUpTo } = JSON.parse(text) as Partial<RemovedRecords>;
    if (below === undefined || receivedUpTo === undefined) return UNKNOWN;
    return Number.isSafeInteger(below) && Number.isFinite(receivedUpTo) ? { below, receivedUpTo } : UNKNOWN;
  } catch {
    return UNKNOWN;
  }
}
