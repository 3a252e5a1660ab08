// What HTTP hands to the queue, and what becomes of it. A batch is a body as it came: it is parsed once, in the writer, which
// checks it there. Main thread only, but for the refusals, which the writer makes.

import type { Source } from "./entry.ts";

/** What a 202 means: fsynced, committed, or queued. */
export const DURABILITIES = ["sync", "write", "memory"] as const;
export type Durability = (typeof DURABILITIES)[number];

/** One key of a pair: a pair has a name, and a key of each type. */
export interface KeyIdentity {
  readonly project: string;
  /** Name of the pair. */
  readonly name: string;
  readonly type: Source;
}

/** A key of the configuration in force. */
export interface ApiKey extends KeyIdentity {
  /** Parsed allowed origins; only for client keys. */
  readonly origins: readonly string[];
  /** Entries a second, or undefined for no limit. */
  readonly rate: number | undefined;
}

/** A body that was read whole, and is not parsed yet. */
export interface IncomingBatch {
  /** The decompressed body as it came. */
  readonly text: string;
  /** Size of the decompressed body in bytes. */
  readonly bytes: number;
  /** A live key whose text stands in the body; undefined where none was found. The key that JSON gives decides. */
  readonly apiKey: ApiKey | undefined;
  /** The Origin header. */
  readonly origin: string | null;
  /** Path and query: a request is sent again by the same route. */
  readonly route: string;
  /** What the client calls the request, so that it can be recognised when it comes again. */
  readonly idempotencyKey: string | undefined;
  /** Whether its connection has ended; called late, when the answer is ready. */
  readonly isDisconnected: () => boolean;
  /** Address and User-Agent, joined. */
  readonly sender: string;
  /** Unix ms. */
  readonly receivedAt: number;
}

/** One problem of a value: where (member names and indexes, from the top) and what. */
export interface Issue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Why the writer refuses a batch: the first check that fails (contract, section 1, rows 3 to 11). */
export type BatchRefusal =
  | {
      readonly refused:
        | "not_json"
        | "key_missing"
        | "key_unknown"
        | "key_type_differs"
        | "origin_refused"
        | "too_many_entries"
        /** The idempotency key came before with another body. */
        | "other_body"
        /** An equal body brought the writer down before. */
        | "set_aside";
    }
  | { readonly refused: "invalid"; readonly issues: readonly Issue[] }
  /** Whole seconds until the key's rate allows the batch, and ms in which it allows not even one entry. */
  | { readonly refused: "rate"; readonly retryAfterSeconds: number; readonly debtMs: number };

/** What became of a batch that was taken: answered 202, 503, 500, or what the refusal says. */
export type BatchOutcome = "accepted" | "unavailable" | "set_aside" | BatchRefusal;

/** Why a batch was not taken: never fits (413), or does not fit now (503 with Retry-After). */
export type PushRefusal =
  | { readonly refused: "too_large" }
  | { readonly refused: "full"; readonly retryAfterSeconds: number };

/** The way into the queue, for the HTTP endpoint: src/queue/dispatcher.ts. Takes whole batches or nothing. */
export interface BatchIntake {
  push(batch: IncomingBatch): PushRefusal | Promise<BatchOutcome>;
  /** Whole seconds, 1 to 60, from the measured drain rate: what a 503 says. */
  retryAfterSeconds(): number;
}
