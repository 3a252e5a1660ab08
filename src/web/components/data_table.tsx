// A table of rows that fit on a page. The address holds the order. Arrow keys move between the links and buttons of the
// rows.

import type { ComponentChildren } from "preact";
import { useParameter } from "../state/app_context.ts";

/** One column of a table. */
export interface Column<Row> {
  /** Unique in the table. The address names it when the table is sorted by it. */
  readonly id: string;
  readonly header: string;
  /** Tooltip of the header. */
  readonly hint?: string;
  /** "end" for numbers. */
  readonly align?: "start" | "end";
  readonly cell: (row: Row) => ComponentChildren;
  /** The value that rows are sorted by. Absent: the column cannot be sorted. Null comes last in both directions. */
  readonly sortValue?: (row: Row) => SortValue;
  /** Hidden on a narrow screen. */
  readonly isMinor?: boolean;
}

interface DataTableProps<Row> {
  /** Accessible name. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string | number;
  /** The parameter of the address that holds the order. Absent: the rows keep their order. */
  readonly sortParameter?: string;
  /** The order when the address names none: "p99", or "-p99" for descending. */
  readonly sortDefault?: string;
  /** The key of the row whose details are shown elsewhere. */
  readonly selectedKey?: string | number | undefined;
  /** The first rows, after sorting, that are shown. Absent: all. */
  readonly rowsMax?: number;
}

/** A table of these rows, sorted by the column that the address names. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, columns, rows, rowKey, sortParameter, sortDefault = "", selectedKey, rowsMax } = props;
  const [sortText, setSort] = useParameter(sortParameter ?? "sort");
  const sort = parseSort(sortText === "" ? sortDefault : sortText);
  const sortColumn = sortParameter === undefined ? undefined : columns.find((column) => column.id === sort.id);
  const { sortValue } = sortColumn ?? {};
  const ordered =
    sortValue === undefined
      ? rows
      : rows.toSorted((a, b) => compareValues(sortValue(a), sortValue(b), sort.isDescending));
  return (
    <div class="table-frame">
      <table class="data-table" aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.id}
                scope="col"
                class={cellClass(column)}
                title={column.hint}
                aria-sort={ariaSort(column.id === sortColumn?.id, sort.isDescending)}
              >
                {sortParameter === undefined || column.sortValue === undefined ? (
                  column.header
                ) : (
                  <button
                    type="button"
                    class="sort-button"
                    onClick={() => setSort(nextSort(sort, column.id), "replace")}
                  >
                    {column.header}
                    <span class="sort-mark" aria-hidden="true">
                      {column.id !== sortColumn?.id ? "" : sort.isDescending ? "↓" : "↑"}
                    </span>
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody onKeyDown={moveBetweenRows}>
          {ordered.slice(0, rowsMax).map((row) => {
            const key = rowKey(row);
            return (
              <tr key={key} aria-selected={selectedKey === undefined ? undefined : key === selectedKey}>
                {columns.map((column) => (
                  <td key={column.id} class={cellClass(column)}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function cellClass<Row>({ align, isMinor }: Column<Row>): string {
  return [align === "end" ? "align-end" : "", isMinor === true ? "minor" : ""].join(" ").trim();
}

function ariaSort(isSorted: boolean, isDescending: boolean): "ascending" | "descending" | undefined {
  if (!isSorted) return undefined;
  return isDescending ? "descending" : "ascending";
}

/** Moves the focus to the same control of the next or previous row. */
function moveBetweenRows(event: KeyboardEvent): void {
  const step =
    event.key === "ArrowDown" ? "nextElementSibling" : event.key === "ArrowUp" ? "previousElementSibling" : "";
  const from = event.target;
  if (step === "" || !(from instanceof HTMLElement) || from.matches("input, select, textarea")) return;
  const row = from.closest("tr");
  if (row === null) return;
  const at = controlsOf(row).indexOf(from);
  for (let next = row[step]; next !== null; next = next[step]) {
    const controls = controlsOf(next);
    const control = controls[at] ?? controls[0];
    if (control === undefined) continue;
    event.preventDefault();
    control.focus();
    return;
  }
}

function controlsOf(row: Element): HTMLElement[] {
  return [...row.querySelectorAll<HTMLElement>("a, button")];
}

export type SortValue = string | number | null;

/** The order of a table: a column and a direction. */
export interface Sort {
  readonly id: string;
  readonly isDescending: boolean;
}

/** The order in an address: "p99" ascending, "-p99" descending. */
export function parseSort(text: string): Sort {
  return text.startsWith("-") ? { id: text.slice(1), isDescending: true } : { id: text, isDescending: false };
}

/** The order after a press on a column's header: descending first, then ascending. */
export function nextSort(sort: Sort, id: string): string {
  return sort.id === id && sort.isDescending ? id : `-${id}`;
}

/** Compares two values. Null comes last in both directions; numbers within texts are compared as numbers. */
export function compareValues(a: SortValue, b: SortValue, isDescending: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order =
    typeof a === "number" && typeof b === "number"
      ? a - b
      : String(a).localeCompare(String(b), "en", { numeric: true, sensitivity: "base" });
  return isDescending ? -order : order;
}
