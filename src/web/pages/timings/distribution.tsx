// The distribution of durations: bins that link to their logs. It is exact if there are few distinct durations;
// otherwise it is a sample of the newest timings, and says so. Bin edges are round: 1, 2, 5 and powers of ten over wide
// ranges, equal steps over narrow ones.

import { formatCount, formatCountOf, formatDuration } from "../../../core/format.ts";
import type { ScanWarnings, TimingStats } from "../../../core/responses.ts";
import { type Api, valuesPath } from "../../api/client.ts";
import { useCombinedQuery, useServer } from "../../api/server_context.ts";
import { Link } from "../../components/link.tsx";
import { EmptyState, ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Instant } from "../../components/values.tsx";
import { type Scope, useScope } from "../../state/app_context.ts";
import type { Outcome } from "../../state/query.ts";
import { joinSearches } from "../../state/search_text.ts";

import { useTimingsView } from "./view_state.tsx";

/** Distinct durations up to which the distribution is exact, and the size of the sample otherwise. */
const VALUES_MAX = 1_000;
const SAMPLES_MAX = 5_000;

interface Durations extends ScanWarnings {
  readonly durations: readonly CountedDuration[];
  /** The time of the oldest sample, in Unix ms. Undefined: these are all timings. */
  readonly sampledFrom: number | undefined;
}

/** The distribution of a selection's durations. */
export function Distribution({ figures }: { readonly figures: TimingStats }) {
  const { api } = useServer();
  const { parameters } = useScope();
  const { search } = useTimingsView();
  const q = joinSearches(search, "status:completed");
  const query = useCombinedQuery<Durations>(JSON.stringify([parameters, q]), (signal) =>
    readDurations(api, parameters, q, signal),
  );
  return (
    <section class="panel" aria-labelledby="timings-distribution">
      <div class="panel-head">
        <h2 id="timings-distribution">Distribution</h2>
      </div>
      <QueryView
        query={query}
        isEmpty={({ durations }) => durations.length === 0}
        empty={<EmptyState title="No durations in this time range" />}
      >
        {(response) => <Bars response={response} figures={figures} search={q} />}
      </QueryView>
    </section>
  );
}

async function readDurations(
  api: Api,
  parameters: Scope["parameters"],
  q: string,
  signal: AbortSignal,
): Promise<Outcome<Durations>> {
  const counted = await api.get(valuesPath("duration"), { ...parameters, q, limit: VALUES_MAX }, signal);
  if (!counted.ok) return counted;
  const { values, more, field: _field, count: _count, ...notes } = counted.value;
  if (!more) {
    const durations = values.flatMap(({ value, count }) => (typeof value === "number" ? [{ value, count }] : []));
    return { ok: true, value: { durations, sampledFrom: undefined, ...notes } };
  }
  const sampled = await api.get("/api/v1/entries", { ...parameters, q, limit: SAMPLES_MAX }, signal);
  if (!sampled.ok) return sampled;
  const { entries, nextCursor, ...sampleNotes } = sampled.value;
  const durations = entries.flatMap(({ duration }) => (duration === undefined ? [] : [{ value: duration, count: 1 }]));
  const sampledFrom = nextCursor === null ? undefined : entries.at(-1)?.time;
  return { ok: true, value: { durations, sampledFrom, ...sampleNotes } };
}

interface BarsProps {
  readonly response: Durations;
  readonly figures: TimingStats;
  readonly search: string;
}

function Bars({ response, figures, search }: BarsProps) {
  const { durations, sampledFrom } = response;
  const bins = durationBins(durations);
  const all = bins.reduce((sum, { count }) => sum + count, 0);
  const most = bins.reduce((largest, { count }) => Math.max(largest, count), 1);
  return (
    <div class="timings-stack">
      <ScanNotice notes={response} />
      <table class="timings-bins" aria-label="Timings by duration">
        <thead>
          <tr>
            <th scope="col">Duration</th>
            <th scope="col">
              <span class="visually-hidden">Percentiles</span>
            </th>
            <td />
            <th scope="col">Timings</th>
            <th scope="col">Share</th>
          </tr>
        </thead>
        <tbody>
          {bins.map(({ from, to, count }) => (
            <tr key={from}>
              <th scope="row">
                <Link
                  page="logs"
                  parameters={{ q: joinSearches(search, `duration:>=${from} duration:<${to}`) }}
                  title="Show these in Logs"
                >
                  {formatDuration(from)} – {formatDuration(to)}
                </Link>
              </th>
              <td class="timings-bin-marks">{marksWithin(figures, from, to)}</td>
              <td class="timings-bin-space">
                {count === 0 ? null : <span class="timings-bin" style={{ width: `${(count / most) * 100}%` }} />}
              </td>
              <td class="number align-end">{formatCount(count)}</td>
              <td class="number align-end muted">{((count / all) * 100).toFixed(1)} %</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="hint">
        {sampledFrom === undefined ? (
          `Exact: all ${formatCountOf(all, "completed timing")}.`
        ) : (
          <>
            Sample: the newest {formatCount(all)} of {formatCount(figures.count)} completed timings, back to{" "}
            <Instant time={sampledFrom} />. The percentiles beside the bars cover all timings.
          </>
        )}
      </p>
    </div>
  );
}

/** The percentiles within a bin: "p50", or "p90–p99". */
function marksWithin(figures: TimingStats, from: number, to: number): string {
  const marks = MARKS.filter((mark) => (figures[mark] ?? -1) >= from && (figures[mark] ?? -1) < to);
  return marks.length > 1 ? `${marks[0]}–${marks.at(-1)}` : marks.join("");
}

const MARKS = ["p50", "p90", "p95", "p99"] as const;

/** Durations from `from` ms up to, but not including, `to` ms. */
export interface DurationBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

export interface CountedDuration {
  /** In ms. */
  readonly value: number;
  readonly count: number;
}

/** Edges within each power of ten, from coarse to fine. */
const LADDERS: readonly (readonly number[])[] = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7]];
const STEPS = [1, 2, 5] as const;
const BINS_MAX = 18;
/**
 * From this ratio of the largest to the smallest duration on, edges are powers of ten: equal steps would put nearly
 * everything into the first bin.
 */
const WIDE_RATIO = 12;
/** Shorter durations share the first bin, in ms. */
const SHORTEST_MS = 0.001;
const SHORTEST_POWER = -3;

/** Bins from the shortest duration to the longest, without gaps. []: no durations. */
export function durationBins(durations: readonly CountedDuration[]): readonly DurationBin[] {
  const first = durations[0];
  if (first === undefined) return [];
  let min = first.value;
  let max = first.value;
  for (const { value } of durations) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  const edges = min >= 0 && max > Math.max(min, SHORTEST_MS) * WIDE_RATIO ? wideEdges(min, max) : evenEdges(min, max);
  const counts = Array.from({ length: edges.length - 1 }, () => 0);
  for (const { value, count } of durations) {
    const at = Math.max(
      0,
      edges.findLastIndex((edge) => edge <= value),
    );
    counts[Math.min(at, counts.length - 1)] = (counts[Math.min(at, counts.length - 1)] ?? 0) + count;
  }
  return counts.map((count, at) => ({ from: edges[at] ?? 0, to: edges[at + 1] ?? 0, count }));
}

function wideEdges(min: number, max: number): readonly number[] {
  const fits = LADDERS.map((ladder) => ladderEdges(ladder, min, max)).filter((edges) => edges.length <= BINS_MAX + 1);
  return fits.at(-1) ?? ladderEdges([1], min, max);
}

/** The edges from the last one at or below `min` to the first one above `max`. */
function ladderEdges(ladder: readonly number[], min: number, max: number): readonly number[] {
  const lowest = min < SHORTEST_MS ? SHORTEST_POWER : Math.floor(Math.log10(min));
  const edges: number[] = min < SHORTEST_MS ? [0] : [];
  for (let power = lowest; ; power++) {
    for (const factor of ladder) {
      const edge = scaled(factor, power);
      edges.push(edge);
      if (edge > max)
        return edges.slice(
          Math.max(
            0,
            edges.findLastIndex((one) => one <= min),
          ),
        );
    }
  }
}

function evenEdges(min: number, max: number): readonly number[] {
  const span = Math.max(max - min, Math.abs(max) / 100, SHORTEST_MS);
  const power = Math.floor(Math.log10(span / BINS_MAX));
  const step = [...STEPS, 10].map((factor) => scaled(factor, power)).find((one) => span / one <= BINS_MAX - 1);
  const width = step ?? scaled(10, power + 1);
  const start = Math.floor(min / width);
  const count = Math.floor(max / width) - start + 1;
  return Array.from({ length: count + 1 }, (_, at) => Number(((start + at) * width).toPrecision(12)));
}

/** `factor` times ten to the `power`, exact as its decimal text. */
function scaled(factor: number, power: number): number {
  return Number(`${factor}e${power}`);
}
