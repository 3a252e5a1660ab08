// Comparisons and ranges: >5, >=5, <5, <=5, 5, 1..5, 1.., ..5. Text enters, a range leaves. Throws SearchProblemError.
// A date stands for its whole day on every side: >2026-01-31 begins after that day, ..2026-01-31 ends with it.

import { readTime, TIME_EXPECTED } from "../core/instant.ts";
import type { TimeZone } from "../core/time_zone.ts";
import type { NumberRange } from "./expression.ts";
import type { SearchField } from "./fields.ts";
import { excerpt, fail, type Span } from "./problem.ts";

type RangeType = Extract<SearchField["type"], "number" | "time" | "duration">;

/** How the bounds of a range are written. */
export interface RangeSyntax {
  readonly type: RangeType;
  /** The zone of times without an offset. */
  readonly timeZone: TimeZone;
}

/** More spellings than JSON has, since people type it. */
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const DURATION = /^(-?\d+(?:\.\d+)?)(ms|s|m|h)$/;
/** A unit's milliseconds: a whole number and a power of ten, so that "1.1s" is exactly 1100. */
const UNITS: Readonly<Record<string, readonly [number, string]>> = {
  ms: [1, "e0"],
  s: [1, "e3"],
  m: [6, "e4"],
  h: [36, "e5"],
};
const EXPECTED: Readonly<Record<RangeType, string>> = {
  number: "a number",
  time: TIME_EXPECTED,
  duration: "milliseconds, or a number with ms, s, m or h",
};

/** Every number. */
export const ANY_NUMBER: NumberRange = closedRange(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);

function closedRange(min: number, max: number): NumberRange {
  return { min, max, isMinIncluded: true, isMaxIncluded: true };
}

/** One side of a comparison or a range. A date or a minute is an interval, a number a single point. */
interface Bound {
  /** Where a range that begins with it begins. */
  readonly min: number;
  /** Where a range that ends with it ends. */
  readonly max: number;
  readonly isMaxIncluded: boolean;
  /** What it means without a comparison. */
  readonly whole: NumberRange;
}

function pointBound(value: number): Bound {
  return { min: value, max: value, isMaxIncluded: true, whole: closedRange(value, value) };
}

/**
 * Parses a comparison, a range or a single value.
 * @param field the field as it was typed, for messages
 * @param hint the end of each message: what else to do
 */
export function parseRange(
  field: string,
  { type, timeZone }: RangeSyntax,
  text: string,
  span: Span,
  hint = "",
): NumberRange {
  const refuse = (bound: string, reason = "") =>
    fail(
      `${excerpt(field)} takes ${EXPECTED[type]}, with >, >=, <, <= before it or as a range (1..5, 1.., ..5), not ${JSON.stringify(excerpt(bound))}${reason === "" ? "" : `: ${reason}`}${hint}`,
      span,
    );
  const parseBound = (typed: string): Bound => {
    if (type === "time") return timeBound(typed, timeZone, (reason) => refuse(typed, reason));
    const value = type === "duration" ? parseDuration(typed) : parseNumber(typed);
    return value === undefined ? refuse(typed) : pointBound(value);
  };
  const comparison = /^(>=?|<=?)(.*)$/s.exec(text);
  if (comparison !== null) {
    const [, operator = "", typed = ""] = comparison;
    const { min, max, isMaxIncluded } = parseBound(typed);
    if (operator === ">=") return { ...ANY_NUMBER, min };
    if (operator === ">") return { ...ANY_NUMBER, min: max, isMinIncluded: !isMaxIncluded };
    return operator === "<="
      ? { ...ANY_NUMBER, max, isMaxIncluded }
      : { ...ANY_NUMBER, max: min, isMaxIncluded: false };
  }
  const dots = text.indexOf("..");
  if (dots === -1) return parseBound(text).whole;
  const from = text.slice(0, dots);
  const to = text.slice(dots + 2);
  if (from === "" && to === "") return refuse(text);
  const { min } = from === "" ? ANY_NUMBER : parseBound(from);
  const { max, isMaxIncluded } = to === "" ? ANY_NUMBER : parseBound(to);
  if (min > max || (min === max && !isMaxIncluded)) {
    fail(`${excerpt(field)}: the range ${JSON.stringify(excerpt(text))} ends before it begins`, span);
  }
  return { min, max, isMinIncluded: true, isMaxIncluded };
}

/** The number that a text spells, as `String` writes it; undefined for any other text. */
export function canonicalNumber(text: string): string | undefined {
  const number = parseNumber(text);
  return number === undefined ? undefined : String(number);
}

/** Whether the text has the form of a range of numbers: 1..5, 1.., ..5. */
export function isNumberRange(text: string): boolean {
  const dots = text.indexOf("..");
  if (dots === -1 || text === "..") return false;
  return [text.slice(0, dots), text.slice(dots + 2)].every((bound) => bound === "" || NUMBER.test(bound));
}

function parseNumber(text: string): number | undefined {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** Milliseconds, or a number with a unit. */
function parseDuration(text: string): number | undefined {
  const [, amount, unit = ""] = DURATION.exec(text) ?? [];
  if (amount === undefined) return parseNumber(text);
  const [factor, power] = UNITS[unit] ?? [Number.NaN, ""];
  const value = Number(amount + power) * factor;
  return Number.isFinite(value) ? value : undefined;
}

/** No relative times: what a search means does not depend on when it is read. */
function timeBound(text: string, timeZone: TimeZone, refuse: (reason: string) => never): Bound {
  const read = readTime(text, timeZone);
  if (!read.ok) return refuse(read.hint);
  const { from, to, isDay } = read.value;
  const whole = { min: from, max: to, isMinIncluded: true, isMaxIncluded: from === to };
  return isDay ? { min: from, max: to, isMaxIncluded: false, whole } : { ...pointBound(from), whole };
}
