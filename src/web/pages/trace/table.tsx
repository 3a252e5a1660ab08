// A trace as a table, for screen readers and for reading along: each record with its place in the tree and its times.

import { useSignal } from "@preact/signals";
import { formatCount, formatDuration } from "../../../core/format.ts";
import { Button } from "../../components/button.tsx";
import { type Column, DataTable } from "../../components/data_table.tsx";
import { Duration, LevelBadge } from "../../components/values.tsx";
import { useApp, useParameter } from "../../state/app_context.ts";
import type { Item } from "./items.ts";
import { type Layout, lengthOf, type Row } from "./layout.ts";
import { formatOffset, nameOf } from "./sentence.tsx";

/** Rows in the beginning. All of a long trace take seconds to draw. */
const ROWS_FIRST = 250;

interface TraceTableProps {
  readonly items: readonly Item[];
  readonly layout: Layout;
}

interface TableRow {
  readonly item: Item;
  readonly row: Row;
  /** Since the trace began, in ms. */
  readonly offset: number;
  readonly parent: string;
}

/** All records of a trace, each after what it lies in. */
export function TraceTable({ items, layout: { rows, start } }: TraceTableProps) {
  const [span] = useParameter("span");
  const isWhole = useSignal(false);
  const itemOf = (row: Row) => items[row.at] as Item;
  const shown = rows.map((row): TableRow => {
    const [item, parent] = [itemOf(row), rows[row.parent]];
    return { item, row, offset: item.start - start, parent: parent === undefined ? "" : nameOf(itemOf(parent).name) };
  });
  return (
    <div class="trace-table">
      <DataTable
        label="Records of the trace, each after the timing that it lies in"
        columns={COLUMNS}
        rows={shown}
        rowKey={({ item }) => item.id}
        sortParameter="traceSort"
        selectedKey={span}
        {...(isWhole.value ? {} : { rowsMax: ROWS_FIRST })}
      />
      {isWhole.value || rows.length <= ROWS_FIRST ? null : (
        <p class="trace-more">
          <Button
            onPress={() => {
              isWhole.value = true;
            }}
          >
            Show all {formatCount(rows.length)}
          </Button>
        </p>
      )}
    </div>
  );
}

const COLUMNS: readonly Column<TableRow>[] = [
  { id: "name", header: "Record", cell: ({ item }) => <OpenButton item={item} />, sortValue: ({ item }) => item.name },
  { id: "kind", header: "Kind", cell: ({ item }) => <Kind item={item} /> },
  { id: "message", header: "Message", cell: ({ item }) => <span class="trace-cell muted">{item.message}</span> },
  { id: "depth", header: "Level", align: "end", cell: ({ row }) => row.depth + 1, sortValue: ({ row }) => row.depth },
  { id: "parent", header: "In", cell: ({ parent }) => <span class="trace-cell">{parent}</span>, isMinor: true },
  {
    id: "start",
    header: "After",
    align: "end",
    cell: ({ offset }) => <span class="number">{formatOffset(offset)}</span>,
    sortValue: ({ offset }) => offset,
  },
  {
    id: "duration",
    header: "Takes",
    align: "end",
    cell: ({ item }) => (item.isLog ? null : <Duration ms={item.end - item.start} />),
    sortValue: ({ item }) => (item.isLog ? null : item.end - item.start),
  },
  {
    id: "own",
    header: "Own time",
    hint: "Time in which none of its parts ran",
    align: "end",
    cell: ({ item, row }) => (item.isLog ? null : <span class="number">{formatDuration(lengthOf(row.own))}</span>),
    sortValue: ({ item, row }) => (item.isLog ? null : lengthOf(row.own)),
  },
  {
    id: "path",
    header: "Longest path",
    hint: "Its part of the longest path",
    align: "end",
    cell: ({ item, row }) => (item.isLog ? null : <span class="number">{formatDuration(lengthOf(row.path))}</span>),
    sortValue: ({ item, row }) => (item.isLog ? null : lengthOf(row.path)),
    isMinor: true,
  },
];

function OpenButton({ item }: { readonly item: Item }) {
  const { router } = useApp();
  return (
    <button type="button" class="trace-longest trace-cell" onClick={() => router.change({ span: item.id }, "replace")}>
      {nameOf(item.name)}
    </button>
  );
}

function Kind({ item: { isLog, state, level } }: { readonly item: Item }) {
  return (
    <>
      {isLog ? "log" : state === "ended" ? "timing" : `timing, ${state}`}{" "}
      {level === undefined ? null : <LevelBadge level={level} />}
    </>
  );
}
