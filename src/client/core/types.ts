// The types of the client library: its public API, and the interfaces between its parts. Types only, so nothing here is
// in a bundle.

import type { Entry, Level, Source } from "../../core/entry.ts";

export type { Entry, Level, Source };

/** Names and values that a record carries; whatever they are, they are written as JSON without an exception. */
export type Metadata = Readonly<Record<string, unknown>>;

/** What a log or a timing may say about itself. Values of other types are turned into these, never refused. */
export interface EntryFields {
  /** What the record is grouped by: keep it stable, "orders/[id]" and not "orders/42". */
  readonly touchpoint?: string | undefined;
  /** Ties entries together, and a start to its end. A start without one gets one. */
  readonly key?: string | undefined;
  readonly message?: unknown;
  readonly level?: Level | undefined;
  /** Unix milliseconds, or a Date. Default: now. */
  readonly timestamp?: number | Date | undefined;
  readonly metadata?: Metadata | undefined;
  readonly source?: Source | undefined;
}

/** A start: `startTime` is now unless it is given. */
export interface StartFields extends EntryFields {
  readonly startTime?: number | Date | undefined;
  /** Stored at once as a record of its own, beside the one that its end makes. */
  readonly standalone?: boolean | undefined;
}

/** An end, or a complete timing. */
export interface TimingFields extends StartFields {
  readonly endTime?: number | Date | undefined;
  /** Milliseconds. */
  readonly duration?: number | undefined;
}

/** Who uses the page: goes into the metadata of every later record, as it is. */
export interface Identity {
  readonly userId: string;
  readonly email?: string;
  readonly groupId?: string;
  readonly traits?: Metadata;
}

/** What `beforeSend` sees and may change or return anew: an entry before it is written as JSON. */
export type OutgoingEntry = { -readonly [Name in keyof TimingFields]: TimingFields[Name] };

/** Why entries were not sent, or not yet. */
export interface Problem {
  /**
   * "unreachable": no answer, 429 or 5xx; it is tried again, and told of once until something is answered. "refused":
   * answered with a final status, the entries are given up. "internal": an entry was dropped, since it or `beforeSend`
   * threw.
   */
  readonly reason: "unreachable" | "refused" | "internal";
  /** The server's answer; "" where there is a `cause`. */
  readonly message: string;
  /** Of the answer; 0: none came. */
  readonly status: number;
  /** Whom it concerns. */
  readonly entryCount: number;
  readonly cause?: unknown;
}

/** What is captured without being asked for each time. */
export interface AutoCapture {
  /** Uncaught errors and rejections: 50 a page, equal ones counted. */
  readonly errors?: boolean;
  /** Page views, soft navigations included. */
  readonly pageViews?: boolean;
  /** FCP, LCP, TTFB, CLS and INP, by a second script that is loaded for it. */
  readonly vitals?: boolean;
  /** Durations of same-origin fetches, which get the page's and the session's id as headers. */
  readonly fetch?: boolean;
}

/** Settings of `configureSDK` and `SimpleLogs.init`. */
export interface Options {
  /** "ck_…", for browsers. */
  readonly clientKey?: string | undefined;
  /** "sk_…", for servers; never in a page. */
  readonly serverKey?: string | undefined;
  /**
   * Base address including /api/v1, "https://logs.example.com/api/v1". Script tag: default is the server that the
   * script is from.
   */
  readonly apiEndpoint?: string | URL | undefined;
  /** Put into every record's metadata as `environment`. */
  readonly environment?: string | undefined;
  /** Further metadata of every record. */
  readonly metadata?: Metadata | undefined;
  /** Milliseconds that entries are collected for. Default 250. */
  readonly batchInterval?: number | undefined;
  /** Entries of a batch. Default 100; fewer where they would not fit 60,000 bytes. */
  readonly maxBatchSize?: number | undefined;
  /** Entries that may wait, those in flight included. Default 1000; past it the oldest go, counted. */
  readonly maxQueueSize?: number | undefined;
  /** Bytes that may wait, as `maxQueueSize`. Default 1 MiB. */
  readonly maxQueueBytes?: number | undefined;
  /** Milliseconds that an answer is waited for. Default 10,000. */
  readonly sendTimeout?: number | undefined;
  /**
   * 0 to 1: the part that is sent. Entries with one `key` (a start and its end) are sent together or not at all.
   * Default 1.
   */
  readonly sampleRate?: number | undefined;
  /** Sends every start as a record of its own. Default false. */
  readonly standaloneStarts?: boolean | undefined;
  /** Last look at an entry: change it, return another, or return null to drop it. One that throws drops the entry. */
  readonly beforeSend?: ((entry: OutgoingEntry) => OutgoingEntry | null | undefined) | undefined;
  /** Names of metadata whose values are replaced by "[redacted]", at any depth: equal ignoring case, or matching. */
  readonly redact?: readonly (string | RegExp)[] | undefined;
  /** Told of everything that could not be sent. What it throws is ignored. */
  readonly onError?: ((problem: Problem) => void) | undefined;
  /** Writes what the library does to the console. */
  readonly debug?: boolean | undefined;
  /** Default: nothing; in the script tag, errors. `true`: all of it. */
  readonly autoCapture?: boolean | AutoCapture | undefined;
  /** Serverless: is handed each send, so that the platform waits for it. */
  readonly waitUntil?: ((sending: Promise<unknown>) => void) | undefined;
  /** Servers: flush on SIGTERM and SIGINT. Default false. */
  readonly flushOnSignal?: boolean | undefined;
  /** Servers: each entry is sent at once, since the process may be frozen after an answer. Default: detected. */
  readonly serverless?: boolean | undefined;
  /** Servers: `flushServer` returns without waiting for answers. Default false. */
  readonly fireAndForget?: boolean | undefined;
}

/** The methods of every logger. None throws, and none waits. */
export interface Logger {
  /** A text stands for its message, an Error for a log of level "error" with its stack. */
  log(entry: EntryFields | string | Error): void;
  /** Starts a timing; returns its key. Its end is found by key, else by touchpoint: the earliest in this process. */
  start(timing: StartFields | string): string;
  /** Ends a timing. With fields of both, those of the end win. */
  end(timing: TimingFields | string): void;
  /** A complete timing: `duration`, or `startTime` and `endTime`. */
  record(timing: TimingFields): void;
  /**
   * Times a function. What it returns is returned, what it throws is recorded and thrown again; promises are waited
   * for.
   */
  time<Result>(touchpoint: string | StartFields, work: () => Result): Result;
  /** A logger whose entries carry these fields too; names that entries do not have become metadata. */
  child(fields: EntryFields & Metadata): Logger;
  /**
   * Sends what waits now. True: everything that was logged before the call is settled. False: an attempt failed, and
   * the rest is tried again later.
   */
  flush(): Promise<boolean>;
}

/** `window.SimpleLogs`, and the export of the module. */
export interface SimpleLogsApi extends Logger {
  init(options: Options): void;
  identify(identity: Identity): void;
  /** Forgets who uses the page, and begins a new session. */
  clearIdentity(): void;
}

/** What an attempt to send was answered; status 0: no answer. */
export interface Answer {
  readonly status: number;
  /** The Retry-After header. */
  readonly retryAfter?: string | null;
  /** The body of a refusal. */
  readonly text?: string;
}

/** What the core needs of where it runs. */
export interface Platform {
  /** Calls back after `delayMs`, without keeping a process alive; returns how to cancel it. */
  later(delayMs: number, call: () => void): () => void;
  /**
   * Sends `body` as text/plain and waits at most `timeoutMs`. `isKeepalive`: it may outlive its page. Never rejects.
   */
  post(url: string, body: string, isKeepalive: boolean, timeoutMs: number): Promise<Answer>;
}

/** A set of entries whose bytes and idempotency key never change, so that a repetition is recognised. */
export interface Batch {
  /** The idempotency key. */
  readonly id: string;
  readonly body: string;
  /** Of `body` in UTF-8. */
  readonly bytes: number;
  readonly entryCount: number;
  /** Number of its first entry in the order of logging; 0: from another page. */
  readonly sequence: number;
  /** It was sent before, so it may have been stored: it must not be split. */
  isTried?: boolean;
  /** Set while it is in the page's storage: removes it there. Called when it is answered for good. */
  onSettled?: () => void;
}
