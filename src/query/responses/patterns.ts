// The patterns of a scope's messages, by how many messages have them. A dictionary's texts are read once each; of other
// messages a hash of the pattern finds what is known, so that a pattern's text is made once. Held patterns are bounded;
// further ones are counted by hash, and where one of them turns out to be frequent, a second scan holds it.

import { levelCodeOf } from "../../block/codec/flags.ts";
import type { OpenBlock } from "../../block/open_block.ts";
import type { TimeSpan } from "../../core/compare.ts";
import { PATTERN_LENGTH_MAX, PATTERNS_HELD_MAX, VALUE_LENGTH_MAX } from "../../core/limits.ts";
import type { QueryRefusal } from "../../core/queries.ts";
import type { MessagePatternCount, PatternsResponse } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { copyOf } from "../../core/text_copy.ts";
import { compareTexts } from "../../core/text_order.ts";
import { MessagePattern } from "../match/message_pattern.ts";
import { comparedRange, comparedScope } from "../scan/compared_range.ts";
import type { CountedMessages } from "../scan/counted.ts";
import { Coverage, type ScanContext, scanRecords } from "../scan/records.ts";
import { isMatch, type Matches, type ScannedBlock } from "../scan/scanned_block.ts";
import { isRefusal, type Scope } from "../scan/scope.ts";
import { askedSpan, type Buckets, bucketOf, bucketsOf } from "../scan/time_buckets.ts";
import { FrequentTexts, mostFrequent, type WantedTexts } from "./frequent_texts.ts";

/** Of a block's messages, one in so many must be wanted for all to be decoded at once. */
const DECODE_ALL_SHARE = 8;
/** Hashes of patterns that are remembered, held or not; 12 bytes each in a table that is half full. A power of two. */
const HASHES_MAX = 65_536;
/** Memory of a held pattern beside its texts and counts, about. */
const DETAILS_BYTES = 300;
/** Counters of levels: those of level codes 1 to 4, and of records without one at 0. */
const LEVELS = 5;

export interface PatternsRequest {
  /** The most patterns listed. */
  readonly limit: number;
  /** A range in which each listed pattern is counted as well. */
  readonly compared?: TimeSpan | undefined;
  /** Unix ms. */
  readonly now: number;
}

/** The most frequent patterns of the messages in the scope. */
export function* patternsResponse(
  context: ScanContext,
  scope: Scope,
  { limit, compared, now }: PatternsRequest,
): Steps<PatternsResponse | QueryRefusal> {
  const { from, to } = yield* askedSpan(context, scope, now);
  const buckets = bucketsOf(from, to, undefined);
  if (isRefusal(buckets)) return buckets;
  const coverage = new Coverage();
  const bounded: Scope = { ...scope, to, shownFrom: (project) => Math.max(from, scope.shownFrom(project)) };
  let found = new PatternCounter(buckets);
  yield* scanPatterns(context, bounded, coverage, found, 0);
  const { total } = found;
  let frequent = mostFrequent([found.texts], limit);
  const { more } = frequent;
  if (frequent.wanted !== undefined) {
    found = new PatternCounter(buckets, frequent.wanted[0]);
    yield* scanPatterns(context, bounded, coverage, found, 0);
    frequent = mostFrequent([found.texts], limit);
  }
  const patterns = (frequent.numbers[0] ?? []).map((number) => found.shown(number));
  patterns.sort((a, b) => b.count - a.count || compareTexts(a.pattern, b.pattern));
  const { interval, start } = buckets;
  const response = { interval, start, patterns, count: total, more };
  if (compared === undefined) return { ...response, ...coverage.warnings() };
  const listed = new Set(patterns.map(({ pattern }) => pattern));
  const before = new PatternCounter(undefined, listed);
  yield* scanPatterns(context, comparedScope(scope, compared), coverage, before, found.bytes);
  return {
    ...response,
    patterns: patterns.map((one) => ({ ...one, previous: before.countOf(one.pattern) })),
    previous: yield* comparedRange(context, scope, compared),
    ...coverage.warnings(),
  };
}

function* scanPatterns(
  context: ScanContext,
  scope: Scope,
  coverage: Coverage,
  counter: PatternCounter,
  heldBytes: number,
): Steps<void> {
  const note = () => context.memory.setCollected(heldBytes + counter.bytes);
  const visit = function* (scanned: ScannedBlock): Steps<void> {
    const matches = yield* scanned.matches();
    if (matches !== "none") counter.add(yield* scanned.open(), matches);
    note();
  };
  const add = (messages: CountedMessages) => {
    counter.addMessages(messages);
    note();
  };
  yield* scanRecords(context, scope, coverage, visit, { kind: "messages", buckets: counter.buckets, add });
}

/** What is known of a held pattern beside its count. */
interface Details {
  first: number;
  last: number;
  readonly levels: Float64Array;
  /** By bucket of time; empty where the counter has no buckets. */
  readonly counts: Float64Array;
  readonly example: { readonly id: number; readonly message: string };
}

class PatternCounter {
  readonly texts: FrequentTexts;
  readonly buckets: Buckets | undefined;
  readonly #reader = new MessagePattern();
  readonly #known = new HashNumbers(HASHES_MAX);
  /** By number of the pattern. */
  readonly #details: Details[] = [];
  #examplesLength = 0;
  #total = 0;

  /** @param buckets undefined: only counts are wanted. @param wanted the only patterns to count; undefined: all. */
  constructor(buckets: Buckets | undefined, wanted?: WantedTexts) {
    const bounds = { textsMax: PATTERNS_HELD_MAX, lengthMax: PATTERNS_HELD_MAX * PATTERN_LENGTH_MAX };
    this.texts = new FrequentTexts(bounds, wanted);
    this.buckets = buckets;
  }

  /** The number of messages. */
  get total(): number {
    return this.#total;
  }

  /** Memory, about. */
  get bytes(): number {
    const counts = 8 * (LEVELS + (this.buckets?.count ?? 0));
    return (
      this.texts.bytes + this.#known.bytes + 2 * this.#examplesLength + this.#details.length * (counts + DETAILS_BYTES)
    );
  }

  countOf(pattern: string): number {
    const number = this.texts.find(pattern);
    return number === -1 ? 0 : this.texts.countOf(number);
  }

  shown(number: number): MessagePatternCount {
    const { first, last, levels, counts, example } = this.#details[number] as Details;
    const [, debug = 0, info = 0, warn = 0, error = 0] = levels;
    const count = this.texts.countOf(number);
    const pattern = this.texts.text(number);
    return { pattern, count, first, last, levels: { debug, info, warn, error }, counts: [...counts], example };
  }

  /** Counts the messages of the matching rows. All columns are read first, so that a damaged block adds nothing. */
  add(block: OpenBlock, matches: Matches): void {
    const times = block.time();
    const ids = block.id();
    const flags = block.flags();
    const textOf = messageReader(block, matches);
    const coded = block.message().asDictionary();
    const numbers = new Int32Array(coded === undefined ? 0 : coded.dictionary.length + 1).fill(UNREAD);
    for (let row = 0; row < block.count; row++) {
      if (!isMatch(matches, row)) continue;
      const code = coded?.codes[row] ?? 0;
      let number = numbers[code] ?? UNREAD;
      if (number >= 0) this.texts.addTo(number, 1);
      else {
        const text = textOf(row);
        if (text === undefined) continue;
        const message = text.length > VALUE_LENGTH_MAX ? text.slice(0, VALUE_LENGTH_MAX) : text;
        number = this.#count(message, 1);
        if (coded !== undefined) numbers[code] = number;
        if (number === this.#details.length) this.#addDetails(ids[row] as number, times[row] as number, message);
      }
      this.#total++;
      if (number < 0) continue;
      const details = this.#details[number] as Details;
      const time = times[row] as number;
      if (time < details.first) details.first = time;
      if (time > details.last) details.last = time;
      (details.levels[levelCodeOf(flags[row] as number)] as number)++;
      if (this.buckets !== undefined) (details.counts[bucketOf(this.buckets, time)] as number)++;
    }
  }

  /** Counts the messages of some records. */
  addMessages({ message: text, levelCode, count, first, last, id }: CountedMessages): void {
    const message = text.length > VALUE_LENGTH_MAX ? text.slice(0, VALUE_LENGTH_MAX) : text;
    const number = this.#count(message, count);
    if (number === this.#details.length) this.#addDetails(id, first, message);
    this.#total += count;
    if (number < 0) return;
    const details = this.#details[number] as Details;
    details.first = Math.min(details.first, first);
    details.last = Math.max(details.last, last);
    details.levels[levelCode] = (details.levels[levelCode] as number) + count;
    if (this.buckets === undefined) return;
    const bucket = bucketOf(this.buckets, first);
    details.counts[bucket] = (details.counts[bucket] as number) + count;
  }

  /** Counts a message so many times. Returns its pattern's number, −1 where that is not held. */
  #count(message: string, times: number): number {
    const reader = this.#reader;
    reader.read(message);
    const known = this.#known.find(reader.high, reader.low);
    if (known >= 0) {
      this.texts.addTo(known, times);
      return known;
    }
    if (known === UNWANTED) return -1;
    const pattern = reader.pattern();
    const number = this.texts.add(pattern, times);
    if (number !== -1) this.#known.set(reader.high, reader.low, number);
    else if (!this.texts.wants(pattern)) this.#known.set(reader.high, reader.low, UNWANTED);
    return number;
  }

  #addDetails(id: number, time: number, message: string): void {
    this.#examplesLength += message.length;
    this.#details.push({
      first: time,
      last: time,
      levels: new Float64Array(LEVELS),
      counts: new Float64Array(this.buckets?.count ?? 0),
      example: { id, message: copyOf(message.toWellFormed()) },
    });
  }
}

/** Reads the messages of matching rows. What it may need is loaded at once. */
function messageReader(block: OpenBlock, matches: Matches): (row: number) => string | undefined {
  const column = block.message();
  if (column.asDictionary() !== undefined) return (row) => column.value(row);
  let wanted = 0;
  for (let row = 0; row < block.count; row++) if (isMatch(matches, row)) wanted++;
  if (wanted * DECODE_ALL_SHARE >= block.count) {
    const all = column.all();
    return (row) => all[row];
  }
  const texts = new Map<number, string | undefined>();
  for (let row = 0; row < block.count; row++) {
    if (isMatch(matches, row)) texts.set(row, column.beginning(row, VALUE_LENGTH_MAX));
  }
  return (row) => texts.get(row);
}

const UNREAD = -2;
const UNWANTED = -3;
const UNKNOWN = -4;

/** Numbers by 64-bit hash, in an open-addressed table of fixed size. Hashes past its bound are not remembered. */
class HashNumbers {
  readonly #mask: number;
  readonly #highs: Int32Array;
  readonly #lows: Int32Array;
  /** The number plus 5; 0 in a free slot. */
  readonly #numbers: Int32Array;
  #size = 0;

  /** @param max a power of two. */
  constructor(max: number) {
    this.#mask = 2 * max - 1;
    this.#highs = new Int32Array(2 * max);
    this.#lows = new Int32Array(2 * max);
    this.#numbers = new Int32Array(2 * max);
  }

  get bytes(): number {
    return 12 * this.#numbers.length;
  }

  find(high: number, low: number): number {
    const stored = this.#numbers[this.#slotOf(high, low)] as number;
    return stored === 0 ? UNKNOWN : stored - 5;
  }

  set(high: number, low: number, number: number): void {
    if (2 * this.#size > this.#mask) return;
    const slot = this.#slotOf(high, low);
    if (this.#numbers[slot] === 0) this.#size++;
    this.#highs[slot] = high;
    this.#lows[slot] = low;
    this.#numbers[slot] = number + 5;
  }

  #slotOf(high: number, low: number): number {
    let slot = high & this.#mask;
    while (this.#numbers[slot] !== 0 && (this.#highs[slot] !== high || this.#lows[slot] !== low)) {
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }
}
