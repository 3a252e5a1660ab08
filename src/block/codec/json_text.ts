// Reads JSON text without making objects of it. The text is what JSON.stringify wrote, without white space; anything
// else throws RangeError. The engine keeps all property names in one hash table without a secret, which clients' names
// could be made to slow down. Here no property is made.

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

/** Called with where a value lies in the text; `end` is not included. */
type Visit = (start: number, end: number) => void;

/**
 * Calls `visit` with where the name (quotes included) and the value of each member lie, of the object from `from` to
 * `to`.
 */
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

/**
 * Calls `visit` with each string, number, boolean and null at any depth of the value from `from` to `to`. Names are
 * left out.
 */
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
 * The value that lies from `from` to `to`, as JSON.parse gives it, and as fast. JSON.parse itself would put short
 * strings into the engine's table. Recursion is bounded by METADATA_DEPTH_MAX.
 */
export function valueAt(text: string, from: number, to: number): unknown {
  const cursor = { at: from };
  const value = readValue(text, cursor, to);
  if (cursor.at !== to) throw notJson();
  return value;
}

/** Reads the value at the cursor and moves the cursor after it. */
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
  while (hasNext(text, cursor, to, CLOSE_BRACKET)) elements.push(readValue(text, cursor, to));
  return elements;
}

function readObject(text: string, cursor: { at: number }, to: number): JsonObject {
  const object: JsonObject = {};
  while (hasNext(text, cursor, to, CLOSE_BRACE)) {
    const nameFrom = cursor.at;
    const nameTo = endOfString(text, nameFrom, to);
    if (text.charCodeAt(nameTo) !== COLON) throw notJson();
    cursor.at = nameTo + 1;
    setMember(object, stringAt(text, nameFrom, nameTo), readValue(text, cursor, to));
  }
  return object;
}

/** Skips an opening bracket or a comma and returns true, or skips the closing bracket and returns false. */
function hasNext(text: string, cursor: { at: number }, to: number, closing: number): boolean {
  if (cursor.at >= to) throw notJson();
  const unit = text.charCodeAt(cursor.at++);
  if (unit === closing) return false;
  if (unit !== COMMA && unit !== OPEN_BRACE && unit !== OPEN_BRACKET) throw notJson();
  if (text.charCodeAt(cursor.at) !== closing) return true;
  cursor.at++;
  return false;
}

/** The text of a leaf as searches see it: a string itself, of any other value its JSON. */
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
