// What the threads say to one another. The main thread relays between writer and compactor, so each knows one peer only.

import type { EncodedBlock } from "../block/codec/column_chunks.ts";
import type { ZoneMap } from "../block/stats/zone_map.ts";
import type { Durability } from "../core/batch.ts";
import type { ChangeOutcome, ChangeRequest } from "../core/changes.ts";
import type { AnsweredMessage, CheckedReport, GroupMessage, SetAsideMessage } from "../core/group.ts";
import type {
  ExportRequest,
  QueryOutcome,
  QueryRefusal,
  QueryRequest,
  TailEvent,
  TailRequest,
} from "../core/queries.ts";
import type { StoredSession } from "../core/session.ts";
import type { StoreSnapshot } from "../core/telemetry.ts";
import type { CheckRules } from "../ingest/check.ts";
import type { WorkerRules } from "../ingest/options.ts";
import type { ReadRules } from "../query/scan/scope.ts";

/**
 * What a reload of the configuration can change for the writer. Batches carry indexes into `keys`, which only ever grows
 * while the process lives: a batch in the ring may carry an old one.
 */
export interface WriterRules extends WorkerRules, CheckRules {
  /** Compressed bytes; oldest data goes first. */
  readonly bytesMax: number;
  /** Projects that the configuration has a table for and no key. Default: none. */
  readonly unusedProjects?: readonly string[];
}

/** What stays the same for a writer thread's life. */
export interface WriterSettings {
  readonly file: string;
  readonly durability: Durability;
  /** Names this run of the process. */
  readonly run: string;
  readonly timings: {
    readonly timeoutMs: number;
    readonly orphanGraceMs: number;
    readonly openMax: number;
    readonly openBytesMax: number;
  };
  readonly clientShare: number;
  readonly dedupe: { readonly windowMs: number; readonly requests: number };
}

export type ToWriter =
  | {
      readonly kind: "start";
      readonly settings: WriterSettings;
      readonly rules: WriterRules;
      /** One shared cell: the GROUP_STATE of the group that was sent last. */
      readonly groupState: Int32Array;
      /** How long the server runs, in ms: what waited before gets its grace from its start on, also when this thread replaces one. */
      readonly processAgeMs: number;
      /** The data file that the writer before had: another one must not take its place. */
      readonly dataId?: string | undefined;
    }
  | { readonly kind: "rules"; readonly rules: WriterRules }
  /** Something that a person changes; answered by "changed" under the same number, unless the writer dies before. */
  | { readonly kind: "change"; readonly number: number; readonly request: ChangeRequest }
  | GroupMessage
  | SetAsideMessage
  | AnsweredMessage
  | { readonly kind: "heartbeat"; readonly number: number }
  /** Whatever is committed is to be written in full; a snapshot answers. */
  | { readonly kind: "settle" }
  | {
      readonly kind: "merged";
      readonly job: number;
      /** Undefined when it could not be merged. */
      readonly result: MergeResult | undefined;
      /** Blocks that no merge can take. */
      readonly unmergeable: readonly number[];
    }
  | { readonly kind: "stop" };

export type FromWriter =
  | {
      readonly kind: "started";
      readonly lastBatch: number;
      readonly snapshot: StoreSnapshot;
      readonly sessions: readonly StoredSession[];
      readonly dataId: string | undefined;
    }
  /** Without a snapshot the group is durable, and neither in the figures nor to be read yet. */
  | {
      readonly kind: "committed";
      readonly group: number;
      readonly commitMs: number;
      readonly snapshot: StoreSnapshot | undefined;
    }
  /** Sent before the group is written; what becomes of the group follows. */
  | ({ readonly kind: "checked" } & CheckedReport)
  /** Every batch of the group is refused, as "checked" said before. */
  | { readonly kind: "all_refused"; readonly group: number }
  | { readonly kind: "failed"; readonly group: number }
  /** Time has passed: retention, timeouts or a merge changed the figures. */
  | {
      readonly kind: "snapshot";
      readonly snapshot: StoreSnapshot;
      /** Whether everything that is durable is written in full. */
      readonly isSettled: boolean;
    }
  /** `isGone`: the data file or its log is not there any more, so nothing that is queued may be answered 202 either. */
  | { readonly kind: "health"; readonly isHealthy: boolean; readonly isGone: boolean; readonly reason: string }
  | { readonly kind: "heartbeat"; readonly number: number }
  | { readonly kind: "changed"; readonly number: number; readonly outcome: ChangeOutcome }
  | { readonly kind: "merge"; readonly request: MergeRequest }
  | { readonly kind: "log"; readonly level: "debug" | "info" | "warn" | "error"; readonly message: string }
  | { readonly kind: "refused"; readonly code: string; readonly message: string }
  | { readonly kind: "stopped" };

/** Blocks to merge into one. */
export interface MergeRequest {
  readonly job: number;
  readonly blocks: readonly number[];
  /** Whether it is quiet: what is made now may stay as it is for long. */
  readonly isIdle: boolean;
  /** Whether so much waits to be merged that ingestion may wait for it. */
  readonly isUrgent: boolean;
}

export interface MergeResult {
  readonly zoneMap: ZoneMap;
  readonly encoded: EncodedBlock;
}

export type ToCompactor =
  /** With `stepsBack` it leaves the processor to whoever else wants it. */
  | { readonly kind: "start"; readonly file: string; readonly stepsBack: boolean }
  | { readonly kind: "merge"; readonly request: MergeRequest };

export type FromCompactor =
  | { readonly kind: "merged"; readonly job: number; readonly result: MergeResult }
  | {
      readonly kind: "failed";
      readonly job: number;
      readonly reason: string;
      /** Blocks that no merge can take: damaged ones, or all of a merge that fails for no known cause. */
      readonly unmergeable: readonly number[];
    };

/** What the readers are told: questions, each under a number of the asker's, and how they go on. */
export type ToReader =
  | { readonly kind: "start"; readonly file: string; readonly rules: ReadRules }
  | { readonly kind: "rules"; readonly rules: ReadRules }
  | { readonly kind: "ask"; readonly number: number; readonly request: QueryRequest }
  | { readonly kind: "export"; readonly number: number; readonly request: ExportRequest }
  | { readonly kind: "tail"; readonly number: number; readonly request: TailRequest }
  /** The next piece of an export or batch of a tail is wanted: one is sent. */
  | { readonly kind: "more"; readonly number: number }
  /** Nobody wants the answer any more. */
  | { readonly kind: "cancel"; readonly number: number }
  /** A sign of life is wanted. */
  | { readonly kind: "heartbeat"; readonly number: 0 }
  /** Something was committed: tails may have news. */
  | { readonly kind: "advance" };

export type FromReader =
  | { readonly kind: "heartbeat"; readonly number: 0 }
  | { readonly kind: "answer"; readonly number: number; readonly outcome: QueryOutcome<string> }
  /** An export or a tail begins, or why not. */
  | { readonly kind: "opened"; readonly number: number; readonly refusal: QueryRefusal | undefined }
  | { readonly kind: "text"; readonly number: number; readonly text: string }
  | { readonly kind: "events"; readonly number: number; readonly events: readonly TailEvent[] }
  | { readonly kind: "end"; readonly number: number };
