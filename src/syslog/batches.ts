// Messages of one listener to batches of the queue. Messages gather until there are many, or a moment has passed. What
// the queue does not take is held and tried again: connections are read no further meanwhile, so nothing of theirs is
// lost. Nobody can make a sender of datagrams wait, so their messages are refused in the end, and counted.
//
// Invariant: received = accepted + refused + what is held; what is held is at most SYSLOG_HELD_BYTES_MAX and one piece
// of each connection.

import type { ApiKey, BatchIntake, BatchOutcome } from "../core/batch.ts";
import type { Clock } from "../core/clock.ts";
import {
  SYSLOG_BATCH_BYTES_MAX,
  SYSLOG_BATCH_MESSAGES_MAX,
  SYSLOG_DATAGRAM_TRIES_MAX,
  SYSLOG_GATHER_MS_MAX,
  SYSLOG_HELD_BYTES_MAX,
} from "../core/limits.ts";
import { writeFrame } from "../core/syslog_frames.ts";

/** Runs something once after so many ms; the result takes that back. */
export type Schedule = (run: () => void, ms: number) => () => void;

/** What one listener's batches need. */
export interface SyslogBatchesOptions {
  readonly intake: BatchIntake;
  /** Unix ms. */
  readonly clock: Clock;
  readonly schedule: Schedule;
  /** The key that sends, by the configuration in force; undefined: it is revoked or gone. */
  readonly key: () => ApiKey | undefined;
  /** Path and query of the batches. */
  readonly route: string;
  /** Whether senders can be made to wait. */
  readonly canWait: boolean;
  /** Messages and bytes that a batch may have by the configuration, at most. */
  readonly messagesMax: number;
  readonly bytesMax: number;
  /** Senders that can wait may go on. */
  readonly drained: () => void;
}

/** A batch that waits or is in the queue. */
interface HeldBatch {
  /** Rising. */
  readonly number: number;
  readonly body: string;
  readonly messages: number;
  /** Of the body. */
  readonly bytes: number;
  tries: number;
}

/** What a message takes beside its text, about. */
const FRAME_BYTES = 64;
/** How soon a batch is tried again while the listener stops, in ms. */
const STOP_RETRY_MS = 100;
/** After an outcome that does not say when, in ms. */
const RETRY_MS = 1_000;

export class SyslogBatches {
  readonly #options: SyslogBatchesOptions;
  readonly #messagesMax: number;
  readonly #bytesMax: number;
  /** The frames that gather, and their bytes. */
  #frames: string[] = [];
  #framesBytes = 0;
  #cancelGather: (() => void) | undefined;
  /** Complete batches that are not in the queue, oldest first. */
  #waiting: HeldBatch[] = [];
  #cancelRetry: (() => void) | undefined;
  /** Batches that are in the queue. */
  readonly #queued = new Set<HeldBatch>();
  #nextNumber = 1;
  #heldBytes = 0;
  #isFull = false;
  #isStopping = false;
  #stopped: (() => void) | undefined;
  /** Messages since the start. */
  received = 0;
  refused = 0;

  constructor(options: SyslogBatchesOptions) {
    this.#options = options;
    this.#messagesMax = Math.min(SYSLOG_BATCH_MESSAGES_MAX, options.messagesMax);
    this.#bytesMax = Math.min(SYSLOG_BATCH_BYTES_MAX, options.bytesMax);
  }

  /** Whether senders that can wait must; `drained` is called when they may go on. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Takes a message. `peer` is its sender's address. */
  add(message: string, peer: string): void {
    const { canWait, clock, key, schedule } = this.#options;
    this.received++;
    if (key() === undefined || (this.#isFull && !canWait)) {
      this.refused++;
      return;
    }
    const frame = writeFrame({ receivedAt: Math.round(clock()), peer, message });
    const bytes = Buffer.byteLength(frame) + FRAME_BYTES;
    if (this.#frames.length > 0 && this.#framesBytes + bytes > this.#bytesMax) this.#close();
    this.#frames.push(frame);
    this.#framesBytes += bytes;
    this.#hold(bytes);
    if (this.#frames.length >= this.#messagesMax || this.#framesBytes >= this.#bytesMax) this.#close();
    else this.#cancelGather ??= schedule(() => this.#close(), SYSLOG_GATHER_MS_MAX);
  }

  /** The configuration was loaded again: what is held may have become one that is refused, or accepted. */
  keysChanged(): void {
    this.#retryNow();
  }

  /**
   * Queues what has gathered, and resolves when all of it is stored or refused; after `graceMs` the rest is refused.
   * Nothing is added afterwards.
   */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    this.#close();
    this.#retryNow();
    if (this.#isEmpty) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#stopped = resolve;
    const cancel = this.#options.schedule(resolve, graceMs);
    await promise;
    cancel();
    this.#cancelRetry?.();
    for (const batch of this.#waiting.splice(0)) this.#refuse(batch);
  }

  get #isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#queued.size === 0;
  }

  /** What has gathered becomes a batch. */
  #close(): void {
    this.#cancelGather?.();
    this.#cancelGather = undefined;
    if (this.#frames.length === 0) return;
    const batch = {
      number: this.#nextNumber++,
      body: this.#frames.join(""),
      messages: this.#frames.length,
      bytes: this.#framesBytes,
      tries: 0,
    };
    this.#frames = [];
    this.#framesBytes = 0;
    this.#waiting.push(batch);
    this.#pump();
  }

  /** Pushes what waits, until the queue refuses. */
  #pump(): void {
    while (this.#cancelRetry === undefined) {
      const batch = this.#waiting.shift();
      if (batch === undefined) return;
      this.#push(batch);
    }
  }

  #push(batch: HeldBatch): void {
    const { clock, intake, key, route } = this.#options;
    const apiKey = key();
    if (apiKey === undefined) {
      this.#refuse(batch);
      return;
    }
    const pushed = intake.push({
      body: batch.body,
      protocol: "syslog",
      bytes: Buffer.byteLength(batch.body),
      apiKey,
      origin: null,
      route,
      // The times of receipt make each body another: no batch is taken for a repetition.
      idempotencyKey: undefined,
      isDisconnected: () => false,
      sender: "syslog",
      receivedAt: clock(),
    });
    if ("refused" in pushed) {
      if (pushed.refused === "too_large") this.#refuse(batch);
      else this.#again(batch, pushed.retryAfterSeconds * 1_000);
      return;
    }
    this.#queued.add(batch);
    void pushed.then((outcome) => this.#done(batch, outcome));
  }

  #done(batch: HeldBatch, outcome: BatchOutcome): void {
    this.#queued.delete(batch);
    if (outcome === "unavailable") {
      this.#again(batch, this.#options.intake.retryAfterSeconds() * 1_000);
    } else if (typeof outcome === "object" && "refused" in outcome) {
      if (outcome.refused === "rate" && this.#options.canWait) this.#again(batch, outcome.retryAfterSeconds * 1_000);
      else this.#refuse(batch);
    } else this.#release(batch);
  }

  /** Tries a batch later, in its place among the others; one of datagrams not without end. */
  #again(batch: HeldBatch, afterMs: number): void {
    batch.tries++;
    if (!this.#options.canWait && batch.tries >= SYSLOG_DATAGRAM_TRIES_MAX) {
      this.#refuse(batch);
      return;
    }
    const newer = this.#waiting.findIndex(({ number }) => number > batch.number);
    this.#waiting.splice(newer === -1 ? this.#waiting.length : newer, 0, batch);
    const ms = this.#isStopping ? STOP_RETRY_MS : Math.max(afterMs, RETRY_MS);
    this.#cancelRetry ??= this.#options.schedule(() => this.#retryNow(), ms);
  }

  #retryNow(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.#pump();
  }

  #refuse(batch: HeldBatch): void {
    this.refused += batch.messages;
    this.#release(batch);
  }

  #hold(bytes: number): void {
    this.#heldBytes += bytes;
    if (this.#heldBytes >= SYSLOG_HELD_BYTES_MAX) this.#isFull = true;
  }

  #release({ bytes }: HeldBatch): void {
    this.#heldBytes -= bytes;
    if (this.#isFull && this.#heldBytes <= SYSLOG_HELD_BYTES_MAX / 2) {
      this.#isFull = false;
      this.#options.drained();
    }
    if (this.#isEmpty) this.#stopped?.();
  }
}
