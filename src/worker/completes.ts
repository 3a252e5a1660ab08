// Complete timings whose start may still come: stored already, remembered only so that the start is absorbed. There can
// be tens of thousands a second, so of each only hashes and times are kept, in typed arrays (97 bytes), the last
// COMPLETES_MAX of one key type. Names are compared by 64-bit keyed hashes: two are mixed up with a chance of 2^-64.
//
// In: complete entries with a key or a touchpoint. Invariant: a remembered one absorbs one start at most, and none that is
// received after its deadline.

import type { Source } from "../core/entry.ts";
import { assert } from "../core/errors.ts";
import { Chains } from "./chains.ts";
import { HASHES, NUMBERS, readChanges, writeChanges } from "./complete_parts.ts";
import { isNameless, mixTime, NameHasher } from "./name_hashes.ts";
import type { CompleteEntry } from "./normalise.ts";
import type { Seeker } from "./waiting_index.ts";

/** How many are remembered of each key type, a power of two: 25 MB when full, 8 s back at 30,000 a second. */
export const COMPLETES_MAX = 262_144;

/**
 * How many others under its name a start passes in search of its complete timing. Bounds the time that equal keys can
 * cost; the names that are searched include startTime where that decides, so it takes odd data to reach it.
 */
const SEARCH_MAX = 64;

/** A remembered complete timing that fits a start, and how well. */
export interface CompleteMatch {
  readonly place: number;
  readonly id: number;
  readonly hasVeryStart: boolean;
  readonly hasEqualTouchpoint: boolean;
}

export class CompleteMemory {
  readonly #keyType: Source;
  readonly #graceMs: number;
  readonly #capacity: number;
  readonly #hasher: NameHasher;
  /** The hashes of the start that is being looked for. */
  readonly #sought = new Uint32Array(HASHES);
  readonly #hashes: Uint32Array;
  readonly #numbers: Float64Array;
  readonly #isLive: Uint8Array;
  /** By key; by key and startTime; by touchpoint and startTime. */
  readonly #byKey: Chains;
  readonly #byKeyStart: Chains;
  readonly #byTouchpointStart: Chains;
  #oldest = 0;
  #size = 0;
  #now = 0;
  #added = 0;
  #absorbed: number[] = [];

  /** `capacity` is a power of two. */
  constructor(keyType: Source, graceMs: number, seed: readonly [number, number], capacity: number) {
    assert(Number.isInteger(Math.log2(capacity)), `a capacity of ${capacity} is a power of two`);
    this.#keyType = keyType;
    this.#graceMs = graceMs;
    this.#capacity = capacity;
    this.#hasher = new NameHasher(seed);
    this.#hashes = new Uint32Array(HASHES * capacity);
    this.#numbers = new Float64Array(NUMBERS * capacity);
    this.#isLive = new Uint8Array(capacity);
    this.#byKey = new Chains(capacity);
    this.#byKeyStart = new Chains(capacity);
    this.#byTouchpointStart = new Chains(capacity);
  }

  /** Remembers a complete timing; `id` is higher than any before. */
  add(id: number, project: string, entry: CompleteEntry): void {
    const at = this.#claimPlace(entry.receivedAt);
    this.#hashInto(this.#hashes, HASHES * at, project, entry.key, entry.touchpoint);
    this.#numbers[NUMBERS * at] = id;
    this.#numbers[NUMBERS * at + 1] = this.#now;
    this.#numbers[NUMBERS * at + 2] = entry.startTime;
    this.#numbers[NUMBERS * at + 3] = entry.endTime;
    this.#link(at);
    this.#added++;
  }

  /** Rule 1 for a start: same key, touchpoints equal or one absent; its very startTime first, then equal touchpoints. */
  byKey(seeker: Seeker, startTime: number, now: number): CompleteMatch | undefined {
    if (seeker.key === undefined || this.#size === 0) return undefined;
    this.#hashSeeker(seeker);
    const very = this.#search(this.#byKeyStart, mixTime(this.#sought[1] as number, startTime), startTime, true, now);
    return very ?? this.#search(this.#byKey, this.#sought[1] as number, startTime, false, now);
  }

  /** Rule 2 for a start: same key type and touchpoint, its very startTime, and not two different keys. */
  byTouchpoint(seeker: Seeker, startTime: number, now: number): CompleteMatch | undefined {
    if (seeker.touchpoint === undefined || this.#size === 0) return undefined;
    this.#hashSeeker(seeker);
    const chain = this.#byTouchpointStart;
    let place = chain.first(mixTime(this.#sought[3] as number, startTime));
    for (let passed = 0; place >= 0 && passed < SEARCH_MAX; ) {
      const next = chain.next(place);
      if (this.#deadline(place) < now) this.#forget(place);
      else {
        passed++;
        const hasKey = this.#hash(place, 0) !== 0 || this.#hash(place, 1) !== 0;
        const isCandidate =
          this.#hasTouchpoint(place) &&
          this.#startTime(place) === startTime &&
          startTime <= this.#endTime(place) &&
          (seeker.key === undefined || !hasKey);
        if (isCandidate) return this.#match(place, true, true);
      }
      place = next;
    }
    return undefined;
  }

  /** Its start has come: it absorbs no other. */
  absorb(place: number): void {
    const newest = (this.#oldest + this.#size - 1) % this.#capacity;
    const age = (newest - place + this.#capacity) % this.#capacity;
    if (age >= this.#added) this.#absorbed.push(this.#numbers[NUMBERS * place] as number);
    this.#forget(place);
  }

  /** What changed since the last call, as `writeChanges` writes it. */
  takeChanges(): Uint8Array {
    const count = Math.min(this.#added, this.#size);
    const places: number[] = [];
    for (let age = count; age > 0; age--) {
      const place = (this.#oldest + this.#size - age) % this.#capacity;
      if (this.#isLive[place] === 1) places.push(place);
    }
    const absorbed = this.#absorbed;
    this.#added = 0;
    this.#absorbed = [];
    return writeChanges(absorbed, places, this.#numbers, this.#hashes);
  }

  /** Remembers again what `takeChanges` gave, parts in their order. A restart does not make the grace longer. */
  load(parts: readonly Uint8Array[], now: number): void {
    for (const part of parts) {
      readChanges(
        part,
        (id) => this.#forgetId(id),
        (numbers, numbersAt, hashes, hashesAt) => this.#addLoaded(numbers, numbersAt, hashes, hashesAt, now),
      );
    }
    this.#added = 0;
  }

  /** The clock was set by so many ms: what is remembered is as old as it was. */
  clockJumped(byMs: number): void {
    this.#now += byMs;
    for (let age = 0; age < this.#size; age++) {
      const at = NUMBERS * ((this.#oldest + age) % this.#capacity) + 1;
      this.#numbers[at] = (this.#numbers[at] as number) + byMs;
    }
  }

  /** The highest id remembered, or 0. */
  get lastId(): number {
    return this.#size === 0
      ? 0
      : (this.#numbers[NUMBERS * ((this.#oldest + this.#size - 1) % this.#capacity)] as number);
  }

  /** The latest receipt, Unix ms; it goes back with `clockJumped` alone. */
  get latestReceiptAt(): number {
    return this.#now;
  }

  /** Parts whose latest receipt is before this instant are not needed any more. */
  neededSince(now: number): number {
    while (this.#size > 0 && (this.#isLive[this.#oldest] === 0 || this.#deadline(this.#oldest) < now))
      this.#dropOldest();
    return this.#size === 0 ? Math.max(now, this.#now) : (this.#numbers[NUMBERS * this.#oldest + 1] as number);
  }

  /** What was received later than `now` was so by a clock that was set back since. */
  #addLoaded(numbers: Float64Array, numbersAt: number, hashes: Uint32Array, hashesAt: number, now: number): void {
    const receivedAt = Math.min(numbers[numbersAt + 1] as number, now);
    const place = this.#claimPlace(receivedAt);
    for (let n = 0; n < NUMBERS; n++) this.#numbers[NUMBERS * place + n] = numbers[numbersAt + n] as number;
    this.#numbers[NUMBERS * place + 1] = receivedAt;
    for (let n = 0; n < HASHES; n++) this.#hashes[HASHES * place + n] = hashes[hashesAt + n] as number;
    this.#link(place);
  }

  /** Finds by its id, which grow along the ring. */
  #forgetId(id: number): void {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >> 1;
      const place = (this.#oldest + middle) % this.#capacity;
      if ((this.#numbers[NUMBERS * place] as number) < id) low = middle + 1;
      else high = middle;
    }
    const place = (this.#oldest + low) % this.#capacity;
    if (low < this.#size && this.#numbers[NUMBERS * place] === id) this.#forget(place);
  }

  #search(chain: Chains, hash: number, startTime: number, isVery: boolean, now: number): CompleteMatch | undefined {
    let found: CompleteMatch | undefined;
    let place = chain.first(hash);
    for (let passed = 0; place >= 0 && passed < SEARCH_MAX; ) {
      const next = chain.next(place);
      if (this.#deadline(place) < now) this.#forget(place);
      else {
        passed++;
        const isKeyed = this.#hash(place, 0) === this.#sought[0] && this.#hash(place, 1) === this.#sought[1];
        const isInTime = startTime <= this.#endTime(place) && (!isVery || this.#startTime(place) === startTime);
        if (isKeyed && isInTime) {
          if (this.#hasTouchpoint(place)) return this.#match(place, isVery, true);
          const isCompatible = isNameless(this.#sought, 2) || isNameless(this.#hashes, HASHES * place + 2);
          if (isCompatible) found ??= this.#match(place, isVery, false);
        }
      }
      place = next;
    }
    return found;
  }

  #match(place: number, hasVeryStart: boolean, hasEqualTouchpoint: boolean): CompleteMatch {
    return { place, id: this.#numbers[NUMBERS * place] as number, hasVeryStart, hasEqualTouchpoint };
  }

  #hash(place: number, index: number): number {
    return this.#hashes[HASHES * place + index] as number;
  }

  #startTime(place: number): number {
    return this.#numbers[NUMBERS * place + 2] as number;
  }

  #endTime(place: number): number {
    return this.#numbers[NUMBERS * place + 3] as number;
  }

  /** Whether its touchpoint is the sought one; absent counts as equal to absent. */
  #hasTouchpoint(place: number): boolean {
    return this.#hash(place, 2) === this.#sought[2] && this.#hash(place, 3) === this.#sought[3];
  }

  #deadline(place: number): number {
    return (this.#numbers[NUMBERS * place + 1] as number) + this.#graceMs;
  }

  /** Makes room for one more and lets what has expired go, two at a time so that the memory shrinks under load. */
  #claimPlace(receivedAt: number): number {
    this.#now = Math.max(this.#now, receivedAt);
    if (this.#size === this.#capacity) this.#dropOldest();
    for (let count = 0; count < 2 && this.#size > 0 && this.#deadline(this.#oldest) < this.#now; count++)
      this.#dropOldest();
    const place = (this.#oldest + this.#size) % this.#capacity;
    this.#size++;
    return place;
  }

  #dropOldest(): void {
    this.#forget(this.#oldest);
    this.#oldest = (this.#oldest + 1) % this.#capacity;
    this.#size--;
  }

  #link(place: number): void {
    this.#isLive[place] = 1;
    const startTime = this.#startTime(place);
    if (!isNameless(this.#hashes, HASHES * place)) {
      this.#byKey.add(this.#hash(place, 1), place);
      this.#byKeyStart.add(mixTime(this.#hash(place, 1), startTime), place);
    }
    if (!isNameless(this.#hashes, HASHES * place + 2))
      this.#byTouchpointStart.add(mixTime(this.#hash(place, 3), startTime), place);
  }

  #forget(place: number): void {
    if (this.#isLive[place] === 0) return;
    this.#isLive[place] = 0;
    const startTime = this.#startTime(place);
    if (!isNameless(this.#hashes, HASHES * place)) {
      this.#byKey.remove(this.#hash(place, 1), place);
      this.#byKeyStart.remove(mixTime(this.#hash(place, 1), startTime), place);
    }
    if (!isNameless(this.#hashes, HASHES * place + 2)) {
      this.#byTouchpointStart.remove(mixTime(this.#hash(place, 3), startTime), place);
    }
  }

  #hashSeeker(seeker: Seeker): void {
    this.#hashInto(this.#sought, 0, seeker.project, seeker.key, seeker.touchpoint);
  }

  #hashInto(
    into: Uint32Array,
    at: number,
    project: string,
    key: string | undefined,
    touchpoint: string | undefined,
  ): void {
    this.#hasher.hashInto(into, at, "key", project, key);
    this.#hasher.hashInto(into, at + 2, this.#keyType, project, touchpoint);
  }
}
