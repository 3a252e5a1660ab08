// What makes two entries the same: a 64-bit digest of who sent them, of every member as sent and of the client's time.
// Leaves are hashed with the way to them and added up, so the order of members does not matter and nothing is sorted;
// array elements have their index in the way. Text, number, boolean, null, {} and [] never count as one another.
//
// The seed is secret and kept in the data file: nobody can aim at a collision, and two unequal entries have one digest
// with a chance of about 2^-64.
//
// Measured with real log lines and a timestamp each, on one core: 240 ns an entry just
// parsed, 290 ns when it is not in the cache any more; a quarter is the native hash of the message. JSON.stringify alone
// takes 260 to 300 ns.

import { hashText } from "#runtime/hash.ts";
import type { Entry } from "../core/entry.ts";
import { Lanes, SHORT_LENGTH_MAX } from "./lanes.ts";
import type { BatchContext } from "./normalise.ts";

/** Slots for the hashes of member names, which repeat; a power of two. */
const NAME_SLOTS = 1024;
/** Longer names are not remembered, so that the memory of names stays within some 64 KiB. */
const NAME_LENGTH_MAX = 64;

/** Which kind of leaf, or step, is hashed; any distinct numbers. */
const TAG = {
  text: 0x51ed270b,
  number: 0x2545f491,
  true: 0x1b873593,
  false: 0x6c62272e,
  null: 0x3243f6a8,
  emptyArray: 0x38495ab5,
  emptyObject: 0x165667b1,
  index: 0x7ed55d16,
  batchTime: 0x5bd1e995,
} as const;

const float = new Float64Array(1);
const floatWords = new Int32Array(float.buffer);

function tagOf(value: unknown): number {
  if (value === null) return TAG.null;
  return value === true ? TAG.true : TAG.false;
}

export class EntryDigest {
  /** u32, of the last entry for which `of` was true. */
  high = 0;
  low = 0;
  readonly #lanes: Lanes;
  readonly #textSeed: bigint;
  readonly #seedA: number;
  readonly #seedB: number;
  readonly #names: string[] = new Array<string>(NAME_SLOTS).fill("");
  readonly #nameA = new Int32Array(NAME_SLOTS);
  readonly #nameB = new Int32Array(NAME_SLOTS);
  /** Containers still to be walked, each with the hash of the way to it: no recursion, members may nest deeply. */
  readonly #containers: object[] = [];
  readonly #wayA: number[] = [];
  readonly #wayB: number[] = [];
  #sumA = 0;
  #sumB = 0;
  #project = "";
  #apiKey = "";
  #keyType = "";
  #sender = "";
  #batchTimestamp: number | undefined;
  #baseA = 0;
  #baseB = 0;

  /** `seed` is two u32 that nobody else knows. */
  constructor(seed: readonly [number, number]) {
    this.#lanes = new Lanes(seed);
    this.#textSeed = this.#lanes.textSeed;
    this.#seedA = seed[0] | 0;
    this.#seedB = seed[1] | 0;
    this.#hashSender();
  }

  beginBatch(batch: BatchContext): void {
    this.#batchTimestamp = batch.batchTimestamp;
    const isSame =
      batch.sender === this.#sender &&
      batch.apiKey === this.#apiKey &&
      batch.keyType === this.#keyType &&
      batch.project === this.#project;
    if (isSame) return;
    this.#project = batch.project;
    this.#apiKey = batch.apiKey;
    this.#keyType = batch.keyType;
    this.#sender = batch.sender;
    this.#hashSender();
  }

  /** Puts the digest into `high` and `low`; false for an entry without any client time, which is never a duplicate. */
  of(entry: Entry): boolean {
    this.#sumA = 0;
    this.#sumB = 0;
    if (entry.timestamp === undefined && entry.startTime === undefined && entry.endTime === undefined) {
      if (this.#batchTimestamp === undefined) return false;
      this.#lanes.begin(this.#baseA ^ TAG.batchTime, this.#baseB);
      this.#lanes.addNumber(this.#batchTimestamp);
      this.#addLeaf();
    }
    this.#walkObject(entry, this.#baseA, this.#baseB);
    for (;;) {
      const container = this.#containers.pop();
      if (container === undefined) break;
      const wayA = this.#wayA.pop() as number;
      const wayB = this.#wayB.pop() as number;
      if (Array.isArray(container)) this.#walkArray(container, wayA, wayB);
      else this.#walkObject(container as Record<string, unknown>, wayA, wayB);
    }
    this.high = this.#sumA >>> 0;
    this.low = this.#sumB >>> 0;
    return true;
  }

  #hashSender(): void {
    const lanes = this.#lanes;
    lanes.begin(this.#seedA, this.#seedB);
    lanes.addText(this.#project);
    lanes.addText(this.#apiKey);
    lanes.addText(this.#keyType);
    lanes.addText(this.#sender);
    lanes.finish();
    this.#baseA = lanes.a;
    this.#baseB = lanes.b;
  }

  #hashName(name: string, slot: number): void {
    const lanes = this.#lanes;
    lanes.begin(this.#seedB, this.#seedA);
    lanes.addText(name);
    lanes.finish();
    this.#names[slot] = name.length > NAME_LENGTH_MAX ? "" : name;
    this.#nameA[slot] = lanes.a;
    this.#nameB[slot] = lanes.b;
  }

  /** The hot loop: what #addValue, #addLeaf and Lanes do, with everything in local variables, which halves its time. */
  #walkObject(object: Record<string, unknown>, wayA: number, wayB: number): void {
    const names = this.#names;
    const nameA = this.#nameA;
    const nameB = this.#nameB;
    const turnedA = (wayA << 13) | (wayA >>> 19);
    const turnedB = (wayB << 17) | (wayB >>> 15);
    let sumA = this.#sumA;
    let sumB = this.#sumB;
    let isEmpty = true;
    for (const name in object) {
      isEmpty = false;
      const length = name.length;
      const slot =
        (length * 37 + name.charCodeAt(0) * 7 + name.charCodeAt(length >> 1) * 3 + name.charCodeAt(length - 1)) &
        (NAME_SLOTS - 1);
      if (names[slot] !== name || length === 0) this.#hashName(name, slot);
      let a = Math.imul(turnedA ^ (nameA[slot] as number), 0x9e3779b1);
      let b = Math.imul(turnedB ^ a ^ (nameB[slot] as number), 0x85ebca6b);
      const value = object[name];
      if (typeof value === "string") {
        const units = value.length;
        a ^= TAG.text;
        if (units > SHORT_LENGTH_MAX) {
          const words = hashText(value, this.#textSeed);
          a = Math.imul(((a << 13) | (a >>> 19)) ^ (words[0] as number), 0x9e3779b1);
          b = Math.imul(((b << 17) | (b >>> 15)) ^ a ^ (words[1] as number), 0x85ebca6b);
        } else {
          let at = 0;
          for (; at + 1 < units; at += 2) {
            const word = value.charCodeAt(at) | (value.charCodeAt(at + 1) << 16);
            a = Math.imul(((a << 13) | (a >>> 19)) ^ word, 0x9e3779b1);
            b = Math.imul(((b << 17) | (b >>> 15)) ^ a, 0x85ebca6b);
          }
          if (at < units) {
            a = Math.imul(((a << 13) | (a >>> 19)) ^ value.charCodeAt(at), 0x9e3779b1);
            b = Math.imul(((b << 17) | (b >>> 15)) ^ a, 0x85ebca6b);
          }
        }
        a = Math.imul(((a << 13) | (a >>> 19)) ^ units, 0x9e3779b1);
        b = Math.imul(((b << 17) | (b >>> 15)) ^ a, 0x85ebca6b);
      } else if (typeof value === "number") {
        float[0] = value + 0;
        a ^= TAG.number;
        a = Math.imul(((a << 13) | (a >>> 19)) ^ (floatWords[0] as number), 0x9e3779b1);
        b = Math.imul(((b << 17) | (b >>> 15)) ^ a ^ (floatWords[1] as number), 0x85ebca6b);
      } else if (typeof value === "object" && value !== null) {
        this.#walkLater(value, a, b);
        continue;
      } else {
        a ^= tagOf(value);
      }
      a ^= b >>> 16;
      a = Math.imul(a ^ (a >>> 16), 0x7feb352d);
      b ^= a;
      b = Math.imul(b ^ (b >>> 15), 0x846ca68b);
      a = Math.imul(a ^ (b >>> 13) ^ (b << 9), 0xc2b2ae35);
      b = Math.imul(b ^ (a >>> 16), 0x27d4eb2f);
      sumA = (sumA + (a ^ (a >>> 15))) | 0;
      sumB = (sumB + (b ^ (b >>> 14))) | 0;
    }
    this.#sumA = sumA;
    this.#sumB = sumB;
    if (isEmpty) this.#addEmpty(TAG.emptyObject, wayA, wayB);
  }

  #walkArray(array: readonly unknown[], wayA: number, wayB: number): void {
    for (let index = 0; index < array.length; index++) {
      this.#lanes.begin(wayA, wayB);
      this.#lanes.addWords(TAG.index, index);
      this.#addValue(array[index]);
    }
    if (array.length === 0) this.#addEmpty(TAG.emptyArray, wayA, wayB);
  }

  #addEmpty(tag: number, wayA: number, wayB: number): void {
    this.#lanes.begin(wayA ^ tag, wayB);
    this.#addLeaf();
  }

  /** Adds a value; the lanes hold the way to it. */
  #addValue(value: unknown): void {
    const lanes = this.#lanes;
    if (typeof value === "string") {
      lanes.a ^= TAG.text;
      lanes.addText(value);
    } else if (typeof value === "number") {
      lanes.a ^= TAG.number;
      lanes.addNumber(value);
    } else if (typeof value === "object" && value !== null) {
      this.#walkLater(value, lanes.a, lanes.b);
      return;
    } else {
      lanes.a ^= tagOf(value);
    }
    this.#addLeaf();
  }

  #walkLater(container: object, wayA: number, wayB: number): void {
    this.#containers.push(container);
    this.#wayA.push(wayA);
    this.#wayB.push(wayB);
  }

  #addLeaf(): void {
    const lanes = this.#lanes;
    lanes.finish();
    this.#sumA = (this.#sumA + lanes.a) | 0;
    this.#sumB = (this.#sumB + lanes.b) | 0;
  }
}
