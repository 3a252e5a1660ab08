// Which rows of a trace have lines, and which logs are drawn as ticks on a timing's bar.

import type { Item } from "./items.ts";
import type { Row } from "./layout.ts";

export interface ShownOptions {
  /** Ids of the items whose parts are hidden. */
  readonly folded: ReadonlySet<string>;
  /** Whether logs within timings have lines. */
  readonly hasLogLines: boolean;
}

/** The rows that have lines, in order. */
export function shownRows(
  rows: readonly Row[],
  items: readonly Item[],
  { folded, hasLogLines }: ShownOptions,
): readonly number[] {
  const shown: number[] = [];
  for (let at = 0; at < rows.length; at++) {
    const { at: index, depth, below } = rows[at] as Row;
    const { isLog, id } = items[index] as Item;
    if (!isLog || depth === 0 || hasLogLines) shown.push(at);
    if (folded.has(id)) at += below;
  }
  return shown;
}

/** The rows of the logs that a row's bar shows: those in it, and of a folded row also those in its parts. */
export function logsByRow(rows: readonly Row[], items: readonly Item[]): (at: number, isFolded: boolean) => number[] {
  const direct = new Map<number, number[]>();
  for (const [at, { at: index, parent }] of rows.entries()) {
    if (!(items[index] as Item).isLog) continue;
    const logs = direct.get(parent);
    if (logs === undefined) direct.set(parent, [at]);
    else logs.push(at);
  }
  return (at, isFolded) => {
    if (!isFolded) return direct.get(at) ?? [];
    const { below } = rows[at] as Row;
    return Array.from({ length: below }, (_, index) => at + 1 + index).filter(
      (row) => (items[(rows[row] as Row).at] as Item).isLog,
    );
  };
}
