// What one transaction writes: the whole effect of a group, or of the passing of time.

import type { Columns } from "../block/columns.ts";
import type { DropReason } from "../core/drop.ts";
import type { Source } from "../core/entry.ts";

/** Rows of one project and one UTC day, ids already given. */
export interface NewBlock {
  readonly project: string;
  /** floor(time / DAY_MS) of every row. */
  readonly day: number;
  readonly columns: Columns;
}

/** An absolute counter value to keep. */
export interface UsageValue {
  readonly project: string;
  /** UTC, "2026-11". */
  readonly month: string;
  readonly name: string;
  readonly value: number;
}

export interface Rejection {
  readonly project: string;
  readonly apiKey: string;
  /** Unix ms. */
  readonly receivedAt: number;
  readonly reason: DropReason;
  /** The entry as JSON, shortened when it is long. */
  readonly entry: string;
}

export interface JournalPart {
  readonly kind: string;
  /** The latest receipt in it, Unix ms. */
  readonly receivedAt: number;
  readonly data: Uint8Array;
}

export interface SetAsideBatch {
  readonly project: string;
  readonly apiKey: string;
  readonly receivedAt: number;
  readonly entryCount: number;
  readonly body: string;
}

/** When a key of a pair was first known, and last used. Times in Unix ms. */
export interface KeyNote {
  /** Name of the pair. */
  readonly name: string;
  readonly type: Source;
  readonly firstSeen: number;
  /** Undefined: never. */
  readonly lastUsed: number | undefined;
}

/** What becomes of a name of the list of touchpoints: client keys' alone, a server's, or gone. */
export interface TouchpointNote {
  readonly project: string;
  readonly name: string;
  /** Unix ms. */
  readonly firstSeen: number;
  /** Default: a server's. */
  readonly is?: "clients" | "servers" | "gone";
}

/** Ambiguous pairs to add to those of a touchpoint and UTC day of receipt. */
export interface AmbiguousPairs {
  readonly project: string;
  readonly keyType: Source;
  readonly touchpoint: string;
  readonly day: number;
  readonly pairs: number;
}

export interface GroupWrite {
  readonly blocks: readonly NewBlock[];
  /** The id that the next record will get. */
  readonly nextRecordId: number;
  /** The last batch in the group, or undefined when it holds none. */
  readonly lastBatch: number | undefined;
  readonly waitingAdded: readonly { readonly id: number; readonly item: string }[];
  readonly waitingRemoved: readonly number[];
  readonly journal: readonly JournalPart[];
  readonly usage: readonly UsageValue[];
  readonly rejections: readonly Rejection[];
  /** In their order. */
  readonly touchpoints: readonly TouchpointNote[];
  readonly keys: readonly KeyNote[];
  readonly ambiguous: readonly AmbiguousPairs[];
  readonly setAside: SetAsideBatch | undefined;
  /** Of the bodies of the group's batches. */
  readonly bytesReceived: number;
}
