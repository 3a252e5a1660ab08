// Two panels of the overview by touchpoint: the slowest ones, with their p95 over time, and those with the most errors.

import { useMemo } from "preact/hooks";
import { formatCount } from "../../../core/format.ts";
import type { SeriesResponse, TimingsResponse, TouchpointTimings, ValuesResponse } from "../../../core/responses.ts";
import { valuesPath } from "../../api/client.ts";
import { useProjectParameter, useQuery } from "../../api/server_context.ts";
import { type Column, DataTable } from "../../components/data_table.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState, ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Duration, Sparkline } from "../../components/values.tsx";
import { WiderRange } from "../../components/wider_range.tsx";
import { useApp, useScope } from "../../state/app_context.ts";
import type { QueryHandle } from "../../state/query.ts";
import { selectionParameters, selectionTitle } from "../../state/selection.ts";
import { p95Series, searchForTouchpoints, selectionOf, slowest, sparklineInterval, termFor } from "./figures.ts";

interface SlowestProps {
  readonly timings: QueryHandle<TimingsResponse>;
  /** In ms. Undefined: the range has ended. */
  readonly pollMs: number | undefined;
}

const SLOWEST_ROWS_MAX = 7;

/** The slowest touchpoints by p95. */
export function Slowest({ timings, pollMs }: SlowestProps) {
  const { environment } = useApp();
  const { range, parameters } = useScope();
  const { value } = timings.state.value;
  const rows = useMemo(() => slowest(value?.touchpoints ?? [], SLOWEST_ROWS_MAX), [value]);
  // Sorted by name, so that another order of the same touchpoints is the same query.
  const q = searchForTouchpoints([...new Set(rows.map(({ touchpoint }) => touchpoint))].toSorted());
  const interval = useMemo(() => sparklineInterval(range, environment.clock()), [range, environment]);
  const series = useQuery(
    "/api/v1/timings/series",
    q === "" ? undefined : { ...parameters, q, by: "touchpoint", interval },
    { pollMs },
  );
  const shapes = series.state.value.value;
  const columns = useMemo(() => columnsWith(shapes), [shapes]);
  return (
    <section class="panel" aria-labelledby="overview-slowest">
      <div class="panel-head">
        <h2 id="overview-slowest">Slowest touchpoints</h2>
        <Link page="timings">All timings</Link>
      </div>
      <QueryView
        isSecondary
        query={timings}
        isEmpty={(response) => response.stoppedEarly === undefined && rows.length === 0}
        empty={
          <EmptyState title="No timings in this time range">
            An entry with <code>startTime</code>, <code>endTime</code> or <code>duration</code> is one.
            <WiderRange />
          </EmptyState>
        }
      >
        {(response) => (
          <>
            <ScanNotice notes={response} />
            <DataTable
              label="Slowest touchpoints by p95"
              columns={columns}
              rows={rows}
              rowKey={({ project, touchpoint }) => JSON.stringify([project, touchpoint])}
            />
          </>
        )}
      </QueryView>
    </section>
  );
}

function columnsWith(series: SeriesResponse | undefined): readonly Column<TouchpointTimings>[] {
  return [
    {
      id: "touchpoint",
      header: "Touchpoint",
      cell: ({ project, touchpoint }) => <TimingsLink project={project} touchpoint={touchpoint} />,
    },
    { id: "count", header: "Count", align: "end", isMinor: true, cell: ({ count }) => formatCount(count) },
    { id: "p50", header: "p50", align: "end", isMinor: true, cell: ({ p50 }) => <Duration ms={p50} /> },
    { id: "p95", header: "p95", align: "end", cell: ({ p95 }) => <Duration ms={p95} /> },
    { id: "max", header: "Max", align: "end", isMinor: true, cell: ({ max }) => <Duration ms={max} /> },
    {
      id: "trend",
      header: "p95 over time",
      cell: ({ project, touchpoint }) => {
        const values = p95Series(series, { project, touchpoint });
        return values === undefined ? (
          <span class="overview-no-shape" />
        ) : (
          <Sparkline values={values} label={`p95 over time: ${selectionTitle(selectionOf(touchpoint))}`} />
        );
      },
    },
  ];
}

/** The name, with its project where there are several. */
export function TimingsLink({ project, touchpoint }: Pick<TouchpointTimings, "project" | "touchpoint">) {
  const ofProject = useProjectParameter(project);
  const selection = selectionOf(touchpoint);
  return (
    <span class="overview-named">
      <Link
        page="timings"
        parameters={{ ...selectionParameters(selection), ...ofProject }}
        class="overview-name"
        title={touchpoint}
      >
        {selectionTitle(selection)}
      </Link>
      <ProjectName project={project} />
    </span>
  );
}

/** The project of a row, where the page shows those of several. */
function ProjectName({ project }: { readonly project: string }) {
  const { project: chosen } = useScope();
  const isOneOfSeveral = useProjectParameter(project).project !== undefined;
  return chosen !== "" || !isOneOfSeveral ? null : <span class="muted overview-project">{project}</span>;
}

const ERROR_ROWS_MAX = 8;
const ERRORS = "kind:log level:error";

interface ErrorSourcesProps {
  /** Errors of the range. Undefined: not known yet. */
  readonly errorCount: number | undefined;
  /** In ms. Undefined: the range has ended. */
  readonly pollMs: number | undefined;
}

/** The touchpoints with the most errors. */
export function ErrorSources({ errorCount, pollMs }: ErrorSourcesProps) {
  const { parameters } = useScope();
  const errors = useQuery(
    valuesPath("touchpoint"),
    { ...parameters, q: ERRORS, limit: ERROR_ROWS_MAX, by: "project" },
    { pollMs },
  );
  return (
    <section class="panel" aria-labelledby="overview-errors">
      <div class="panel-head">
        <h2 id="overview-errors">Errors by touchpoint</h2>
        <Link page="logs" parameters={{ q: ERRORS }}>
          All errors
        </Link>
      </div>
      <QueryView
        isSecondary
        query={errors}
        isEmpty={hasNoErrors}
        empty={<EmptyState title={errorCount === 0 ? "No errors in this time range" : "No error has a touchpoint"} />}
      >
        {(response) => <Sources response={response} />}
      </QueryView>
    </section>
  );
}

function hasNoErrors({ values, stoppedEarly }: ValuesResponse): boolean {
  return values.length === 0 && stoppedEarly === undefined;
}

function Sources({ response }: { readonly response: ValuesResponse }) {
  const most = response.values[0]?.count ?? 1;
  return (
    <>
      <ScanNotice notes={response} />
      <ul class="overview-sources">
        {response.values.map(({ value, count, project = "" }) => (
          <li key={`${project} ${String(value)}`} class="overview-source">
            <ErrorsLink project={project} name={String(value)} />
            <span class="number">{formatCount(count)}</span>
            <span class="overview-source-bar" aria-hidden="true" style={{ width: `${(count / most) * 100}%` }} />
          </li>
        ))}
      </ul>
    </>
  );
}

function ErrorsLink({ project, name }: { readonly project: string; readonly name: string }) {
  const ofProject = useProjectParameter(project);
  return (
    <span class="overview-named">
      <Link
        page="logs"
        parameters={{ q: `${ERRORS} ${termFor(name)}`, ...ofProject }}
        class="overview-name"
        title={name}
      >
        {name}
      </Link>
      <ProjectName project={project} />
    </span>
  );
}
