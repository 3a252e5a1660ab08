// What a month stored, day by day, with the plan's even share where it can be drawn beside it.

import { useMemo } from "preact/hooks";
import { formatCount } from "../../../core/amounts.ts";
import type { HistogramAnswer } from "../../../core/responses.ts";
import { Chart } from "../../components/chart.tsx";
import { EmptyState, ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { useQuery } from "../../hooks.ts";
import type { ChartSeries } from "../../state/chart_data.ts";
import { dayCounts, daysIn, monthName } from "./months.ts";

const POLL_MS = 60_000;
const DAY_MS = 86_400_000;
/** A plan this many times the largest day would press the days flat. */
const PLAN_TIMES_MAX = 4;

interface DaysProps {
  readonly month: string;
  readonly bounds: { readonly from: number; readonly to: number };
  readonly project: string;
  /** Entries a month; undefined: no limit. */
  readonly plan: number | undefined;
}

export function Days({ month, bounds, project, plan }: DaysProps) {
  const question = { ...(project === "" ? {} : { project }), from: bounds.from, to: bounds.to, interval: "1d" };
  const query = useQuery("/api/v1/histogram", question, { pollMs: POLL_MS });
  const share = plan === undefined ? undefined : plan / daysIn(bounds);
  return (
    <section class="panel" aria-label={`Days of ${monthName(month)}`}>
      <div class="panel-head">
        <h2>By day</h2>
        <span class="hint">
          Records by the day of their time, in UTC
          {share === undefined ? null : `; the plan's even share is ${formatCount(Math.floor(share))} entries a day`}
        </span>
      </div>
      <QueryView
        query={query}
        isEmpty={({ buckets }) => buckets.every((bucket) => sumOf(bucket) === 0)}
        empty={<EmptyState title={`No records in ${monthName(month)}`} />}
      >
        {(answer) => (
          <>
            <ScanNotice notes={answer} />
            <DayChart answer={answer} label={`Records by day, ${monthName(month)}`} share={share} />
          </>
        )}
      </QueryView>
    </section>
  );
}

interface DayChartProps {
  readonly answer: HistogramAnswer;
  readonly label: string;
  readonly share: number | undefined;
}

function DayChart({ answer, label, share }: DayChartProps) {
  const { times, series } = useMemo(() => {
    const { times, logs, timings } = dayCounts(answer);
    const largest = Math.max(...answer.buckets.map(sumOf));
    const series: ChartSeries[] = [
      { label: "Logs", values: logs, color: "--level-info", kind: "bars", isStacked: true },
      { label: "Timings", values: timings, color: "--level-timing", kind: "bars", isStacked: true },
    ];
    if (share !== undefined && share <= PLAN_TIMES_MAX * largest) {
      series.unshift({ label: "Plan, a day", values: times.map(() => share), color: "--level-warn", kind: "line" });
    }
    return { times, series };
  }, [answer, share]);
  return (
    <Chart
      label={label}
      times={times}
      intervalMs={DAY_MS}
      series={series}
      heightPx={200}
      format={(value) => formatCount(Math.round(value))}
    />
  );
}

function sumOf({ debug, info, warn, error, timing }: HistogramAnswer["buckets"][number]): number {
  return debug + info + warn + error + timing;
}
