// What one transaction writes (the whole effect of a group, or of the passing of time), and what a start reads back of
// it. Ingest makes the first and takes up the second; the store writes and reads them as they are. Every type that
// crosses is declared here.

import type { Columns } from "../block/columns.ts";
import type { AlertWrite } from "../core/alerts.ts";
import type { KeyIdentity } from "../core/batch.ts";
import type { DropReason } from "../core/drop.ts";
import type { Source } from "../core/record.ts";

/**
 * Everything that one transaction writes, but for the clock's reading and the place in the redo log, which the store
 * adds.
 */
export interface GroupWrite {
  readonly blocks: readonly NewBlock[];
  /** The id of the next record: above every id in `blocks` and in the file. */
  readonly nextRecordId: number;
  /** The number of the group's last batch; undefined where the group holds none. */
  readonly lastBatch: number | undefined;
  readonly pendingAdded: readonly PendingRow[];
  /** Ids of rows of earlier transactions. */
  readonly pendingRemoved: readonly number[];
  /** Appended to the state log, in this order. */
  readonly stateChanges: readonly StateChange[];
  readonly usage: readonly UsageCounter[];
  readonly rejections: readonly Rejection[];
  /** Applied in this order. */
  readonly touchpoints: readonly TouchpointUpdate[];
  readonly keys: readonly KeyActivity[];
  readonly ambiguous: readonly AmbiguousPairs[];
  readonly setAside: SetAsideBatch | undefined;
  /** Rows of alerts to put and to remove; undefined: none. */
  readonly alerts?: Pick<AlertWrite, "put" | "remove">;
  /** Size of the bodies of the group's batches, decompressed, in bytes. */
  readonly bytesReceived: number;
}

/** What a start reads back: where the last process, or the last life of the writer thread, stopped. */
export interface RestoredState {
  /** Two u32, secret: the seed of every keyed hash and digest. */
  readonly seed: readonly [number, number];
  readonly nextRecordId: number;
  /** By id. */
  readonly pending: readonly PendingRow[];
  /** In the order in which they were appended. */
  readonly stateLog: readonly StateChange[];
  readonly usage: readonly UsageCounter[];
  /** By project, and in the order in which they were first seen. */
  readonly touchpoints: readonly ListedTouchpoint[];
  readonly keys: readonly KeyActivity[];
  /** The rows of the last day that has any. */
  readonly ambiguous: readonly AmbiguousTouchpoint[];
}

/** New records of one project and one UTC day. */
export interface NewBlock {
  readonly project: string;
  /** floor(time / DAY_MS) of every record. */
  readonly day: number;
  /** With their ids. */
  readonly columns: Columns;
}

/** A timing that waits for its other half: one row of the table `waiting`. */
export interface PendingRow {
  /** Rising in the order of arrival. */
  readonly id: number;
  /** As `writePendingTiming` makes it (pending_timing.ts). */
  readonly item: string;
}

/**
 * What one transaction adds to a state that lives in memory and must outlive the process: one row of the table
 * `journal`.
 */
export interface StateChange {
  /** Which state, and in which form: its owner in ingest chooses it. */
  readonly kind: string;
  /** The latest receipt in it by the steady clock, Unix ms: the row is deleted by its age. */
  readonly receivedAt: number;
  /** Up to some bytes an entry of the group. */
  readonly data: Uint8Array;
}

/** A counter of one project and UTC month; its value is absolute, not a difference. */
export interface UsageCounter {
  readonly project: string;
  /** UTC month of receipt, "2026-11". */
  readonly month: string;
  /** received, stored, admitted, admitted.client, ambiguous, or dropped.<reason>. */
  readonly name: string;
  readonly value: number;
}

/** A dropped entry, for people to look at. */
export interface Rejection {
  readonly project: string;
  /** Name of the key pair. */
  readonly apiKey: string;
  /** Unix ms. */
  readonly receivedAt: number;
  readonly reason: DropReason;
  /**
   * The entry as JSON, cut at 4,096 characters; the whole text of a batch that was set aside is cut in the same way.
   */
  readonly entry: string;
}

/** A batch that brought the writer down twice, kept whole. */
export interface SetAsideBatch {
  readonly project: string;
  /** Name of the key pair. */
  readonly apiKey: string;
  /** Unix ms. */
  readonly receivedAt: number;
  /** 0 where the body was never parsed. */
  readonly entryCount: number;
  /** The body with its API keys masked. */
  readonly body: string;
}

/** When a key was first known to the server, and when it last sent an accepted batch. Times in Unix ms. */
export interface KeyActivity extends Pick<KeyIdentity, "name" | "type"> {
  readonly firstSeen: number;
  /** Undefined: never. */
  readonly lastUsed: number | undefined;
}

/** A name of a project's list of touchpoints. */
export interface ListedTouchpoint {
  readonly project: string;
  readonly name: string;
  /** Whether only client keys sent it, and nobody registered it. Absent: false. */
  readonly isClientOnly?: boolean;
}

/** A change that records make to the list of touchpoints. */
export interface TouchpointUpdate {
  readonly project: string;
  readonly name: string;
  /** Unix ms; used where the name is new. */
  readonly firstSeen: number;
  /** `client`: listed, sent by client keys only. `server`: listed, sent by a server key. `removed`: off the list. */
  readonly change: "client" | "server" | "removed";
}

/** A touchpoint that had ambiguous pairs on a day: pairs by touchpoint where more than one start would have fitted. */
export interface AmbiguousTouchpoint {
  readonly project: string;
  readonly keyType: Source;
  /** As `ambiguousName` cuts it. */
  readonly touchpoint: string;
  /** UTC day of receipt: floor(Unix ms / DAY_MS). */
  readonly day: number;
}

/** Ambiguous pairs to add to those that the file has. */
export interface AmbiguousPairs extends AmbiguousTouchpoint {
  readonly pairs: number;
}
