// The columns of the timings' tree.

import { formatCount } from "../../../core/amounts.ts";
import { Badge } from "../../components/badge.tsx";
import type { Column } from "../../components/data_table.tsx";
import { Link } from "../../components/link.tsx";
import { Sparkline } from "../../components/sparkline.tsx";
import { Duration } from "../../components/time.tsx";
import { TreeCell } from "../../components/tree_cell.tsx";
import type { ParameterChanges } from "../../state/address.ts";
import { selectionTitle } from "./selection.ts";
import type { TimingRow } from "./timing_tree.ts";
import type { Trend } from "./trends.ts";
import { showing, type TimingsTab } from "./view_state.ts";

interface TreeColumnsOptions {
  /** Where a row stands, for the table's own sorting. */
  readonly placeOf: (row: TimingRow) => number;
  readonly onToggle: (category: string) => void;
  readonly place: (changes: ParameterChanges) => ParameterChanges;
  readonly trends: ReadonlyMap<string, Trend>;
}

export function treeColumns({ placeOf, onToggle, place, trends }: TreeColumnsOptions): readonly Column<TimingRow>[] {
  const duration = (id: "p50" | "p90" | "p95" | "p99" | "max", hint: string, isMinor = false): Column<TimingRow> => ({
    id,
    header: id,
    hint,
    align: "end",
    cell: ({ figures }) => <Duration ms={figures[id]} />,
    sortValue: placeOf,
    isMinor,
  });
  const count = (id: "running" | "unfinished", header: string, hint: string): Column<TimingRow> => ({
    id,
    header,
    hint,
    align: "end",
    cell: (row) => <CountLink row={row} count={row.figures[id]} tab={id} place={place} />,
    sortValue: placeOf,
    isMinor: true,
  });
  return [
    {
      id: "name",
      header: "Touchpoint",
      cell: (row) => <NameCell row={row} onToggle={onToggle} place={place} />,
      sortValue: placeOf,
    },
    {
      id: "count",
      header: "Count",
      hint: "Completed timings",
      align: "end",
      cell: ({ figures }) => <span class="number">{formatCount(figures.count)}</span>,
      sortValue: placeOf,
    },
    duration("p50", "Half of the timings took at most so long", true),
    duration("p90", "9 in 10 took at most so long", true),
    duration("p95", "19 in 20 took at most so long"),
    duration("p99", "99 in 100 took at most so long", true),
    duration("max", "The longest", true),
    {
      id: "trend",
      header: "p95 over time",
      cell: ({ id, selection }) => <TrendCell name={selectionTitle(selection)} trend={trends.get(id)} />,
      isMinor: true,
    },
    count("running", "Running", "Starts that wait for their end now"),
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
        parameters={place(showing(selection))}
        class={isOpen === undefined ? "timings-name" : "timings-name timings-category"}
        title={title}
      >
        {label}
      </Link>
      {isUnregistered ? (
        <Badge tone="warn" title="This name was sent, and nobody registered it">
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
    <Link page="timings" parameters={place({ ...showing(row.selection), tab })} class="number">
      {formatCount(count)}
    </Link>
  );
}

function TrendCell({ name, trend }: { readonly name: string; readonly trend: Trend | undefined }) {
  if (trend === undefined) return <span class="timings-trend" />;
  if (trend.every((value) => value === null)) return <span class="muted">–</span>;
  return <Sparkline values={trend} label={`p95 of ${name} over time`} />;
}
