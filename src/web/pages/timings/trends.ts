// The sparklines of the tree: p95 over time of each visible row. They load when a row appears, one request at a time. A
// request holds many touchpoints, or one category, since percentiles cannot be added.

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { SeriesBucket, SeriesResponse } from "../../../core/responses.ts";
import { useServer } from "../../api/server_context.ts";
import { useApp, useScope } from "../../state/app_context.ts";
import type { Outcome } from "../../state/query.ts";
import { joinSearches } from "../../state/search_text.ts";
import { formatSelection, type Selection, selectionTerm, touchpointsTerm } from "../../state/selection.ts";
import { rangeBounds } from "../../state/time_range.ts";
import type { TimingRow } from "./timing_tree.ts";
import { useTimingsView } from "./view_state.tsx";

/** p95 in ms of each bucket. Null: nothing was completed. */
export type Trend = readonly (number | null)[];

export interface TrendQuery {
  readonly q: string;
  /** One series for each touchpoint. */
  readonly by?: "touchpoint";
}

export type FetchTrend = (parameters: TrendQuery, signal: AbortSignal) => Promise<Outcome<SeriesResponse>>;

/** Touchpoints of one request, and characters of their names, since a URL must hold them. */
const NAMES_MAX = 40;
const NAMES_LENGTH_MAX = 1_500;

export class Trends {
  readonly #trends: Signal<ReadonlyMap<string, Trend>> = signal(new Map());
  #fetch: FetchTrend | undefined;
  #search = "";
  #work: AbortController | undefined;
  #requested = new Set<string>();
  #queued: Selection[] = [];

  /** Sparklines by selection, as the address holds it. After a refresh, the old ones stay until the new ones arrive. */
  get trends(): ReadonlySignal<ReadonlyMap<string, Trend>> {
    return this.#trends;
  }

  /** Begins another scope or search, and forgets all sparklines. */
  start(ask: FetchTrend, search: string): void {
    this.stop();
    this.#trends.value = new Map();
    this.#fetch = ask;
    this.#search = search;
  }

  /** Loads wanted sparklines again. */
  refresh(): void {
    this.#work?.abort();
    this.#work = undefined;
    this.#requested = new Set();
    this.#queued = [];
  }

  stop(): void {
    this.refresh();
    this.#fetch = undefined;
  }

  /** Loads the sparklines of visible rows that are not loaded yet. */
  want(selections: readonly Selection[]): void {
    for (const selection of selections) {
      const id = formatSelection(selection);
      if (this.#requested.has(id)) continue;
      this.#requested.add(id);
      this.#queued.push(selection);
    }
    if (this.#work === undefined && this.#queued.length > 0) void this.#fetchAll();
  }

  async #fetchAll(): Promise<void> {
    const work = new AbortController();
    this.#work = work;
    while (this.#queued.length > 0) {
      const { names, selection } = this.#next();
      const own = selection === undefined ? touchpointsTerm(names) : selectionTerm(selection);
      const by = selection === undefined ? ({ by: "touchpoint" } as const) : {};
      const outcome = await this.#fetch?.({ q: joinSearches(this.#search, own), ...by }, work.signal);
      if (this.#work !== work) return;
      // A row can do without its sparkline. The table shows the problem.
      if (outcome?.ok !== true) break;
      this.#store(outcome.value, names, selection);
    }
    this.#work = undefined;
  }

  /** The next request: as many touchpoints as fit, or one category. */
  #next(): { readonly names: readonly string[]; readonly selection: Selection | undefined } {
    const names: string[] = [];
    let length = 0;
    for (const selection of this.#queued) {
      if (selection.kind !== "touchpoint") continue;
      length += encodeURIComponent(selection.name.toWellFormed()).length;
      if (names.length === NAMES_MAX || (names.length > 0 && length > NAMES_LENGTH_MAX)) break;
      names.push(selection.name);
    }
    if (names.length === 0) return { names, selection: this.#queued.shift() };
    const taken = new Set(names);
    this.#queued = this.#queued.filter((one) => one.kind !== "touchpoint" || !taken.has(one.name));
    return { names, selection: undefined };
  }

  #store(
    { buckets, touchpoints = [] }: SeriesResponse,
    names: readonly string[],
    selection: Selection | undefined,
  ): void {
    const trends = new Map(this.#trends.peek());
    for (const name of names) trends.set(formatSelection({ kind: "touchpoint", name }), []);
    for (const { touchpoint, buckets } of touchpoints) {
      trends.set(formatSelection({ kind: "touchpoint", name: touchpoint }), trendOf(buckets));
    }
    if (selection !== undefined) trends.set(formatSelection(selection), trendOf(buckets ?? []));
    this.#trends.value = trends;
  }
}

function trendOf(buckets: readonly SeriesBucket[]): Trend {
  return buckets.map(({ p95 }) => p95);
}

/** Lengths of a bucket, in ms. */
const INTERVALS_MS: readonly number[] = [
  ...[1, 2, 5, 10, 30].map((seconds) => seconds * 1_000),
  ...[1, 2, 5, 10, 20, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3_600_000),
  ...[1, 2, 7, 14, 28].map((days) => days * 86_400_000),
];
/** Buckets of a sparkline: more could not be told apart. */
const TREND_BUCKETS_MAX = 40;

/** The interval of a sparkline over a range of this length, in ms. Undefined for an open range: the server chooses. */
export function trendInterval(lengthMs: number | undefined): number | undefined {
  return lengthMs === undefined ? undefined : INTERVALS_MS.find((one) => lengthMs / one <= TREND_BUCKETS_MAX);
}

/**
 * The sparklines of these rows. A new `respondedAtMs` of the figures refreshes them.
 * @param project that of the rows. Undefined: as chosen for the page.
 */
export function useTrends(
  rows: readonly TimingRow[],
  respondedAtMs: number | undefined,
  project: string | undefined,
): ReadonlyMap<string, Trend> {
  const { environment } = useApp();
  const { api } = useServer();
  const { range, parameters } = useScope();
  const { q } = useTimingsView();
  const trends = useMemo(() => new Trends(), []);
  const own = project === undefined ? parameters : { ...parameters, project };
  const scope = JSON.stringify([own, q]);
  useEffect(() => {
    const { from, to } = rangeBounds(range, environment.clock());
    const lengthMs = from === undefined ? undefined : (to ?? environment.clock()) - from;
    const interval = trendInterval(lengthMs);
    trends.start((query, signal) => api.get("/api/v1/timings/series", { ...own, ...query, interval }, signal), q);
    return () => trends.stop();
  }, [trends, api, scope]);
  useEffect(() => trends.refresh(), [trends, respondedAtMs]);
  useEffect(() => trends.want(rows.map(({ selection }) => selection)), [trends, scope, rows, respondedAtMs]);
  return trends.trends.value;
}
