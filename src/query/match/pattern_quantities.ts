// Numbers with their units: 1,234.5, 1h2m3.5s, 850.0 B. One line of code writes the same length of time as 999µs or
// 1.2ms, so that a unit of time or size belongs to what is masked.

import { KIND, kindOf, unitAt } from "./pattern_forms.ts";

/** What a number and its unit are, and where they end. */
export interface Quantity {
  readonly end: number;
  readonly kind: "number" | "duration" | "size";
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
export function quantityEnd(text: string, digitsEnd: number): Quantity | undefined {
  const end = numberEnd(text, digitsEnd);
  const unit = unitFrom(text, end);
  if (unit === "") {
    if (unitAt(text, end) !== SPACE) return { end, kind: "number" };
    const word = unitFrom(text, end + 1);
    const after = end + 1 + word.length;
    if (SPACED_TIME_UNITS.has(word) && isEnd(text, after)) return { end: moreTime(text, after), kind: "duration" };
    return SPACED_SIZE_UNITS.has(word) && isEnd(text, after) ? { end: after, kind: "size" } : { end, kind: "number" };
  }
  const after = end + unit.length;
  if (TIME_UNITS.has(unit)) {
    const last = isEnd(text, after) ? after : joinedTimeEnd(text, after);
    if (last !== -1) return { end: moreTime(text, last), kind: "duration" };
  }
  if (isEnd(text, after)) {
    if (SIZE_UNITS.has(unit)) return { end: after, kind: "size" };
    if (ORDINALS.has(unit)) return { end: after, kind: "number" };
    if (OTHER_UNITS.has(unit)) return { end, kind: "number" };
  }
  return end > digitsEnd ? { end, kind: "number" } : undefined;
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
  for (; end - from <= UNIT_LENGTH_MAX; end++) {
    const unit = unitAt(text, end);
    const isMicro = unit === 0xb5 || unit === 0x3bc;
    if (!isMicro && (kindOf(unit) & (KIND.hexLetter | KIND.otherLetter)) === 0) break;
  }
  return text.slice(from, end).toLowerCase();
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

/** Whether there is a minus that belongs to the number after it: not one that joins two words. */
export function isSign(text: string, at: number, kept: number): boolean {
  if (at < kept || text.charCodeAt(at) !== MINUS) return false;
  return at === 0 || text.charCodeAt(at - 1) === UNDERSCORE || " \t=:(,[{<>".includes(text.charAt(at - 1));
}
