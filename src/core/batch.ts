// A batch on its way from HTTP to the queue, and its outcome. A batch is an unparsed body: only the writer thread
// parses and checks it. The types are used on the main thread; refusals are also made by the writer.

import type { DropReason } from "./drop.ts";
import type { Source } from "./entry.ts";

/** What a 202 promises: `sync` the batch is fsynced, `write` it is committed, `memory` it is queued. */
export const DURABILITIES = ["sync", "write", "memory"] as const;
export type Durability = (typeof DURABILITIES)[number];

/**
 * The forms in which bodies come. A text is JSON (or, of `ingest`, lines; of `syslog`, octet-counted frames); bytes are
 * the protocol's binary form. Names are stored in the redo log and never change their meaning.
 */
export const PROTOCOLS = [
  "enqueue",
  "otlp_logs",
  "otlp_traces",
  "loki",
  "elasticsearch",
  "ingest",
  "syslog",
  "sentry",
] as const;
/** One of PROTOCOLS; "enqueue" is the specification's own. */
export type Protocol = (typeof PROTOCOLS)[number];
/** A body as it came: text, or the bytes of a binary form. */
export type BodyContent = string | Uint8Array<ArrayBuffer>;

/** A record of a body that does not become an entry. It counts as received and dropped. */
export interface RefusedRecord {
  /** Its place among the body's records, entries included, from 0; rising. */
  readonly at: number;
  readonly reason: Extract<DropReason, "invalid" | "too_deep" | "ignored">;
  /** What is wrong, for its sender: a sentence without its full stop. */
  readonly problem: string;
  /** The record as far as it was read: a JSON value or a text. */
  readonly record: unknown;
}

/** Identifies one key. A key pair has a name, and one key of each type. */
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

/** A request whose body was read completely and is not parsed yet. */
export interface IncomingBatch {
  /** The decompressed body as it came. */
  readonly body: BodyContent;
  readonly protocol: Protocol;
  /** Size of the decompressed body in bytes. */
  readonly bytes: number;
  /**
   * The key that sent it. Of `enqueue` a live key whose text the body contains, or undefined where none was found:
   * there the parsed body decides which key counts.
   */
  readonly apiKey: ApiKey | undefined;
  /** The Origin header. */
  readonly origin: string | null;
  /** Path and query: a retry comes by the same route. */
  readonly route: string;
  /** Sent by the client, so that a retry is recognised. */
  readonly idempotencyKey: string | undefined;
  /** Whether its connection is closed. Called when the response is ready. */
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
        /** An earlier request had the same idempotency key and another body. */
        | "other_body"
        /** An equal body crashed the writer before. */
        | "set_aside";
    }
  | { readonly refused: "invalid"; readonly issues: readonly Issue[] }
  /** A body of another protocol than `enqueue` that cannot be read: what is wrong with it. */
  | { readonly refused: "malformed"; readonly problem: string }
  /** Whole seconds until the key's rate allows the batch, and ms in which it allows not even one entry. */
  | { readonly refused: "rate"; readonly retryAfterSeconds: number; readonly debtMs: number };

/** A record of an accepted batch that is not stored. */
export interface DroppedRecord {
  /** Its place among the body's records, from 0. */
  readonly at: number;
  readonly reason: DropReason;
  /** What is wrong with it, where its decoder said so. */
  readonly problem?: string | undefined;
}

/**
 * What the sender of an accepted batch may learn: only of protocols whose responses say more than that it was taken.
 */
export interface AcceptedReport {
  /** In rising order of `at`; none of a repetition. */
  readonly dropped: readonly DroppedRecord[];
  /** As the decoder gave it. */
  readonly operations?: string | undefined;
}

/** Outcome of a queued batch: answered 202, 503, 500, or as the refusal says. */
export type BatchOutcome =
  | "accepted"
  | { readonly accepted: AcceptedReport }
  | "unavailable"
  | "set_aside"
  | BatchRefusal;

/** Why a batch was not queued: it can never fit (413), or does not fit now (503 with Retry-After). */
export type PushRefusal =
  | { readonly refused: "too_large" }
  | { readonly refused: "full"; readonly retryAfterSeconds: number };

/** The queue, as the HTTP endpoint uses it; src/queue/dispatcher.ts. Takes a whole batch or nothing. */
export interface BatchIntake {
  push(batch: IncomingBatch): PushRefusal | Promise<BatchOutcome>;
  /** For a 503's Retry-After: whole seconds, 1 to 60, from the measured drain rate. */
  retryAfterSeconds(): number;
}
