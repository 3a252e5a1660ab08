// What is done to metadata besides storing it. Values are what JSON.parse gives.

import { type JsonObject, setMember } from "../../core/json.ts";

/** Bytes a member takes beside its texts, about. */
const MEMBER_BYTES = 24;

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/**
 * Whether objects and arrays nest deeper than so many levels; `container` itself is level 1, and what is no object or
 * array adds none. Never goes deeper than `levels`, so it cannot overflow the stack.
 */
export function isDeeperThan(container: object, levels: number): boolean {
  if (levels === 0) return true;
  if (Array.isArray(container)) {
    for (const value of container as unknown[]) if (isContainer(value) && isDeeperThan(value, levels - 1)) return true;
    return false;
  }
  const object = container as JsonObject;
  for (const name in object) {
    const value = object[name];
    if (isContainer(value) && isDeeperThan(value, levels - 1)) return true;
  }
  return false;
}

function wellFormedValue(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormedValue);
  return isContainer(value) ? wellFormedMetadata(value as JsonObject) : value;
}

/** A copy in which each lone surrogate, in names too, is U+FFFD. Of names that become equal the last one stays. */
export function wellFormedMetadata(metadata: JsonObject): JsonObject {
  const copy: JsonObject = {};
  for (const name in metadata) setMember(copy, name.toWellFormed(), wellFormedValue(metadata[name]));
  return copy;
}

/** Both merged at the top level, the end's values winning; one alone comes back as it is. */
export function mergeMetadata(start: JsonObject | undefined, end: JsonObject | undefined): JsonObject | undefined {
  if (start === undefined || end === undefined) return end ?? start;
  const merged: JsonObject = {};
  for (const name in start) setMember(merged, name, start[name]);
  for (const name in end) setMember(merged, name, end[name]);
  return merged;
}

/** Texts up to so many characters count by their length. */
const SHORT_LENGTH_MAX = 24;
/** What takes one byte a character, in memory as in JSON. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** How many bytes a text takes where it is kept as JSON: a control character takes six. */
export function textBytes(text: string): number {
  if (text.length <= SHORT_LENGTH_MAX || PLAIN.test(text)) return text.length;
  return Buffer.byteLength(JSON.stringify(text));
}

/**
 * About how many bytes a value of metadata keeps, in memory or as JSON; nested at most as deep as normalise lets
 * through.
 */
export function estimateBytes(value: unknown): number {
  if (typeof value === "string") return MEMBER_BYTES + textBytes(value);
  if (!isContainer(value)) return MEMBER_BYTES;
  let bytes = MEMBER_BYTES;
  if (Array.isArray(value)) {
    for (const element of value as unknown[]) bytes += estimateBytes(element);
    return bytes;
  }
  const object = value as JsonObject;
  for (const name in object) bytes += textBytes(name) + estimateBytes(object[name]);
  return bytes;
}
