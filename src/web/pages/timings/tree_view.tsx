// All touchpoints with their figures, as a tree along the "/" of their names.

import { useMemo } from "preact/hooks";
import { formatCount, formatCountOf } from "../../../core/format.ts";
import type { TimingsResponse } from "../../../core/responses.ts";
import { useQuery } from "../../api/server_context.ts";
import { Button } from "../../components/button.tsx";
import { type Column, DataTable, parseSort } from "../../components/data_table.tsx";
import { Link } from "../../components/link.tsx";
import { EmptyState, MoreNotice, Notice, ScanNotice } from "../../components/notice.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { TreeCell } from "../../components/tree.tsx";
import { Badge, Duration, Sparkline } from "../../components/values.tsx";
import { WiderRange } from "../../components/wider_range.tsx";
import { useParameter, useScope } from "../../state/app_context.ts";
import type { ParameterChanges } from "../../state/router.ts";
import { selectionParameters, selectionTitle } from "../../state/selection.ts";
import { AmbiguousNotice } from "./ambiguous_notice.tsx";
import {
  formatOpen,
  initiallyOpen,
  isOpenIn,
  type OpenCategories,
  parseOpen,
  responsesByProject,
  type TimingRow,
  timingRows,
  toggleOpen,
} from "./timing_tree.ts";
import { type Trend, useTrends } from "./trends.ts";
import { FIGURES_POLL_MS, type TimingsTab, useTimingsView } from "./view_state.tsx";

const SORT_DEFAULT = "name";
/** Rows that a page scrolls smoothly. */
const ROWS_MAX = 500;

/** The tree of all timings that match the search. */
export function TreeView() {
  const { range, parameters } = useScope();
  const { q } = useTimingsView();
  const poll = range.kind === "last" ? { pollMs: FIGURES_POLL_MS } : {};
  const query = useQuery("/api/v1/timings", { ...parameters, q, by: "category" }, poll);
  const { respondedAtMs } = query.state.value;
  return (
    <QueryView
      query={query}
      isEmpty={({ touchpoints }) => touchpoints.length === 0}
      empty={<NoTimings q={q} />}
      announce={({ touchpoints }) => formatCountOf(touchpoints.length, "touchpoint")}
    >
      {(response) => <Tree response={response} respondedAtMs={respondedAtMs} />}
    </QueryView>
  );
}

interface TreeProps {
  readonly response: TimingsResponse;
  /** When the response arrived. A new time refreshes the sparklines. */
  readonly respondedAtMs: number | undefined;
}

function Tree({ response, respondedAtMs }: TreeProps) {
  const { place } = useTimingsView();
  const [openText, setOpen] = useParameter("open");
  const { categories = [] } = response;
  const initial = useMemo(() => initiallyOpen(response), [response]);
  const open = useMemo(() => parseOpen(openText) ?? initial, [openText, initial]);
  const projects = useMemo(() => responsesByProject(response), [response]);
  const show = (next: OpenCategories) => setOpen(formatOpen(next), "replace");
  const table = { open, show, respondedAtMs };
  return (
    <div class="timings-stack">
      <ScanNotice notes={response} />
      <AmbiguousNotice touchpoints={response.touchpoints} />
      <div class="timings-bar">
        <span class="muted">
          {formatCountOf(response.touchpoints.length, "touchpoint")}
          {categories.length === 0
            ? ""
            : ` in ${formatCount(categories.length)} ${categories.length === 1 ? "category" : "categories"}`}
        </span>
        {categories.length === 0 ? null : (
          <span class="timings-buttons">
            <Button
              onPress={() => show({ isAll: true, but: new Set() })}
              isDisabled={open.isAll && open.but.size === 0}
            >
              Expand all
            </Button>
            <Button
              onPress={() => show({ isAll: false, but: new Set() })}
              isDisabled={!open.isAll && open.but.size === 0}
            >
              Collapse all
            </Button>
          </span>
        )}
      </div>
      {projects.length === 1 ? (
        <TreeTable {...table} response={response} project={undefined} rowsMax={ROWS_MAX} />
      ) : (
        projects.map((one) => (
          <section key={one.project} class="timings-project" aria-label={`Project ${one.project}`}>
            <h2>
              <Link page="timings" parameters={{ ...place({}), project: one.project }}>
                {one.project}
              </Link>
            </h2>
            <TreeTable
              {...table}
              response={one}
              project={one.project}
              rowsMax={Math.ceil(ROWS_MAX / projects.length)}
            />
          </section>
        ))
      )}
      <MoreNotice more={response.more} what="touchpoint" />
      <p class="hint">
        Figures cover completed timings and are within 1 % of the exact value. Those of a category cover all its
        timings.
      </p>
    </div>
  );
}

interface TreeTableProps {
  readonly response: Pick<TimingsResponse, "touchpoints" | "categories" | "registering">;
  /** Set where there are several: equal names of two are two rows, each of which leads into its project. */
  readonly project: string | undefined;
  readonly open: OpenCategories;
  readonly show: (open: OpenCategories) => void;
  readonly respondedAtMs: number | undefined;
  readonly rowsMax: number;
}

/** The rows of one project. */
function TreeTable({ response, project, open, show, respondedAtMs, rowsMax }: TreeTableProps) {
  const view = useTimingsView();
  const [sortText] = useParameter("sort");
  const sort = parseSort(sortText === "" ? SORT_DEFAULT : sortText);
  const keyOf = (category: string) => (project === undefined ? category : `${project}:${category}`);
  const all = useMemo(
    () => timingRows(response, (category) => isOpenIn(open, keyOf(category)), sort),
    [response, open, sort.id, sort.isDescending],
  );
  const rows = useMemo(() => all.slice(0, rowsMax), [all, rowsMax]);
  const trends = useTrends(rows, respondedAtMs, project);
  const positions = new Map(rows.map(({ id }, at) => [id, at]));
  const place = (changes: ParameterChanges) => view.place(project === undefined ? changes : { ...changes, project });
  const columns = treeColumns({
    // The table reverses a descending order, but the tree is already in order: undo it.
    positionOf: ({ id }) => (sort.isDescending ? -1 : 1) * (positions.get(id) ?? 0),
    onToggle: (category) => show(toggleOpen(open, keyOf(category))),
    place,
    trends,
  });
  return (
    <>
      {all.length > rows.length ? (
        <Notice tone="info">
          The first {formatCount(rows.length)} of {formatCount(all.length)} rows are shown. Collapse categories, or
          search for a name.
        </Notice>
      ) : null}
      <DataTable
        label={`Timings by touchpoint${project === undefined ? "" : ` of ${project}`}`}
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        sortParameter="sort"
        sortDefault={SORT_DEFAULT}
      />
    </>
  );
}

function NoTimings({ q }: { readonly q: string }) {
  if (q !== "") {
    return (
      <EmptyState title="No timing matches">
        Try another search or a longer time range.
        <WiderRange />
      </EmptyState>
    );
  }
  return (
    <EmptyState title="No timings in this time range">
      Send an entry with <code>startTime</code> and one with <code>endTime</code> and the same <code>key</code>, or one
      with a <code>duration</code>.
      <WiderRange />
    </EmptyState>
  );
}

interface TreeColumnsOptions {
  /** The row's position, by which the table sorts. */
  readonly positionOf: (row: TimingRow) => number;
  readonly onToggle: (category: string) => void;
  readonly place: (changes: ParameterChanges) => ParameterChanges;
  readonly trends: ReadonlyMap<string, Trend>;
}

function treeColumns({ positionOf, onToggle, place, trends }: TreeColumnsOptions): readonly Column<TimingRow>[] {
  const duration = (id: "p50" | "p90" | "p95" | "p99" | "max", hint: string, isMinor = false): Column<TimingRow> => ({
    id,
    header: id,
    hint,
    align: "end",
    cell: ({ figures }) => <Duration ms={figures[id]} />,
    sortValue: positionOf,
    isMinor,
  });
  const count = (id: "running" | "unfinished", header: string, hint: string): Column<TimingRow> => ({
    id,
    header,
    hint,
    align: "end",
    cell: (row) => <CountLink row={row} count={row.figures[id]} tab={id} place={place} />,
    sortValue: positionOf,
    isMinor: true,
  });
  return [
    {
      id: "name",
      header: "Touchpoint",
      cell: (row) => <NameCell row={row} onToggle={onToggle} place={place} />,
      sortValue: positionOf,
    },
    {
      id: "count",
      header: "Count",
      hint: "Completed timings",
      align: "end",
      cell: ({ figures }) => <span class="number">{formatCount(figures.count)}</span>,
      sortValue: positionOf,
    },
    duration("p50", "50 % of the timings took at most this long", true),
    duration("p90", "90 % of the timings took at most this long", true),
    duration("p95", "95 % of the timings took at most this long"),
    duration("p99", "99 % of the timings took at most this long", true),
    duration("max", "The longest", true),
    {
      id: "trend",
      header: "p95 over time",
      cell: ({ id, selection }) => <TrendCell name={selectionTitle(selection)} trend={trends.get(id)} />,
      isMinor: true,
    },
    count("running", "Running", "Starts that wait for their end"),
    count("unfinished", "Never finished", "Starts whose end never came"),
  ];
}

interface CellProps {
  readonly row: TimingRow;
  readonly place: (changes: ParameterChanges) => ParameterChanges;
}

function NameCell({ row, onToggle, place }: CellProps & { readonly onToggle: (category: string) => void }) {
  const { selection, depth, label, isOpen, isUnregistered } = row;
  const title = selectionTitle(selection);
  const toggle = () => {
    if (selection.kind === "category") onToggle(selection.name);
  };
  return (
    <TreeCell depth={depth} isOpen={isOpen} onToggle={toggle} name={title}>
      <Link
        page="timings"
        parameters={place(selectionParameters(selection))}
        class={isOpen === undefined ? "timings-name" : "timings-name timings-category"}
        title={title}
      >
        {label}
      </Link>
      {isUnregistered ? (
        <Badge tone="warn" title="Sent, but not registered">
          <span class="wide-only">unregistered</span>
          <span class="narrow-only">unreg.</span>
        </Badge>
      ) : null}
    </TreeCell>
  );
}

function CountLink({ row, count, tab, place }: CellProps & { readonly count: number; readonly tab: TimingsTab }) {
  if (count === 0) return <span class="muted">0</span>;
  return (
    <Link page="timings" parameters={place({ ...selectionParameters(row.selection), tab })} class="number">
      {formatCount(count)}
    </Link>
  );
}

function TrendCell({ name, trend }: { readonly name: string; readonly trend: Trend | undefined }) {
  if (trend === undefined) return <span class="timings-trend" />;
  if (trend.every((value) => value === null)) return <span class="muted">–</span>;
  return <Sparkline values={trend} label={`p95 of ${name} over time`} />;
}
