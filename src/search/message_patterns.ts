// Patterns of messages as texts: what stands in place of a masked part, which parts of a pattern are masks, and words
// that every message with the pattern has. query/match/message_pattern.ts makes them.

import { PATTERN_LENGTH_MAX } from "../core/limits.ts";

/** What stands in place of a masked part. */
export const PATTERN_MASKS = [
  "<num>",
  "<uuid>",
  "<time>",
  "<duration>",
  "<size>",
  "<ip>",
  "<mac>",
  "<email>",
  "<path>",
  "<text>",
] as const;

/** A mask as a pattern shows it. */
export type PatternMask = (typeof PATTERN_MASKS)[number];

const MASK = new RegExp(`(${PATTERN_MASKS.join("|")})`);
/** Words that a filter is asked for: each costs some hashes a block. */
const WORDS_MAX = 4;

/** A part of a pattern that stays, or a mask. */
export interface PatternPart {
  readonly text: string;
  readonly isMask: boolean;
}

/** The parts of a pattern in order; joined they are the pattern. */
export function patternParts(pattern: string): readonly PatternPart[] {
  return pattern
    .split(MASK)
    .map((text, at) => ({ text, isMask: at % 2 === 1 }))
    .filter(({ text }) => text !== "");
}

/**
 * The longest words that every message with this pattern has, longest first.
 * @param isBeginning whether this is only the beginning of a pattern.
 */
export function patternWords(pattern: string, isBeginning: boolean): readonly string[] {
  // The cut may split a character, a word or a mask.
  const isCut = isBeginning || pattern.length >= PATTERN_LENGTH_MAX - 1;
  const whole = isCut ? pattern.slice(0, Math.max(0, pattern.lastIndexOf(" "))) : pattern;
  const words = whole.split(MASK).flatMap((text, at) => (at % 2 === 1 ? [] : text.split(/\s/)));
  return [...new Set(words)]
    .filter((word) => word !== "")
    .sort((a, b) => b.length - a.length)
    .slice(0, WORDS_MAX);
}
