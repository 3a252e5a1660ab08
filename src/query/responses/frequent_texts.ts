// The most frequent of any number of texts, in bounded memory. The first texts that come are held, and their counts are
// exact. Of further ones only a 64-bit hash is counted. Where one of these turns out to be among the most frequent, the
// caller scans a second time and counts only the wanted texts, so the result is exact again. Past the bound of hashes
// the rarer half is dropped (lossy counting: Manku and Motwani, VLDB 2002), and the number of distinct texts is an
// estimate.

import { TextHash, TextTable } from "../../block/codec/text_table.ts";
import { HASHES_HELD_MAX } from "../../core/limits.ts";
import { copyOf } from "../../core/text_copy.ts";
import { compareTexts } from "../../core/text_order.ts";

/** Memory of a held text beside its characters, about. */
const TEXT_BYTES = 64;

export interface FrequentBounds {
  /** The most texts that are held, and the most characters of them. */
  readonly textsMax: number;
  readonly lengthMax: number;
  /** The most hashes that are counted. */
  readonly hashesMax?: number;
}

/** The texts that a second scan holds, by their hashes. */
export interface WantedTexts {
  has(text: string): boolean;
}

/** The most frequent texts of one or more collections together. */
export interface MostFrequent {
  /** For each collection the numbers of its texts, most frequent first. */
  readonly numbers: readonly (readonly number[])[];
  /** How many other texts there are; an estimate where they were too many to tell. */
  readonly more: number;
  /** For each collection the texts that a second scan must hold; undefined where none is needed. */
  readonly wanted: readonly WantedTexts[] | undefined;
}

export class FrequentTexts {
  readonly #bounds: FrequentBounds;
  readonly #wanted: WantedTexts | undefined;
  readonly #table = new TextTable();
  #counts = new Float64Array(64);
  #length = 0;
  /** The texts that are not held. */
  #further: HashCounts | undefined;

  /** @param wanted the only texts to count; undefined: all. */
  constructor(bounds: FrequentBounds, wanted?: WantedTexts) {
    this.#bounds = bounds;
    this.#wanted = wanted;
  }

  /** Memory, about. */
  get bytes(): number {
    return 2 * this.#length + TEXT_BYTES * this.#table.size + (this.#further?.bytes ?? 0);
  }

  /** How many distinct texts there are; an estimate where they were too many to tell. */
  get distinct(): number {
    return this.#table.size + (this.#further?.distinct ?? 0);
  }

  /** The counts of the texts that are not held; undefined where all are. */
  get further(): HashCounts | undefined {
    return this.#further;
  }

  /** How many texts are held. */
  get size(): number {
    return this.#table.size;
  }

  text(number: number): string {
    return this.#table.texts[number] as string;
  }

  countOf(number: number): number {
    return this.#counts[number] as number;
  }

  /** The number of a held text; −1 where it is not held. */
  find(text: string): number {
    return this.#table.find(text);
  }

  /** Whether the text is counted at all. */
  wants(text: string): boolean {
    return this.#wanted === undefined || this.#wanted.has(text);
  }

  /** Counts a held text. */
  addTo(number: number, count: number): void {
    this.#counts[number] = (this.#counts[number] as number) + count;
  }

  /** Counts a text. Returns its number, from 0; −1 where it is not held. */
  add(text: string, count: number): number {
    let number = this.#table.find(text);
    if (number === -1) {
      if (!this.wants(text)) return -1;
      if (this.#isFull(text)) {
        this.#further ??= new HashCounts(this.#bounds.hashesMax ?? HASHES_HELD_MAX);
        this.#further.add(text, count);
        return -1;
      }
      // A copy: a slice of a longer text would keep all of it in memory.
      number = this.#table.add(copyOf(text));
      this.#length += text.length;
      if (number === this.#counts.length) {
        const larger = new Float64Array(2 * number);
        larger.set(this.#counts);
        this.#counts = larger;
      }
    }
    this.#counts[number] = (this.#counts[number] as number) + count;
    return number;
  }

  #isFull(text: string): boolean {
    const { textsMax, lengthMax } = this.#bounds;
    return this.#table.size >= textsMax || this.#length + text.length > lengthMax;
  }
}

/**
 * The `max` most frequent texts of all collections. Of equally frequent ones the held ones come first, in the order of
 * texts.
 */
export function mostFrequent(collections: readonly FrequentTexts[], max: number): MostFrequent {
  const distinct = collections.reduce((sum, one) => sum + one.distinct, 0);
  const threshold = thresholdOf(collections, max);
  let left = max;
  const above = collections.map((one) => ({
    held: numbersWhere(one, (count) => count > threshold),
    further: one.further?.above(threshold) ?? new HashCounts(Number.POSITIVE_INFINITY),
  }));
  for (const { held, further } of above) left -= held.length + further.size;
  const equal = equallyFrequent(collections, threshold).slice(0, left);
  left -= equal.length;
  const numbers = collections.map((one, index) => {
    const own = equal.filter(({ collection }) => collection === one).map(({ number }) => number);
    return [...(above[index]?.held ?? []), ...own].sort((a, b) => one.countOf(b) - one.countOf(a));
  });
  for (const [index, one] of collections.entries()) {
    if (left > 0) left -= above[index]?.further.addEqual(one.further, threshold, left) ?? 0;
  }
  const listed = numbers.reduce((sum, list) => sum + list.length, 0);
  const isAnyFurther = above.some(({ further }) => further.size > 0);
  if (!isAnyFurther) return { numbers, more: Math.max(0, distinct - listed), wanted: undefined };
  for (const [index, list] of numbers.entries()) {
    for (const number of list) above[index]?.further.add((collections[index] as FrequentTexts).text(number), 1);
  }
  const wanted = above.map(({ further }) => further);
  const wantedCount = wanted.reduce((sum, one) => sum + one.size, 0);
  return { numbers, more: Math.max(0, distinct - wantedCount), wanted };
}

/** The held texts with this count, in the order of texts. */
function equallyFrequent(
  collections: readonly FrequentTexts[],
  count: number,
): { readonly collection: FrequentTexts; readonly number: number; readonly text: string }[] {
  const equal = collections.flatMap((collection) => {
    const numbers = numbersWhere(collection, (other) => other === count);
    return numbers.map((number) => ({ collection, number, text: collection.text(number) }));
  });
  return equal.sort((a, b) => compareTexts(a.text, b.text));
}

/** The highest count of the texts that are left out; 0 where all fit. */
function thresholdOf(collections: readonly FrequentTexts[], max: number): number {
  const total = collections.reduce((sum, one) => sum + one.size + (one.further?.size ?? 0), 0);
  if (total <= max) return 0;
  const counts = new Float64Array(total);
  let place = 0;
  for (const one of collections) {
    for (let number = 0; number < one.size; number++) counts[place++] = one.countOf(number);
    one.further?.forEachCount((count) => {
      counts[place++] = count;
    });
  }
  counts.sort();
  return counts[total - max] as number;
}

function numbersWhere(one: FrequentTexts, test: (count: number) => boolean): number[] {
  const numbers: number[] = [];
  for (let number = 0; number < one.size; number++) if (test(one.countOf(number))) numbers.push(number);
  return numbers;
}

/** Slots of an empty table; a power of two. */
const SLOTS_MIN = 1024;
/** Bits for the estimate of distinct hashes: within a few percent for up to ten times as many. */
const SKETCH_BITS = 4 * 1024 * 1024;

/** Counts by 64-bit hash in an open-addressed table, bounded in hashes. */
class HashCounts implements WantedTexts {
  readonly #max: number;
  readonly #high: TextHash;
  readonly #low: TextHash;
  #highs = new Int32Array(SLOTS_MIN);
  #lows = new Int32Array(SLOTS_MIN);
  /** 0 in a free slot. */
  #counts = new Float64Array(SLOTS_MIN);
  #size = 0;
  #sketch: Uint8Array | undefined;

  constructor(max: number, high = new TextHash(), low = new TextHash()) {
    this.#max = max;
    this.#high = high;
    this.#low = low;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return 16 * this.#counts.length + (this.#sketch?.length ?? 0);
  }

  get distinct(): number {
    if (this.#sketch === undefined) return this.#size;
    // Linear counting: Whang, Vander-Zanden and Taylor, 1990.
    let free = 0;
    for (let at = 0; at < this.#sketch.length; at++) free += 8 - bitsSet(this.#sketch[at] as number);
    return Math.max(this.#size, Math.round(SKETCH_BITS * Math.log(SKETCH_BITS / Math.max(1, free))));
  }

  has(text: string): boolean {
    return (this.#counts[this.#slotOf(this.#high.of(text), this.#low.of(text))] as number) > 0;
  }

  add(text: string, count: number): void {
    this.#add(this.#high.of(text), this.#low.of(text), count);
  }

  forEachCount(visit: (count: number) => void): void {
    for (let slot = 0; slot < this.#counts.length; slot++) {
      const count = this.#counts[slot] as number;
      if (count > 0) visit(count);
    }
  }

  /** The hashes with higher counts. The result has no bound. */
  above(threshold: number): HashCounts {
    const found = new HashCounts(Number.POSITIVE_INFINITY, this.#high, this.#low);
    for (let slot = 0; slot < this.#counts.length; slot++) {
      const count = this.#counts[slot] as number;
      if (count > threshold) found.#add(this.#highs[slot] as number, this.#lows[slot] as number, count);
    }
    return found;
  }

  /** Adds hashes of `others` with exactly this count, at most `max`; returns how many. */
  addEqual(others: HashCounts | undefined, count: number, max: number): number {
    if (others === undefined || count === 0) return 0;
    let added = 0;
    for (let slot = 0; slot < others.#counts.length && added < max; slot++) {
      if (others.#counts[slot] !== count) continue;
      this.#add(others.#highs[slot] as number, others.#lows[slot] as number, count);
      added++;
    }
    return added;
  }

  #add(high: number, low: number, count: number): void {
    if (this.#sketch !== undefined) setBit(this.#sketch, low);
    let slot = this.#slotOf(high, low);
    if (this.#counts[slot] === 0) {
      if (this.#size >= this.#max) this.#dropRarest();
      if (2 * (this.#size + 1) > this.#counts.length) this.#resize(2 * this.#counts.length, 0);
      slot = this.#slotOf(high, low);
      this.#put(slot, high, low, 0);
    }
    this.#counts[slot] = (this.#counts[slot] as number) + count;
  }

  #put(slot: number, high: number, low: number, count: number): void {
    this.#highs[slot] = high;
    this.#lows[slot] = low;
    this.#counts[slot] = count;
    this.#size++;
  }

  #slotOf(high: number, low: number): number {
    const mask = this.#counts.length - 1;
    let slot = high & mask;
    while (this.#counts[slot] !== 0 && (this.#highs[slot] !== high || this.#lows[slot] !== low)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  /** Drops at least half of the hashes. */
  #dropRarest(): void {
    if (this.#sketch === undefined) {
      const sketch = new Uint8Array(SKETCH_BITS / 8);
      for (let slot = 0; slot < this.#counts.length; slot++) {
        if ((this.#counts[slot] as number) > 0) setBit(sketch, this.#lows[slot] as number);
      }
      this.#sketch = sketch;
    }
    const counts = this.#counts.filter((count) => count > 0).sort();
    this.#resize(this.#counts.length, counts[counts.length >> 1] as number);
  }

  /** Rehashes into a table of this length, without the counts up to the threshold. */
  #resize(length: number, threshold: number): void {
    const [highs, lows, counts] = [this.#highs, this.#lows, this.#counts];
    this.#highs = new Int32Array(length);
    this.#lows = new Int32Array(length);
    this.#counts = new Float64Array(length);
    this.#size = 0;
    for (let from = 0; from < counts.length; from++) {
      if ((counts[from] as number) <= threshold) continue;
      const [high, low] = [highs[from] as number, lows[from] as number];
      this.#put(this.#slotOf(high, low), high, low, counts[from] as number);
    }
  }
}

function setBit(sketch: Uint8Array, hash: number): void {
  const bit = hash & (SKETCH_BITS - 1);
  sketch[bit >>> 3] = (sketch[bit >>> 3] as number) | (1 << (bit & 7));
}

function bitsSet(byte: number): number {
  let bits = 0;
  for (let left = byte; left > 0; left >>>= 1) bits += left & 1;
  return bits;
}
