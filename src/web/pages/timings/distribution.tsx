// How durations are spread: bars of classes, each leading to its logs. Exact where the different durations are few enough to be
// counted one by one; else from the newest timings, which it says.

import { formatCount, formatCountOf, formatDuration } from "../../../core/amounts.ts";
import type { ScanNotes, TimingFigures } from "../../../core/responses.ts";
import { valuesPath } from "../../api/answers.ts";
import type { Api } from "../../api/client.ts";
import type { Outcome } from "../../api/outcome.ts";
import { useApp } from "../../app_context.ts";
import { Link } from "../../components/link.tsx";
import { EmptyState, ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Instant } from "../../components/time.tsx";
import { type Scope, useScope } from "../../hooks.ts";
import { type CountedDuration, durationBins } from "./duration_bins.ts";
import { joinSearches } from "./selection.ts";
import { useOutcome } from "./use_outcome.ts";
import { useTimingsView } from "./view_state.ts";

/** Different durations that are counted one by one, and newest timings that stand for all where there are more. */
const VALUES_MAX = 1_000;
const SAMPLES_MAX = 5_000;

interface Durations extends ScanNotes {
  readonly durations: readonly CountedDuration[];
  /** Of the oldest sample, Unix ms; undefined: these are all. */
  readonly sampledFrom: number | undefined;
}

export function Distribution({ figures }: { readonly figures: TimingFigures }) {
  const { api } = useApp();
  const { question } = useScope();
  const { search } = useTimingsView();
  const q = joinSearches(search, "status:completed");
  const query = useOutcome<Durations>(JSON.stringify([question, q]), (signal) =>
    readDurations(api, question, q, signal),
  );
  return (
    <section class="panel" aria-labelledby="timings-distribution">
      <div class="panel-head">
        <h2 id="timings-distribution">Distribution</h2>
      </div>
      <QueryView
        query={query}
        isEmpty={({ durations }) => durations.length === 0}
        empty={<EmptyState title="No durations in this time" />}
      >
        {(answer) => <Bars answer={answer} figures={figures} search={q} />}
      </QueryView>
    </section>
  );
}

async function readDurations(
  api: Api,
  question: Scope["question"],
  q: string,
  signal: AbortSignal,
): Promise<Outcome<Durations>> {
  const counted = await api.ask(valuesPath("duration"), { ...question, q, limit: VALUES_MAX }, signal);
  if (!counted.ok) return counted;
  const { values, more, field: _field, count: _count, ...notes } = counted.value;
  if (!more) {
    const durations = values.flatMap(({ value, count }) => (typeof value === "number" ? [{ value, count }] : []));
    return { ok: true, value: { durations, sampledFrom: undefined, ...notes } };
  }
  const sampled = await api.ask("/api/v1/entries", { ...question, q, limit: SAMPLES_MAX }, signal);
  if (!sampled.ok) return sampled;
  const { entries, nextCursor, ...sampleNotes } = sampled.value;
  const durations = entries.flatMap(({ duration }) => (duration === undefined ? [] : [{ value: duration, count: 1 }]));
  const sampledFrom = nextCursor === null ? undefined : entries.at(-1)?.time;
  return { ok: true, value: { durations, sampledFrom, ...sampleNotes } };
}

interface BarsProps {
  readonly answer: Durations;
  readonly figures: TimingFigures;
  readonly search: string;
}

function Bars({ answer, figures, search }: BarsProps) {
  const { durations, sampledFrom } = answer;
  const bins = durationBins(durations);
  const all = bins.reduce((sum, { count }) => sum + count, 0);
  const most = bins.reduce((largest, { count }) => Math.max(largest, count), 1);
  return (
    <div class="timings-stack">
      <ScanNotice notes={answer} />
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
            A sample: the newest {formatCount(all)} of {formatCount(figures.count)} completed timings, back to{" "}
            <Instant time={sampledFrom} />. The percentiles beside the bars are of all of them.
          </>
        )}
      </p>
    </div>
  );
}

/** The percentiles that lie in a class: "p50", or "p90–p99". */
function marksWithin(figures: TimingFigures, from: number, to: number): string {
  const marks = MARKS.filter((mark) => (figures[mark] ?? -1) >= from && (figures[mark] ?? -1) < to);
  return marks.length > 1 ? `${marks[0]}–${marks.at(-1)}` : marks.join("");
}

const MARKS = ["p50", "p90", "p95", "p99"] as const;
