// What a record's counted flags say of the terms that they decide.

import { keyTypeCodeIn, keyTypeOfCode, kindCodeOf, levelCodeOf, sourceOf } from "../../block/codec/flags.ts";
import { type Level } from "../../core/entry.ts";
import { KINDS, LEVELS, type TimingStatus } from "../../core/record.ts";
import type { ChoiceTerm } from "../../search/expression.ts";

/** Whether a record with these counted flags has one of the values. */
export function isChosen(term: ChoiceTerm, flags: number): boolean {
  const kind = kindCodeOf(flags);
  const level = levelCodeOf(flags);
  if (term.field === "level") return level !== 0 && term.values.includes(LEVELS[level - 1] as Level);
  if (term.field === "source") return term.values.includes(sourceOf(flags));
  if (term.field === "keyType") {
    const keyType = keyTypeOfCode(keyTypeCodeIn(flags));
    return keyType !== undefined && term.values.includes(keyType);
  }
  if (term.field === "kind") return term.values.includes(kind === 0 ? "log" : "timing");
  return kind !== 0 && term.values.includes(KINDS[kind] as TimingStatus);
}
