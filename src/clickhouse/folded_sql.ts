// Whether a text contains a needle, whatever the case, as a condition in SQL: exactly what core/case_folding.ts says.
// ClickHouse's own case-insensitive functions know ASCII only, or another Unicode. So a needle of ASCII is searched with
// them, beside the two letters outside ASCII that fold to it; and for any other needle exactly the letters that fold to
// one of its own are translated.

import { FOLDED_TO_ASCII, foldText } from "../core/case_folding.ts";
import type { SqlParameters } from "./sql_parameters.ts";

/** Beyond it no character has another case. */
const CASED_CODE_POINTS = 0x20000;
const ASCII_MAX = "\x7f";

/** A letter, and what it folds to. */
type Fold = readonly [letter: string, folded: string];

/** The letters that fold to one of the needle's, but for those themselves. Scans Unicode for a needle outside ASCII. */
function foldsTo(needle: string): Fold[] {
  const wanted = new Set(needle);
  const folds: Fold[] = [];
  for (const letter of wanted) if (/[a-z]/.test(letter)) folds.push([letter.toUpperCase(), letter]);
  for (const [letter, other] of Object.entries(FOLDED_TO_ASCII)) if (wanted.has(letter)) folds.push([other, letter]);
  if ([...wanted].every((letter) => letter <= ASCII_MAX)) return folds;
  for (let code = 0x80; code < CASED_CODE_POINTS; code++) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const letter = String.fromCodePoint(code);
    const folded = foldText(letter);
    if (folded > ASCII_MAX && folded !== letter && wanted.has(folded)) folds.push([letter, folded]);
  }
  return folds;
}

/** @param expression a String. @param needle case-folded. */
export function containsFolded(expression: string, needle: string, parameters: SqlParameters): string {
  const value = parameters.text(needle);
  const folds = foldsTo(needle);
  if (folds.length === 0) return `position(${expression}, ${value}) > 0`;
  const translated = (some: readonly Fold[]) => {
    const [from, to] = [0, 1].map((at) => parameters.text(some.map((fold) => fold[at]).join("")));
    return `translateUTF8(${expression}, ${from}, ${to})`;
  };
  if (Array.from(needle).some((letter) => letter > ASCII_MAX)) return `position(${translated(folds)}, ${value}) > 0`;
  const inAscii = `positionCaseInsensitive(${expression}, ${value}) > 0`;
  const others = folds.filter(([letter]) => letter > ASCII_MAX);
  if (others.length === 0) return inAscii;
  const hasOthers = others.map(([letter]) => `position(${expression}, ${parameters.text(letter)}) > 0`).join(" OR ");
  return `(${inAscii} OR ((${hasOthers}) AND positionCaseInsensitive(${translated(others)}, ${value}) > 0))`;
}
