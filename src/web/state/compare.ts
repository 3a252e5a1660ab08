// What a page's figures are compared with, as the address holds it ("compare"), as the read API takes it, and as people
// type it. A range of its own has fixed ends.

import { useMemo } from "preact/hooks";
import { readCompare, type TimeSpan } from "../../core/compare.ts";
import { instantText, type TimeReading } from "../../core/instant.ts";
import type { TimeZone } from "../../core/time_zone.ts";
import { useApp, useParameter, useScope } from "./app_context.ts";
import { RANGE_EXPECTED, readRangeText } from "./range_text.ts";
import { rangeBounds, shownZone } from "./time_range.ts";

/** "previous", "week", "between": a range of its own; "": nothing. */
export type CompareKind = "" | "previous" | "week" | "between";

export interface Compare {
  readonly kind: CompareKind;
  /** For a query of the read API; empty where nothing is compared. */
  readonly parameters: { readonly compare?: string };
  /** The ends of a range of its own, Unix ms. */
  readonly span: TimeSpan | undefined;
  /** Why nothing is compared, though the address says so. */
  readonly problem: string | undefined;
}

const NOTHING: Compare = { kind: "", parameters: {}, span: undefined, problem: undefined };

/** What the address compares with. Subscribes the component to it. */
export function useCompare(): Compare {
  const { environment, clocks } = useApp();
  const { range } = useScope();
  const [text] = useParameter("compare");
  const zone = clocks.value;
  return useMemo(
    () => comparisonOf(text, rangeBounds(range, environment.clock()), environment.clock(), shownZone(zone)),
    [text, range, environment, zone],
  );
}

/** What a text of the address means for a range. `now` in Unix ms. */
export function comparisonOf(
  text: string,
  range: { readonly from: number | undefined; readonly to: number | undefined },
  now: number,
  zone: TimeZone,
): Compare {
  if (text === "") return NOTHING;
  const kind = text === "previous" || text === "week" ? text : "between";
  const read = readCompare(text, range, now, zone);
  if (!read.ok) {
    const why = range.from === undefined && kind !== "between" ? "the time range has no beginning" : "see the link";
    return { ...NOTHING, kind, problem: `Nothing is compared: ${why}.` };
  }
  if (kind !== "between") return { kind, parameters: { compare: text }, span: undefined, problem: undefined };
  const { from, to } = read.value;
  const compare = `${instantText(from)}..${instantText(to)}`;
  return { kind, parameters: { compare }, span: read.value, problem: undefined };
}

/** The address's text for a typed range: "yesterday", "12:00 to 13:00", "3h". An end that is left out is now. */
export function typedCompare(text: string, now: number, zone: TimeZone): TimeReading<string> {
  const read = readRangeText(text, now, zone);
  if (!read.ok) return read;
  const { from, to = now } = rangeBounds(read.value, now);
  if (from === undefined || from >= to) return { ok: false, hint: `write ${RANGE_EXPECTED}` };
  return { ok: true, value: `${new Date(from).toISOString()}..${new Date(to).toISOString()}` };
}
