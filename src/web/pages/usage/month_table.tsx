// Usage of every month and project as a table, and links to the dropped entries by reason.

import { formatBytes, formatCount } from "../../../core/format.ts";
import { type Column, DataTable } from "../../components/data_table.tsx";
import { Link } from "../../components/link.tsx";
import { formatShare } from "../../components/values.tsx";
import { droppedOf, type MonthRow } from "./months.ts";

const dash = <span class="muted">–</span>;

const COLUMNS: readonly Column<MonthRow>[] = [
  {
    id: "month",
    header: "Month",
    sortValue: ({ month }) => month,
    cell: ({ month }) => (
      <Link page="usage" parameters={{ month }} class="number">
        {month}
      </Link>
    ),
  },
  { id: "project", header: "Project", sortValue: ({ project }) => project, cell: ({ project }) => project },
  {
    id: "received",
    header: "Received",
    align: "end",
    isMinor: true,
    sortValue: ({ received }) => received,
    cell: ({ received }) => formatCount(received),
  },
  {
    id: "stored",
    header: "Stored",
    align: "end",
    sortValue: ({ stored }) => stored,
    cell: ({ stored }) => formatCount(stored),
  },
  {
    id: "used",
    header: "Of plan",
    hint: "Share of the plan that is used",
    align: "end",
    sortValue: ({ admitted, limit }) => (limit === null ? null : admitted / Math.max(1, limit)),
    cell: ({ admitted, limit }) => (limit === null ? dash : formatShare(admitted / Math.max(1, limit))),
  },
  {
    id: "overage",
    header: "Overage",
    hint: "Entries over the plan",
    align: "end",
    isMinor: true,
    sortValue: ({ limit, overage }) => (limit === null ? null : overage),
    cell: ({ limit, overage }) => (limit === null ? dash : formatCount(overage)),
  },
  {
    id: "bytes",
    header: "On disk",
    hint: "Compressed size of the month's records",
    align: "end",
    isMinor: true,
    sortValue: ({ bytes }) => bytes,
    cell: ({ bytes }) => formatBytes(bytes),
  },
  {
    id: "dropped",
    header: "Dropped",
    isMinor: true,
    sortValue: (row) => droppedOf(row).reduce((sum, [, count]) => sum + count, 0),
    cell: (row) => <DroppedLinks row={row} />,
  },
];

/** The table of months and projects. */
export function MonthTable({ rows }: { readonly rows: readonly MonthRow[] }) {
  return (
    <DataTable
      label="Usage by month"
      columns={COLUMNS}
      rows={rows}
      rowKey={({ month, project }) => `${month} ${project}`}
      sortParameter="sort"
      sortDefault="-month"
    />
  );
}

/** The dropped entries by reason, with links to the rejections. */
export function DroppedLinks({ row }: { readonly row: Pick<MonthRow, "dropped" | "project" | "overagePolicy"> }) {
  const reasons = droppedOf(row);
  if (reasons.length === 0) return <span class="muted">none</span>;
  return (
    <span class="usage-dropped">
      {reasons.map(([reason, count]) => (
        <Link
          key={reason}
          page="rejections"
          parameters={{ project: row.project, reason }}
          class={reason === "quota" && row.overagePolicy === "drop" ? "usage-lost" : ""}
        >
          {reason} <span class="number">{formatCount(count)}</span>
        </Link>
      ))}
    </span>
  );
}
