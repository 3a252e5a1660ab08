// Messages between the main thread and the writer. A group is all batches that were waiting, and becomes one
// transaction. It is sent as lists with one item a batch, because strings and numbers are cheap to clone. Measured (Bun
// 1.4.5, 30 bodies of 290 bytes): 0.75 µs of CPU a batch with its parsing. All bodies joined to one text take 0.62 µs,
// but then the text alone does not show where a body ends.

import type { AcceptedReport, BatchRefusal, BodyContent, Protocol } from "./batch.ts";

/**
 * States of the group that was sent last, in one cell that both threads change atomically. A posted group can be
 * withdrawn by the main thread or begun by the writer, whichever comes first.
 */
export const GROUP_STATE = { posted: 1, begun: 2, withdrawn: 3 } as const;

/** The index of a key where no live key was found in the body. */
export const NO_KEY = -1;

/** A group on its way to the writer: each list has a member for each batch. */
export interface GroupMessage {
  readonly kind: "group";
  /** Rising from 1 in each run of the process. */
  readonly group: number;
  /** Batches are numbered in the order in which they were taken; rising. */
  readonly numbers: readonly number[];
  /** Bodies as they came, unparsed. */
  readonly bodies: readonly BodyContent[];
  readonly protocols: readonly Protocol[];
  /** Index of the key that sent the batch, of `enqueue` of the key that was found in the body, or NO_KEY. */
  readonly keyIndexes: readonly number[];
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
  /** Numbers of batches, in this group or before it, whose clients are known to have disconnected without an answer. */
  readonly disconnected: readonly number[];
  /** The batches up to this number were answered; `disconnected` has those whose answers reached nobody. */
  readonly answeredUpTo: number;
  /** How many batches, the first of the group, were checked and answered before: they cannot be refused any more. */
  readonly admitted: number;
  /** Whether the writer sends a CheckedReport before it writes, even where all batches passed. */
  readonly reportsChecked: boolean;
}

/** The batches up to a number were answered; the answers of `disconnected` reached nobody. */
export interface AnsweredMessage {
  readonly kind: "answered";
  readonly upTo: number;
  readonly disconnected: readonly number[];
}

/** A batch of a group that is refused. */
export interface RefusedBatch {
  /** Its place in the group. */
  readonly at: number;
  readonly refusal: BatchRefusal;
}

/** What the sender of a batch of a group may learn, where its protocol says more than that it was taken. */
export interface BatchReport {
  /** Its place in the group. */
  readonly at: number;
  readonly report: AcceptedReport;
}

/**
 * What the writer has found of a group's batches before it writes them. Lists have a member for each batch that was
 * sent.
 */
export interface CheckedReport {
  readonly group: number;
  readonly refused: readonly RefusedBatch[];
  /** Refused once the group is committed, whatever becomes of the writer then. */
  readonly refusedAfterCommit: readonly RefusedBatch[];
  /** Entries; 0 for a refused batch. */
  readonly entryCounts: readonly number[];
  /** Indexes of the keys; NO_KEY for a refused batch. */
  readonly keyIndexes: readonly number[];
  /** Only under "memory", where batches are answered now: of each batch that has one. */
  readonly reports: readonly BatchReport[];
}

/** A batch that crashed the writer twice. It is stored unparsed. */
export interface SetAsideMessage {
  readonly kind: "set_aside";
  readonly group: number;
  readonly lastBatch: number;
  /** NO_KEY: nobody knows whose it is, and only its digest is stored. */
  readonly keyIndex: number;
  readonly receivedAt: number;
  /** 0 where it was never parsed. */
  readonly entryCount: number;
  readonly bytes: number;
  readonly body: BodyContent;
}
