// Complete timings whose start may still come: stored already, remembered only so that the start is absorbed. There can
// be tens of thousands a second, so of each only hashes and times are kept, in typed arrays (105 bytes) that grow, the last
// COMPLETES_MAX of one key type. Names are compared by 64-bit keyed hashes: two are mixed up with a chance of 2^-64.
//
// In: complete entries with a key or a touchpoint. Invariant: a remembered one absorbs one start of its own type of key at most, and
// none that is received after its deadline. One of a server key absorbs one start of a client key besides, which so takes nothing
// away from the server's own.

import type { Source } from "../../core/entry.ts";
import { assert } from "../../core/errors.ts";
import type { CompleteEntry } from "../normalise.ts";
import { NO_PART } from "./chunked_items.ts";
import { Chains } from "./hash_chains.ts";
import type { Seeker } from "./match_keys.ts";
import { isNameless, mixTime, NameHasher } from "./name_hashes.ts";
import { type CompletesChange, HASHES, NUMBERS, readChanges, writeChanges } from "./recently_completed_chunks.ts";

/** How many are remembered of each key type, a power of two: 27 MB when full, 8 s back at 30,000 a second. */
export const COMPLETES_MAX = 262_144;
/** Places that there are at first, and again once nothing is remembered. */
const CAPACITY_MIN = 64;

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
  readonly hasSameSender: boolean;
}

/** What a remembered one can still absorb. */
const STATE = { nothing: 0, all: 1, ownTypeOnly: 2 } as const;
/** Of a match with an equal touchpoint (2) from the same sender (1). */
const RANK_MAX = 3;

export class CompleteMemory {
  readonly #keyType: Source;
  readonly #graceMs: number;
  readonly #capacityMax: number;
  #capacity = 0;
  readonly #hasher: NameHasher;
  /** The hashes of the start that is being looked for. */
  readonly #sought = new Uint32Array(HASHES);
  #soughtSender = NO_PART;
  #hashes = new Uint32Array();
  #numbers = new Float64Array();
  #state = new Uint8Array();
  /** By key; by key and startTime; by touchpoint and startTime. */
  #byKey = new Chains(1);
  #byKeyStart = new Chains(1);
  #byTouchpointStart = new Chains(1);
  #oldest = 0;
  #size = 0;
  #now = 0;
  #added = 0;
  #absorbed: number[] = [];

  /** `capacityMax` is a power of two. */
  constructor(keyType: Source, graceMs: number, seed: readonly [number, number], capacityMax: number) {
    assert(Number.isInteger(Math.log2(capacityMax)), `a capacity of ${capacityMax} is a power of two`);
    this.#keyType = keyType;
    this.#graceMs = graceMs;
    this.#capacityMax = capacityMax;
    this.#hasher = new NameHasher(seed);
    this.#resize(Math.min(CAPACITY_MIN, capacityMax));
  }

  /** Remembers a complete timing; `id` is higher than any before, `arrivedAt` its receipt by the steady clock, Unix ms. */
  add(id: number, seeker: Seeker, entry: CompleteEntry, arrivedAt: number): void {
    const at = this.#claimPlace(arrivedAt);
    this.#hashInto(this.#hashes, HASHES * at, seeker);
    this.#numbers[NUMBERS * at] = id;
    this.#numbers[NUMBERS * at + 1] = this.#now;
    this.#numbers[NUMBERS * at + 2] = entry.startTime;
    this.#numbers[NUMBERS * at + 3] = entry.endTime;
    this.#numbers[NUMBERS * at + 4] = seeker.sender;
    this.#link(at);
    this.#added++;
  }

  /** Rule 1 for a start: same key, touchpoints equal or one absent; its very startTime first, then equal touchpoints. */
  byKey(seeker: Seeker, startTime: number, now: number): CompleteMatch | undefined {
    if (seeker.entry.key === undefined || this.#size === 0) return undefined;
    this.#hashInto(this.#sought, 0, seeker);
    this.#soughtSender = seeker.sender;
    const isOwnType = seeker.keyType === this.#keyType;
    const hash = this.#sought[1] as number;
    const isCandidate = (place: number) =>
      this.#hash(place, 0) === this.#sought[0] &&
      this.#hash(place, 1) === hash &&
      startTime <= this.#endTime(place) &&
      (isOwnType || this.#state[place] === STATE.all) &&
      (this.#hasTouchpoint(place) || isNameless(this.#sought, 2) || isNameless(this.#hashes, HASHES * place + 2));
    return (
      this.#search(
        this.#byKeyStart,
        mixTime(hash, startTime),
        now,
        (place) => this.#startTime(place) === startTime && isCandidate(place),
        true,
      ) ?? this.#search(this.#byKey, hash, now, isCandidate, false)
    );
  }

  /** Rule 2 for a start: same key type and touchpoint, its very startTime, and not two different keys. */
  byTouchpoint(seeker: Seeker, startTime: number, now: number): CompleteMatch | undefined {
    if (seeker.entry.touchpoint === undefined || this.#size === 0) return undefined;
    this.#hashInto(this.#sought, 0, seeker);
    this.#soughtSender = seeker.sender;
    const isCandidate = (place: number) =>
      this.#hasTouchpoint(place) &&
      this.#startTime(place) === startTime &&
      startTime <= this.#endTime(place) &&
      (seeker.entry.key === undefined || isNameless(this.#hashes, HASHES * place));
    const hash = mixTime(this.#sought[3] as number, startTime);
    return this.#search(this.#byTouchpointStart, hash, now, isCandidate, true);
  }

  /** Its start has come, from this type of key: it absorbs no other of that. */
  absorb(place: number, keyType: Source): void {
    const newest = (this.#oldest + this.#size - 1) % this.#capacity;
    const age = (newest - place + this.#capacity) % this.#capacity;
    const id = this.#numbers[NUMBERS * place] as number;
    if (keyType !== this.#keyType) {
      this.#state[place] = STATE.ownTypeOnly;
      this.#absorbed.push(-id);
      return;
    }
    if (age >= this.#added) this.#absorbed.push(id);
    this.#forget(place);
  }

  /** What changed since the last call, as `writeChanges` writes it. */
  takeChanges(): Uint8Array {
    const count = Math.min(this.#added, this.#size);
    const places: number[] = [];
    for (let age = count; age > 0; age--) {
      const place = (this.#oldest + this.#size - age) % this.#capacity;
      if (this.#state[place] !== STATE.nothing) places.push(place);
    }
    const absorbed = this.#absorbed;
    this.#added = 0;
    this.#absorbed = [];
    return writeChanges(absorbed, places, this.#numbers, this.#hashes);
  }

  /** Remembers again what `takeChanges` gave, parts in their order. A restart does not make the grace longer. */
  load(parts: readonly CompletesChange[], now: number): void {
    for (const part of parts) {
      const marked: number[] = [];
      readChanges(
        part,
        // A negative one has absorbed a start of the other type, also where it was added in this part.
        (id) => (id < 0 ? marked.push(-id) : this.#forget(this.#placeOf(id))),
        (...added) => this.#addLoaded(now, ...added),
      );
      for (const id of marked) {
        const place = this.#placeOf(id);
        if (place >= 0 && this.#state[place] === STATE.all) this.#state[place] = STATE.ownTypeOnly;
      }
    }
    this.#added = 0;
  }

  /** The highest id remembered, or 0. */
  get lastId(): number {
    return this.#size === 0
      ? 0
      : (this.#numbers[NUMBERS * ((this.#oldest + this.#size - 1) % this.#capacity)] as number);
  }

  /** The latest receipt by the steady clock, Unix ms; it never goes back. */
  get latestReceiptAt(): number {
    return this.#now;
  }

  /** Parts whose latest receipt is before this instant are not needed any more. */
  neededSince(now: number): number {
    while (this.#size > 0 && (this.#state[this.#oldest] === STATE.nothing || this.#deadline(this.#oldest) < now))
      this.#dropOldest();
    if (this.#size === 0 && this.#capacity > CAPACITY_MIN) this.#resize(CAPACITY_MIN);
    return this.#size === 0 ? Math.max(now, this.#now) : (this.#numbers[NUMBERS * this.#oldest + 1] as number);
  }

  /** What an older version received may be later than `now`. */
  #addLoaded(
    now: number,
    numbers: Float64Array,
    numbersAt: number,
    count: number,
    hashes: Uint32Array,
    hashesAt: number,
  ): void {
    const receivedAt = Math.min(numbers[numbersAt + 1] as number, now);
    const place = this.#claimPlace(receivedAt);
    for (let n = 0; n < NUMBERS; n++) {
      this.#numbers[NUMBERS * place + n] = n < count ? (numbers[numbersAt + n] as number) : NO_PART;
    }
    this.#numbers[NUMBERS * place + 1] = receivedAt;
    for (let n = 0; n < HASHES; n++) this.#hashes[HASHES * place + n] = hashes[hashesAt + n] as number;
    this.#link(place);
  }

  /** By its id, which grow along the ring; -1 where it is not remembered any more. */
  #placeOf(id: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >> 1;
      const place = (this.#oldest + middle) % this.#capacity;
      if ((this.#numbers[NUMBERS * place] as number) < id) low = middle + 1;
      else high = middle;
    }
    const place = (this.#oldest + low) % this.#capacity;
    return low < this.#size && this.#numbers[NUMBERS * place] === id ? place : -1;
  }

  /** Of the candidates of a chain: equal touchpoints first, then the same sender, then the first to arrive. */
  #search(
    chain: Chains,
    hash: number,
    now: number,
    isCandidate: (place: number) => boolean,
    hasVeryStart: boolean,
  ): CompleteMatch | undefined {
    let best = -1;
    let bestRank = -1;
    let place = chain.first(hash);
    for (let passed = 0; place >= 0 && passed < SEARCH_MAX && bestRank < RANK_MAX; ) {
      const next = chain.next(place);
      if (this.#deadline(place) < now) this.#forget(place);
      else {
        passed++;
        const rank = isCandidate(place) ? 2 * Number(this.#hasTouchpoint(place)) + Number(this.#hasSender(place)) : -1;
        if (rank > bestRank) {
          best = place;
          bestRank = rank;
        }
      }
      place = next;
    }
    if (best < 0) return undefined;
    const id = this.#numbers[NUMBERS * best] as number;
    return { place: best, id, hasVeryStart, hasEqualTouchpoint: bestRank >= 2, hasSameSender: bestRank % 2 === 1 };
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

  #hasSender(place: number): boolean {
    return this.#numbers[NUMBERS * place + 4] === this.#soughtSender;
  }

  #deadline(place: number): number {
    return (this.#numbers[NUMBERS * place + 1] as number) + this.#graceMs;
  }

  /** Makes room for one more and lets what has expired go, two at a time so that the memory shrinks under load. */
  #claimPlace(receivedAt: number): number {
    this.#now = Math.max(this.#now, receivedAt);
    if (this.#size === this.#capacityMax) this.#dropOldest();
    for (let count = 0; count < 2 && this.#size > 0 && this.#deadline(this.#oldest) < this.#now; count++)
      this.#dropOldest();
    if (this.#size === this.#capacity) this.#resize(2 * this.#capacity);
    const place = (this.#oldest + this.#size) % this.#capacity;
    this.#size++;
    return place;
  }

  /** Gives it so many places, and those that are remembered the first of them, in their order. */
  #resize(capacity: number): void {
    const from = { hashes: this.#hashes, numbers: this.#numbers, state: this.#state, capacity: this.#capacity };
    const oldest = this.#oldest;
    this.#capacity = capacity;
    this.#oldest = 0;
    this.#hashes = new Uint32Array(HASHES * capacity);
    this.#numbers = new Float64Array(NUMBERS * capacity);
    this.#state = new Uint8Array(capacity);
    this.#byKey = new Chains(capacity);
    this.#byKeyStart = new Chains(capacity);
    this.#byTouchpointStart = new Chains(capacity);
    for (let place = 0; place < this.#size; place++) {
      const before = (oldest + place) % from.capacity;
      const state = from.state[before] as number;
      this.#hashes.set(from.hashes.subarray(HASHES * before, HASHES * (before + 1)), HASHES * place);
      this.#numbers.set(from.numbers.subarray(NUMBERS * before, NUMBERS * (before + 1)), NUMBERS * place);
      if (state === STATE.nothing) continue;
      this.#link(place);
      this.#state[place] = state;
    }
  }

  #dropOldest(): void {
    this.#forget(this.#oldest);
    this.#oldest = (this.#oldest + 1) % this.#capacity;
    this.#size--;
  }

  #link(place: number): void {
    this.#state[place] = STATE.all;
    const startTime = this.#startTime(place);
    if (!isNameless(this.#hashes, HASHES * place)) {
      this.#byKey.add(this.#hash(place, 1), place);
      this.#byKeyStart.add(mixTime(this.#hash(place, 1), startTime), place);
    }
    if (!isNameless(this.#hashes, HASHES * place + 2))
      this.#byTouchpointStart.add(mixTime(this.#hash(place, 3), startTime), place);
  }

  #forget(place: number): void {
    if (place < 0 || this.#state[place] === STATE.nothing) return;
    this.#state[place] = STATE.nothing;
    const startTime = this.#startTime(place);
    if (!isNameless(this.#hashes, HASHES * place)) {
      this.#byKey.remove(this.#hash(place, 1), place);
      this.#byKeyStart.remove(mixTime(this.#hash(place, 1), startTime), place);
    }
    if (!isNameless(this.#hashes, HASHES * place + 2)) {
      this.#byTouchpointStart.remove(mixTime(this.#hash(place, 3), startTime), place);
    }
  }

  #hashInto(into: Uint32Array, at: number, { project, entry }: Seeker): void {
    this.#hasher.hashInto(into, at, "key", project, entry.key);
    this.#hasher.hashInto(into, at + 2, this.#keyType, project, entry.touchpoint);
  }
}
