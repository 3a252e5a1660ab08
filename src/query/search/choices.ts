// What a block's flags byte says of the terms that it decides.

import { kindCodeOf, levelCodeOf, sourceOf } from "../../block/flags.ts";
import { LEVELS, type Level } from "../../core/entry.ts";
import { KINDS, type TimingStatus } from "../../core/record.ts";
import type { ChoiceTerm } from "./expression.ts";

/** The bits for kind, level and source. */
export const CHOICE_BITS = 0x7f;

/** Whether a record with these flags has one of the values. */
export function isChosen(term: ChoiceTerm, flags: number): boolean {
  const kind = kindCodeOf(flags);
  const level = levelCodeOf(flags);
  if (term.field === "level") return level !== 0 && term.values.includes(LEVELS[level - 1] as Level);
  if (term.field === "source") return term.values.includes(sourceOf(flags));
  if (term.field === "kind") return term.values.includes(kind === 0 ? "log" : "timing");
  return kind !== 0 && term.values.includes(KINDS[kind] as TimingStatus);
}
