// The trends of the rows that are shown, asked for as rows appear.

import { useEffect, useMemo } from "preact/hooks";
import { useApp } from "../../app_context.ts";
import { useScope } from "../../hooks.ts";
import { rangeBounds } from "../../state/time_range.ts";
import type { TimingRow } from "./timing_tree.ts";
import { type Trend, Trends, trendInterval } from "./trends.ts";
import { useTimingsView } from "./view_state.ts";

/** @param answeredAt when the rows' figures came: newer figures want newer trends. */
export function useTrends(rows: readonly TimingRow[], answeredAt: number | undefined): ReadonlyMap<string, Trend> {
  const { api, environment } = useApp();
  const { range, question } = useScope();
  const { q } = useTimingsView();
  const trends = useMemo(() => new Trends(), []);
  const scope = JSON.stringify([question, q]);
  useEffect(() => {
    const { from, to } = rangeBounds(range, environment.clock());
    const lengthMs = from === undefined ? undefined : (to ?? environment.clock()) - from;
    const interval = trendInterval(lengthMs);
    trends.start((asked, signal) => api.ask("/api/v1/timings/series", { ...question, ...asked, interval }, signal), q);
    return () => trends.stop();
  }, [trends, api, scope]);
  useEffect(() => trends.renew(), [trends, answeredAt]);
  useEffect(() => trends.want(rows.map(({ selection }) => selection)), [trends, scope, rows, answeredAt]);
  return trends.trends.value;
}
