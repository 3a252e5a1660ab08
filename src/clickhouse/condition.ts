// Conditions in SQL as pairs: what is certain, and what is possible. Between the two lies what SQL cannot tell.

import type { NumberRange } from "../search/expression.ts";
import type { SqlParameters } from "./sql_parameters.ts";

/** Two conditions over the table of records. Neither is ever NULL. */
export interface Condition {
  /** Records that match for sure. */
  readonly sure: string;
  /** Records that may match: all that do, and maybe others. */
  readonly maybe: string;
}

export const NEVER = "0";
export const ALWAYS = "1";

/** A condition that is left to the evaluator. */
export const UNDECIDED: Condition = { sure: NEVER, maybe: ALWAYS };

/** A condition that SQL decides. */
export function exactly(sql: string): Condition {
  return { sure: sql, maybe: sql };
}

export function isExact({ sure, maybe }: Condition): boolean {
  return sure === maybe;
}

export function andOf(conditions: readonly Condition[]): Condition {
  return joined(conditions, " AND ", ALWAYS);
}

export function orOf(conditions: readonly Condition[]): Condition {
  return joined(conditions, " OR ", NEVER);
}

function joined(conditions: readonly Condition[], by: string, none: string): Condition {
  const join = (parts: readonly string[]) => {
    if (parts.length === 0) return none;
    return parts.length === 1 ? (parts[0] as string) : `(${parts.join(by)})`;
  };
  return { sure: join(conditions.map(({ sure }) => sure)), maybe: join(conditions.map(({ maybe }) => maybe)) };
}

/** @param value an expression of a number */
export function inRange(value: string, range: NumberRange, parameters: SqlParameters): string {
  const { min, max, isMinIncluded, isMaxIncluded } = range;
  const bounds: string[] = [];
  if (min === Number.POSITIVE_INFINITY || max === Number.NEGATIVE_INFINITY) return NEVER;
  if (min !== Number.NEGATIVE_INFINITY) bounds.push(`${value} ${isMinIncluded ? ">=" : ">"} ${parameters.double(min)}`);
  if (max !== Number.POSITIVE_INFINITY) bounds.push(`${value} ${isMaxIncluded ? "<=" : "<"} ${parameters.double(max)}`);
  return bounds.length === 0 ? ALWAYS : `(${bounds.join(" AND ")})`;
}
