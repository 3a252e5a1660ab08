// Percentiles and counts over time. A dragged range becomes the page's.

import { useMemo } from "preact/hooks";
import { formatCount, formatDuration } from "../../../core/amounts.ts";
import type { SeriesAnswer } from "../../../core/responses.ts";
import { useApp } from "../../app_context.ts";
import { Button } from "../../components/button.tsx";
import { Chart } from "../../components/chart.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { useParameter, useQuery, useScope } from "../../hooks.ts";
import type { ChartSeries } from "../../state/chart_data.ts";
import { rangeParameters } from "../../state/time_range.ts";
import { FIGURES_POLL_MS, useTimingsView } from "./view_state.ts";

const LINES = [
  { id: "p50", color: "--good" },
  { id: "p90", color: "--level-info" },
  { id: "p95", color: "--level-timing" },
  { id: "p99", color: "--level-warn" },
  { id: "max", color: "--level-error" },
] as const;

const PERCENTILES_PX = 200;
const COUNTS_PX = 120;

export function Course() {
  const { range, question } = useScope();
  const { search } = useTimingsView();
  // The longest are often so much longer that percentiles could not be told apart.
  const [max, setMax] = useParameter("max");
  const poll = range.kind === "last" ? { pollMs: FIGURES_POLL_MS } : {};
  const query = useQuery("/api/v1/timings/series", { ...question, q: search }, poll);
  return (
    <section class="panel" aria-labelledby="timings-course">
      <div class="panel-head">
        <h2 id="timings-course">Over time</h2>
        <span class="timings-inline">
          <span class="hint wide-only">Drag to zoom in</span>
          <Button onPress={() => setMax(max === "" ? "1" : "", "replace")} isPressed={max !== ""}>
            Show the longest
          </Button>
        </span>
      </div>
      <QueryView
        query={query}
        isEmpty={({ buckets = [] }) => buckets.every(({ count }) => count === 0)}
        empty={<EmptyState title="Nothing was completed in this time" />}
      >
        {(answer) => <Charts answer={answer} hasMax={max !== ""} />}
      </QueryView>
    </section>
  );
}

function Charts({ answer, hasMax }: { readonly answer: SeriesAnswer; readonly hasMax: boolean }) {
  const { router } = useApp();
  const { buckets = [], interval } = answer;
  const times = useMemo(() => buckets.map(({ time }) => time), [buckets]);
  const percentiles = useMemo(
    () =>
      LINES.filter(({ id }) => id !== "max" || hasMax).map(({ id, color }): ChartSeries => {
        return { label: id, values: buckets.map((bucket) => bucket[id]), color, kind: "line" };
      }),
    [buckets, hasMax],
  );
  const counts = useMemo(
    (): ChartSeries[] => [
      { label: "completed", values: buckets.map(({ count }) => count), color: "--level-timing", kind: "bars" },
    ],
    [buckets],
  );
  const zoom = (from: number, to: number) => router.change(rangeParameters({ kind: "between", from, to }));
  return (
    <div class="timings-stack">
      <Chart
        label={`Durations over time: p50, p90, p95${hasMax ? ", p99 and the longest" : " and p99"}`}
        times={times}
        intervalMs={interval}
        series={percentiles}
        heightPx={PERCENTILES_PX}
        format={formatDuration}
        onSelect={zoom}
      />
      <Chart
        label="Completed timings over time"
        times={times}
        intervalMs={interval}
        series={counts}
        heightPx={COUNTS_PX}
        format={formatWhole}
        onSelect={zoom}
      />
    </div>
  );
}

/** There is no half of a timing, also not on an axis. */
function formatWhole(count: number): string {
  return Number.isInteger(count) ? formatCount(count) : "";
}
