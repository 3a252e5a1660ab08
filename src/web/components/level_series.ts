// Records by level in charts: one order and one colour for each level on every page, and the search that a level of the
// legend stands for. Errors are at the bottom of every stack, where they can be compared.

import { hasTerm, withoutTerm, withTerm } from "../state/search_text.ts";
import type { ChartSeries } from "./chart_options.ts";

/** What a histogram counts, from the bottom of a stack to its top. A timing is not a log, whatever its level. */
export const LEVEL_KINDS = ["error", "warn", "info", "debug", "timing"] as const;

export type LevelKind = (typeof LEVEL_KINDS)[number];

/** A stack of bars. `valuesOf` gives one value for each bucket. */
export function levelSeries(valuesOf: (kind: LevelKind) => readonly number[]): ChartSeries[] {
  return LEVEL_KINDS.map((kind) => ({
    label: kind,
    values: valuesOf(kind),
    color: `--level-${kind}`,
    kind: "bars",
    isStacked: true,
  }));
}

/** The term that finds the records of a level. */
export function levelTerm(kind: string): string {
  return kind === "timing" ? "kind:timing" : `level:${kind}`;
}

/** The search for this level alone; without it where the search has it already. */
export function toggleLevel(search: string, kind: string): string {
  const term = levelTerm(kind);
  if (hasTerm(search, term)) return withoutTerm(search, term);
  const bare = LEVEL_KINDS.reduce((text, other) => withoutTerm(text, levelTerm(other)), search);
  return withTerm(bare, term);
}
