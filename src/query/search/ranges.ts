// Comparisons and ranges: >5, >=5, <5, <=5, 5, 1..5, 1.., ..5. Text enters, a range leaves. Throws SearchProblemError.

import { parseInstant } from "../../core/instant.ts";
import type { NumberRange } from "./expression.ts";
import type { SearchField } from "./fields.ts";
import { fail, type Span, shown } from "./problem.ts";

type RangeType = Extract<SearchField["type"], "number" | "time" | "duration">;

const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;
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
  time: 'Unix milliseconds or ISO 8601 ("2026-01-31T12:00:00Z")',
  duration: "milliseconds, or a number with ms, s, m or h",
};

/** Every number there is. */
export const ANY_NUMBER: NumberRange = between(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);

/** Both bounds included. */
function between(min: number, max: number): NumberRange {
  return { min, max, isMinIncluded: true, isMaxIncluded: true };
}

/** The range that a value means; `field` is how it was typed, and `hint` what else to do, for messages. */
export function rangeOf(field: string, type: RangeType, text: string, span: Span, hint = ""): NumberRange {
  const refuse = (bound: string) =>
    fail(
      `${shown(field)} takes ${EXPECTED[type]}, with >, >=, <, <= before it or as a range (1..5, 1.., ..5), not ${JSON.stringify(shown(bound))}${hint}`,
      span,
    );
  const bound = (typed: string) => numberOf(type, typed) ?? refuse(typed);
  const comparison = /^(>=?|<=?)(.*)$/s.exec(text);
  if (comparison !== null) {
    const [, sign = "", typed = ""] = comparison;
    const value = bound(typed);
    const isIncluded = sign.length === 2;
    return sign.startsWith(">")
      ? { ...ANY_NUMBER, min: value, isMinIncluded: isIncluded }
      : { ...ANY_NUMBER, max: value, isMaxIncluded: isIncluded };
  }
  const dots = text.indexOf("..");
  if (dots === -1) {
    const value = bound(text);
    return between(value, value);
  }
  const from = text.slice(0, dots);
  const to = text.slice(dots + 2);
  if (from === "" && to === "") return refuse(text);
  const range = between(from === "" ? ANY_NUMBER.min : bound(from), to === "" ? ANY_NUMBER.max : bound(to));
  if (range.min > range.max)
    fail(`${shown(field)}: the range ${JSON.stringify(shown(text))} ends before it begins`, span);
  return range;
}

/** A number's spelling: more than JSON's, since people type it. */
const SPELLING = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** The number that a text spells, as String writes it; undefined where it spells none. */
export function writtenNumber(text: string): string | undefined {
  const number = SPELLING.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(number) ? String(number) : undefined;
}

/** Whether the text can only be meant as a range of numbers. */
export function isNumberRange(text: string): boolean {
  const dots = text.indexOf("..");
  if (dots === -1 || text === "..") return false;
  return [text.slice(0, dots), text.slice(dots + 2)].every((bound) => bound === "" || NUMBER.test(bound));
}

function numberOf(type: RangeType, text: string): number | undefined {
  const value =
    type === "time" ? instantOf(text) : (plainNumber(text) ?? (type === "duration" ? lengthOf(text) : undefined));
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

function plainNumber(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : undefined;
}

/** Nothing relative: what a search means does not depend on when it is read. */
function instantOf(text: string): number | undefined {
  return parseInstant(text.replace(/^(\d{4}-\d{2}-\d{2}) (?=\d)/, "$1T"), Number.NaN);
}

function lengthOf(text: string): number | undefined {
  const [, amount = "", unit = ""] = LENGTH.exec(text) ?? [];
  const [factor, power] = UNITS[unit] ?? [Number.NaN, ""];
  return amount === "" ? undefined : Number(amount + power) * factor;
}
