// The shapes beside the tree's rows: p95 over time of each row that is seen. Asked for when a row appears, many touchpoints in
// one question, one question at a time; a category is a question of its own, since percentiles cannot be added up.

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

/** p95 in ms of each bucket; null where nothing was completed. */
export type Trend = readonly (number | null)[];

export interface TrendQuery {
  readonly q: string;
  /** One series a touchpoint. */
  readonly by?: "touchpoint";
}

export type FetchTrend = (parameters: TrendQuery, signal: AbortSignal) => Promise<Outcome<SeriesResponse>>;

/** Touchpoints of one question, and characters of their names: an address has to hold them. */
const NAMES_MAX = 40;
const NAMES_LENGTH_MAX = 1_500;

export class Trends {
  readonly #trends: Signal<ReadonlyMap<string, Trend>> = signal(new Map());
  #fetch: FetchTrend | undefined;
  #search = "";
  #work: AbortController | undefined;
  #asked = new Set<string>();
  #waiting: Selection[] = [];

  /** By the selection as the address has it. What was known before a renewal stays until it is known anew. */
  get trends(): ReadonlySignal<ReadonlyMap<string, Trend>> {
    return this.#trends;
  }

  /** Another scope or search: nothing of what is known is true. */
  start(ask: FetchTrend, search: string): void {
    this.stop();
    this.#trends.value = new Map();
    this.#fetch = ask;
    this.#search = search;
  }

  /** What is wanted from now on is asked anew. */
  refresh(): void {
    this.#work?.abort();
    this.#work = undefined;
    this.#asked = new Set();
    this.#waiting = [];
  }

  stop(): void {
    this.refresh();
    this.#fetch = undefined;
  }

  /** These rows are seen. */
  want(selections: readonly Selection[]): void {
    for (const selection of selections) {
      const id = formatSelection(selection);
      if (this.#asked.has(id)) continue;
      this.#asked.add(id);
      this.#waiting.push(selection);
    }
    if (this.#work === undefined && this.#waiting.length > 0) void this.#fetchAll();
  }

  async #fetchAll(): Promise<void> {
    const work = new AbortController();
    this.#work = work;
    while (this.#waiting.length > 0) {
      const { names, selection } = this.#next();
      const own = selection === undefined ? touchpointsTerm(names) : selectionTerm(selection);
      const by = selection === undefined ? ({ by: "touchpoint" } as const) : {};
      const outcome = await this.#fetch?.({ q: joinSearches(this.#search, own), ...by }, work.signal);
      if (this.#work !== work) return;
      // Without its shape a row is still a row: the table itself says what is wrong.
      if (outcome?.ok !== true) break;
      this.#take(outcome.value, names, selection);
    }
    this.#work = undefined;
  }

  /** As many touchpoints as go together, or one category. */
  #next(): { readonly names: readonly string[]; readonly selection: Selection | undefined } {
    const names: string[] = [];
    let length = 0;
    for (const selection of this.#waiting) {
      if (selection.kind !== "touchpoint") continue;
      length += encodeURIComponent(selection.name.toWellFormed()).length;
      if (names.length === NAMES_MAX || (names.length > 0 && length > NAMES_LENGTH_MAX)) break;
      names.push(selection.name);
    }
    if (names.length === 0) return { names, selection: this.#waiting.shift() };
    const taken = new Set(names);
    this.#waiting = this.#waiting.filter((one) => one.kind !== "touchpoint" || !taken.has(one.name));
    return { names, selection: undefined };
  }

  #take(
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
/** As many as can be told apart in a shape as large as a word. */
const TREND_BUCKETS_MAX = 40;

/** The interval of a shape over so many ms; undefined, so that the server chooses, where the range has no end. */
export function trendInterval(lengthMs: number | undefined): number | undefined {
  return lengthMs === undefined ? undefined : INTERVALS_MS.find((one) => lengthMs / one <= TREND_BUCKETS_MAX);
}

/** @param answeredAt when the rows' figures came: newer figures want newer trends. */
export function useTrends(rows: readonly TimingRow[], respondedAtMs: number | undefined): ReadonlyMap<string, Trend> {
  const { environment } = useApp();
  const { api } = useServer();
  const { range, parameters } = useScope();
  const { q } = useTimingsView();
  const trends = useMemo(() => new Trends(), []);
  const scope = JSON.stringify([parameters, q]);
  useEffect(() => {
    const { from, to } = rangeBounds(range, environment.clock());
    const lengthMs = from === undefined ? undefined : (to ?? environment.clock()) - from;
    const interval = trendInterval(lengthMs);
    trends.start(
      (asked, signal) => api.get("/api/v1/timings/series", { ...parameters, ...asked, interval }, signal),
      q,
    );
    return () => trends.stop();
  }, [trends, api, scope]);
  useEffect(() => trends.refresh(), [trends, respondedAtMs]);
  useEffect(() => trends.want(rows.map(({ selection }) => selection)), [trends, scope, rows, respondedAtMs]);
  return trends.trends.value;
}
