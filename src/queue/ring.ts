// The bounded ring: batches wait here in the order in which they came. It bounds entries and bytes, of which client keys
// may take a share only, so browsers never starve servers. A batch is taken whole or not at all, and its room is given
// back only when it is released: what the writer works on still counts.

import { assert } from "../core/errors.ts";

export interface RingLimits {
  /** Entries that may wait, 1 or more. */
  readonly entries: number;
  /** Bytes of bodies that may wait, 1 or more. */
  readonly bytes: number;
  /** The part of both that client keys can fill, 0 to 1. */
  readonly clientShare: number;
}

/** What the ring needs to know of a batch. */
export interface Sized {
  readonly entryCount: number;
  readonly bytes: number;
  readonly isClient: boolean;
}

const SLOTS_MIN = 64;

export class BatchRing<T extends Sized> {
  readonly #limits: RingLimits;
  #slots: (T | undefined)[] = new Array<T | undefined>(SLOTS_MIN).fill(undefined);
  #head = 0;
  #waiting = 0;
  #entries = 0;
  #bytes = 0;
  #clientEntries = 0;
  #clientBytes = 0;

  constructor(limits: RingLimits) {
    assert(limits.entries >= 1 && limits.bytes >= 1, `a ring holds at least one entry, not ${JSON.stringify(limits)}`);
    this.#limits = limits;
  }

  /** Batches that wait to be taken. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Entries that wait or were taken and not released. */
  get entries(): number {
    return this.#entries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get clientEntries(): number {
    return this.#clientEntries;
  }

  get clientBytes(): number {
    return this.#clientBytes;
  }

  /** Whether the batch could be taken if nothing else waited. */
  couldHold(batch: Sized): boolean {
    const share = batch.isClient ? this.#limits.clientShare : 1;
    return batch.entryCount <= this.#limits.entries * share && batch.bytes <= this.#limits.bytes * share;
  }

  /** Takes the whole batch, or nothing and answers false. */
  push(batch: T): boolean {
    if (this.#entries + batch.entryCount > this.#limits.entries) return false;
    if (this.#bytes + batch.bytes > this.#limits.bytes) return false;
    if (batch.isClient) {
      const share = this.#limits.clientShare;
      if (this.#clientEntries + batch.entryCount > this.#limits.entries * share) return false;
      if (this.#clientBytes + batch.bytes > this.#limits.bytes * share) return false;
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
    assert(this.#entries >= 0 && this.#bytes >= 0, "a batch is released once");
  }

  #account(batch: Sized, sign: 1 | -1): void {
    this.#entries += sign * batch.entryCount;
    this.#bytes += sign * batch.bytes;
    if (!batch.isClient) return;
    this.#clientEntries += sign * batch.entryCount;
    this.#clientBytes += sign * batch.bytes;
  }

  /** Slots are pointers only: the bound on entries bounds them, since every batch has one entry or more. */
  #grow(): void {
    const grown = new Array<T | undefined>(this.#slots.length * 2).fill(undefined);
    for (let index = 0; index < this.#waiting; index++) {
      grown[index] = this.#slots[(this.#head + index) % this.#slots.length];
    }
    this.#slots = grown;
    this.#head = 0;
  }
}
