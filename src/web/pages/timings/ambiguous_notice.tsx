// Says which touchpoints want a `key` of their own. Nothing where none does.

import { formatCount, formatCountOf } from "../../../core/amounts.ts";
import type { TouchpointTimings } from "../../../core/responses.ts";
import { Notice } from "../../components/notice.tsx";
import { ambiguousTouchpoints } from "./ambiguous_touchpoints.ts";
import { TouchpointLink } from "./record_links.tsx";

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
