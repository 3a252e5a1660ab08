// All touchpoints with what changed from the compared range, in one list. The server sorts it by what became worse,
// times how often, and cuts it.

import { useMemo } from "preact/hooks";
import { formatCount, formatCountOf } from "../../../core/format.ts";
import type { TimingsResponse, TouchpointTimings } from "../../../core/responses.ts";
import { useQuery } from "../../api/server_context.ts";
import { Change, ChangeBadge, DurationChange } from "../../components/change.tsx";
import { ComparedRange } from "../../components/compare_picker.tsx";
import { type Column, DataTable, parseSort, type SortValue } from "../../components/data_table.tsx";
import { EmptyState, MoreNotice, ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { Duration } from "../../components/values.tsx";
import { WiderRange } from "../../components/wider_range.tsx";
import { useParameter, useScope } from "../../state/app_context.ts";
import { useCompare } from "../../state/compare.ts";
import { FIGURES_POLL_MS, TouchpointLink, useTimingsView } from "./view_state.tsx";

/** Rows that a page scrolls smoothly. */
const ROWS_MAX = 500;
const SORT_DEFAULT = "-worse";
/** What the server can sort by; of other orders it sends all rows. */
const SERVER_SORTS: Readonly<Record<string, string>> = {
  "-worse": "worse",
  "-total": "total",
  "-count": "count",
  "-p95": "p95",
  name: "name",
};

/** The list of changes that match the search. */
export function ComparedView() {
  const { range, parameters } = useScope();
  const compare = useCompare();
  const { q } = useTimingsView();
  const [sortText] = useParameter("sort");
  const sort = SERVER_SORTS[sortText === "" ? SORT_DEFAULT : sortText];
  const poll = range.kind === "last" ? { pollMs: FIGURES_POLL_MS } : {};
  const own = sort === undefined ? {} : { sort, limit: ROWS_MAX };
  const query = useQuery("/api/v1/timings", { ...parameters, ...compare.parameters, q, ...own }, poll);
  return (
    <QueryView
      query={query}
      isEmpty={({ touchpoints, stoppedEarly }) => touchpoints.length === 0 && stoppedEarly === undefined}
      empty={
        <EmptyState title={q === "" ? "No timings in either range" : "No timing matches in either range"}>
          <WiderRange />
        </EmptyState>
      }
      announce={({ touchpoints }) => formatCountOf(touchpoints.length, "touchpoint")}
    >
      {(response) => <Changes response={response} />}
    </QueryView>
  );
}

function Changes({ response }: { readonly response: TimingsResponse }) {
  const { project } = useScope();
  const [sortText] = useParameter("sort");
  const { id, isDescending } = parseSort(sortText === "" ? SORT_DEFAULT : sortText);
  const isOfServer = SERVER_SORTS[sortText === "" ? SORT_DEFAULT : sortText] !== undefined;
  const hasProjects = project === "" && new Set(response.touchpoints.map((one) => one.project)).size > 1;
  const positions = useMemo(() => new Map(response.touchpoints.map((one, at) => [one, at])), [response]);
  const columns = COLUMNS.filter((column) => column.id !== "project" || hasProjects).map((column) => {
    // The table keeps the server's order.
    const sortValue = (row: TouchpointTimings) => (isDescending ? -1 : 1) * (positions.get(row) ?? 0);
    return isOfServer && column.id === id ? { ...column, sortValue } : column;
  });
  return (
    <div class="timings-stack">
      <ComparedRange previous={response.previous} />
      <ScanNotice notes={response} />
      <DataTable
        label="What changed, by touchpoint"
        columns={columns}
        rows={response.touchpoints.slice(0, isOfServer ? undefined : ROWS_MAX)}
        rowKey={({ project, touchpoint }) => JSON.stringify([project, touchpoint])}
        sortParameter="sort"
        sortDefault={SORT_DEFAULT}
      />
      <MoreNotice
        more={response.more + (isOfServer ? 0 : Math.max(0, response.touchpoints.length - ROWS_MAX))}
        what="touchpoint"
      />
      <p class="hint">
        Worse is (p95 now − p95 before) × count now: what became slower, times how often it runs. Below 30 timings on
        either side, or below 2 %, a difference may be none, and is grey.
      </p>
    </div>
  );
}

function figure(
  id: string,
  header: string,
  hint: string,
  column: Pick<Column<TouchpointTimings>, "cell" | "isMinor"> & {
    readonly value: (row: TouchpointTimings) => SortValue;
  },
): Column<TouchpointTimings> {
  const { value, cell, isMinor = false } = column;
  return { id, header, hint, align: "end", cell, sortValue: value, isMinor };
}

/** A percentile is within 1 %: a difference of two below this share may be none. */
const CERTAIN_SHARE = 0.02;

/** Whether a percentile certainly changed, with enough timings on both sides. */
export function isCertain(
  { change, previous }: Pick<TouchpointTimings, "change" | "previous">,
  percentile: "p50" | "p95",
): boolean {
  const former = previous?.[percentile] ?? 0;
  return change?.state === "compared" && Math.abs(change[percentile] ?? 0) > CERTAIN_SHARE * former;
}
const isFaint = (row: TouchpointTimings) => !isCertain(row, "p95");
const totalOf = ({ count, mean }: TouchpointTimings) => count * (mean ?? 0);

/** Columns of changes, for each page that lists them. */
export const CHANGE_COLUMNS = {
  p95: figure("p95", "p95", "95 % of the timings took at most this long", {
    value: ({ p95 }) => p95,
    cell: ({ p95 }) => <Duration ms={p95} />,
  }),
  p95Change: figure("dp95", "Δ p95", "p95 now, less p95 before", {
    value: ({ change }) => change?.p95 ?? null,
    cell: (row) => <DurationChange value={row.change?.p95} isFaint={isFaint(row)} />,
  }),
  countChange: figure("dcount", "Δ count", "Completed timings now, less those before", {
    value: ({ change }) => change?.count ?? null,
    cell: ({ change }) => <Change value={change?.count} format={formatCount} />,
    isMinor: true,
  }),
  worse: figure("worse", "Worse", "(p95 now − p95 before) × count now", {
    value: ({ change }) => change?.worse ?? null,
    cell: (row) => <DurationChange value={row.change?.worse} isFaint={isFaint(row)} />,
    isMinor: true,
  }),
} as const;

const COLUMNS: readonly Column<TouchpointTimings>[] = [
  {
    id: "name",
    header: "Touchpoint",
    cell: (row) => (
      <span class="timings-inline">
        <ChangedName row={row} />
        <ChangeBadge change={row.change} />
      </span>
    ),
    sortValue: ({ touchpoint }) => touchpoint,
  },
  { id: "project", header: "Project", cell: ({ project }) => project, isMinor: true },
  figure("count", "Count", "Completed timings now", {
    value: ({ count }) => count,
    cell: ({ count }) => <span class="number">{formatCount(count)}</span>,
    isMinor: true,
  }),
  CHANGE_COLUMNS.countChange,
  figure("p50", "p50", "50 % of the timings took at most this long", {
    value: ({ p50 }) => p50,
    cell: ({ p50 }) => <Duration ms={p50} />,
    isMinor: true,
  }),
  figure("dp50", "Δ p50", "p50 now, less p50 before", {
    value: ({ change }) => change?.p50 ?? null,
    cell: (row) => <DurationChange value={row.change?.p50} isFaint={!isCertain(row, "p50")} />,
    isMinor: true,
  }),
  CHANGE_COLUMNS.p95,
  CHANGE_COLUMNS.p95Change,
  figure("total", "Total time", "All durations together, now", {
    value: totalOf,
    cell: (row) => <Duration ms={row.count === 0 ? null : totalOf(row)} />,
    isMinor: true,
  }),
  CHANGE_COLUMNS.worse,
];

function ChangedName({ row: { project, touchpoint } }: { readonly row: TouchpointTimings }) {
  return touchpoint === "" ? <span class="muted">(none)</span> : <TouchpointLink name={touchpoint} project={project} />;
}
