// Looks into JSON text without making objects of it: what JSON.stringify wrote, so without white space. The engine keeps every name of an
// object in one table by a hash without a secret, which names of clients can be made to slow down; here none is made.
// Throws RangeError where the text is no such JSON.

import { type JsonObject, setMember } from "../../core/json.ts";

const QUOTE = 34;
const COMMA = 44;
const MINUS = 45;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const COLON = 58;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** Where a string or another value lies in the text, `end` not included. */
type Visit = (start: number, end: number) => void;

/** Calls `visit` with the name, quotes included, and the value of each member of the object that lies from `from` to `to`. */
export function forEachMember(
  text: string,
  from: number,
  to: number,
  visit: (nameStart: number, nameEnd: number, valueStart: number, valueEnd: number) => void,
): void {
  if (text.charCodeAt(from) !== OPEN_BRACE || text.charCodeAt(to - 1) !== CLOSE_BRACE) throw notJson();
  let at = from + 1;
  while (at < to - 1) {
    const nameEnd = endOfString(text, at, to);
    if (text.charCodeAt(nameEnd) !== COLON) throw notJson();
    const valueEnd = endOfValue(text, nameEnd + 1, to);
    visit(at, nameEnd, nameEnd + 1, valueEnd);
    if (valueEnd < to - 1 && text.charCodeAt(valueEnd) !== COMMA) throw notJson();
    at = valueEnd + 1;
  }
}

/** Calls `visit` with each value that is neither object nor array, at any depth of the value from `from` to `to`; names are none. */
export function forEachLeaf(text: string, from: number, to: number, visit: Visit): void {
  for (let at = from; at < to; ) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      const end = endOfString(text, at, to);
      if (text.charCodeAt(end) !== COLON || end >= to) visit(at, end);
      at = end;
    } else if (isPunctuation(unit)) at++;
    else {
      const end = endOfLiteral(text, at, to);
      visit(at, end);
      at = end;
    }
  }
}

/** The string that lies from `from` to `to`, quotes included. */
export function stringAt(text: string, from: number, to: number): string {
  const inside = text.slice(from + 1, to - 1);
  return inside.includes("\\") ? (JSON.parse(text.slice(from, to)) as string) : inside;
}

/**
 * The value that lies from `from` to `to`, as JSON.parse gives it, and as fast. JSON.parse keeps short strings, too, in the table that has no
 * secret. Depth is bounded by METADATA_DEPTH_MAX.
 */
export function valueAt(text: string, from: number, to: number): unknown {
  const cursor = { at: from };
  const value = readValue(text, cursor, to);
  if (cursor.at !== to) throw notJson();
  return value;
}

/** Reads the value at the cursor, which then stands behind it. */
function readValue(text: string, cursor: { at: number }, to: number): unknown {
  const from = cursor.at;
  const first = text.charCodeAt(from);
  if (first === OPEN_BRACE) return readObject(text, cursor, to);
  if (first === OPEN_BRACKET) return readArray(text, cursor, to);
  if (first === QUOTE) {
    cursor.at = endOfString(text, from, to);
    return stringAt(text, from, cursor.at);
  }
  cursor.at = endOfLiteral(text, from, to);
  return JSON.parse(text.slice(from, cursor.at)) as unknown;
}

function readArray(text: string, cursor: { at: number }, to: number): unknown[] {
  const elements: unknown[] = [];
  while (isMoreBehind(text, cursor, to, CLOSE_BRACKET)) elements.push(readValue(text, cursor, to));
  return elements;
}

function readObject(text: string, cursor: { at: number }, to: number): JsonObject {
  const object: JsonObject = {};
  while (isMoreBehind(text, cursor, to, CLOSE_BRACE)) {
    const nameFrom = cursor.at;
    const nameTo = endOfString(text, nameFrom, to);
    if (text.charCodeAt(nameTo) !== COLON) throw notJson();
    cursor.at = nameTo + 1;
    setMember(object, stringAt(text, nameFrom, nameTo), readValue(text, cursor, to));
  }
  return object;
}

/** Passes over the opening bracket or the comma, or over the closing bracket, and says which. */
function isMoreBehind(text: string, cursor: { at: number }, to: number, closing: number): boolean {
  if (cursor.at >= to) throw notJson();
  const unit = text.charCodeAt(cursor.at++);
  if (unit === closing) return false;
  if (unit !== COMMA && unit !== OPEN_BRACE && unit !== OPEN_BRACKET) throw notJson();
  if (text.charCodeAt(cursor.at) !== closing) return true;
  cursor.at++;
  return false;
}

/** The text of a leaf as searches see it: a string itself, of all else what is written. */
export function leafTextAt(text: string, from: number, to: number): string {
  return text.charCodeAt(from) === QUOTE ? stringAt(text, from, to) : text.slice(from, to);
}

/** Whether an object or an array begins there. */
export function isContainerAt(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit === OPEN_BRACE || unit === OPEN_BRACKET;
}

/** Whether a number begins there. */
export function isNumberAt(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit === MINUS || (unit >= DIGIT_0 && unit <= DIGIT_9);
}

function isPunctuation(unit: number): boolean {
  return (
    unit === COMMA ||
    unit === COLON ||
    unit === OPEN_BRACE ||
    unit === CLOSE_BRACE ||
    unit === OPEN_BRACKET ||
    unit === CLOSE_BRACKET
  );
}

function endOfString(text: string, from: number, to: number): number {
  if (text.charCodeAt(from) !== QUOTE) throw notJson();
  for (let at = from + 1; at < to; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) return at + 1;
    if (unit === BACKSLASH) at++;
  }
  throw notJson();
}

function endOfLiteral(text: string, from: number, to: number): number {
  let at = from;
  while (at < to && !isPunctuation(text.charCodeAt(at))) at++;
  if (at === from) throw notJson();
  return at;
}

function endOfValue(text: string, from: number, to: number): number {
  const first = text.charCodeAt(from);
  if (first === QUOTE) return endOfString(text, from, to);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return endOfLiteral(text, from, to);
  let depth = 0;
  for (let at = from; at < to; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) at = endOfString(text, at, to) - 1;
    else if (unit === OPEN_BRACE || unit === OPEN_BRACKET) depth++;
    else if ((unit === CLOSE_BRACE || unit === CLOSE_BRACKET) && --depth === 0) return at + 1;
  }
  throw notJson();
}

function notJson(): RangeError {
  return new RangeError("a text is not the JSON that was written");
}
