// A question that is more than one question: asked, renewed and given up like those of useQuery.

import { useEffect, useMemo, useRef } from "preact/hooks";
import { type Ask, Query } from "../../api/query.ts";
import { useApp } from "../../app_context.ts";
import type { QueryView } from "../../hooks.ts";

/** @param question what makes it another question; undefined: nothing is asked now. */
export function useOutcome<T>(question: string | undefined, ask: Ask<T>): QueryView<T> {
  const { environment, refreshes } = useApp();
  const query = useMemo(() => new Query<T>(environment), [environment]);
  const latest = useRef(ask);
  latest.current = ask;
  const refresh = refreshes.value;
  useEffect(() => {
    if (question === undefined) return undefined;
    query.start((signal) => latest.current(signal));
    return () => query.stop();
  }, [query, question, refresh]);
  return useMemo(() => ({ state: query.state, renew: () => query.renew() }), [query]);
}
