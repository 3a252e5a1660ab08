// How far a data file has been shipped to ClickHouse, as the file has it: what is stored there for certain, and the
// batch that may be. Written before a batch is sent, so after a crash the same batch is sent again.

/**
 * Blocks stay in the data file for so long after they are shipped, in ms: a query that began before reads them there, and
 * rules measure the last minutes there. Longer than any query lasts.
 */
export const SHIPPED_STAY_MS = 300_000;

/** Of one data file. */
export interface ShippingState {
  /** Of this file and no other: a part of each batch's token, since every file's ids begin with 1. */
  readonly file: string;
  /** Every record below this id is stored in ClickHouse. */
  readonly shippedBelow: number;
  /** A batch that may have been sent; undefined: none. */
  readonly batch: ShippedBatch | undefined;
}

/** The records of a batch by their ids: from `from` up to, not including, `to`. */
export interface ShippedBatch {
  readonly from: number;
  readonly to: number;
  /** The number of the node when the batch was sent first: the configuration may have another one by now. */
  readonly node: number;
  /** Of this batch and no other, also of none of a copy of the file. */
  readonly token: string;
}

/** The state as the table `meta` has it. */
export function writeShippingState(state: ShippingState): string {
  return JSON.stringify(state);
}

/** The state of a file; undefined where nothing was ever shipped from it, and where it cannot be read. */
export function readShippingState(text: unknown): ShippingState | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const { file, shippedBelow, batch } = JSON.parse(text) as Partial<ShippingState>;
    if (typeof file !== "string" || !Number.isSafeInteger(shippedBelow)) return undefined;
    return { file, shippedBelow: shippedBelow as number, batch: isWhole(batch) ? batch : undefined };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isWhole(batch: Partial<ShippedBatch> | undefined): boolean {
  const numbers = [batch?.from, batch?.to, batch?.node];
  return numbers.every((one) => Number.isSafeInteger(one)) && typeof batch?.token === "string";
}
