// Which touchpoints want a `key` of their own: their pairs were a guess, since more than one start would have done.

import type { TouchpointTimings } from "../../../core/responses.ts";

/** Names that a sentence can hold. */
const NAMES_MAX = 5;

export interface AmbiguousTouchpoints {
  /** The most ambiguous pairs first, then by name. */
  readonly names: readonly string[];
  /** Touchpoints beside these. */
  readonly more: number;
  /** Ambiguous pairs of all of them. */
  readonly pairs: number;
}

/** Undefined where no pair was ambiguous. */
export function ambiguousTouchpoints(touchpoints: readonly TouchpointTimings[]): AmbiguousTouchpoints | undefined {
  const found = touchpoints
    .filter(({ ambiguous }) => ambiguous > 0)
    .toSorted((one, other) => other.ambiguous - one.ambiguous || (one.touchpoint < other.touchpoint ? -1 : 1));
  if (found.length === 0) return undefined;
  return {
    names: found.slice(0, NAMES_MAX).map(({ touchpoint }) => touchpoint),
    more: Math.max(0, found.length - NAMES_MAX),
    pairs: found.reduce((sum, { ambiguous }) => sum + ambiguous, 0),
  };
}
