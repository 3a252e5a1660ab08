// What rules measure, in SQL: records of all and of each group, and the durations of those that match. One pass, in which
// a record is counted in each group that it is in. Records of which SQL cannot tell whether they match, or are in a
// group, are not counted here.

import type { SketchLike } from "../block/stats/duration_sketch.ts";
import type { CountedAsk } from "../query/scan/counted.ts";
import { ALWAYS, type Condition, exactly, isExact } from "./condition.ts";
import type { Row } from "./rows.ts";
import { RECORDS } from "./schema.ts";
import { searchCondition } from "./search_sql.ts";
import { DURATION, durationPlace, sketchOfPlaces } from "./sketch_sql.ts";
import type { SqlParameters } from "./sql_parameters.ts";

type MeasuredAsk = Extract<CountedAsk, { readonly kind: "measured" }>;

/** The place of records without a duration. */
const NONE = -2_000_000;

interface Parts {
  readonly matching: Condition;
  readonly groups: readonly Condition[];
}

/** What must be certain of a record. */
type Decided = Pick<MeasuredAsk, "matching" | "groups">;

function partsOf({ matching, groups }: Decided, parameters: SqlParameters): Parts {
  return {
    matching: matching === undefined ? exactly(ALWAYS) : searchCondition(matching, parameters),
    groups: groups.map((group) => searchCondition(group, parameters)),
  };
}

/** The condition of the scan, for sure only where the matching and the groups are, too. */
export function decidedCondition(ask: Decided, condition: Condition, parameters: SqlParameters): Condition {
  const { matching, groups } = partsOf(ask, parameters);
  const open = [matching, ...groups].filter((part) => !isExact(part));
  if (open.length === 0) return condition;
  const decided = open.map(({ sure, maybe }) => `toBool(${sure}) = toBool(${maybe})`).join(" AND ");
  return { sure: `(${condition.sure} AND ${decided})`, maybe: condition.maybe };
}

/** @param condition from `decidedCondition` */
export function measuredStatement(ask: MeasuredAsk, condition: Condition, parameters: SqlParameters) {
  const { matching, groups } = partsOf(ask, parameters);
  const place = ask.hasDurations
    ? `if(kind = 'completed' AND isNotNull(duration), ${durationPlace(parameters)}, ${NONE})`
    : `${NONE}`;
  const numbers = groups.map((_, group) => `toInt32(${group})`).join(", ");
  const isIn = groups.map(({ sure }) => `toBool(${sure})`).join(", ");
  const inGroups = groups.length === 0 ? "" : `, arrayFilter((number, is_in) -> is_in, [${numbers}], [${isIn}])`;
  const { cells } = ask;
  const cell =
    cells === undefined
      ? "0"
      : `ceil((received_at - ${parameters.double(cells.from)}) / ${parameters.double(cells.widthMs)})`;
  const inner =
    `SELECT arrayJoin(arrayConcat([toInt32(-1)]${inGroups})) AS part, toUInt8(${matching.sure}) AS is_match, ` +
    `${cell} AS cell, ${place} AS place, count() AS counted, sum(${DURATION}) AS total, min(${DURATION}) AS least, ` +
    `max(${DURATION}) AS most FROM ${RECORDS} WHERE ${condition.sure} GROUP BY part, is_match, cell, place`;
  return {
    sql:
      "SELECT part, is_match, cell, sum(counted), groupArray(place), groupArray(counted), groupArray(total), " +
      `groupArray(least), groupArray(most) FROM (${inner}) GROUP BY part, is_match, cell`,
    add: (row: Row): boolean => {
      const [part, isMatch, number, of] = row as [number, number, number, number];
      ask.add(part, { of, count: isMatch === 1 ? of : 0, durations: sketchOf(isMatch === 1 ? row : []) }, number);
      return true;
    },
    isUnsure: !isExact(condition),
  };
}

function sketchOf(row: Row): SketchLike {
  const [places = [], counts = [], totals = [], least = [], most = []] = row.slice(4) as number[][];
  const wanted = places.flatMap((place, index) => (place === NONE ? [] : [index]));
  const of = (values: readonly number[]) => wanted.map((index) => values[index] as number);
  return sketchOfPlaces(of(places), of(counts), {
    count: of(counts).reduce((sum, one) => sum + one, 0),
    sum: of(totals).reduce((sum, one) => sum + one, 0),
    min: of(least).reduce((lowest, one) => Math.min(lowest, one), Number.POSITIVE_INFINITY),
    max: of(most).reduce((highest, one) => Math.max(highest, one), Number.NEGATIVE_INFINITY),
  });
}
