// The pattern of a message: the message with what changes from one to the next masked. In: a text. Out: the pattern's
// text, or a hash of it that costs no new string. Messages with one pattern differ only in numbers and ids, addresses,
// times, durations, sizes, paths and quoted texts. One pass, linear in the text: whatever looks ahead or back does so
// within a bound, or over what it masks.
//
// Numbers and ids have one mask: some hexadecimal ids have no letter, and no message says which it is.
//
// Measured (Bun 1.4.5, two cores that others used as well, CPU time of whole queries over 16 merged blocks): a million
// messages of 73 characters, real lines with redrawn digits, 1.05 s; real lines as they are, which merged blocks keep in
// dictionaries, 0.1 s. Places are small integers throughout: with one double among them, charCodeAt is a call, and all
// takes 2.7 s.

import { newSecret } from "../../block/codec/text_table.ts";
import { PATTERN_LENGTH_MAX, VALUE_LENGTH_MAX } from "../../core/limits.ts";
import { PATTERN_MASKS, type PatternMask } from "../../search/message_patterns.ts";
import { dateStart, dateTailEnd, dayFirstEnd } from "./pattern_dates.ts";
import {
  ADDRESS_LENGTH_MAX,
  CLOCK_FORM,
  EMAIL_FORM,
  IP4_FORM,
  IP6_FORM,
  ISO_DURATION_FORM,
  isInAddress,
  isInMailbox,
  isWordUnit,
  KIND,
  kindOf,
  MAC_FORM,
  MAILBOX_LENGTH_MAX,
  matchEnd,
  pathEnd,
  QUERY_FORM,
  TIME_FORM,
  UUID_FORM,
  UUID_LENGTH,
  unitAt,
  uuidStart,
} from "./pattern_forms.ts";
import { endOf, isSign, kindOfQuantity, readQuantity } from "./pattern_quantities.ts";

/** Code 0 is a part that stays; code n stands for mask n − 1. */
const KEPT = 0;
const code = (mask: PatternMask): number => PATTERN_MASKS.indexOf(mask) + 1;
const [NUMBER, UUID, TIME, DURATION, SIZE, IP, MAC, EMAIL, PATH, TEXT] = [
  code("<num>"),
  code("<uuid>"),
  code("<time>"),
  code("<duration>"),
  code("<size>"),
  code("<ip>"),
  code("<mac>"),
  code("<email>"),
  code("<path>"),
  code("<text>"),
];
/** By kind of a quantity. */
const QUANTITY_MASKS = [NUMBER, DURATION, SIZE] as const;

const [DOUBLE_QUOTE, SINGLE_QUOTE, BACKTICK, MINUS, DOT, COLON] = [34, 39, 96, 45, 46, 58] as const;
const [SPACE, COMMA, OPEN_BRACE] = [32, 44, 123] as const;
const [BACKSLASH, NEWLINE, AT, SLASH, QUESTION, UNDERSCORE, EQUALS] = [92, 10, 64, 47, 63, 95, 61] as const;
/** “ and ‘, each closed by the next code. */
const [CURLY_DOUBLE, CURLY_SINGLE] = [0x201c, 0x2018] as const;

const QUOTE_SLOTS = 8;

/** What may begin a masked part, or be in one; a digit as KIND.digit. All other characters are passed over. */
const OTHER_TRIGGER = 8;
const TRIGGERS = triggersOfAscii();

function triggersOfAscii(): Uint8Array {
  const triggers = new Uint8Array(128);
  for (let unit = 48; unit < 58; unit++) triggers[unit] = KIND.digit;
  for (let unit = 97; unit < 103; unit++) triggers[unit] = triggers[unit - 32] = KIND.hexLetter;
  for (const unit of [DOUBLE_QUOTE, SINGLE_QUOTE, BACKTICK, COLON, AT, SLASH, QUESTION]) triggers[unit] = OTHER_TRIGGER;
  return triggers;
}

const UNKNOWN = -1;
const NONE = 0x3fff_ffff;

/** A run of hex digits of this length is an id, also where it begins with letters only: abcdef12. */
const HEX_LENGTH_MIN = 6;
/** One of letters alone is an id from this length on: no word is. */
const HEX_LETTERS_MIN = 8;
/** A short word with so few digits within keeps its letters: k8s, log4j. */
const WORD_LENGTH_MAX = 5;
const WORD_DIGITS_MAX = 2;
/** Names whose quoted value is what the line says, not what changes: msg="started", {"level":"info"}. */
const SAYING_NAMES: ReadonlySet<string> = new Set("msg message event level lvl severity err error".split(" "));
const NAME_LENGTH_MAX = 8;
/** White space before a member's name at most. */
const WHITE_SPACE_MAX = 64;

/** Finds the parts of one message at a time. An instance has buffers of its own and one secret for its hashes. */
export class MessagePattern {
  #text = "";
  /** The parts in order: part n reaches to `#ends[n]`. */
  #ends = new Int32Array(64);
  #masks = new Uint8Array(64);
  #parts = 0;
  /** What lies before is in parts. */
  #kept = 0;
  /** The next "@" from where the last one was looked for; UNKNOWN or NONE. */
  #nextAt: number = UNKNOWN;
  /** By quote, see slotOf: none closes before this place. */
  readonly #unclosedUntil = new Int32Array(QUOTE_SLOTS);
  readonly #secrets = [newSecret(), newSecret()] as const;
  /** The hash of the last message's pattern: 64 bits in two. */
  high = 0;
  low = 0;

  /** The pattern of a message, of a long one that of its beginning. */
  patternOf(message: string): string {
    this.#find(message.length > VALUE_LENGTH_MAX ? message.slice(0, VALUE_LENGTH_MAX) : message);
    return this.pattern();
  }

  /** Finds the parts of a message of at most VALUE_LENGTH_MAX units, and hashes its pattern. */
  read(text: string): void {
    this.#find(text);
    this.#hash(text);
  }

  /** The pattern of the last message, in one line and well-formed, of at most PATTERN_LENGTH_MAX units. */
  pattern(): string {
    let pattern = "";
    for (let part = 0, from = 0; part < this.#parts && pattern.length < 2 * PATTERN_LENGTH_MAX; part++) {
      const to = this.#ends[part] as number;
      const mask = this.#masks[part] as number;
      pattern += mask === KEPT ? this.#text.slice(from, to).replaceAll(/\s+/g, " ") : PATTERN_MASKS[mask - 1];
      from = to;
    }
    return pattern.slice(0, PATTERN_LENGTH_MAX).toWellFormed();
  }

  #find(text: string): void {
    const { length } = text;
    this.#text = text;
    this.#parts = 0;
    this.#unclosedUntil.fill(0);
    this.#nextAt = UNKNOWN;
    this.#kept = 0;
    let at = 0;
    while (at < length) {
      const unit = text.charCodeAt(at);
      if (unit >= 128) {
        at = unit === CURLY_DOUBLE || unit === CURLY_SINGLE ? this.#maskQuoted(at, unit + 1) : at + 1;
        continue;
      }
      const trigger = TRIGGERS[unit];
      if (trigger === 0) at++;
      else if (trigger === KIND.hexLetter) {
        // Most letters are told apart without a call.
        const last = at + HEX_LETTERS_MIN - 1;
        const mayBe = last < length && kindOf(text.charCodeAt(last)) === KIND.hexLetter;
        at = mayBe ? this.#maskHexLetters(at) : at + 1;
      } else at = trigger === KIND.digit ? this.#maskRun(at) : this.#maskAtSign(at, unit);
    }
    if (this.#kept < length) this.#add(length, KEPT);
  }

  #maskAtSign(at: number, unit: number): number {
    if (unit === COLON) return this.#maskAtColon(at);
    if (unit === SLASH) return this.#maskPath(at, at);
    if (unit === AT) return this.#maskForm(EMAIL_FORM, this.#mailboxStart(at), EMAIL, at);
    return unit === QUESTION ? this.#maskQuery(at) : this.#maskQuoted(at, unit);
  }

  /** Masks from `from` to `to`, and keeps what stands before. Returns where the scan goes on. */
  #mask(from: number, to: number, mask: number): number {
    if (this.#goesOnList(from, mask)) this.#parts--;
    else if (from > this.#kept) this.#add(from, KEPT);
    this.#add(to, mask);
    this.#kept = to;
    return to;
  }

  /** Whether only a comma stands between the last part, which has the same mask: lists have one pattern. */
  #goesOnList(from: number, mask: number): boolean {
    if (this.#parts === 0 || this.#masks[this.#parts - 1] !== mask) return false;
    const between = from - this.#kept;
    if (between < 1 || between > 2 || this.#text.charCodeAt(this.#kept) !== COMMA) return false;
    return between === 1 || this.#text.charCodeAt(this.#kept + 1) === SPACE;
  }

  /** Masks the form that begins at `from`. Returns where the scan goes on: after `at` where it is not that form. */
  #maskForm(form: RegExp, from: number, mask: number, at: number): number {
    const end = matchEnd(form, this.#text, from);
    return end > at ? this.#mask(from, end, mask) : at + 1;
  }

  /** Masks between quotes. @param quote the closing one. */
  #maskQuoted(open: number, quote: number): number {
    const close = this.#closingQuote(open, quote);
    if (close === -1 || this.#isSaid(open)) return open + 1;
    return this.#mask(open + 1, close, TEXT) + 1;
  }

  /** Whether the quote opens what a line of names and values says: after msg= or "level": */
  #isSaid(open: number): boolean {
    const text = this.#text;
    const sign = unitAt(text, open - 1);
    let end = open - 1;
    if (sign === COLON && unitAt(text, end - 1) === DOUBLE_QUOTE) end--;
    else if (sign !== EQUALS) return false;
    let from = end;
    while (from > 0 && end - from <= NAME_LENGTH_MAX && kindOf(text.charCodeAt(from - 1)) !== 0) from--;
    return SAYING_NAMES.has(text.slice(from, end).toLowerCase());
  }

  #maskAtColon(at: number): number {
    const text = this.#text;
    const next = unitAt(text, at + 1);
    if (next === COLON) return this.#maskAddress(at);
    const isDrive = at > this.#kept && kindOf(unitAt(text, at - 1)) !== 0 && !isWordUnit(unitAt(text, at - 2));
    if (next === BACKSLASH && isDrive) return this.#maskPath(at, at - 1);
    const mayBeMac = unitAt(text, at + 3) === COLON && at - 2 >= this.#kept && !isWordUnit(unitAt(text, at - 3));
    if (!mayBeMac) return at + 1;
    return this.#maskForm(MAC_FORM, at - 2, MAC, at);
  }

  /** Masks a hexadecimal id that happens to have no digit. */
  #maskHexLetters(at: number): number {
    const text = this.#text;
    if (kindOf(unitAt(text, at - 1)) !== 0) return at + 1;
    let end = at;
    while (kindOf(unitAt(text, end)) === KIND.hexLetter) end++;
    const uuid = unitAt(text, end) === MINUS ? matchEnd(UUID_FORM, text, at) : -1;
    if (uuid !== -1) return this.#mask(at, uuid, UUID);
    return end - at >= HEX_LETTERS_MIN && kindOf(unitAt(text, end)) === 0 ? this.#mask(at, end, NUMBER) : end;
  }

  /** Masks the parameters of an address, which differ in their texts as well. */
  #maskQuery(at: number): number {
    const end = matchEnd(QUERY_FORM, this.#text, at);
    return end === -1 ? at + 1 : this.#mask(at + 1, end, TEXT);
  }

  /** Masks the path that begins at `from`, unless it names a place in code, or what a request asks for. */
  #maskPath(at: number, from: number): number {
    const end = pathEnd(this.#text, from);
    return end === -1 ? at + 1 : this.#mask(from, end, PATH);
  }

  /** Masks the IPv6 address that has the colon or the digit at `at`. */
  #maskAddress(at: number): number {
    let from = at;
    while (from > this.#kept && at - from < ADDRESS_LENGTH_MAX && isInAddress(this.#text.charCodeAt(from - 1))) from--;
    return this.#maskForm(IP6_FORM, from, IP, at);
  }

  /** Masks in the run of letters and digits that has its first digit at `firstDigit`. */
  #maskRun(firstDigit: number): number {
    const text = this.#text;
    let from = firstDigit;
    let kinds = 0;
    for (; from > this.#kept; from--) {
      const kind = kindOf(text.charCodeAt(from - 1));
      if (kind === 0) break;
      kinds |= kind;
    }
    let end = firstDigit;
    let digits = 0;
    let digitsEnd = 0;
    for (; end < text.length; end++) {
      const kind = kindOf(text.charCodeAt(end));
      if (kind === 0) break;
      if (kind === KIND.digit) digits++;
      else if (digitsEnd === 0) digitsEnd = end;
      kinds |= kind;
    }
    if (digitsEnd === 0) digitsEnd = end;
    const form = this.#maskKnownForm(firstDigit, from, end, kinds, digitsEnd);
    if (form !== -1) return form;
    const isHex = (kinds & KIND.otherLetter) === 0 && end - from >= HEX_LENGTH_MIN;
    if (from === firstDigit) {
      // B and D are units and hex digits.
      const quantity = isHex && digitsEnd < end ? undefined : readQuantity(text, digitsEnd);
      if (quantity !== undefined) {
        const start = isSign(text, from - 1, this.#kept) ? from - 1 : from;
        return this.#mask(start, endOf(quantity), QUANTITY_MASKS[kindOfQuantity(quantity)] as number);
      }
      return this.#maskId(from, end);
    }
    if (digitsEnd === end) return this.#mask(isHex ? from : firstDigit, end, NUMBER);
    const isWord = digits <= WORD_DIGITS_MAX && digits === digitsEnd - firstDigit && end - from <= WORD_LENGTH_MAX;
    return isWord ? this.#mask(firstDigit, digitsEnd, NUMBER) : this.#maskId(from, end);
  }

  /** Masks a run that is an id, with what is joined to it and looks drawn as well: V1StGXR8_Z5jdHi6B-myT. */
  #maskId(from: number, end: number): number {
    const text = this.#text;
    let last = end;
    while (unitAt(text, last) === MINUS || unitAt(text, last) === UNDERSCORE) {
      let next = last + 1;
      let isDrawn = false;
      for (let before = 0; next < text.length; next++) {
        const unit = text.charCodeAt(next);
        if (kindOf(unit) === 0) break;
        const isUpper = unit < 91 && unit > 64;
        if (before > 96 && isUpper) isDrawn = true;
        before = unit;
      }
      if (!isDrawn) break;
      last = next;
    }
    return this.#mask(from, last, NUMBER);
  }

  /** Masks a UUID, time or address that this run is a part of. Returns where the scan goes on; −1 where it is none. */
  #maskKnownForm(firstDigit: number, from: number, end: number, kinds: number, digitsEnd: number): number {
    const text = this.#text;
    if (this.#nextAt < end && this.#nextAt !== NONE) this.#nextAt = placeOr(text.indexOf("@", end));
    if (this.#nextAt - end <= MAILBOX_LENGTH_MAX) {
      const to = this.#maskForm(EMAIL_FORM, this.#mailboxStart(from), EMAIL, firstDigit);
      if (to > firstDigit + 1 || this.#kept > firstDigit) return to;
    }
    const before = from > 0 ? text.charCodeAt(from - 1) : 0;
    const after = unitAt(text, end);
    if ((kinds & KIND.otherLetter) !== 0) {
      const day = from === firstDigit && digitsEnd - from <= 2 ? dateStart(text, from, this.#kept) : -1;
      const dayEnd = day === -1 ? -1 : dateTailEnd(text, digitsEnd);
      if (dayEnd > digitsEnd) return this.#mask(day, dayEnd, TIME);
      const duration = unitAt(text, from) === 80 ? matchEnd(ISO_DURATION_FORM, text, from) : -1;
      return duration > firstDigit ? this.#mask(from, duration, DURATION) : -1;
    }
    const length = end - from;
    const mayBeGroup = length === 4 || length === 8 || length === 12;
    if (mayBeGroup && (after === MINUS || before === MINUS)) {
      const start = uuidStart(text, from, this.#kept);
      if (start !== -1 && matchEnd(UUID_FORM, text, start) > firstDigit) {
        return this.#mask(start, start + UUID_LENGTH, UUID);
      }
    }
    const isNumber = kinds === KIND.digit;
    const time = isNumber && after === MINUS && length === 4 ? matchEnd(TIME_FORM, text, from) : -1;
    if (time !== -1) return this.#mask(from, time, TIME);
    if (isNumber && length <= 2) {
      const clock = after === COLON && before !== COLON ? matchEnd(CLOCK_FORM, text, from) : -1;
      if (clock !== -1) return this.#mask(from, clock, TIME);
      const start = dateStart(text, from, this.#kept);
      if (start !== -1) return this.#mask(start, dateTailEnd(text, end), TIME);
      const date = dayFirstEnd(text, from, this.#kept);
      if (date !== undefined) return this.#mask(date.from, dateTailEnd(text, date.end), TIME);
    }
    const ip = isNumber && after === DOT && length <= 3 && before !== DOT ? matchEnd(IP4_FORM, text, from) : -1;
    if (ip !== -1) return this.#mask(from, ip, IP);
    const mac = length === 2 && (after === COLON || after === MINUS) ? matchEnd(MAC_FORM, text, from) : -1;
    if (mac !== -1) return this.#mask(from, mac, MAC);
    const hasMoreAfter = after === COLON && isInAddress(unitAt(text, end + 1));
    const hasMoreBefore = before === COLON && from - 2 >= this.#kept && isInAddress(unitAt(text, from - 2));
    if (hasMoreAfter || hasMoreBefore) {
      const to = this.#maskAddress(firstDigit);
      if (this.#kept > firstDigit) return to;
    }
    return -1;
  }

  /** Where the mailbox begins that ends before `end`. */
  #mailboxStart(end: number): number {
    let from = end;
    while (from > this.#kept && end - from < MAILBOX_LENGTH_MAX && isInMailbox(this.#text.charCodeAt(from - 1))) from--;
    return from;
  }

  /**
   * The place of the quote that closes the one at `open`; −1 where that one opens nothing, or quotes a member's name. A
   * text that is cut is quoted to its end.
   */
  #closingQuote(open: number, quote: number): number {
    const text = this.#text;
    if (open > 0 && isWordUnit(text.charCodeAt(open - 1))) return -1;
    if (open < (this.#unclosedUntil[slotOf(quote)] as number)) return -1;
    let at = open + 1;
    for (; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit === BACKSLASH) at++;
      else if (unit === NEWLINE) break;
      else if (unit === quote) {
        const next = unitAt(text, at + 1);
        // An apostrophe within a word closes nothing.
        if ((quote === SINGLE_QUOTE || quote === CURLY_SINGLE + 1) && isWordUnit(next)) continue;
        return quote === DOUBLE_QUOTE && next === COLON && this.#isMember(open) ? -1 : at;
      }
    }
    if (at >= text.length && text.length >= VALUE_LENGTH_MAX) return text.length;
    // So that many quotes that nothing closes are not looked for again and again.
    this.#unclosedUntil[slotOf(quote)] = at;
    return -1;
  }

  /** Whether the quote may open the name of a member of a JSON object. */
  #isMember(open: number): boolean {
    const text = this.#text;
    let before = open - 1;
    while (open - before < WHITE_SPACE_MAX && unitAt(text, before) <= SPACE && before > 0) before--;
    const unit = unitAt(text, before);
    return unit === OPEN_BRACE || unit === COMMA;
  }

  #add(end: number, mask: number): void {
    if (this.#parts === this.#ends.length) {
      const [ends, masks] = [new Int32Array(2 * this.#parts), new Uint8Array(2 * this.#parts)];
      ends.set(this.#ends);
      masks.set(this.#masks);
      [this.#ends, this.#masks] = [ends, masks];
    }
    this.#ends[this.#parts] = end;
    this.#masks[this.#parts++] = mask;
  }

  #hash(text: string): void {
    const [[firstHigh, secondHigh, startHigh], [firstLow, secondLow, startLow]] = this.#secrets;
    let high = startHigh;
    let low = startLow;
    for (let part = 0, at = 0; part < this.#parts; part++) {
      const to = this.#ends[part] as number;
      const mask = this.#masks[part] as number;
      if (mask !== KEPT) {
        // No text has these two halves of surrogate pairs in this order.
        const unit = 0xdc00_d800 + mask;
        high = Math.imul(high ^ unit, firstHigh);
        high = Math.imul(high ^ (high >>> 15), secondHigh);
        low = Math.imul(low ^ unit, firstLow);
        low = Math.imul(low ^ (low >>> 15), secondLow);
        at = to;
        continue;
      }
      // Two units at a time. The length of the part keeps an odd last one apart from a pair.
      high ^= to - at;
      for (; at < to; at += 2) {
        const unit = text.charCodeAt(at) | (at + 1 < to ? text.charCodeAt(at + 1) << 16 : 0);
        high = Math.imul(high ^ unit, firstHigh);
        high = Math.imul(high ^ (high >>> 15), secondHigh);
        low = Math.imul(low ^ unit, firstLow);
        low = Math.imul(low ^ (low >>> 15), secondLow);
      }
      at = to;
    }
    this.high = high ^ (high >>> 16);
    this.low = low ^ (low >>> 16);
  }
}

/** Another one for each of the closing quotes. */
function slotOf(quote: number): number {
  return quote & (QUOTE_SLOTS - 1);
}

/** NONE where the place is −1. */
function placeOr(place: number): number {
  return place === -1 ? NONE : place;
}
