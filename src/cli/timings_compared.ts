// `simplelogs timings --compare`: the option's range, and the table of what changed.

import { COMPARE_EXPECTED, readCompare, type TimeSpan } from "../core/compare.ts";
import { OperatingError } from "../core/errors.ts";
import { formatCount, formatDuration, formatInstant } from "../core/format.ts";
import type { QueryScope } from "../core/queries.ts";
import type { PreviousRange, TouchpointTimings } from "../core/responses.ts";
import { shownText } from "../core/terminal.ts";
import { TimeZone } from "../core/time_zone.ts";
import { type Cell, formatTable, type Side, type Style } from "./style.ts";

const LABEL_LENGTH_MAX = 100;
const COLUMNS = ["TOUCHPOINT", "COUNT", "+/-", "P50", "+/-", "P95", "+/-", "TOTAL", "WORSE"] as const;

/** The range that --compare names. `now` in Unix ms. Throws OperatingError("usage"). */
export function comparedOf(text: string, scope: QueryScope, now: number): TimeSpan {
  const read = readCompare(text, { from: scope.from, to: scope.to }, now, new TimeZone(scope.timeZone));
  if (read.ok) return read.value;
  const hint = read.hint === "" ? "" : `: ${read.hint.replace("needs a from", "needs --from")}`;
  throw new OperatingError("usage", `--compare: expected ${COMPARE_EXPECTED}, got ${JSON.stringify(text)}${hint}`);
}

/** A line: its name, and its figures. */
interface ComparedRow {
  readonly label: string;
  readonly touchpoint: TouchpointTimings | undefined;
}

/** The table, in the order of the rows, and what it is compared with. */
export function comparedText(rows: readonly ComparedRow[], previous: PreviousRange | undefined, style: Style): string {
  const header: Cell[] = COLUMNS.map((text) => ({ text, paint: style.bold }));
  const sides: Side[] = COLUMNS.map((_, at) => (at === 0 ? "left" : "right"));
  const lines = rows.map((row) => lineOf(row, style));
  return `${formatTable([header, ...lines], sides)}\n${previous === undefined ? "" : noteOf(previous)}`;
}

function lineOf({ label, touchpoint }: ComparedRow, style: Style): (Cell | string)[] {
  const { count = 0, mean = null, p50 = null, p95 = null, change } = touchpoint ?? {};
  const state = change === undefined || change.state === "compared" ? "" : ` (${shownText(change.state, 20)})`;
  return [
    { text: `${shownText(label, LABEL_LENGTH_MAX)}${state}`, paint: style.touchpoint },
    formatCount(count),
    signed(change?.count, formatCount),
    durationText(p50),
    signed(change?.p50, formatDuration),
    durationText(p95),
    signed(change?.p95, formatDuration),
    durationText(mean === null ? null : mean * count),
    signed(change?.worse, formatDuration),
  ];
}

function durationText(ms: number | null): string {
  return ms === null ? "-" : formatDuration(ms);
}

function signed(value: number | null | undefined, format: (amount: number) => string): string {
  if (value === null || value === undefined) return "-";
  return `${value > 0 ? "+" : value < 0 ? "-" : ""}${format(Math.abs(value))}`;
}

function noteOf({ from, to, kept }: PreviousRange): string {
  const rest = kept === "whole" ? "" : `, of which ${kept === "part" ? "only a part" : "nothing"} is kept`;
  return `compared with ${formatInstant(from)} to ${formatInstant(to)}${rest}; WORSE is (P95 now - before) x COUNT\n`;
}
