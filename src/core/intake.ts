// What HTTP hands to the queue, and what the queue answers. Main thread only.

import type { Source } from "./entry.ts";

/** What a 202 means: fsynced, committed, or queued. */
export const DURABILITIES = ["sync", "write", "memory"] as const;
export type Durability = (typeof DURABILITIES)[number];

/** One half of a key pair, as the configuration in force has it. */
export interface ApiKey {
  /** Name of the pair. */
  readonly name: string;
  readonly project: string;
  readonly type: Source;
  /** Parsed allowed origins; only for client keys. */
  readonly origins: readonly string[];
  /** Entries a second, or undefined for no limit. */
  readonly rate: number | undefined;
}

/** A checked batch: its body's JSON text is kept as it came and parsed again by the worker. */
export interface IncomingBatch {
  /** The decompressed body: valid JSON that satisfies BatchSchema. */
  readonly text: string;
  readonly entryCount: number;
  /** Size of the decompressed body in bytes. */
  readonly bytes: number;
  readonly apiKey: ApiKey;
  /** The API key as it stands in the text: a secret. */
  readonly secret: string;
  /** Address and User-Agent, joined: part of what makes an entry a duplicate. */
  readonly sender: string;
  /** Unix ms. */
  readonly receivedAt: number;
}

/** What became of a batch that was taken: answered 202, 503 or 500. */
export type BatchOutcome = "accepted" | "unavailable" | "set_aside";

/** Why a batch was not taken: never fits (413), or does not fit now (503 with Retry-After). */
export type PushRefusal =
  | { readonly refused: "too_large" }
  | { readonly refused: "full"; readonly retryAfterSeconds: number };

/** Takes whole batches or nothing. */
export interface BatchIntake {
  push(batch: IncomingBatch): PushRefusal | Promise<BatchOutcome>;
  /** Whole seconds, 1 to 60, from the measured drain rate: what a 503 says. */
  retryAfterSeconds(): number;
}
