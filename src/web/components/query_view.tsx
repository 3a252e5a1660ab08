// One query and the states it can be in: loading, empty, failed, stale. Every place that shows a response uses this
// component, so all of them behave alike.

import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { useApp, useTimes } from "../state/app_context.ts";
import type { QueryHandle } from "../state/query.ts";
import { ProblemNotice, Skeleton, SlowNotice } from "./notice.tsx";

interface QueryViewProps<T> {
  readonly query: QueryHandle<T>;
  /** Renders a response. */
  readonly children: (value: T) => ComponentChildren;
  /** Whether a response holds nothing. `empty` is shown then. */
  readonly isEmpty?: (value: T) => boolean;
  readonly empty?: ComponentChildren;
  /** Replaces the grey lines. */
  readonly loading?: ComponentChildren;
  /** A sentence about a new response for screen readers. Absent: none. */
  readonly announce?: (value: T) => string;
  /** Another query of the page shows already that the server is offline or refuses the scope: do not repeat it. */
  readonly isSecondary?: boolean;
}

/** Renders the response of a query, or its state while there is none. */
export function QueryView<T>(props: QueryViewProps<T>) {
  const { query, children, isEmpty, empty, loading, announce, isSecondary = false } = props;
  const { announcer, connection } = useApp();
  const { value, problem, isLoading, isStale, respondedAtMs } = query.state.value;
  const times = useTimes();
  const isOld = connection.lostSinceMs.value !== undefined;
  const sentence = value === undefined || isStale || announce === undefined ? "" : announce(value);
  useEffect(() => {
    if (sentence !== "") announcer.say(sentence);
  }, [announcer, sentence]);
  const isShownElsewhere = isSecondary && (problem?.kind === "offline" || problem?.kind === "refused");
  if (value === undefined) {
    if (isShownElsewhere) return <p class="muted">No data.</p>;
    if (problem !== undefined) return <ProblemNotice problem={problem} onRetry={query.refresh} />;
    return (
      <div aria-busy="true">
        {isLoading ? <SlowNotice onStop={query.cancel} /> : null}
        {loading ?? <Skeleton />}
      </div>
    );
  }
  return (
    <div class="query-view" aria-busy={isLoading && isStale} data-stale={isStale || isOld}>
      {isOld && respondedAtMs !== undefined ? <p class="old-data">Old data, of {times.second(respondedAtMs)}</p> : null}
      {isLoading && isStale && problem === undefined ? <SlowNotice onStop={query.cancel} /> : null}
      {problem === undefined || isShownElsewhere ? null : (
        <ProblemNotice problem={problem} onRetry={query.refresh} isStale />
      )}
      <div class="query-content">{isEmpty?.(value) === true ? empty : children(value)}</div>
    </div>
  );
}
