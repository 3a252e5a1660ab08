// What crosses from the main thread to the writer: a group is every batch that was waiting, and one transaction. It is sent as
// lists, a member a batch, because strings and numbers cost little to clone. Measured (Bun 1.4.5, 30 bodies of 290 bytes): 0.75 µs of
// CPU a batch with its parsing, 0.62 µs for all bodies joined to one text, which would be no proof of their borders.

import type { BatchRefusal } from "./batch.ts";

/** Values of the shared cell: who may still change the fate of the group that was sent. */
export const CLAIM = { posted: 1, begun: 2, withdrawn: 3 } as const;

/** Stands for the index of a key where none was seen in the body. */
export const NO_KEY_SEEN = -1;

/** A group on its way to the writer: each list has a member for each batch. */
export interface GroupMessage {
  readonly kind: "group";
  /** Rising from 1 in each run of the process. */
  readonly group: number;
  /** Batches are numbered in the order in which they were taken; rising. */
  readonly numbers: readonly number[];
  /** Bodies as they came, unparsed. */
  readonly texts: readonly string[];
  /** Index of the key that was seen in the body, or NO_KEY_SEEN. */
  readonly keys: readonly number[];
  /** Unix ms. */
  readonly receivedAt: readonly number[];
  /** Of each body. */
  readonly bytes: readonly number[];
  /** Address and User-Agent, joined. */
  readonly senders: readonly string[];
  /** Origin headers. */
  readonly origins: readonly (string | null)[];
  /** Path and query. */
  readonly routes: readonly string[];
  readonly idempotencyKeys: readonly (string | null)[];
  /** Numbers of batches, in this group or before it, whose clients are known to have gone without an answer. */
  readonly gone: readonly number[];
  /** The answers of all batches up to this number are told of. */
  readonly answeredUpTo: number;
  /** So many batches, the first ones, were checked and answered before: they are not refused any more. */
  readonly admitted: number;
  /** Whether the writer tells what it has checked before it writes, even where all batches passed. */
  readonly tellsChecked: boolean;
}

/** Answers were sent; those of the batches in `gone` found nobody. */
export interface AnsweredMessage {
  readonly kind: "answered";
  readonly upTo: number;
  readonly gone: readonly number[];
}

/** A batch of a group that is refused. */
export interface RefusedBatch {
  /** Its place in the group. */
  readonly at: number;
  readonly refusal: BatchRefusal;
}

/** A batch that brought the writer down twice, to be kept on disk unparsed. */
export interface SetAsideMessage {
  readonly kind: "set_aside";
  readonly group: number;
  readonly lastBatch: number;
  /** NO_KEY_SEEN: of nobody known; then nothing of it is kept. */
  readonly keyIndex: number;
  readonly receivedAt: number;
  /** 0 where it was never parsed. */
  readonly entryCount: number;
  readonly bytes: number;
  readonly text: string;
}
