// The bounded queue: batches wait here in the order in which they came. It bounds the number of requests and their
// bytes. Client keys can fill only a share of both, so browsers never starve servers. Bodies in which no live key was
// found can fill an eighth, so strangers starve nobody. A batch is taken whole or not at all. Its room is freed only by
// `release`: what the writer works on counts.

import { assert } from "../core/errors.ts";
import { UNAUTHENTICATED_SHARE } from "../core/limits.ts";

/** The bounds of the queue. */
export interface RingLimits {
  /** Batches that may be in the queue, 1 or more. */
  readonly requests: number;
  /** Bytes of bodies that may be in the queue, 1 or more. */
  readonly bytes: number;
  /** The part of both that client keys can fill, 0 to 1. */
  readonly clientShare: number;
}

/** Who seems to have sent a batch, by the key that was found in its body. Each class has its own share of the queue. */
export const SENDER_CLASSES = ["server", "client", "unauthenticated"] as const;
/** One of SENDER_CLASSES. */
export type SenderClass = (typeof SENDER_CLASSES)[number];

/** What the ring needs to know of a batch. */
export interface Sized {
  /** Of the body. */
  readonly bytes: number;
  readonly senderClass: SenderClass;
}

const SLOTS_MIN = 64;

/** Weight of the newest group in the drain rate: about the last ten groups count. */
const DRAIN_WEIGHT = 0.2;
const RETRY_AFTER_SECONDS_MIN = 1;
const RETRY_AFTER_SECONDS_MAX = 60;

interface Amount {
  requests: number;
  bytes: number;
}

/** A ring buffer of batches. `take` leaves a batch's room occupied until `release`. */
export class BatchRing<T extends Sized> {
  readonly #limits: RingLimits;
  #slots: (T | undefined)[] = new Array<T | undefined>(SLOTS_MIN).fill(undefined);
  #head = 0;
  #waiting = 0;
  readonly #all: Amount = { requests: 0, bytes: 0 };
  readonly #byClass: Readonly<Record<SenderClass, Amount>> = {
    server: { requests: 0, bytes: 0 },
    client: { requests: 0, bytes: 0 },
    unauthenticated: { requests: 0, bytes: 0 },
  };
  /** Moving average; 0 until the first group is done. */
  #drainBytesPerSecond = 0;

  constructor(limits: RingLimits) {
    assert(limits.requests >= 1 && limits.bytes >= 1, `a ring holds at least one batch, not ${JSON.stringify(limits)}`);
    this.#limits = limits;
  }

  /** Batches that wait to be taken. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Batches that wait, or were taken and not released. */
  get requests(): number {
    return this.#all.requests;
  }

  /** Bytes of these batches' bodies. */
  get bytes(): number {
    return this.#all.bytes;
  }

  /** What a class of senders occupies. */
  of(senderClass: SenderClass): Readonly<Amount> {
    return this.#byClass[senderClass];
  }

  /** The writer was done with a group of so many bytes, `elapsedMs` after it was sent or the group before was done. */
  observeDrain(bytes: number, elapsedMs: number): void {
    const measured = (bytes * 1000) / Math.max(elapsedMs, 0.1);
    const before = this.#drainBytesPerSecond;
    this.#drainBytesPerSecond = before === 0 ? measured : before * (1 - DRAIN_WEIGHT) + measured * DRAIN_WEIGHT;
  }

  /**
   * When the queue will be empty at the measured drain rate, in whole seconds from 1 to 60; 1 until a group was
   * measured.
   */
  retryAfterSeconds(): number {
    if (this.#drainBytesPerSecond === 0) return RETRY_AFTER_SECONDS_MIN;
    const seconds = Math.ceil(this.#all.bytes / this.#drainBytesPerSecond);
    return Math.min(RETRY_AFTER_SECONDS_MAX, Math.max(RETRY_AFTER_SECONDS_MIN, seconds));
  }

  /** Whether the batch could be taken if nothing else waited. */
  couldHold({ bytes, senderClass }: Sized): boolean {
    const share = senderClass === "client" ? this.#limits.clientShare : 1;
    return this.#limits.requests * share >= 1 && bytes <= this.#limits.bytes * share;
  }

  /** Adds the whole batch; false, and nothing is added, where it does not fit. */
  push(batch: T): boolean {
    if (!fits(this.#all, batch, this.#limits, 1)) return false;
    const { senderClass } = batch;
    const own = this.#byClass[senderClass];
    if (senderClass === "client" && !fits(own, batch, this.#limits, this.#limits.clientShare)) return false;
    if (senderClass === "unauthenticated" && own.requests > 0) {
      if (!fits(own, batch, this.#limits, UNAUTHENTICATED_SHARE)) return false;
    }
    this.#account(batch, 1);
    if (this.#waiting === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#waiting) % this.#slots.length] = batch;
    this.#waiting++;
    return true;
  }

  /** The batch that waits longest, without taking it; undefined if none waits. */
  oldest(): T | undefined {
    return this.#waiting === 0 ? undefined : this.#slots[this.#head];
  }

  /** The batches that wait, oldest first. */
  *[Symbol.iterator](): Generator<T> {
    for (let index = 0; index < this.#waiting; index++) {
      yield this.#slots[(this.#head + index) % this.#slots.length] as T;
    }
  }

  /** Takes the batch that waits longest; undefined if none waits. Its room stays occupied until `release`. */
  take(): T | undefined {
    if (this.#waiting === 0) return undefined;
    const batch = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#slots.length;
    this.#waiting--;
    return batch;
  }

  /** Frees the room of a batch that was taken. */
  release(batch: Sized): void {
    this.#account(batch, -1);
    assert(this.#all.requests >= 0 && this.#all.bytes >= 0, "a batch is released once");
  }

  #account({ bytes, senderClass }: Sized, sign: 1 | -1): void {
    for (const amount of [this.#all, this.#byClass[senderClass]]) {
      amount.requests += sign;
      amount.bytes += sign * bytes;
    }
  }

  /** Slots are pointers only: the bound on requests bounds them. */
  #grow(): void {
    const grown = new Array<T | undefined>(this.#slots.length * 2).fill(undefined);
    for (let index = 0; index < this.#waiting; index++) {
      grown[index] = this.#slots[(this.#head + index) % this.#slots.length];
    }
    this.#slots = grown;
    this.#head = 0;
  }
}

function fits(used: Amount, { bytes }: Sized, limits: RingLimits, share: number): boolean {
  return used.requests + 1 <= limits.requests * share && used.bytes + bytes <= limits.bytes * share;
}
