// One answer among many on a page: as QueryView, but what the page's first part says already is not said again by each: that the
// server cannot be reached, or that it refuses the project or the range. What stood here before stays, dimmed.

import type { ComponentChildren } from "preact";
import { QueryView } from "../../components/query_view.tsx";
import type { QueryView as Query } from "../../hooks.ts";

interface QuietViewProps<T> {
  readonly query: Query<T>;
  readonly isEmpty?: (value: T) => boolean;
  readonly empty?: ComponentChildren;
  readonly loading?: ComponentChildren;
  readonly children: (value: T) => ComponentChildren;
}

export function QuietView<T>(props: QuietViewProps<T>) {
  const { query, isEmpty, empty, children } = props;
  const { value, problem } = query.state.value;
  if (problem?.kind !== "offline" && problem?.kind !== "refused") return <QueryView {...props} />;
  if (value === undefined) return <p class="muted">No answer.</p>;
  return (
    <div class="query-view" data-stale="true">
      <div class="query-content">{isEmpty?.(value) === true ? empty : children(value)}</div>
    </div>
  );
}
