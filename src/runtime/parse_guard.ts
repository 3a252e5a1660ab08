// Whether JSON.parse of a text would be made slow or large. JavaScriptCore keeps each member name, and each value of up
// to 16 characters, once, in a table whose hash has no secret, for as long as anything that was parsed is not
// collected. So anybody can make texts with one hash, in one body or in many small ones, and each is compared with all
// before it. And a member name below 1,000 makes an array with so many slots of its object. Measured (Bun 1.4.5):
// 20,000 texts with one hash, in one body of 700 kB or in 300 of 2 kB, take 1 to 5 s, and 4 times as long with twice as
// many; 5 MB of `{"999":0}` take 4.2 GB. All texts are looked at as if they were one: at places that nobody can know,
// about one a KiB, the string that stands there. Once several different ones have one hash, each small text is looked
// at as a whole for a while. Every look goes forward from its place, by a bounded length, so the work is linear for
// every text. Measured (Bun 1.4.5, real lines): 0.1 µs for one entry, 4 µs for 100 (19 kB), 15 µs for 1,000; at most 2
// ns a byte for texts made for it.

import { engineHash } from "#runtime/hash.ts";
import { BatchSchema, EntrySchema } from "../core/entry.ts";
import { LEVELS, SOURCES } from "../core/record.ts";
import { copyOf } from "../core/text_copy.ts";

/**
 * One place for so many characters at the beginning of a text, where few must do; then fewer, since harm needs a number
 * and not a share.
 */
const STEP = 1024;
const LONG_STEP_MIN = 4 * 1024;
const LONG_LENGTH = 32 * STEP;
/** With this the places are 1,300 at most, however long the text. */
const LONG_STEPS_MAX = 1_280;
/**
 * The longest value that the engine keeps once (maxAtomizeStringLength in WebKit's LiteralParser.cpp); of names every
 * one.
 */
const KEPT_LENGTH_MAX = 16;
/** Quotes after a backslash that are found with the engine's own search, which is fast only where few are. */
const ESCAPED_QUOTES_MAX = 8;
/** White space between a name and its colon that is looked through; after more it counts as a name. */
const SPACE_MAX = 64;

/** The engine's table has a slot for about each two texts: as many bits as a table of 500,000 uses. */
const HASH_MASK = 0xf_ffff;
/**
 * So many pairs of different strings with one hash among 1,300 of one text are no chance: 0.8 are. Five strings with
 * one hash are 10.
 */
const PAIRS_MIN = 10;
/** So many with one hash among those that were seen last in all texts are none either. */
const SAME_HASH_MIN = 5;
/** Hashes that are remembered of all texts; then the memory starts anew. */
const HASHES_MAX = 2_048;

/** So many different strings of a small text may have a hash that is known to be made: one alone may be anybody's. */
const MADE_HASH_MIN = 3;
/** A small text, which is looked at as a whole while there is an alarm. */
const SMALL_LENGTH_MAX = 64 * 1024;
/** How much text is looked at under an alarm before it ends, after the last refusal. */
const ALARM_LENGTH = 16 * 1024 * 1024;
/** Hashes that are known to be made, at most: by their last bits, which a string may have by chance, and whole. */
const MADE_MAX = 64;
const WHOLE_MADE_MAX = 4_096;
/** So many of them with one whole hash say that it is made, not only its last bits. */
const WHOLE_HASH_MIN = 3;
/**
 * Different strings with a hash that is made, whole, that all texts under an alarm may have; and with those that were
 * seen twice.
 */
const ADMITTED_MAX = 16;
const ADMITTED_TWICE_MAX = 64;

/** Names that are a number below this have a slot each, and so has every number before them. */
const SLOT_NAMES_MAX = 1_000;
/** Fewer for each name are within SLOTS_PER_CHARACTER. */
const SLOTS_EACH_MIN = 100;
const SLOT_NAME = /^(?:0|[1-9]\d{0,2})$/;
/** Characters of an escaped one: \u0041. */
const ESCAPED_LENGTH = 6;
/** With its quote, and each character escaped. */
const SLOT_NAME_LENGTH_MAX = 1 + 3 * ESCAPED_LENGTH;
/** Slots a text may make: some for each text, and for each character; at 8 bytes each 128 MB at most. */
const SLOTS_FREE = 8 * 1024;
const SLOTS_PER_CHARACTER = 16;
const SLOTS_MAX = 16 * 1024 * 1024;

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const BRACKET = 93;
const BACKSLASH = 92;
const OPENING_BRACE = 123;
const CLOSING_BRACE = 125;

/** Names and values of the specification, which are never one too many. */
const SPECIFIED: ReadonlySet<string> = new Set([
  ...Object.keys(BatchSchema.properties),
  ...Object.keys(EntrySchema.properties),
  ...SOURCES,
  ...LEVELS,
]);

/** What such texts are refused with. */
export const SAME_HASHES = "Too many names or values have the same hash";
export const SPARSE_NAMES = "Too many objects have numbers as names";

/** Looks at the texts that one thread is going to parse. */
export class ParseGuard {
  readonly #random: () => number;
  /** Of strings of all texts. */
  #seen = new HashCounts(copyOf);
  /** The former ones, which make room for new ones. */
  #seenBefore = new HashCounts(copyOf);
  /** Last bits of hashes that too many of them had. */
  readonly #made = new Set<number>();
  /** Whole hashes that too many of them had, each with the strings that are admitted all the same. */
  readonly #wholeMade = new Map<number, string[]>();
  /** Strings that were not admitted, the latest: what is seen twice is a name that somebody uses. */
  #refused: string[] = [];
  /** Characters until the next place: the texts count as one. */
  #untilNext: number;
  /** Characters until the alarm ends; none at 0. */
  #alarm = 0;

  /** `random` gives numbers from 0 up to 1: nobody can know where it looks. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
    this.#untilNext = this.#nextStep(STEP);
  }

  /** Why the text is not to be parsed, or undefined. */
  refusal(text: string): string | undefined {
    const { length } = text;
    if (this.#untilNext >= length && this.#alarm === 0) {
      this.#untilNext -= length;
      return undefined;
    }
    const refusal = this.#look(text);
    if (refusal !== undefined) this.#alarm = ALARM_LENGTH;
    else if (this.#alarm > 0) this.#endAlarm(length);
    return refusal;
  }

  #nextStep(step: number): number {
    return Math.ceil(this.#random() * 2 * step);
  }

  #endAlarm(length: number): void {
    this.#alarm = Math.max(0, this.#alarm - length);
    if (this.#alarm > 0) return;
    this.#made.clear();
    this.#wholeMade.clear();
    this.#refused = [];
  }

  #look(text: string): string | undefined {
    const found = this.#sample(text);
    if (found.isRefused || found.hashes.pairs >= PAIRS_MIN || found.made.pairs >= pairsOf(MADE_HASH_MIN))
      return SAME_HASHES;
    const isWhole = this.#alarm > 0 && text.length <= SMALL_LENGTH_MAX;
    if (isWhole && this.#hasMadeHashes(text)) return SAME_HASHES;
    return (isWhole || found.hasSlotName) && hasTooManySlots(text) ? SPARSE_NAMES : undefined;
  }

  /** Strings at places all over the text. */
  #sample(text: string): Sample {
    const { length } = text;
    const found: Sample = { hashes: new HashCounts(), made: new HashCounts(), hasSlotName: false, isRefused: false };
    const longStep = Math.max(LONG_STEP_MIN, length / LONG_STEPS_MAX);
    const quotes = new Quotes(text);
    let at = this.#untilNext;
    while (at < length) {
      const step = at < LONG_LENGTH ? STEP : longStep;
      this.#lookAt(quotes, at, Math.min(length, at + step), found);
      at += this.#nextStep(step);
    }
    this.#untilNext = Math.min(at - length, 2 * STEP);
    return found;
  }

  /**
   * The first string that ends after `at` or begins there. Between two quotes stands either a string or what separates
   * two; what begins as no separator can is a string. Where both begin so, both are taken.
   */
  #lookAt(quotes: Quotes, at: number, end: number, found: Sample): void {
    const { text } = quotes;
    const first = quotes.from(at, end);
    const second = first === -1 ? -1 : quotes.from(first + 1, end);
    if (second === -1) return;
    if (!isSeparator(text.charCodeAt(first + 1)) || second === first + 1) {
      this.#note(text, first + 1, second, found);
      return;
    }
    const third = quotes.from(second + 1, end);
    if (third !== -1) this.#note(text, second + 1, third, found);
    if (third === -1 || isSeparator(text.charCodeAt(second + 1))) this.#note(text, first + 1, second, found);
  }

  #note(text: string, from: number, to: number, found: Sample): void {
    const string = stringAt(text, from, to);
    if (string === undefined) return;
    const isName = isBeforeColon(text, to + 1);
    if (isName && slotsOf(string) > SLOTS_EACH_MIN) found.hasSlotName = true;
    if (!isName && string.length > KEPT_LENGTH_MAX) return;
    const hash = engineHash(string);
    if (hash === undefined) return;
    if (this.#wholeMade.has(hash)) {
      if (!this.#admits(hash, string, true)) found.isRefused = true;
      return;
    }
    const bucket = hash & HASH_MASK;
    found.hashes.add(bucket, string);
    if (this.#made.has(bucket)) {
      found.made.add(bucket, string);
      return;
    }
    if (this.#seen.size >= HASHES_MAX) {
      this.#seenBefore = this.#seen;
      this.#seen = new HashCounts(copyOf);
    }
    if (this.#seen.add(bucket, string) >= SAME_HASH_MIN) this.#raiseAlarm(bucket);
  }

  /** Several strings have a hash that is the same in its last bits, or as a whole. */
  #raiseAlarm(bucket: number): void {
    this.#alarm = ALARM_LENGTH;
    const byHash = new Map<number, Set<string>>();
    for (const string of [...this.#seenBefore.strings(bucket), ...this.#seen.strings(bucket)]) {
      const hash = engineHash(string) as number;
      byHash.set(hash, (byHash.get(hash) ?? new Set()).add(string));
    }
    const whole = [...byHash].filter(([, same]) => same.size >= WHOLE_HASH_MIN);
    for (const [hash, same] of whole) {
      if (this.#wholeMade.size >= WHOLE_MADE_MAX) this.#wholeMade.clear();
      this.#wholeMade.set(hash, [...same]);
    }
    if (whole.length > 0) return;
    if (this.#made.size >= MADE_MAX) this.#made.clear();
    this.#made.add(bucket);
  }

  /**
   * Whether a string may come though its hash is made: as one of the first, which may be anybody's, or because it came
   * before. So many bodies with one made string each are refused as well, and nobody can have others' names refused for
   * long.
   */
  #admits(hash: number, string: string, isSample: boolean): boolean {
    const admitted = this.#wholeMade.get(hash) as string[];
    if (SPECIFIED.has(string) || admitted.includes(string)) return true;
    if (admitted.length < ADMITTED_MAX || (admitted.length < ADMITTED_TWICE_MAX && this.#refused.includes(string))) {
      admitted.push(copyOf(string));
      return true;
    }
    if (isSample) this.#refused = [copyOf(string), ...this.#refused.slice(0, ADMITTED_TWICE_MAX - 1)];
    return false;
  }

  /** Whether strings of the text have hashes that are made, looked at one after another. */
  #hasMadeHashes(text: string): boolean {
    if (this.#made.size === 0 && this.#wholeMade.size === 0) return false;
    const counts = new HashCounts();
    for (let from = text.indexOf('"') + 1; from !== 0; ) {
      const to = quoteFrom(text, from, text.length);
      if (to === -1) return false;
      const isKept = to - from <= ESCAPED_LENGTH * KEPT_LENGTH_MAX || isBeforeColon(text, to + 1);
      if (isKept && this.#isMade(stringAt(text, from, to), counts)) return true;
      from = text.indexOf('"', to + 1) + 1;
    }
    return false;
  }

  /** Whether the string, with those before it, is one too many whose hash is made. */
  #isMade(string: string | undefined, counts: HashCounts): boolean {
    const hash = string === undefined ? undefined : engineHash(string);
    if (string === undefined || hash === undefined) return false;
    if (this.#wholeMade.has(hash)) return !this.#admits(hash, string, false);
    const bucket = hash & HASH_MASK;
    return this.#made.has(bucket) && counts.add(bucket, string) >= MADE_HASH_MIN;
  }
}

interface Sample {
  readonly hashes: HashCounts;
  /** Those whose hash is known to be made. */
  readonly made: HashCounts;
  /** Whether a name is a number that needs slots. */
  hasSlotName: boolean;
  /** Whether one has a hash that is made as a whole, and is not admitted. */
  isRefused: boolean;
}

/** Different strings by their hash. */
class HashCounts {
  readonly #copy: (string: string) => string;
  readonly #strings = new Map<number, string | string[]>();
  /** Pairs of different strings with one hash. */
  pairs = 0;

  /** `copy` makes of a string what is kept of it: a part of a text keeps the text. */
  constructor(copy: (string: string) => string = (string) => string) {
    this.#copy = copy;
  }

  get size(): number {
    return this.#strings.size;
  }

  /** Those with this hash. */
  strings(hash: number): readonly string[] {
    const strings = this.#strings.get(hash) ?? [];
    return typeof strings === "string" ? [strings] : strings;
  }

  /** How many different ones have this hash, of which no more are kept than matter. */
  add(hash: number, string: string): number {
    const known = this.#strings.get(hash);
    if (known === undefined) {
      this.#strings.set(hash, this.#copy(string));
      return 1;
    }
    if (known === string) return 1;
    const strings = typeof known === "string" ? [known] : known;
    if (strings.length >= SAME_HASH_MIN || strings.includes(string)) return strings.length;
    this.pairs += strings.length;
    strings.push(this.#copy(string));
    this.#strings.set(hash, strings);
    return strings.length;
  }
}

/** The quotes of a text, asked for from places that only go forward. */
class Quotes {
  readonly text: string;
  /** The first quote from `#searchedFrom` on, or the text's length. */
  #nextAt = -1;
  #searchedFrom = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The first quote between two places that no backslash is before, or -1. */
  from(from: number, end: number): number {
    let start = from;
    for (let escaped = 0; escaped < ESCAPED_QUOTES_MAX; escaped++) {
      const at = this.#next(start);
      if (at >= end) return -1;
      let backslashes = 0;
      while (at - backslashes > start && this.text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
      if (backslashes % 2 === 0) return at;
      start = at + 1;
    }
    return quoteFrom(this.text, start, end);
  }

  #next(from: number): number {
    if (from < this.#searchedFrom || from > this.#nextAt) {
      const at = this.text.indexOf('"', from);
      this.#searchedFrom = from;
      this.#nextAt = at === -1 ? this.text.length : at;
    }
    return this.#nextAt;
  }
}

function pairsOf(count: number): number {
  return (count * (count - 1)) / 2;
}

/** The first quote from a place on that no backslash is before, or -1. */
function quoteFrom(text: string, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) return at;
    if (unit === BACKSLASH) at++;
  }
  return -1;
}

function isSpace(unit: number): boolean {
  return unit === SPACE || unit === NEWLINE || unit === RETURN || unit === TAB;
}

/** Whether what follows a string in JSON can begin with this. */
function isSeparator(unit: number): boolean {
  return unit === COMMA || unit === COLON || unit === CLOSING_BRACE || unit === BRACKET || isSpace(unit);
}

/** Whether a name ends before this place. */
function isBeforeColon(text: string, from: number): boolean {
  for (let at = from; at < from + SPACE_MAX; at++) {
    const unit = text.charCodeAt(at);
    if (unit === COLON) return true;
    if (!isSpace(unit)) return false;
  }
  return true;
}

/** The string that is written there, or undefined for what is none. */
function stringAt(text: string, from: number, to: number): string | undefined {
  const raw = text.slice(from, to);
  if (!raw.includes("\\")) return raw;
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return undefined;
  }
}

/**
 * The slots an object needs for a name: one more than the number that it is; 0 where it is none, or too large for
 * slots.
 */
export function slotsOf(name: string): number {
  const number = SLOT_NAME.test(name) ? Number(name) : SLOT_NAMES_MAX;
  return number < SLOT_NAMES_MAX ? number + 1 : 0;
}

/** The slots that the objects of a text or body of this length may need. */
export function slotsMaxOf(length: number): number {
  return Math.min(SLOTS_MAX, SLOTS_FREE + SLOTS_PER_CHARACTER * length);
}

/** Whether the objects of the text need too many slots, counted one after another. */
function hasTooManySlots(text: string): boolean {
  const { length } = text;
  const slotsMax = slotsMaxOf(length);
  const outer: number[] = [];
  let ended = 0;
  let slots = 0;
  for (let at = 0; at < length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === OPENING_BRACE) {
      outer.push(slots);
      slots = 0;
    } else if (unit === CLOSING_BRACE) {
      ended += slots;
      slots = outer.pop() ?? 0;
      if (ended > slotsMax) return true;
    } else if (unit === QUOTE) {
      const to = quoteFrom(text, at + 1, length);
      if (to === -1) break;
      if (to - at <= SLOT_NAME_LENGTH_MAX && isBeforeColon(text, to + 1)) {
        slots = Math.max(slots, slotsOf(stringAt(text, at + 1, to) ?? ""));
      }
      at = to;
    }
  }
  for (const unfinished of outer) ended += unfinished;
  return ended + slots > slotsMax;
}
