// What crosses from the main thread to the writer: a group is every batch that was waiting, and one transaction. Sent as
// one string, because a string costs the same whatever its size while an object costs 0.8 µs an entry to clone.

/** Values of a group's cell in the shared claim array: who may still change its fate. */
export const CLAIM = { posted: 1, begun: 2, withdrawn: 3 } as const;

/** Cells of the claim array; more than there are ever groups on their way. */
export const CLAIM_CELLS = 16;

/** A group on its way to the writer. */
export interface GroupMessage {
  readonly kind: "group";
  /** Rising from 1 in each run of the process. */
  readonly group: number;
  /** The number of the last batch in it; batches are numbered in the order in which they were accepted. */
  readonly lastBatch: number;
  /**
   * A JSON array with BATCH_MEMBERS members a batch: number, API key index, receivedAt (Unix ms), bytes, sender, body.
   */
  readonly text: string;
  /**
   * The key indexes in a small group whose text holds no API key and so may be kept on disk as it is; undefined for any other.
   */
  readonly keysWithin: readonly number[] | undefined;
}

/** The largest group text, in UTF-16 units, of which `keysWithin` is told. */
export const SMALL_GROUP_LENGTH_MAX = 16 * 1024;

/** Members a batch takes in a group's JSON array. */
export const BATCH_MEMBERS = 6;

/** A batch that brought the writer down twice, to be kept on disk unparsed. */
export interface SetAsideMessage {
  readonly kind: "set_aside";
  readonly group: number;
  readonly lastBatch: number;
  readonly keyIndex: number;
  readonly receivedAt: number;
  readonly entryCount: number;
  readonly bytes: number;
  readonly text: string;
}
