// The messages between the threads. The main thread relays between writer and compactor, so each has one peer only.

import type { EncodedBlock } from "../block/codec/column_chunks.ts";
import type { ZoneMap } from "../block/stats/zone_map.ts";
import type { ClickHouseAddress } from "../clickhouse/client.ts";
import type { ErasedShipped } from "../clickhouse/erase.ts";
import type { ShippingState } from "../commit/shipping_state.ts";
import type { Durability } from "../core/batch.ts";
import type { ChangeOutcome, ChangeRequest } from "../core/changes.ts";
import type { AnsweredMessage, BatchReport, CheckedReport, GroupMessage, SetAsideMessage } from "../core/group.ts";
import type {
  ExportRequest,
  QueryOutcome,
  QueryRefusal,
  QueryRequest,
  QueryScope,
  TailEvent,
  TailRequest,
} from "../core/queries.ts";
import type { StoredSession } from "../core/session.ts";
import type { ShippingFigures, StoreSnapshot } from "../core/telemetry.ts";
import type { DecoderSettings } from "../decode/decoders.ts";
import type { CheckRules, IngestRules } from "../ingest/rules.ts";
import type { ReadRules } from "../query/scan/scope.ts";

/**
 * What a reload of the configuration can change for the writer. Batches carry indexes into `keys`, which only grows
 * while the process lives: a batch in the queue may carry an old index.
 */
export interface WriterRules extends IngestRules, CheckRules {
  /** Bytes that the data file may have; past it the oldest data is deleted. */
  readonly bytesMax: number;
  /** Projects with a table in the configuration and no key. Default: none. */
  readonly unusedProjects?: readonly string[];
}

/** What stays the same as long as the process runs. */
export interface WriterSettings {
  readonly file: string;
  readonly durability: Durability;
  /** Identifies this run of the process. */
  readonly run: string;
  readonly timings: {
    readonly timeoutMs: number;
    readonly orphanGraceMs: number;
    readonly openMax: number;
    readonly openBytesMax: number;
  };
  readonly clientShare: number;
  readonly decoding?: DecoderSettings;
  readonly dedupe: { readonly windowMs: number; readonly requests: number };
  /** Where a ClickHouse cluster is behind the data file; absent: none. */
  readonly shipping?:
    | {
        readonly keepLocalMs: number;
        readonly backlogBytesMax: number;
        /** The number of this server: a part of each id that is shown. */
        readonly node: number;
      }
    | undefined;
}

/** From the main thread to the writer. */
export type ToWriter =
  | {
      readonly kind: "start";
      readonly settings: WriterSettings;
      readonly rules: WriterRules;
      /** One shared cell: the GROUP_STATE of the group that was sent last. */
      readonly groupState: Int32Array;
      /**
       * How long the server has run, in ms: pending timings get their grace from its start on, also when this thread
       * replaces another.
       */
      readonly processAgeMs: number;
      /**
       * Identifies the data file of the writer before: no other file may take its place. Undefined at the first start.
       */
      readonly dataId?: string | undefined;
    }
  | { readonly kind: "rules"; readonly rules: WriterRules }
  /** A change that a person made; "changed" with the same number answers it, unless the writer dies before. */
  | { readonly kind: "change"; readonly number: number; readonly request: ChangeRequest }
  | GroupMessage
  | SetAsideMessage
  | AnsweredMessage
  | { readonly kind: "heartbeat"; readonly number: number }
  /** How far the data is shipped; "shipping_saved" answers. */
  | { readonly kind: "save_shipping"; readonly number: number; readonly state: ShippingState }
  /** Every group in the redo log is to be flushed to the tables; "snapshot" answers. */
  | { readonly kind: "flush" }
  | {
      readonly kind: "merged";
      readonly job: number;
      /** Undefined when it could not be merged. */
      readonly result: MergeResult | undefined;
      /** Ids of blocks that cannot be merged at all. */
      readonly unmergeable: readonly number[];
    }
  | { readonly kind: "stop" };

/** From the writer to the main thread. */
export type FromWriter =
  | {
      readonly kind: "started";
      readonly lastBatch: number;
      readonly snapshot: StoreSnapshot;
      readonly sessions: readonly StoredSession[];
      readonly dataId: string | undefined;
      /** How far the data file was shipped; undefined without a cluster. */
      readonly shipping: ShippingState | undefined;
    }
  | { readonly kind: "shipping_saved"; readonly number: number; readonly isSaved: boolean }
  /**
   * A group is durable. Without a snapshot it is in the redo log only: not in the figures and not readable until it is
   * flushed.
   */
  | {
      readonly kind: "committed";
      readonly group: number;
      readonly commitMs: number;
      /** Of each batch that has one. */
      readonly reports: readonly BatchReport[];
      readonly snapshot: StoreSnapshot | undefined;
    }
  /** Sent before the group is written; what becomes of the group follows. */
  | ({ readonly kind: "checked" } & CheckedReport)
  /** Every batch of the group is refused, as "checked" said before. */
  | { readonly kind: "all_refused"; readonly group: number }
  /** The group's commit failed and left no trace, or the group was withdrawn. */
  | { readonly kind: "failed"; readonly group: number }
  /** Retention, timeouts, a merge or a flush changed the figures. */
  | {
      readonly kind: "snapshot";
      readonly snapshot: StoreSnapshot;
      /** Whether every group that is durable is flushed. */
      readonly isFlushed: boolean;
    }
  /**
   * Whether the store can be written. `isDataGone`: the data file or its log is not there any more, so "memory" must
   * refuse too.
   */
  | { readonly kind: "health"; readonly isHealthy: boolean; readonly isDataGone: boolean; readonly reason: string }
  | { readonly kind: "heartbeat"; readonly number: number }
  | { readonly kind: "changed"; readonly number: number; readonly outcome: ChangeOutcome }
  | { readonly kind: "merge"; readonly request: MergeRequest }
  | { readonly kind: "log"; readonly level: "debug" | "info" | "warn" | "error"; readonly message: string }
  /** The writer could not start; `code` is an OperatingErrorCode. */
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  | { readonly kind: "stopped" };

/** Blocks to merge into one. */
export interface MergeRequest {
  readonly job: number;
  readonly blocks: readonly number[];
  /** Whether the writer is idle: the result may stay as it is for long. */
  readonly isIdle: boolean;
  /** Whether so many blocks are unmerged that merging goes before ingestion. */
  readonly isBacklogged: boolean;
}

/** The block that a merge made. */
export interface MergeResult {
  readonly zoneMap: ZoneMap;
  readonly encoded: EncodedBlock;
}

/** From the main thread to the compactor. */
export type ToCompactor =
  /** With `hasLowPriority` it only gets processor time that no other thread wants. */
  | { readonly kind: "start"; readonly file: string; readonly hasLowPriority: boolean }
  | { readonly kind: "merge"; readonly request: MergeRequest };

/** From the compactor to the main thread. */
export type FromCompactor =
  | { readonly kind: "merged"; readonly job: number; readonly result: MergeResult }
  | {
      readonly kind: "failed";
      readonly job: number;
      readonly reason: string;
      /** Ids of blocks that cannot be merged at all: damaged ones, or all of a merge that fails for no known cause. */
      readonly unmergeable: readonly number[];
    };

/** A ClickHouse that has the history of this node and of others, as the reader asks it. */
export interface HistorySettings extends ClickHouseAddress {
  /** Of this server. */
  readonly node: number;
}

/** What the shipper needs to know of the configuration. */
export interface ShipperRules {
  /** How long each project keeps its records, in ms. */
  readonly retentionMs: ReadonlyMap<string, number>;
  readonly defaultRetentionMs: number;
}

/** From the main thread to the shipper. */
export type ToShipper =
  | {
      readonly kind: "start";
      readonly file: string;
      readonly history: HistorySettings;
      readonly rules: ShipperRules;
      readonly state: ShippingState;
    }
  | { readonly kind: "rules"; readonly rules: ShipperRules }
  /** Records were committed. */
  | { readonly kind: "advance" }
  | { readonly kind: "saved"; readonly number: number; readonly isSaved: boolean }
  /** Erases in the cluster; "erased" answers. From then on nothing is shipped until "release". */
  | { readonly kind: "erase"; readonly scope: ErasedScope }
  | { readonly kind: "release" };

/** What is erased: records of one project. */
export type ErasedScope = QueryScope & { readonly project: string };

/** What an erasure in the cluster came to. */
export type ShippedErasure =
  | ({ readonly isErased: true } & ErasedShipped)
  /** `isBegun`: some of the records may be erased. */
  | { readonly isErased: false; readonly isBegun: boolean; readonly message: string };

/** From the shipper to the main thread. */
export type FromShipper =
  | { readonly kind: "erased"; readonly outcome: ShippedErasure }
  | { readonly kind: "save"; readonly number: number; readonly state: ShippingState }
  | { readonly kind: "figures"; readonly figures: ShippingFigures }
  | { readonly kind: "log"; readonly level: "info" | "warn" | "error"; readonly message: string };

/** From the main thread to the reader. Each request has a number, from 1. */
export type ToReader =
  | {
      readonly kind: "start";
      readonly file: string;
      readonly rules: ReadRules;
      /** Where the history is; undefined: in the data file alone. */
      readonly history: HistorySettings | undefined;
    }
  | { readonly kind: "rules"; readonly rules: ReadRules }
  | { readonly kind: "query"; readonly number: number; readonly request: QueryRequest }
  | { readonly kind: "export"; readonly number: number; readonly request: ExportRequest }
  | { readonly kind: "tail"; readonly number: number; readonly request: TailRequest }
  /** Asks for the next chunk of an export or batch of a tail. */
  | { readonly kind: "more"; readonly number: number }
  /** Nobody wants the response any more. */
  | { readonly kind: "cancel"; readonly number: number }
  /** The reader answers with the same. */
  | { readonly kind: "heartbeat"; readonly number: 0 }
  /** Records were committed: tails may have news. */
  | { readonly kind: "advance" };

/** From the reader to the main thread, with the number of the request. */
export type FromReader =
  | { readonly kind: "heartbeat"; readonly number: 0 }
  | { readonly kind: "response"; readonly number: number; readonly outcome: QueryOutcome<string> }
  /** An export or a tail was opened, or why not. */
  | { readonly kind: "opened"; readonly number: number; readonly refusal: QueryRefusal | undefined }
  | { readonly kind: "text"; readonly number: number; readonly text: string }
  | { readonly kind: "events"; readonly number: number; readonly events: readonly TailEvent[] }
  | { readonly kind: "end"; readonly number: number };
