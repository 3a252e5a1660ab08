// Comparisons and ranges: >5, >=5, <5, <=5, 5, 1..5, 1.., ..5. Text enters, a range leaves. Throws SearchProblemError. A date stands for
// its whole day on every side: >2026-01-31 is after that day, ..2026-01-31 until its end.

import { readTime, TIME_EXPECTED } from "../core/instant.ts";
import type { TimeZone } from "../core/time_zone.ts";
import type { NumberRange } from "./expression.ts";
import type { SearchField } from "./fields.ts";
import { fail, type Span, shown } from "./problem.ts";

type RangeType = Extract<SearchField["type"], "number" | "time" | "duration">;

export interface RangeKind {
  readonly type: RangeType;
  /** What times without an offset are in. */
  readonly timeZone: TimeZone;
}

/** More than JSON's spellings, since people type it. */
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const LENGTH = /^(-?\d+(?:\.\d+)?)(ms|s|m|h)$/;
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

/** Every number there is. */
export const ANY_NUMBER: NumberRange = between(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);

/** Both bounds included. */
function between(min: number, max: number): NumberRange {
  return { min, max, isMinIncluded: true, isMaxIncluded: true };
}

/** One side of a comparison or a range. */
interface Bound {
  /** Where what is meant begins. */
  readonly min: number;
  /** Where it ends; `isMaxIncluded` as in NumberRange. */
  readonly max: number;
  readonly isMaxIncluded: boolean;
  /** As a single value: all that it stands for. */
  readonly whole: NumberRange;
}

function boundAt(value: number): Bound {
  return { min: value, max: value, isMaxIncluded: true, whole: between(value, value) };
}

/** The range that a value means; `field` is how it was typed, and `hint` what else to do, for messages. */
export function rangeOf(
  field: string,
  { type, timeZone }: RangeKind,
  text: string,
  span: Span,
  hint = "",
): NumberRange {
  const refuse = (bound: string, meant = "") =>
    fail(
      `${shown(field)} takes ${EXPECTED[type]}, with >, >=, <, <= before it or as a range (1..5, 1.., ..5), not ${JSON.stringify(shown(bound))}${meant === "" ? "" : `: ${meant}`}${hint}`,
      span,
    );
  const bound = (typed: string): Bound => {
    if (type === "time") return timeBound(typed, timeZone, (meant) => refuse(typed, meant));
    const value = numberOf(type, typed);
    return value === undefined ? refuse(typed) : boundAt(value);
  };
  const comparison = /^(>=?|<=?)(.*)$/s.exec(text);
  if (comparison !== null) {
    const [, sign = "", typed = ""] = comparison;
    const { min, max, isMaxIncluded } = bound(typed);
    if (sign === ">=") return { ...ANY_NUMBER, min };
    if (sign === ">") return { ...ANY_NUMBER, min: max, isMinIncluded: !isMaxIncluded };
    return sign === "<=" ? { ...ANY_NUMBER, max, isMaxIncluded } : { ...ANY_NUMBER, max: min, isMaxIncluded: false };
  }
  const dots = text.indexOf("..");
  if (dots === -1) return bound(text).whole;
  const from = text.slice(0, dots);
  const to = text.slice(dots + 2);
  if (from === "" && to === "") return refuse(text);
  const { min } = from === "" ? ANY_NUMBER : bound(from);
  const { max, isMaxIncluded } = to === "" ? ANY_NUMBER : bound(to);
  const range = { min, max, isMinIncluded: true, isMaxIncluded };
  if (min > max || (min === max && !isMaxIncluded))
    fail(`${shown(field)}: the range ${JSON.stringify(shown(text))} ends before it begins`, span);
  return range;
}

/** The number that a text spells, as String writes it; undefined where it spells none. */
export function writtenNumber(text: string): string | undefined {
  const number = NUMBER.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? String(number) : undefined;
}

/** Whether the text can only be meant as a range of numbers. */
export function isNumberRange(text: string): boolean {
  const dots = text.indexOf("..");
  if (dots === -1 || text === "..") return false;
  return [text.slice(0, dots), text.slice(dots + 2)].every((bound) => bound === "" || NUMBER.test(bound));
}

function numberOf(type: Exclude<RangeType, "time">, text: string): number | undefined {
  const value = plainNumber(text) ?? (type === "duration" ? lengthOf(text) : undefined);
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

function plainNumber(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : undefined;
}

/** Nothing relative: what a search means does not depend on when it is read. */
function timeBound(text: string, timeZone: TimeZone, refuse: (meant: string) => never): Bound {
  const read = readTime(text, timeZone);
  if (!read.ok) return refuse(read.hint);
  const { from, to, isDay } = read.value;
  const whole = { min: from, max: to, isMinIncluded: true, isMaxIncluded: from === to };
  return isDay ? { min: from, max: to, isMaxIncluded: false, whole } : { ...boundAt(from), whole };
}

function lengthOf(text: string): number | undefined {
  const [, amount = "", unit = ""] = LENGTH.exec(text) ?? [];
  const [factor, power] = UNITS[unit] ?? [Number.NaN, ""];
  return amount === "" ? undefined : Number(amount + power) * factor;
}
