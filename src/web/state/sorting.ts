// The order of a table, as the address has it: "p99" ascending, "-p99" descending.

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
