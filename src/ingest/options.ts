// What a worker begins with, and what it is told while it runs.

import type { ClockReading } from "../core/clock.ts";
import type { Batch, Source } from "../core/entry.ts";
import type { KeyNote } from "./key_use.ts";
import type { AmbiguousName } from "./pairing/ambiguous_pairs.ts";
import type { PairingLimits } from "./pairing/pairing.ts";
import type { RequestLimits } from "./retries/recent_requests.ts";
import type { ListedTouchpoint } from "./touchpoint_names.ts";
import type { UsageCounter } from "./usage.ts";

export interface WorkerKey {
  readonly project: string;
  readonly name: string;
  readonly type: Source;
}

/** A key that is admitted now. */
export interface LiveKey {
  /** Into the keys. */
  readonly index: number;
  /** Of its text, in lower-case hexadecimal. */
  readonly sha256: string;
  /** Parsed allowed origins; only for client keys. */
  readonly origins: readonly string[];
  /** Entries a second, or undefined for no limit. */
  readonly rate: number | undefined;
}

/** A key in a group of another time: what held for its project then. */
export interface ReplayKey extends WorkerKey {
  readonly rules: WorkerProject;
}

/** A checked batch. */
export interface StagedBatch {
  readonly key: WorkerKey | ReplayKey;
  /** Unix ms. */
  readonly receivedAt: number;
  /** Of the decompressed body. */
  readonly bytes: number;
  /** Address and User-Agent, joined. */
  readonly sender: string;
  readonly body: Batch;
  /** Whether a text may hold a lone surrogate: the body has a \u escape. */
  readonly mayHoldLoneSurrogates: boolean;
  /** The request was stored before. */
  readonly isRepetition: boolean;
}

export interface WorkerProject {
  readonly retentionMs: number;
  /** Entries a UTC month, or undefined for no limit. */
  readonly monthlyEntries: number | undefined;
  readonly overage: "continue" | "drop";
  /** What client keys can use of `monthlyEntries`; absent: all. */
  readonly clientEntries?: number | undefined;
}

/** What a reload of the configuration changes. */
export interface WorkerRules {
  readonly keys: readonly WorkerKey[];
  readonly projects: Readonly<Record<string, WorkerProject>>;
  readonly defaultProject: WorkerProject;
}

/** What holds for a project. Own members only: a project may be called "constructor". */
export function projectRules({ projects, defaultProject }: Omit<WorkerRules, "keys">, project: string): WorkerProject {
  return (Object.hasOwn(projects, project) ? projects[project] : undefined) ?? defaultProject;
}

/** What the last process, or the last life of this thread, left. */
export interface WorkerState {
  readonly seed: readonly [number, number];
  readonly nextRecordId: number;
  readonly waiting: readonly { readonly id: number; readonly item: string }[];
  /** `receivedAt`: the latest receipt in the part, by the steady clock; Unix ms. */
  readonly journal: readonly { readonly kind: string; readonly receivedAt: number; readonly data: Uint8Array }[];
  readonly usage: readonly UsageCounter[];
  readonly touchpoints: readonly ListedTouchpoint[];
  readonly keys: readonly KeyNote[];
  /** Of the last day that has any. */
  readonly ambiguous: readonly AmbiguousName[];
}

export interface WorkerOptions {
  readonly state: WorkerState;
  readonly pairing: PairingLimits;
  readonly requests: RequestLimits;
  /** Names this process. */
  readonly run: string;
  readonly rules: WorkerRules;
  /** Nothing that waited before gets a deadline before this, by the steady clock; Unix ms. */
  readonly deadlinesFrom: number;
  readonly clock: ClockReading;
}
