// Records over time, by level: above the list, and of the same search. Dragging over it sets the time range.

import { useMemo } from "preact/hooks";
import { formatCount } from "../../../core/amounts.ts";
import type { HistogramAnswer } from "../../../core/responses.ts";
import { useApp } from "../../app_context.ts";
import { Chart } from "../../components/chart.tsx";
import { ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import type { QueryView as Query } from "../../hooks.ts";
import type { ChartSeries } from "../../state/chart_data.ts";
import { rangeParameters } from "../../state/time_range.ts";

const KINDS = ["debug", "info", "timing", "warn", "error"] as const;
const HEIGHT_PX = 104;
const COUNT_WHOLE_MAX = 100_000;

export function Histogram({ query }: { readonly query: Query<HistogramAnswer> }) {
  // The search bar says what is wrong with a search.
  if (query.state.value.problem?.kind === "refused") return null;
  return (
    <div class="logs-histogram">
      <QueryView query={query} loading={<div class="logs-histogram-space" />}>
        {(answer) => (
          <>
            <ScanNotice notes={answer} />
            <LevelChart answer={answer} />
          </>
        )}
      </QueryView>
    </div>
  );
}

function LevelChart({ answer }: { readonly answer: HistogramAnswer }) {
  const { router } = useApp();
  const { times, series } = useMemo(() => {
    const { buckets } = answer;
    const series = KINDS.map(
      (kind): ChartSeries => ({
        label: kind,
        values: buckets.map((bucket) => bucket[kind]),
        color: `--level-${kind}`,
        kind: "bars",
        isStacked: true,
      }),
    );
    return { times: buckets.map(({ time }) => time), series };
  }, [answer]);
  return (
    <Chart
      label="Records over time by level; drag to choose a time range"
      times={times}
      intervalMs={answer.interval}
      series={series}
      format={shortCount}
      heightPx={HEIGHT_PX}
      onSelect={(from, to) => router.change(rangeParameters({ kind: "between", from, to }))}
    />
  );
}

/** "12,345", "1.2M": as much as the axis has room for. */
function shortCount(count: number): string {
  if (count < COUNT_WHOLE_MAX) return formatCount(count);
  return count.toLocaleString("en", { notation: "compact", maximumFractionDigits: 2 });
}

/** Records in all buckets together. */
export function totalOf({ buckets }: HistogramAnswer): number {
  return buckets.reduce((sum, bucket) => sum + KINDS.reduce((part, kind) => part + bucket[kind], 0), 0);
}
