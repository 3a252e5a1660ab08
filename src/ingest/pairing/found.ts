// What a start finds: an end that waits, or a complete timing that was stored already; and which of several fits best.

import type { Seeker } from "./match_keys.ts";
import type { WaitingItem } from "./pending_timings.ts";
import type { CompleteMatch, CompleteMemory } from "./recently_completed.ts";

interface Fit {
  /** Grows in order of arrival. */
  readonly id: number;
  readonly hasVeryStart: boolean;
  readonly hasEqualTouchpoint: boolean;
  readonly hasSameSender: boolean;
}

/** Either a waiting end, or a complete timing with the memory that holds it. */
export type Found = Fit &
  (
    | { readonly item: WaitingItem }
    | { readonly item: undefined; readonly memory: CompleteMemory; readonly match: CompleteMatch }
  );

export function foundEnd(item: WaitingItem | undefined, seeker: Seeker): Found | undefined {
  if (item === undefined) return undefined;
  const hasEqualTouchpoint = item.entry.touchpoint === seeker.entry.touchpoint;
  return { item, id: item.id, hasVeryStart: false, hasEqualTouchpoint, hasSameSender: item.sender === seeker.sender };
}

export function foundComplete(match: CompleteMatch | undefined, memory: CompleteMemory): Found | undefined {
  if (match === undefined) return undefined;
  return { ...match, item: undefined, memory, match };
}

/** The very startTime goes first, then an equal touchpoint, then the same sender, then the first to arrive. */
export function betterOf(one: Found | undefined, other: Found | undefined): Found | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  if (one.hasVeryStart !== other.hasVeryStart) return one.hasVeryStart ? one : other;
  if (one.hasEqualTouchpoint !== other.hasEqualTouchpoint) return one.hasEqualTouchpoint ? one : other;
  if (one.hasSameSender !== other.hasSameSender) return one.hasSameSender ? one : other;
  return one.id < other.id ? one : other;
}
