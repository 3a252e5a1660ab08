// A table of rows that fit on a page: sorted by any column that can be, the order kept in the address. Arrow keys move between
// the rows' own links and buttons.

import type { ComponentChildren } from "preact";
import { useParameter } from "../state/app_context.ts";

export interface Column<Row> {
  /** Unique in the table; stands in the address when the table is sorted by it. */
  readonly id: string;
  readonly header: string;
  /** Explains the header when the pointer rests on it. */
  readonly hint?: string;
  /** "end" for numbers. */
  readonly align?: "start" | "end";
  readonly cell: (row: Row) => ComponentChildren;
  /** What rows are ordered by; absent: not by this column. Null comes last in either direction. */
  readonly sortValue?: (row: Row) => SortValue;
  /** Left out on a narrow screen. */
  readonly isMinor?: boolean;
}

interface DataTableProps<Row> {
  /** What the table shows, read aloud. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string | number;
  /** The address's parameter that holds the order; absent: the rows stay as they come. */
  readonly sortParameter?: string;
  /** Where the address says none: "p99", or "-p99" for descending. */
  readonly sortDefault?: string;
  /** The row that is shown in detail elsewhere. */
  readonly selectedKey?: string | number | undefined;
}

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, columns, rows, rowKey, sortParameter, sortDefault = "", selectedKey } = props;
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
          {ordered.map((row) => {
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

/** Up and down lead to the same control of the next row that has one. */
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

export interface Sort {
  readonly id: string;
  readonly isDescending: boolean;
}

export function parseSort(text: string): Sort {
  return text.startsWith("-") ? { id: text.slice(1), isDescending: true } : { id: text, isDescending: false };
}

/** What a press on a column's header asks for: largest first, then the other way round. */
export function nextSort(sort: Sort, id: string): string {
  return sort.id === id && sort.isDescending ? id : `-${id}`;
}

/** Null is last in either direction. Texts with numbers in them are ordered as people do. */
export function compareValues(a: SortValue, b: SortValue, isDescending: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order =
    typeof a === "number" && typeof b === "number"
      ? a - b
      : String(a).localeCompare(String(b), "en", { numeric: true, sensitivity: "base" });
  return isDescending ? -order : order;
}
