// The figures that operations show. The writer sends one snapshot with every commit, so the counters in it always belong
// together: received = stored + open + the sum of dropped.

import { DROP_REASONS, type DropReason } from "./drop.ts";

/** The threads beside the main one, each of which can die and is started again. */
export const THREADS = ["writer", "compactor", "reader"] as const;
export type ThreadName = (typeof THREADS)[number];

/** Cumulative since the data file was made, unless said otherwise. */
export interface StoreSnapshot {
  readonly received: number;
  readonly stored: number;
  /** Now: entries that wait for their other half. */
  readonly open: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Pairs by touchpoint for which more than one start would have done, by project. */
  readonly ambiguous: ReadonlyMap<string, number>;
  /** Now: blocks in the data file. */
  readonly blocks: number;
  /** Now: records in them. */
  readonly records: number;
  /** Now: bytes of the data file and its write-ahead log. */
  readonly bytesOnDisk: number;
  /** Since the start of the process: bytes written to the data file and its write-ahead log. */
  readonly bytesWritten: number;
  /** Since the start of the process: bytes of the bodies whose batches were committed. */
  readonly bytesReceived: number;
}

/** Before the writer has told anything. */
export const NOTHING_YET: StoreSnapshot = {
  received: 0,
  stored: 0,
  open: 0,
  dropped: Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<DropReason, number>,
  ambiguous: new Map(),
  blocks: 0,
  records: 0,
  bytesOnDisk: 0,
  bytesWritten: 0,
  bytesReceived: 0,
};

export interface QueueAmount {
  readonly requests: number;
  readonly bytes: number;
}

/** How full the queue is now. */
export interface QueueFill {
  /** Batches and their bytes, by whose they seem to be. */
  readonly server: QueueAmount;
  readonly client: QueueAmount;
  readonly unauthenticated: QueueAmount;
  readonly limit: QueueAmount;
}

/** Whether requests can be stored now; the reason is for people. */
export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string };

/** What the operations routes ask the running pipeline. */
export interface PipelineView {
  /** Resolves when the snapshot, and whatever reads the data file, knows of all that was answered; undefined: they do. */
  flushed(): Promise<void> | undefined;
  snapshot(): StoreSnapshot;
  queueFill(): QueueFill;
  /** Entries counted as received that still wait in the ring: always 0 under `sync` and `write`. */
  queuedEntries(): number;
  readiness(): Readiness;
}
