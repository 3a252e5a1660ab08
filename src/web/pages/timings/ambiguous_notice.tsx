// A warning for touchpoints whose pairs were a guess, because more than one start was possible. Renders nothing when
// there are none.

import { formatCount, formatCountOf } from "../../../core/format.ts";
import type { TouchpointTimings } from "../../../core/responses.ts";
import { Notice } from "../../components/notice.tsx";
import { TouchpointLink } from "./view_state.tsx";

/** Names the touchpoints with the most ambiguous pairs. */
export function AmbiguousNotice({ touchpoints }: { readonly touchpoints: readonly TouchpointTimings[] }) {
  const ambiguous = ambiguousTouchpoints(touchpoints);
  if (ambiguous === undefined) return null;
  const { names, more, pairs } = ambiguous;
  return (
    <Notice tone="warn">
      {formatCountOf(pairs, "pair")} of{" "}
      {names.map(({ project, touchpoint }, at) => (
        <span key={`${project} ${touchpoint}`}>
          {at === 0 ? "" : ", "}
          <TouchpointLink name={touchpoint} project={project} />
        </span>
      ))}
      {more === 0 ? "" : ` and ${formatCount(more)} more`} could belong to another start, so their durations may be
      wrong. Send each start and its end with a <code>key</code> of their own.
    </Notice>
  );
}

/** Names in the sentence. */
const NAMES_MAX = 5;

export interface AmbiguousTouchpoints {
  /** The most ambiguous pairs first, then by name. */
  readonly names: readonly Pick<TouchpointTimings, "project" | "touchpoint">[];
  /** How many further touchpoints there are. */
  readonly more: number;
  /** Ambiguous pairs of all these touchpoints. */
  readonly pairs: number;
}

/** Undefined where no pair was ambiguous. */
export function ambiguousTouchpoints(touchpoints: readonly TouchpointTimings[]): AmbiguousTouchpoints | undefined {
  const found = touchpoints
    .filter(({ ambiguous }) => ambiguous > 0)
    .toSorted((one, other) => other.ambiguous - one.ambiguous || (one.touchpoint < other.touchpoint ? -1 : 1));
  if (found.length === 0) return undefined;
  return {
    names: found.slice(0, NAMES_MAX).map(({ project, touchpoint }) => ({ project, touchpoint })),
    more: Math.max(0, found.length - NAMES_MAX),
    pairs: found.reduce((sum, { ambiguous }) => sum + ambiguous, 0),
  };
}
