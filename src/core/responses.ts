// What readers are told: the shape of each answer, the same over HTTP, in the commands and in the app. All times are Unix
// milliseconds.

import type { Durability } from "./batch.ts";
import type { DropReason } from "./drop.ts";
import type { Source } from "./entry.ts";
import type { JsonObject } from "./json.ts";
import type { ShownRecord } from "./record.ts";

/** What every answer that had to look at blocks may say besides. */
export interface ScanWarnings {
  /** Present when the time limit ended the search: the answer covers only a part, and this says which. */
  readonly stoppedEarly?: string;
  /** Blocks that are damaged and were left out; absent when there are none. */
  readonly damagedBlocks?: number;
}

export interface EntriesResponse extends ScanWarnings {
  /** Newest time first, then highest id first. */
  readonly entries: readonly ShownRecord[];
  /** Give it back for the next page; null: there is none. */
  readonly nextCursor: string | null;
}

/** Counts of the records of one interval: logs by level, and timings. */
export interface HistogramBucket {
  readonly time: number;
  readonly debug: number;
  readonly info: number;
  readonly warn: number;
  readonly error: number;
  readonly timing: number;
}

export interface HistogramResponse extends ScanWarnings {
  /** In ms. */
  readonly interval: number;
  readonly buckets: readonly HistogramBucket[];
}

/** Durations in ms of completed timings; null where there is none. */
export interface TimingStats {
  readonly count: number;
  readonly min: number | null;
  readonly mean: number | null;
  readonly max: number | null;
  readonly p50: number | null;
  readonly p75: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  /** Starts that still wait for their end. */
  readonly running: number;
  readonly unfinished: number;
}

export interface TouchpointTimings extends TimingStats {
  /** "" for timings without one. */
  readonly touchpoint: string;
  readonly registered: boolean;
  /** Pairs for which more than one start would have done, of all searches, received on the days of the range: a `key` tells them apart. */
  readonly ambiguous: number;
}

/** All touchpoints whose names begin with `category`, which ends with "/", together. */
export interface CategoryTimings extends TimingStats {
  readonly category: string;
}

export interface TimingsResponse extends ScanWarnings {
  /** Touchpoints that are not listed: those with the most timings are. */
  readonly more: number;
  /** By name, of which a long one is cut. */
  readonly touchpoints: readonly TouchpointTimings[];
  /** By name, made of the touchpoints that are listed; only when asked by category. */
  readonly categories?: readonly CategoryTimings[];
}

export interface SeriesBucket extends TimingStats {
  readonly time: number;
}

export interface SeriesResponse extends ScanWarnings {
  /** In ms. */
  readonly interval: number;
  /** In all; absent when asked by touchpoint. */
  readonly buckets?: readonly SeriesBucket[];
  /** Touchpoints that are not listed; when asked by touchpoint. */
  readonly more?: number;
  readonly touchpoints?: readonly { readonly touchpoint: string; readonly buckets: readonly SeriesBucket[] }[];
}

/** A start that waits for its end. */
export interface RunningTiming {
  readonly project: string;
  readonly apiKey: string;
  readonly source: Source;
  readonly keyType?: Source;
  readonly touchpoint?: string;
  readonly key?: string;
  readonly message?: string;
  readonly startTime: number;
  readonly receivedAt: number;
  readonly metadata?: JsonObject;
}

export interface RunningResponse {
  /** Longest running first. */
  readonly running: readonly RunningTiming[];
  /** All of them, also those that are not listed. */
  readonly count: number;
}

export interface FieldsResponse extends ScanWarnings {
  /** Fields that are not listed: those that the most records have are. */
  readonly more: number;
  /** As they are written in a search: "level", "touchpoint", "metadata.orderId". `count`: records that have it. */
  readonly fields: readonly { readonly name: string; readonly count: number }[];
}

export interface ValuesResponse extends ScanWarnings {
  readonly field: string;
  /** Most frequent first, then by value. */
  readonly values: readonly { readonly value: string | number | boolean | null; readonly count: number }[];
  /** Records that have the field. */
  readonly count: number;
  /** Whether there are more different values than are listed. */
  readonly more: boolean;
}

export interface TouchpointRow {
  readonly project: string;
  readonly name: string;
  readonly registered: boolean;
  readonly firstSeen: number;
}

/** A part of touchpoints' names, between two "/". */
export interface TouchpointNode {
  readonly name: string;
  /** From the root on: a touchpoint's name, or what the names below begin with. */
  readonly path: string;
  /** Null where it is only a category, and no touchpoint itself; so is `firstSeen`. */
  readonly registered: boolean | null;
  readonly firstSeen: number | null;
  /** By name. */
  readonly children: readonly TouchpointNode[];
}

export interface TouchpointsResponse {
  /** Touchpoints that are not listed. */
  readonly more: number;
  /** By project, then name. */
  readonly touchpoints: readonly TouchpointRow[];
  /** The same as a tree a project, by project. */
  readonly tree: readonly { readonly project: string; readonly children: readonly TouchpointNode[] }[];
}

export interface UsageRow {
  readonly project: string;
  /** UTC month of receipt, "2026-11". */
  readonly month: string;
  readonly received: number;
  readonly stored: number;
  readonly admitted: number;
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** Entries a month; null: no limit. */
  readonly limit: number | null;
  /** Admitted entries past the limit. */
  readonly overage: number;
  /** Whether what is past the limit is stored or dropped. */
  readonly overagePolicy: "continue" | "drop";
  /** Pairs by touchpoint for which more than one start would have done. */
  readonly ambiguous: number;
}

/** What a project takes now. Bytes are compressed. */
export interface ProjectStorage {
  readonly project: string;
  readonly records: number;
  readonly blocks: number;
  readonly bytes: number;
  readonly retentionMs: number;
  /** Record times; null when there is none. */
  readonly oldest: number | null;
  readonly newest: number | null;
}

export interface UsageResponse {
  /** Newest month first, then by project. */
  readonly usage: readonly (UsageRow & { readonly bytes: number })[];
  readonly storage: readonly ProjectStorage[];
}

export interface RejectionRow {
  readonly id: number;
  readonly project: string;
  readonly apiKey: string;
  readonly receivedAt: number;
  readonly reason: DropReason;
  /** What to do about it, for people. */
  readonly hint: string;
  /** The entry as it was sent; a text when it was too long to keep whole. */
  readonly entry: unknown;
}

export interface RejectionsResponse {
  /** Whether there are more within the limit: the answer would be too long. */
  readonly more: boolean;
  /** Latest first. */
  readonly rejections: readonly RejectionRow[];
}

/** How the server is now. */
export interface StatusResponse {
  /** Whether batches can be stored; `reason` says why not, and is null when they can. */
  readonly ready: boolean;
  readonly reason: string | null;
  readonly version: string;
  readonly startedAt: number;
  readonly durability: Durability;
  /** What waits to be stored. */
  readonly queue: {
    readonly requests: number;
    readonly requestsMax: number;
    readonly bytes: number;
    readonly bytesMax: number;
  };
  /** Since the data file was made; received = stored + open + queued + the sum of dropped. */
  readonly entries: {
    readonly received: number;
    readonly stored: number;
    readonly open: number;
    readonly queued: number;
    readonly dropped: Readonly<Record<DropReason, number>>;
  };
  /** `bytesMax`: the oldest data goes when the file is larger. */
  readonly storage: {
    readonly records: number;
    readonly blocks: number;
    readonly bytesOnDisk: number;
    readonly bytesMax: number;
  };
}

/** When a key of a pair was first known and last sent an accepted batch; null: never. */
export interface KeyUse {
  readonly name: string;
  readonly type: Source;
  readonly created: number | null;
  readonly lastUsed: number | null;
}

export interface KeysResponse {
  readonly keys: readonly KeyUse[];
}

/** The answer to each kind of question. */
export interface QueryResponses {
  readonly entries: EntriesResponse;
  readonly histogram: HistogramResponse;
  readonly timings: TimingsResponse;
  readonly series: SeriesResponse;
  readonly running: RunningResponse;
  readonly fields: FieldsResponse;
  readonly values: ValuesResponse;
  readonly touchpoints: TouchpointsResponse;
  readonly usage: UsageResponse;
  readonly rejections: RejectionsResponse;
  readonly keys: KeysResponse;
}
