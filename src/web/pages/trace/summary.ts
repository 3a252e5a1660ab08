// A trace in a few figures: where most of its time went, the way there, and the longest time in which nothing happened.

import type { Item } from "./items.ts";
import { type Layout, lengthOf, type Row, type Stretch } from "./layout.ts";

/** The timings of one name that took most of the longest path. */
export interface LongestPart {
  /** "" for timings without touchpoint and message. */
  readonly name: string;
  /** Their part of the longest path, in ms. */
  readonly ms: number;
  /** How many they are on the path. */
  readonly count: number;
  /** The row of the one that took most. */
  readonly row: number;
  /** The names from the top to that row, its own last. */
  readonly way: readonly string[];
  /** Whether that one has no end. */
  readonly isOpen: boolean;
}

export interface TraceSummary {
  /** Undefined without a timing that lasted. */
  readonly longest: LongestPart | undefined;
  /** Undefined where none is long enough to tell of. */
  readonly gap: Stretch | undefined;
}

/** A shorter gap is not told, as a share of the trace. */
const GAP_SHARE_MIN = 0.05;

/** Of equal parts the one that comes first. */
export function summaryOf(items: readonly Item[], { rows, start, end, gaps }: Layout): TraceSummary {
  const byName = new Map<string, { ms: number; count: number; row: number; rowMs: number }>();
  for (const [row, { at, path }] of rows.entries()) {
    const ms = lengthOf(path);
    if (ms === 0) continue;
    const name = (items[at] as Item).name;
    const part = byName.get(name) ?? { ms: 0, count: 0, row, rowMs: 0 };
    byName.set(name, {
      ms: part.ms + ms,
      count: part.count + 1,
      ...(ms > part.rowMs ? { row, rowMs: ms } : { row: part.row, rowMs: part.rowMs }),
    });
  }
  const [most] = [...byName].toSorted(([, a], [, b]) => b.ms - a.ms);
  const [gap] = gaps.toSorted((a, b) => b.to - b.from - (a.to - a.from));
  const isTold = gap !== undefined && gap.to - gap.from >= (end - start) * GAP_SHARE_MIN;
  return { longest: most === undefined ? undefined : longestOf(most, items, rows), gap: isTold ? gap : undefined };
}

function longestOf(
  [name, { ms, count, row }]: readonly [string, { readonly ms: number; readonly count: number; readonly row: number }],
  items: readonly Item[],
  rows: readonly Row[],
): LongestPart {
  const way: string[] = [];
  for (let at: Row | undefined = rows[row]; at !== undefined; at = rows[at.parent]) {
    way.unshift((items[at.at] as Item).name);
  }
  const { state } = items[(rows[row] as Row).at] as Item;
  return { name, ms, count, row, way, isOpen: state === "running" || state === "unfinished" };
}
