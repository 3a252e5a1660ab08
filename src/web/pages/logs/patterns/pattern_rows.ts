// The patterns of a response in the chosen order, and the searches that they stand for.

import type { MessagePatternCount, PatternsResponse } from "../../../../core/responses.ts";
import { quote } from "../../../../search/fields.ts";
import { withTerm } from "../../../state/search_text.ts";

/** The orders of the list, as the address names them; "": by count. */
export const PATTERN_ORDERS = [
  { id: "", label: "Most frequent" },
  { id: "new", label: "New first" },
  { id: "newest", label: "Began last" },
] as const;

/** A listed pattern, and whether no message of the range before had it. False where that is not known. */
export interface PatternRow extends MessagePatternCount {
  readonly isNew: boolean;
}

/** The listed patterns. `order` as in PATTERN_ORDERS; any other is by count. */
export function patternRows(
  { patterns, previous }: Pick<PatternsResponse, "patterns" | "previous">,
  order: string,
  areNewOnly: boolean,
): readonly PatternRow[] {
  const isKnown = previous !== undefined && previous.kept !== "none";
  const all = patterns.map((one) => ({ ...one, isNew: isKnown && one.previous === 0 }));
  const rows = areNewOnly ? all.filter(({ isNew }) => isNew) : all;
  if (order === "newest") return rows.toSorted((a, b) => b.first - a.first || b.count - a.count);
  // They come most frequent first, and sorting keeps that.
  return order === "new" ? rows.toSorted((a, b) => Number(b.isNew) - Number(a.isNew)) : rows;
}

/** The tooltip of a pattern that is new. */
export function newHint({ previous }: Pick<PatternsResponse, "previous">): string {
  const kept = previous?.kept === "part" ? ", of which only a part is kept," : "";
  return `No message of the time before, which is as long,${kept} has this pattern`;
}

/** A term that finds exactly the messages of a pattern. */
export function patternTerm(pattern: string): string {
  return `pattern:${quote(pattern)}`;
}

/** The search for a pattern's messages among those of a search; or for all others. */
export function patternSearch(search: string, pattern: string, isExcluded = false): string {
  return withTerm(search, patternTerm(pattern), isExcluded);
}

/** The levels of a pattern's messages with their counts, the gravest first; those that none has are left out. */
export function levelsOf({ levels }: Pick<MessagePatternCount, "levels">) {
  const { error, warn, info, debug } = levels;
  return (
    [
      ["error", error],
      ["warn", warn],
      ["info", info],
      ["debug", debug],
    ] as const
  ).filter(([, count]) => count > 0);
}
