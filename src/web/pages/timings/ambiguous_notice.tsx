// Says which touchpoints want a `key` of their own. Nothing where none does.

import { formatCount, formatCountOf } from "../../../core/format.ts";
import type { TouchpointTimings } from "../../../core/responses.ts";
import { Notice } from "../../components/notice.tsx";
import { TouchpointLink } from "./view_state.tsx";

export function AmbiguousNotice({ touchpoints }: { readonly touchpoints: readonly TouchpointTimings[] }) {
  const ambiguous = ambiguousTouchpoints(touchpoints);
  if (ambiguous === undefined) return null;
  const { names, more, pairs } = ambiguous;
  return (
    <Notice tone="warn">
      {formatCountOf(pairs, "pair")} of{" "}
      {names.map((name, at) => (
        <span key={name}>
          {at === 0 ? "" : ", "}
          <TouchpointLink name={name} />
        </span>
      ))}
      {more === 0 ? "" : ` and ${formatCount(more)} more`} could have had another start, so the durations may be wrong:
      send each start and its end with a <code>key</code> of their own.
    </Notice>
  );
}

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
