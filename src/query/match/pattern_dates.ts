// Dates with the name of a month: "Sun Jul 10 03:55:15 2005", "Sun, 10 Jul 2005 03:55:15 GMT",
// "10/Jul/2005:03:55:15 +0200", "July 10, 2005". Their names change as their numbers do.

import { kindOf, matchEnd, unitAt } from "./pattern_forms.ts";

const MONTH =
  "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)";
const DAY = "(?:Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?)";
/** A name at the end of what stands before a day: a bounded text. */
const MONTH_BEFORE = new RegExp(`(?:(?<![A-Za-z])${DAY},? )?(?<![A-Za-z])${MONTH}\\.? {1,2}$`);
const DAY_BEFORE = new RegExp(`(?<![A-Za-z])${DAY},? $`);
const DAY_FIRST = new RegExp(`\\d{1,2}([ /-])${MONTH}(?:\\1\\d{4})?(?![0-9A-Za-z])`, "y");
const TAIL =
  /(?:st|nd|rd|th)?(?:,? \d{4}(?![0-9:]))?(?:(?:,? |:)\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?: ?[AP]M)?)?(?: (?:UTC|GMT|BST|CES?T|EES?T|[ECMP][SD]T|[IJ]ST|[+-]\d{4}))?(?: \d{4})?(?![0-9A-Za-z])/y;
const NAMES_LENGTH_MAX = 24;
const MONTH_LENGTH_MAX = 9;
const [SPACE, DOT] = [32, 46] as const;

/** J, F, M, A, S, O, N or D. */
function mayBeginMonth(unit: number): boolean {
  return (
    unit === 74 || unit === 70 || unit === 77 || unit === 65 || unit === 83 || unit === 79 || unit === 78 || unit === 68
  );
}

/** Where the date begins whose day is at `day`, after the name of its month; −1 where there is no such name. */
export function dateStart(text: string, day: number, kept: number): number {
  if (unitAt(text, day - 1) !== SPACE) return -1;
  // Most numbers stand after other words: they are told apart by their length and first letter.
  let end = day - 1;
  if (unitAt(text, end - 1) === SPACE) end--;
  if (unitAt(text, end - 1) === DOT) end--;
  let from = end;
  while (end - from <= MONTH_LENGTH_MAX && kindOf(unitAt(text, from - 1)) !== 0) from--;
  if (!mayBeginMonth(unitAt(text, from))) return -1;
  return startOf(MONTH_BEFORE, text, day, kept);
}

/** The date whose day is at `day`, before the name of its month; undefined where there is no such name. */
export function dayFirstEnd(text: string, day: number, kept: number): { from: number; end: number } | undefined {
  // The name stands after one or two digits and a sign.
  if (!mayBeginMonth(unitAt(text, day + 2)) && !mayBeginMonth(unitAt(text, day + 3))) return undefined;
  const end = matchEnd(DAY_FIRST, text, day);
  if (end === -1) return undefined;
  const weekday = startOf(DAY_BEFORE, text, day, kept);
  return { from: weekday === -1 ? day : weekday, end };
}

/** Where a date with year, clock and zone ends, after its day or its year. */
export function dateTailEnd(text: string, from: number): number {
  const end = matchEnd(TAIL, text, from);
  return end === -1 ? from : end;
}

function startOf(form: RegExp, text: string, day: number, kept: number): number {
  const beginning = Math.max(kept, day - NAMES_LENGTH_MAX);
  const found = form.exec(text.slice(beginning, day));
  return found === null ? -1 : beginning + found.index;
}
