// The bounded ring: batches wait here in the order in which they came. It bounds requests and bytes, of which client keys may take a
// share only, so browsers never starve servers, and bodies in which no live key was seen an eighth, so strangers never starve
// anybody. A batch is taken whole or not at all, and its room is given back only when it is released: what the writer works on
// still counts.

import { assert } from "../core/errors.ts";

export interface RingLimits {
  /** Batches that may wait, 1 or more. */
  readonly requests: number;
  /** Bytes of bodies that may wait, 1 or more. */
  readonly bytes: number;
  /** The part of both that client keys can fill, 0 to 1. */
  readonly clientShare: number;
}

/** Whose a batch seems to be. */
export const LANES = ["server", "client", "unauthenticated"] as const;
export type Lane = (typeof LANES)[number];

/** What the ring needs to know of a batch. */
export interface Sized {
  readonly bytes: number;
  readonly lane: Lane;
}

/** The part of both limits for bodies in which no live key was seen; one of them always has room. */
const UNAUTHENTICATED_SHARE = 1 / 8;
const SLOTS_MIN = 64;

interface Held {
  requests: number;
  bytes: number;
}

export class BatchRing<T extends Sized> {
  readonly #limits: RingLimits;
  #slots: (T | undefined)[] = new Array<T | undefined>(SLOTS_MIN).fill(undefined);
  #head = 0;
  #waiting = 0;
  readonly #all: Held = { requests: 0, bytes: 0 };
  readonly #byLane: Readonly<Record<Lane, Held>> = {
    server: { requests: 0, bytes: 0 },
    client: { requests: 0, bytes: 0 },
    unauthenticated: { requests: 0, bytes: 0 },
  };

  constructor(limits: RingLimits) {
    assert(limits.requests >= 1 && limits.bytes >= 1, `a ring holds at least one batch, not ${JSON.stringify(limits)}`);
    this.#limits = limits;
  }

  /** Batches that wait to be taken. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Batches that wait or were taken and not released. */
  get requests(): number {
    return this.#all.requests;
  }

  get bytes(): number {
    return this.#all.bytes;
  }

  /** What a lane has of both. */
  of(lane: Lane): Readonly<Held> {
    return this.#byLane[lane];
  }

  /** Whether the batch could be taken if nothing else waited. */
  couldHold({ bytes, lane }: Sized): boolean {
    const share = lane === "client" ? this.#limits.clientShare : 1;
    return this.#limits.requests * share >= 1 && bytes <= this.#limits.bytes * share;
  }

  /** Takes the whole batch, or nothing and answers false. */
  push(batch: T): boolean {
    if (!fits(this.#all, batch, this.#limits, 1)) return false;
    const { lane } = batch;
    if (lane === "client" && !fits(this.#byLane.client, batch, this.#limits, this.#limits.clientShare)) return false;
    if (lane === "unauthenticated") {
      const held = this.#byLane.unauthenticated;
      if (held.requests > 0 && !fits(held, batch, this.#limits, UNAUTHENTICATED_SHARE)) return false;
    }
    this.#account(batch, 1);
    if (this.#waiting === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#waiting) % this.#slots.length] = batch;
    this.#waiting++;
    return true;
  }

  /** The batch that waits longest, without taking it. */
  oldest(): T | undefined {
    return this.#waiting === 0 ? undefined : this.#slots[this.#head];
  }

  /** The batches that wait, in their order. */
  *[Symbol.iterator](): Generator<T> {
    for (let index = 0; index < this.#waiting; index++) {
      yield this.#slots[(this.#head + index) % this.#slots.length] as T;
    }
  }

  /** Takes the batch that waits longest; its room stays occupied until `release`. */
  take(): T | undefined {
    if (this.#waiting === 0) return undefined;
    const batch = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#slots.length;
    this.#waiting--;
    return batch;
  }

  /** Gives a taken batch's room back. */
  release(batch: Sized): void {
    this.#account(batch, -1);
    assert(this.#all.requests >= 0 && this.#all.bytes >= 0, "a batch is released once");
  }

  #account({ bytes, lane }: Sized, sign: 1 | -1): void {
    for (const held of [this.#all, this.#byLane[lane]]) {
      held.requests += sign;
      held.bytes += sign * bytes;
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

function fits(held: Held, { bytes }: Sized, limits: RingLimits, share: number): boolean {
  return held.requests + 1 <= limits.requests * share && held.bytes + bytes <= limits.bytes * share;
}
