// The slowest touchpoints of the range, by p95, each with its course over time.

import { useMemo } from "preact/hooks";
import { formatCount } from "../../../core/amounts.ts";
import type { SeriesAnswer, TimingsAnswer, TouchpointTimings } from "../../../core/responses.ts";
import { useApp } from "../../app_context.ts";
import { type Column, DataTable } from "../../components/data_table.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState, ScanNotice } from "../../components/notice.tsx";
import { Sparkline } from "../../components/sparkline.tsx";
import { Duration } from "../../components/time.tsx";
import { type QueryView, useQuery, useScope } from "../../hooks.ts";
import { selectionTitle } from "../timings/selection.ts";
import { showing } from "../timings/view_state.ts";
import { QuietView } from "./quiet_view.tsx";
import { p95Series, searchForTouchpoints, selectionOf, slowest, sparklineInterval } from "./slowest_figures.ts";

interface SlowestProps {
  readonly timings: QueryView<TimingsAnswer>;
  /** In ms; undefined: the range has ended. */
  readonly pollMs: number | undefined;
}

const ROWS_MAX = 7;

export function Slowest({ timings, pollMs }: SlowestProps) {
  const { environment } = useApp();
  const { range, question } = useScope();
  const { value } = timings.state.value;
  const rows = useMemo(() => slowest(value?.touchpoints ?? [], ROWS_MAX), [value]);
  // By name, so that another order of the same ones is no other question.
  const q = searchForTouchpoints(rows.map(({ touchpoint }) => touchpoint).toSorted());
  const interval = useMemo(() => sparklineInterval(range, environment.clock()), [range, environment]);
  const series = useQuery(
    "/api/v1/timings/series",
    q === "" ? undefined : { ...question, q, by: "touchpoint", interval },
    pollMs === undefined ? {} : { pollMs },
  );
  const courses = series.state.value.value;
  const columns = useMemo(() => columnsWith(courses), [courses]);
  return (
    <section class="panel" aria-labelledby="overview-slowest">
      <div class="panel-head">
        <h2 id="overview-slowest">Slowest touchpoints</h2>
        <Link page="timings">All timings</Link>
      </div>
      <QuietView
        query={timings}
        isEmpty={(answer) => answer.stoppedEarly === undefined && rows.length === 0}
        empty={
          <EmptyState title="No timings in this time range">
            An entry with <code>startTime</code>, <code>endTime</code> or <code>duration</code> is one.
          </EmptyState>
        }
      >
        {(answer) => (
          <>
            <ScanNotice notes={answer} />
            <DataTable
              label="Slowest touchpoints by p95"
              columns={columns}
              rows={rows}
              rowKey={({ touchpoint }) => touchpoint}
            />
          </>
        )}
      </QuietView>
    </section>
  );
}

function columnsWith(courses: SeriesAnswer | undefined): readonly Column<TouchpointTimings>[] {
  return [
    {
      id: "touchpoint",
      header: "Touchpoint",
      cell: ({ touchpoint }) => (
        <Link page="timings" parameters={showing(selectionOf(touchpoint))} class="overview-name" title={touchpoint}>
          {selectionTitle(selectionOf(touchpoint))}
        </Link>
      ),
    },
    { id: "count", header: "Count", align: "end", isMinor: true, cell: ({ count }) => formatCount(count) },
    { id: "p50", header: "p50", align: "end", isMinor: true, cell: ({ p50 }) => <Duration ms={p50} /> },
    { id: "p95", header: "p95", align: "end", cell: ({ p95 }) => <Duration ms={p95} /> },
    { id: "max", header: "Max", align: "end", isMinor: true, cell: ({ max }) => <Duration ms={max} /> },
    {
      id: "course",
      header: "p95 over time",
      cell: ({ touchpoint }) => {
        const values = p95Series(courses, touchpoint);
        return values === undefined ? (
          <span class="overview-no-shape" />
        ) : (
          <Sparkline values={values} label={`p95 over time: ${selectionTitle(selectionOf(touchpoint))}`} />
        );
      },
    },
  ];
}
