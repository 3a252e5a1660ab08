// Whether a JSON text is made to be slow to parse: thousands of different member names that have one hash. JavaScriptCore
// hashes names without a secret (rapidhash, of which it keeps the low bits), so anybody can make such names, and each is compared
// with all before it. Measured (Bun 1.4.5): 20,000 names, 700 kB, keep JSON.parse busy for 5 s, and 4 times as long with twice as many.
// So some names are looked at before: as many with the same hash as never meet by chance say that all are made so.
// Measured with real lines: 4 µs of 100 entries (19 kB), 9 µs of 1,000: their names repeat, and each is hashed once.

/** A text that is shorter cannot have enough names to matter: 500 cost 3 ms. */
const LENGTH_MIN = 6 * 1024;
/** One name for so many characters at the beginning, where few must do; then fewer, since harm needs a number and not a share. */
const STEP = 1024;
const LONG_STEP_MIN = 4 * 1024;
const LONG_LENGTH = 32 * STEP;
/** With this the names looked at are 1,300 at most, however long the text. */
const LONG_STEPS_MAX = 1_280;
/** Different names with one hash that are no chance: five of 1,300 agree in 16 bits once in half a million texts of nothing but names. */
const SAME_HASH_MIN = 5;
/** The engine's tables have as many slots as their names need, and use so many bits of the hash or more once it hurts. */
const HASH_MASK = 0xffffn;

const MASK = (1n << 64n) - 1n;
const SECRET = [0x2d358dccaa6c78a5n, 0x8bb84b93962eacc9n, 0x4b33a62ed433d4a3n] as const;
/** The two first ones multiplied, both halves of the product combined. */
const SEED = 0xca813bf4c7abf0a9n;
/** Beyond Latin-1. */
const WIDE = /[\u0100-\uffff]/;
const QUOTE = 34;
const BACKSLASH = 92;

/** What such a text is refused with. */
export const NAME_FLOOD = "Too many member names have the same hash";

/** Hashes of names that were met, which repeat from text to text; then the memory starts anew. */
const HASHES_MAX = 512;

/** Looks at the texts of one server. */
export class NameFloods {
  readonly #random: () => number;
  readonly #hashes = new Map<string, number>();

  /** `random` gives numbers from 0 up to 1: nobody can know where it looks. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Whether the text has very many different member names with the same hash. */
  isFlood(text: string): boolean {
    if (text.length < LENGTH_MIN) return false;
    const names = this.#sample(text);
    if (names.size < SAME_HASH_MIN) return false;
    const counts = new Map<number, number>();
    for (const name of names) {
      const hash = this.#hash(name);
      const count = (counts.get(hash) ?? 0) + 1;
      if (count === SAME_HASH_MIN) return true;
      counts.set(hash, count);
    }
    return false;
  }

  /** Different names at places all over the text. What looks like one inside a longer text does no harm. */
  #sample(text: string): Set<string> {
    const names = new Set<string>();
    const longStep = Math.max(LONG_STEP_MIN, text.length / LONG_STEPS_MAX);
    for (let from = 0; from < text.length; ) {
      const step = from < LONG_LENGTH ? STEP : longStep;
      const colonAt = text.indexOf(":", from + Math.floor(this.#random() * step));
      if (colonAt === -1) break;
      const name = nameBefore(text, colonAt);
      if (name !== undefined) names.add(name);
      from += step;
    }
    return names;
  }

  #hash(name: string): number {
    let hash = this.#hashes.get(name);
    if (hash !== undefined) return hash;
    hash = Number(engineHash(name) & HASH_MASK);
    if (this.#hashes.size >= HASHES_MAX) this.#hashes.clear();
    this.#hashes.set(name, hash);
    return hash;
  }
}

/** The member name that ends before a colon; undefined where none does. */
function nameBefore(text: string, colonAt: number): string | undefined {
  let end = colonAt - 1;
  while (text.charCodeAt(end) <= 32) end--;
  if (text.charCodeAt(end) !== QUOTE) return undefined;
  let start = text.lastIndexOf('"', end - 1);
  while (start > 0 && isEscaped(text, start)) start = text.lastIndexOf('"', start - 1);
  if (start === -1) return undefined;
  const raw = text.slice(start + 1, end);
  if (!raw.includes("\\")) return raw;
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return undefined;
  }
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++;
  return slashes % 2 === 1;
}

function mix(a: bigint, b: bigint): bigint {
  const product = a * b;
  return (product ^ (product >> 64n)) & MASK;
}

/**
 * The engine's hash of a text: rapidhash without a seed, over its Latin-1 characters as bytes, or over all its UTF-16 units as two
 * each. Source: Source/WTF/wtf/text/RapidHash.h of WebKit.
 */
export function engineHash(text: string): bigint {
  const bytes = Buffer.from(text, WIDE.test(text) ? "utf16le" : "latin1");
  const { length } = bytes;
  const size = BigInt(length);
  const read = (at: number) => bytes.readBigUInt64LE(at);
  const readHalf = (at: number) => BigInt(bytes.readUInt32LE(at));
  let seed = SEED ^ size;
  let a = 0n;
  let b = 0n;
  if (length > 16) {
    let at = 0;
    let left = length;
    if (left > 48) {
      let [second, third] = [seed, seed];
      do {
        seed = mix(read(at) ^ SECRET[0], read(at + 8) ^ seed);
        second = mix(read(at + 16) ^ SECRET[1], read(at + 24) ^ second);
        third = mix(read(at + 32) ^ SECRET[2], read(at + 40) ^ third);
        at += 48;
        left -= 48;
      } while (left >= 48);
      seed ^= second ^ third;
    }
    if (left > 16) seed = mix(read(at) ^ SECRET[2], read(at + 8) ^ seed ^ SECRET[1]);
    if (left > 32) seed = mix(read(at + 16) ^ SECRET[2], read(at + 24) ^ seed);
    a = read(length - 16);
    b = read(length - 8);
  } else if (length >= 4) {
    const delta = length >= 8 ? 4 : 0;
    a = (readHalf(0) << 32n) | readHalf(length - 4);
    b = (readHalf(delta) << 32n) | readHalf(length - 4 - delta);
  } else if (length > 0) {
    const byte = (at: number) => BigInt(bytes[at] as number);
    a = (byte(0) << 56n) | (byte(length >> 1) << 32n) | byte(length - 1);
  }
  const product = (a ^ SECRET[1]) * (b ^ seed);
  return mix((product & MASK) ^ SECRET[0] ^ size, (product >> 64n) ^ SECRET[1]);
}
