// The range that another one is compared with, as parameters and options name it: "previous", "week", or a range of
// its own. A text and the range enter, two times leave.

import { INSTANT_FORM, readBound, type TimeReading } from "./instant.ts";
import { DAY_MS } from "./limits.ts";
import type { TimeZone } from "./time_zone.ts";

/** Unix ms; `from` is included, `to` is not. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

/** Both ends of a range; undefined: open. */
interface OpenSpan {
  readonly from: number | undefined;
  readonly to: number | undefined;
}

const WEEK_MS = 7 * DAY_MS;
const BETWEEN = "..";

/** A regular expression's source: every text that readCompare takes has this form. */
export const COMPARE_PATTERN = `^(previous|week|(${INSTANT_FORM})\\.\\.(${INSTANT_FORM}))$`;
/** What readCompare takes, for people. */
export const COMPARE_EXPECTED =
  '"previous" (the time before, as long), "week" (the same times 7 days before), or a range "<from>..<to>" of times as from and to have them';

/**
 * The range to compare with. `now`, Unix ms, is the end of a range without one.
 * @param zone of times without an offset
 */
export function readCompare(text: string, range: OpenSpan, now: number, zone: TimeZone): TimeReading<TimeSpan> {
  const at = text.indexOf(BETWEEN);
  if (at !== -1) return readOwnRange(text.slice(0, at), text.slice(at + BETWEEN.length), now, zone);
  if (text !== "previous" && text !== "week") return { ok: false, hint: "" };
  const { from } = range;
  if (from === undefined) return { ok: false, hint: `${text} needs a from: the range has no beginning` };
  const to = range.to ?? Math.max(now, from + 1);
  const offset = text === "week" ? WEEK_MS : to - from;
  return { ok: true, value: { from: from - offset, to: to - offset } };
}

function readOwnRange(first: string, last: string, now: number, zone: TimeZone): TimeReading<TimeSpan> {
  const [from, to] = [readBound(first, "from", now, zone), readBound(last, "to", now, zone)];
  if (!from.ok) return from;
  if (!to.ok) return to;
  if (from.value >= to.value) return { ok: false, hint: `its beginning must be before its end` };
  return { ok: true, value: { from: from.value, to: to.value } };
}
