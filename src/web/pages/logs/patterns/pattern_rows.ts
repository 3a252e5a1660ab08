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

/** Whether no message of the range before had it. False where that is not known. */
export function isNewPattern({ previous }: Pick<MessagePatternCount, "previous">): boolean {
  return previous === 0;
}

/** The listed patterns. `order` as in PATTERN_ORDERS; any other is by count. */
export function patternRows(
  { patterns }: Pick<PatternsResponse, "patterns">,
  order: string,
  areNewOnly: boolean,
): readonly MessagePatternCount[] {
  const rows = areNewOnly ? patterns.filter(isNewPattern) : patterns;
  if (order === "newest") return rows.toSorted((a, b) => b.first - a.first || b.count - a.count);
  // They come most frequent first, and sorting keeps that.
  return order === "new" ? rows.toSorted((a, b) => Number(isNewPattern(b)) - Number(isNewPattern(a))) : rows;
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
