// Pairs that were a guess: made by touchpoint, where more than one start would have done. How far back they are known by name, and
// how their names are cut: shared by who writes and who reads them.

/** UTC days for which they are kept by touchpoint; the counters of usage stay. */
export const AMBIGUOUS_DAYS_MAX = 31;

/** Touchpoints that have a row of one day, project and type of key: enough to see what is wrong, and little to write and to keep. */
export const AMBIGUOUS_NAMES_MAX = 200;

/** Characters of such a touchpoint's name. */
const NAME_LENGTH_MAX = 512;

/** A touchpoint's name as it is kept with them; equal names stay equal. Never half of a surrogate pair. */
export function ambiguousName(touchpoint: string): string {
  return touchpoint.length > NAME_LENGTH_MAX ? touchpoint.slice(0, NAME_LENGTH_MAX).toWellFormed() : touchpoint;
}
