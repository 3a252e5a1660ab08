// One answer and the states it can be in: loading, empty, a problem, stale. Every place that shows an answer goes through here, so
// all of them behave alike.

import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { useApp } from "../app_context.ts";
import type { QueryView as Query } from "../hooks.ts";
import { ProblemNotice, Skeleton } from "./notice.tsx";

interface QueryViewProps<T> {
  readonly query: Query<T>;
  readonly children: (value: T) => ComponentChildren;
  /** Whether an answer has nothing in it; `empty` is shown then. */
  readonly isEmpty?: (value: T) => boolean;
  readonly empty?: ComponentChildren;
  /** In place of the grey lines. */
  readonly loading?: ComponentChildren;
  /** A sentence about a new answer for screen readers; absent: nothing is said. */
  readonly announce?: (value: T) => string;
}

export function QueryView<T>({ query, children, isEmpty, empty, loading, announce }: QueryViewProps<T>) {
  const { announcer } = useApp();
  const { value, problem, isLoading, isStale } = query.state.value;
  const sentence = value === undefined || isStale || announce === undefined ? "" : announce(value);
  useEffect(() => {
    if (sentence !== "") announcer.say(sentence);
  }, [announcer, sentence]);
  if (value === undefined) {
    if (problem !== undefined) return <ProblemNotice problem={problem} onRetry={query.renew} />;
    return <div aria-busy="true">{loading ?? <Skeleton />}</div>;
  }
  const content = isEmpty?.(value) === true ? empty : children(value);
  return (
    <div class="query-view" aria-busy={isLoading && isStale} data-stale={isStale}>
      {problem === undefined ? null : <ProblemNotice problem={problem} onRetry={query.renew} isStale />}
      <div class="query-content">{content}</div>
    </div>
  );
}
