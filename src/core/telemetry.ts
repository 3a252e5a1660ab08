// Figures of the running server, for /metrics, the status and the readiness check. The writer sends one snapshot with
// every commit, so its counters are consistent: received = stored + open + the sum of dropped.

import { DROP_REASONS, type DropReason } from "./drop.ts";

/** The worker threads. The main thread restarts one that dies. */
export const THREADS = ["writer", "compactor", "reader"] as const;
export type ThreadName = (typeof THREADS)[number];

/** Counters since the data file was created, unless their comment says otherwise. */
export interface StoreSnapshot {
  readonly received: number;
  readonly stored: number;
  /** Now: starts and ends that wait for their counterpart. */
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
  /** Now: bytes of records that are not shipped to ClickHouse; undefined where there is none. */
  readonly backlogBytes?: number | undefined;
}

/** The snapshot until the writer sends its first one. */
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

/** Batches and the bytes of their bodies. */
export interface QueueAmount {
  readonly requests: number;
  readonly bytes: number;
}

/** How full the queue is now. */
export interface QueueFill {
  /** By the key that was found in the body; it is checked later. */
  readonly server: QueueAmount;
  readonly client: QueueAmount;
  readonly unauthenticated: QueueAmount;
  readonly limit: QueueAmount;
}

/** Whether requests can be stored now; the reason is for people. */
export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string };

/** The running pipeline, as the operations routes read it. */
export interface PipelineView {
  /** Resolves when the snapshot and the data file include every answered batch. Undefined: they already do. */
  flushed(): Promise<void> | undefined;
  snapshot(): StoreSnapshot;
  queueFill(): QueueFill;
  /** Entries counted as received that still wait in the ring: always 0 under `sync` and `write`. */
  queuedEntries(): number;
  readiness(): Readiness;
  /** Absent, or undefined: no cluster is configured. */
  shipping?(): ShippingView | undefined;
}

/** What was shipped to ClickHouse. Counters since the start of the process. */
export interface ShippingFigures {
  /** Inserts that are stored, and their records and bytes. */
  readonly batches: number;
  readonly records: number;
  readonly bytes: number;
  readonly failures: number;
  /** Every record below this id is stored in ClickHouse. */
  readonly shippedBelow: number;
  /** Now: records that are not shipped, by their ids; ids of deleted ones may count. */
  readonly backlogRecords: number;
  /** Now: how long ago the oldest of them was received, in ms; 0 where there is none. */
  readonly lagMs: number;
  /** Why nothing is shipped at the moment, for people; undefined: all is well. */
  readonly problem: string | undefined;
}

/** Shipping, as the operations routes read it. */
export interface ShippingView extends ShippingFigures {
  /** Now: bytes of records that are not shipped, and how many there may be. */
  readonly backlogBytes: number;
  readonly backlogBytesMax: number;
}

/** Figures of one syslog listener. Counters since the start of the process. */
export interface SyslogFigures {
  /** As the configuration names it: "udp://0.0.0.0:514". */
  readonly listener: string;
  readonly received: number;
  /** Messages that were not queued: no room, over the key's rate, or its key is revoked. */
  readonly refused: number;
  /** Messages whose end is missing. */
  readonly cut: number;
  /** Now: connections; 0 of datagrams. */
  readonly connections: number;
  readonly connectionsRefused: number;
}

/** The syslog listeners, as the metrics read them. */
export interface SyslogView {
  figures(): readonly SyslogFigures[];
}
