// What the worker loop hands over: one transaction's whole effect, and the figures that belong to it.

import type { BuiltBlock } from "./block_builder.ts";
import type { KeyNote } from "./key_use.ts";
import type { AmbiguousPairs } from "./pairing/ambiguous_pairs.ts";
import type { Rejection } from "./rejections.ts";
import type { TouchpointNote } from "./touchpoint_names.ts";
import type { UsageCounter, UsageTotals } from "./usage.ts";

/** The whole effect of a group or of the passing of time, for one transaction. */
export interface StagedWrite {
  readonly blocks: readonly BuiltBlock[];
  readonly nextRecordId: number;
  readonly lastBatch: number | undefined;
  readonly waitingAdded: readonly { readonly id: number; readonly item: string }[];
  readonly waitingRemoved: readonly number[];
  readonly journal: readonly { readonly kind: string; readonly receivedAt: number; readonly data: Uint8Array }[];
  readonly usage: readonly UsageCounter[];
  readonly rejections: readonly Rejection[];
  readonly touchpoints: readonly TouchpointNote[];
  readonly keys: readonly KeyNote[];
  readonly ambiguous: readonly AmbiguousPairs[];
  readonly setAside: StagedSetAside | undefined;
  readonly bytesReceived: number;
}

export interface StagedSetAside {
  readonly project: string;
  readonly apiKey: string;
  readonly receivedAt: number;
  readonly entryCount: number;
  readonly body: string;
}

/** A start or an end that was erased while it waited. */
export interface ErasedWaiting {
  readonly id: number;
  readonly project: string;
  /** The UTC month of its receipt. */
  readonly month: string;
  /** Whether it was neither stored nor dropped. */
  readonly isOpen: boolean;
}

/** Figures that always belong together: received = stored + open + the sum of dropped. */
export interface WorkerCounts extends Readonly<UsageTotals> {
  readonly open: number;
}
