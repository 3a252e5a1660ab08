// Numbers with their units: 1,234.5, 1h2m3.5s, 850.0 B. One line of code writes the same length of time as 999µs or
// 1.2ms, so that a unit of time or size belongs to what is masked.

import { KIND, kindOf, unitAt } from "./pattern_forms.ts";

/** A number and its unit: where they end, and what they are, in one number that costs no object. */
export type Quantity = number;
const KIND_BITS = 2;
const KINDS = 1 << KIND_BITS;
const [NUMBER, DURATION, SIZE] = [0, 1, 2] as const;

function quantity(end: number, kind: 0 | 1 | 2): Quantity {
  return (end << KIND_BITS) | kind;
}

/** Where a quantity ends. */
export function endOf(read: Quantity): number {
  return read >> KIND_BITS;
}

/** 0 for a number, 1 for a length of time, 2 for a size. */
export function kindOfQuantity(read: Quantity): number {
  return read & (KINDS - 1);
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));
/** Units that follow a number at once. */
const TIME_UNITS = words("s ms us ns µs μs m h d sec secs min mins hr hrs");
const SIZE_UNITS = words("b kb mb gb tb pb kib mib gib tib pib");
const ORDINALS = words("st nd rd th");
const OTHER_UNITS = words("k x px hz khz mhz ghz");
/** Units after a space: also as words, and none that may be one. */
const SPACED_TIME_UNITS = words(
  "s ms us ns µs μs m h d sec secs second seconds min mins minute minutes hour hours day days millisecond milliseconds",
);
const SPACED_SIZE_UNITS = words("b kb mb gb tb pb kib mib gib tib pib byte bytes");
const UNIT_LENGTH_MAX = 12;
/** Parts of a length of time: days, hours, minutes, seconds. */
const PARTS_MAX = 4;

const [MINUS, PLUS, DOT, COMMA, SPACE, UNDERSCORE] = [45, 43, 46, 44, 32, 95] as const;

/**
 * The number whose first digits end at `digitsEnd`, with its unit. Undefined where letters
 * that are no unit follow: it is an id.
 */
export function readQuantity(text: string, digitsEnd: number): Quantity | undefined {
  const end = numberEnd(text, digitsEnd);
  const next = unitAt(text, end);
  if (!isInUnit(next)) {
    // Most numbers stand alone, and most words after one begin as no unit does.
    if (next !== SPACE || !mayBeginUnit(text, end + 1)) return quantity(end, NUMBER);
    return spacedQuantity(text, end);
  }
  const unit = unitFrom(text, end);
  const after = end + unit.length;
  if (TIME_UNITS.has(unit)) {
    const last = isEnd(text, after) ? after : joinedTimeEnd(text, after);
    if (last !== -1) return quantity(moreTime(text, last), DURATION);
  }
  if (isEnd(text, after)) {
    if (SIZE_UNITS.has(unit)) return quantity(after, SIZE);
    if (ORDINALS.has(unit)) return quantity(after, NUMBER);
    if (OTHER_UNITS.has(unit)) return quantity(end, NUMBER);
  }
  return end > digitsEnd ? quantity(end, NUMBER) : undefined;
}

/** A number that ends here, with the word after it where that is a unit. */
function spacedQuantity(text: string, end: number): Quantity {
  const word = unitFrom(text, end + 1);
  const after = end + 1 + word.length;
  if (SPACED_TIME_UNITS.has(word) && isEnd(text, after)) return quantity(moreTime(text, after), DURATION);
  return SPACED_SIZE_UNITS.has(word) && isEnd(text, after) ? quantity(after, SIZE) : quantity(end, NUMBER);
}

/** Where 2m3.5s ends, after 1h; −1 where it is not more of the same. */
function joinedTimeEnd(text: string, from: number): number {
  let at = from;
  for (let part = 1; part < PARTS_MAX; part++) {
    const next = partEnd(text, at, false);
    if (next === -1) return -1;
    if (isEnd(text, next)) return next;
    at = next;
  }
  return -1;
}

/** Where a length of time ends that may go on after a space: 3 m 20 s, 1m 30s. */
function moreTime(text: string, from: number): number {
  let end = from;
  for (let part = 1; part < PARTS_MAX && unitAt(text, end) === SPACE; part++) {
    const next = partEnd(text, end + 1, true);
    if (next === -1 || !isEnd(text, next)) break;
    end = next;
  }
  return end;
}

/** Where a number with a unit of time ends; −1 where there is none. */
function partEnd(text: string, from: number, mayHaveSpace: boolean): number {
  if (kindOf(unitAt(text, from)) !== KIND.digit) return -1;
  const end = numberEnd(text, digitsFrom(text, from));
  const isSpaced = mayHaveSpace && unitAt(text, end) === SPACE;
  const unit = unitFrom(text, isSpaced ? end + 1 : end);
  if (!(isSpaced ? SPACED_TIME_UNITS : TIME_UNITS).has(unit)) return -1;
  return (isSpaced ? end + 1 : end) + unit.length;
}

function digitsFrom(text: string, from: number): number {
  let end = from;
  while (kindOf(unitAt(text, end)) === KIND.digit) end++;
  return end;
}

/** The letters at a place, lower-cased; "" where there are none, or more than a unit has. */
function unitFrom(text: string, from: number): string {
  let end = from;
  while (end - from <= UNIT_LENGTH_MAX && isInUnit(unitAt(text, end))) end++;
  return end - from > UNIT_LENGTH_MAX ? "" : text.slice(from, end).toLowerCase();
}

function isInUnit(unit: number): boolean {
  return (kindOf(unit) & (KIND.hexLetter | KIND.otherLetter)) !== 0 || isMicro(unit);
}

function isMicro(unit: number): boolean {
  return unit === 0xb5 || unit === 0x3bc;
}

const BEGINNINGS = beginningsOfUnits();

/** By the codes of two letters, see beginningOf: 1 where a unit after a space may begin so. */
function beginningsOfUnits(): Uint8Array {
  const beginnings = new Uint8Array(1_024);
  for (const unit of [...SPACED_TIME_UNITS, ...SPACED_SIZE_UNITS]) {
    beginnings[beginningOf(unit.charCodeAt(0), unit.length > 1 ? unit.charCodeAt(1) : 0)] = 1;
  }
  return beginnings;
}

/** The lower five bits of a letter are its place in the alphabet. */
function beginningOf(first: number, second: number): number {
  return (first & 31) * 32 + (second & 31);
}

/** Whether the first two letters are those of a unit. */
function mayBeginUnit(text: string, at: number): boolean {
  const first = unitAt(text, at);
  const second = unitAt(text, at + 1);
  return isInUnit(first) && BEGINNINGS[beginningOf(first, isInUnit(second) ? second : 0)] === 1;
}

function isEnd(text: string, at: number): boolean {
  return kindOf(unitAt(text, at)) === 0;
}

/** The end of a number whose first digits end here: 1,234.5, 1e-7, 1.5e+21. */
function numberEnd(text: string, from: number): number {
  let end = from;
  for (;;) {
    const separator = unitAt(text, end);
    if ((separator !== DOT && separator !== COMMA) || kindOf(unitAt(text, end + 1)) !== KIND.digit) break;
    end = digitsFrom(text, end + 1);
  }
  if ((unitAt(text, end) | 32) !== 101) return end;
  const sign = unitAt(text, end + 1);
  const digits = sign === MINUS || sign === PLUS ? end + 2 : end + 1;
  // Without a sign or a fraction it is rather an id: 12e45678.
  if (digits === end + 1 && end === from) return end;
  const last = digitsFrom(text, digits);
  return last > digits && isEnd(text, last) ? last : end;
}

/** What a minus of a number stands after: white space, = : ( , [ { < > _ */
const SIGN_STARTS: ReadonlySet<number> = new Set([32, 9, 61, 58, 40, 44, 91, 123, 60, 62, UNDERSCORE]);

/** Whether there is a minus that belongs to the number after it: not one that joins two words. */
export function isSign(text: string, at: number, kept: number): boolean {
  if (at < kept || text.charCodeAt(at) !== MINUS) return false;
  return at === 0 || SIGN_STARTS.has(text.charCodeAt(at - 1));
}
