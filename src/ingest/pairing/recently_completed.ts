// Complete timings that are stored already, and whose start may still come: they are remembered only so that the start
// is absorbed. There can be tens of thousands a second, so only hashes and times of each are held, in typed arrays (105
// bytes) that grow: the last RECENTLY_COMPLETED_MAX of one key type. Names are compared by 64-bit keyed hashes: two are
// mixed up with a chance of 2^-64.
//
// In: complete entries with a key or a touchpoint. Invariant: each absorbs one start of its own type of key at most,
// and none that is received after its deadline. One of a server key also absorbs one start of a client key, so that
// this takes nothing away from the server's own start.

import { assert } from "../../core/errors.ts";
import type { Source } from "../../core/record.ts";
import type { CompleteEntry } from "../entries/normalise.ts";
import { hashWithTime, isNoName, NameHasher } from "./keyed_hash.ts";
import { type MatchKey, NO_HASH } from "./match_index.ts";
import { type CompletedChange, HASHES, NUMBERS, readChanges, writeChanges } from "./recently_completed_chunks.ts";

/** Places at first, and again once nothing is remembered. */
const CAPACITY_MIN = 64;

/**
 * How many candidates of its name a start looks at. Bounds the time that equal keys can cost. Where startTime decides,
 * it is part of the name that is searched, so only odd data reaches this.
 */
const SEARCH_MAX = 64;

/** A remembered complete timing that fits a start, and how well. */
export interface CompletedMatch {
  readonly place: number;
  readonly id: number;
  readonly hasEqualStart: boolean;
  readonly hasEqualTouchpoint: boolean;
  readonly hasSameSender: boolean;
}

/** Which starts a remembered timing can still absorb. */
const STATE = { nothing: 0, all: 1, ownTypeOnly: 2 } as const;
/** Of a match with an equal touchpoint (2) from the same sender (1). */
const RANK_MAX = 3;

/** The complete timings of one key type. */
export class RecentlyCompleted {
  readonly #keyType: Source;
  readonly #graceMs: number;
  readonly #capacityMax: number;
  #capacity = 0;
  readonly #hasher: NameHasher;
  /** The hashes of the start whose complete timing is searched. */
  readonly #sought = new Uint32Array(HASHES);
  #soughtSender = NO_HASH;
  #hashes = new Uint32Array();
  #numbers = new Float64Array();
  #state = new Uint8Array();
  /** By key; by key and startTime; by touchpoint and startTime. */
  #byKey = new HashChains(1);
  #byKeyStart = new HashChains(1);
  #byTouchpointStart = new HashChains(1);
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

  /**
   * Remembers a complete timing. `id` is higher than any before; `arrivedAt` is its receipt by the steady clock, Unix
   * ms.
   */
  add(id: number, match: MatchKey, entry: CompleteEntry, arrivedAt: number): void {
    const at = this.#claimPlace(arrivedAt);
    this.#hashInto(this.#hashes, HASHES * at, match);
    this.#numbers[NUMBERS * at] = id;
    this.#numbers[NUMBERS * at + 1] = this.#now;
    this.#numbers[NUMBERS * at + 2] = entry.startTime;
    this.#numbers[NUMBERS * at + 3] = entry.endTime;
    this.#numbers[NUMBERS * at + 4] = match.sender;
    this.#link(at);
    this.#added++;
  }

  /**
   * Rule 1 for a start: same key, touchpoints equal or one absent. An equal startTime goes first, then equal
   * touchpoints.
   */
  byKey(match: MatchKey, startTime: number, now: number): CompletedMatch | undefined {
    if (match.entry.key === undefined || this.#size === 0) return undefined;
    this.#hashInto(this.#sought, 0, match);
    this.#soughtSender = match.sender;
    const isOwnType = match.keyType === this.#keyType;
    const hash = this.#sought[1] as number;
    const isCandidate = (place: number) =>
      this.#hash(place, 0) === this.#sought[0] &&
      this.#hash(place, 1) === hash &&
      startTime <= this.#endTime(place) &&
      (isOwnType || this.#state[place] === STATE.all) &&
      (this.#hasTouchpoint(place) || isNoName(this.#sought, 2) || isNoName(this.#hashes, HASHES * place + 2));
    return (
      this.#search(
        this.#byKeyStart,
        hashWithTime(hash, startTime),
        now,
        (place) => this.#startTime(place) === startTime && isCandidate(place),
        true,
      ) ?? this.#search(this.#byKey, hash, now, isCandidate, false)
    );
  }

  /** Rule 2 for a start: same key type and touchpoint, equal startTime, and not two different keys. */
  byTouchpoint(match: MatchKey, startTime: number, now: number): CompletedMatch | undefined {
    if (match.entry.touchpoint === undefined || this.#size === 0) return undefined;
    this.#hashInto(this.#sought, 0, match);
    this.#soughtSender = match.sender;
    const isCandidate = (place: number) =>
      this.#hasTouchpoint(place) &&
      this.#startTime(place) === startTime &&
      startTime <= this.#endTime(place) &&
      (match.entry.key === undefined || isNoName(this.#hashes, HASHES * place));
    const hash = hashWithTime(this.#sought[3] as number, startTime);
    return this.#search(this.#byTouchpointStart, hash, now, isCandidate, true);
  }

  /** The start of the timing at `place` has come, from a key of this type: it absorbs no other start of that type. */
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

  /** What changed since the last call, as `writeChanges` encodes it; empty where nothing did. */
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

  /** Applies what `takeChanges` gave, in its order. A restart does not make the grace longer. */
  load(changes: readonly CompletedChange[], now: number): void {
    for (const change of changes) {
      const marked: number[] = [];
      readChanges(
        change,
        // A negative one has absorbed a start of the other type, also where it was added in this change.
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

  /** The latest receipt by the steady clock, Unix ms; never decreases. */
  get latestReceiptAt(): number {
    return this.#now;
  }

  /** Changes whose latest receipt is before the returned instant are not needed any more. Unix ms. */
  neededSince(now: number): number {
    while (this.#size > 0 && (this.#state[this.#oldest] === STATE.nothing || this.#deadline(this.#oldest) < now))
      this.#dropOldest();
    if (this.#size === 0 && this.#capacity > CAPACITY_MIN) this.#resize(CAPACITY_MIN);
    return this.#size === 0 ? Math.max(now, this.#now) : (this.#numbers[NUMBERS * this.#oldest + 1] as number);
  }

  /** A receipt that an older version wrote may be later than `now`. */
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
      this.#numbers[NUMBERS * place + n] = n < count ? (numbers[numbersAt + n] as number) : NO_HASH;
    }
    this.#numbers[NUMBERS * place + 1] = receivedAt;
    for (let n = 0; n < HASHES; n++) this.#hashes[HASHES * place + n] = hashes[hashesAt + n] as number;
    this.#link(place);
  }

  /** The place of an id, by binary search: ids rise along the ring. -1 where it is not remembered any more. */
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

  /** The best candidate of a chain: an equal touchpoint goes first, then the same sender, then the first to arrive. */
  #search(
    chain: HashChains,
    hash: number,
    now: number,
    isCandidate: (place: number) => boolean,
    hasEqualStart: boolean,
  ): CompletedMatch | undefined {
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
    return { place: best, id, hasEqualStart, hasEqualTouchpoint: bestRank >= 2, hasSameSender: bestRank % 2 === 1 };
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

  /** Whether its touchpoint equals the sought one; absent equals absent. */
  #hasTouchpoint(place: number): boolean {
    return this.#hash(place, 2) === this.#sought[2] && this.#hash(place, 3) === this.#sought[3];
  }

  #hasSender(place: number): boolean {
    return this.#numbers[NUMBERS * place + 4] === this.#soughtSender;
  }

  #deadline(place: number): number {
    return (this.#numbers[NUMBERS * place + 1] as number) + this.#graceMs;
  }

  /** Makes room for one more. Drops up to two expired ones, so that the ring shrinks under load. */
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

  /** Changes the number of places; remembered timings move to the first of them, in their order. */
  #resize(capacity: number): void {
    const from = { hashes: this.#hashes, numbers: this.#numbers, state: this.#state, capacity: this.#capacity };
    const oldest = this.#oldest;
    this.#capacity = capacity;
    this.#oldest = 0;
    this.#hashes = new Uint32Array(HASHES * capacity);
    this.#numbers = new Float64Array(NUMBERS * capacity);
    this.#state = new Uint8Array(capacity);
    this.#byKey = new HashChains(capacity);
    this.#byKeyStart = new HashChains(capacity);
    this.#byTouchpointStart = new HashChains(capacity);
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
    if (!isNoName(this.#hashes, HASHES * place)) {
      this.#byKey.add(this.#hash(place, 1), place);
      this.#byKeyStart.add(hashWithTime(this.#hash(place, 1), startTime), place);
    }
    if (!isNoName(this.#hashes, HASHES * place + 2))
      this.#byTouchpointStart.add(hashWithTime(this.#hash(place, 3), startTime), place);
  }

  #forget(place: number): void {
    if (place < 0 || this.#state[place] === STATE.nothing) return;
    this.#state[place] = STATE.nothing;
    const startTime = this.#startTime(place);
    if (!isNoName(this.#hashes, HASHES * place)) {
      this.#byKey.remove(this.#hash(place, 1), place);
      this.#byKeyStart.remove(hashWithTime(this.#hash(place, 1), startTime), place);
    }
    if (!isNoName(this.#hashes, HASHES * place + 2)) {
      this.#byTouchpointStart.remove(hashWithTime(this.#hash(place, 3), startTime), place);
    }
  }

  #hashInto(into: Uint32Array, at: number, { project, entry }: MatchKey): void {
    this.#hasher.hashInto(into, at, "key", project, entry.key);
    this.#hasher.hashInto(into, at + 2, this.#keyType, project, entry.touchpoint);
  }
}

/**
 * A hash index over the places of a ring: chains of places with one hash, in the order in which they were added, with
 * removal from the middle. Typed arrays: hundreds of thousands of places are no work for the garbage collector.
 */
class HashChains {
  /** First and last place + 1 of each bucket; 0 is none. */
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #next: Int32Array;
  readonly #before: Int32Array;
  readonly #mask: number;

  /** `capacity` is the number of places, a power of two. */
  constructor(capacity: number) {
    this.#first = new Int32Array(capacity);
    this.#last = new Int32Array(capacity);
    this.#next = new Int32Array(capacity);
    this.#before = new Int32Array(capacity);
    this.#mask = capacity - 1;
  }

  /** The first place of a hash, or -1. Other hashes may share the chain: the caller compares. */
  first(hash: number): number {
    return (this.#first[hash & this.#mask] as number) - 1;
  }

  /** The next place of the chain, or -1. */
  next(place: number): number {
    return (this.#next[place] as number) - 1;
  }

  add(hash: number, place: number): void {
    const bucket = hash & this.#mask;
    const last = this.#last[bucket] as number;
    this.#before[place] = last;
    this.#next[place] = 0;
    if (last === 0) this.#first[bucket] = place + 1;
    else this.#next[last - 1] = place + 1;
    this.#last[bucket] = place + 1;
  }

  /** Removes a place that was added under this hash. */
  remove(hash: number, place: number): void {
    const bucket = hash & this.#mask;
    const before = this.#before[place] as number;
    const next = this.#next[place] as number;
    if (before === 0) this.#first[bucket] = next;
    else this.#next[before - 1] = next;
    if (next === 0) this.#last[bucket] = before;
    else this.#before[next - 1] = before;
  }
}
