// What is counted in SQL: the statement, and who takes its rows. A row of records of which SQL cannot tell whether they
// match is not added: the caller fetches them. Buckets of time and of durations are those of local blocks, by the same
// formulas over the same doubles.

import { flagsOf } from "../block/codec/flags.ts";
import type { SketchLike } from "../block/stats/duration_sketch.ts";
import { VALUE_LENGTH_MAX } from "../core/limits.ts";
import type { CountedAsk, CountedMessages } from "../query/scan/counted.ts";
import { IDS_PER_NODE } from "../query/scan/ids.ts";
import type { Buckets } from "../query/scan/time_buckets.ts";
import { METADATA_PREFIX } from "../search/fields.ts";
import { candidatesStatement, comparedStatement } from "./breakdown_sql.ts";
import { type Condition, isExact } from "./condition.ts";
import { measuredStatement } from "./measured_sql.ts";
import type { Row } from "./rows.ts";
import { RECORDS } from "./schema.ts";
import { DURATION, durationPlace, NO_TIMINGS, sketchOfPlaces } from "./sketch_sql.ts";
import type { SqlParameters } from "./sql_parameters.ts";
import { valuesStatement } from "./values_sql.ts";

export interface CountStatement {
  readonly sql: string;
  /** Adds a row; false, and nothing added, for one of records that may or may not match. */
  readonly add: (row: Row) => boolean;
  /** Called after the last row. */
  readonly end?: () => void;
  /** Whether there may be records that no row tells of. */
  readonly isUnsure: boolean;
}

/** @param scope the number of the scope. */
export function countStatement(
  counted: CountedAsk,
  scope: number,
  condition: Condition,
  parameters: SqlParameters,
): CountStatement {
  switch (counted.kind) {
    case "levels":
      return levelsStatement(counted, scope, condition, parameters);
    case "timings":
      return timingsStatement(counted, scope, condition, parameters);
    case "fields":
      return fieldsStatement(counted, condition);
    case "messages":
      return messagesStatement(counted, condition, parameters);
    case "measured":
      return measuredStatement(counted, condition, parameters);
    case "candidates":
      return candidatesStatement(counted, condition);
    case "compared":
      return comparedStatement(counted, condition, parameters);
    case "values":
    default:
      return valuesStatement(counted, condition, parameters);
  }
}

/** The place of unfinished timings, which no duration has. */
const UNFINISHED = -3_000_000;

type Ask<K extends CountedAsk["kind"]> = Extract<CountedAsk, { readonly kind: K }>;

/** Which records have a field. */
const FIELDS: Readonly<Record<string, string>> = {
  apiKey: "1",
  kind: "1",
  source: "1",
  keyType: "key_type != ''",
  level: "level != ''",
  status: "kind != 'log'",
  touchpoint: "touchpoint != ''",
  message: "has_message",
  key: "key != ''",
  startTime: "isNotNull(start_time)",
  endTime: "isNotNull(end_time)",
  duration: "isNotNull(duration)",
};

function fieldsStatement({ add }: Ask<"fields">, condition: Condition): CountStatement {
  const own = Object.entries(FIELDS).map(([name, isThere]) => `('${name}', countIf(${isThere}))`);
  return {
    sql:
      `SELECT pair.1 AS name, pair.2 AS counted FROM (` +
      `SELECT arrayJoin([${own.join(", ")}]) AS pair FROM ${RECORDS} WHERE ${condition.sure}) ` +
      `UNION ALL SELECT concat('${METADATA_PREFIX}', member) AS name, count() AS counted ` +
      // The names alone are read, which mapKeys(metadata) does not do.
      `FROM ${RECORDS} ARRAY JOIN metadata.keys AS member WHERE ${condition.sure} GROUP BY member`,
    add: ([name, count]) => {
      add(name as string, count as number);
      return true;
    },
    isUnsure: !isExact(condition),
  };
}

function messagesStatement(
  { buckets, add }: Ask<"messages">,
  condition: Condition,
  parameters: SqlParameters,
): CountStatement {
  return {
    sql:
      `SELECT leftUTF8(message, ${VALUE_LENGTH_MAX}) AS text, toUInt8(level) AS level_code, ` +
      `${bucketColumn(buckets, parameters)} AS bucket, count(), min(time), max(time), ` +
      `min(node * ${IDS_PER_NODE} + id) FROM ${RECORDS} WHERE ${condition.sure} AND has_message ` +
      "GROUP BY text, level_code, bucket",
    add: (row) => {
      const [message, levelCode, , count, first, last, id] = row as [string, number, number, ...number[]];
      add({ message, levelCode, count, first, last, id } as CountedMessages);
      return true;
    },
    isUnsure: !isExact(condition),
  };
}

/** 1 for records that match for sure, in a statement over those that may. */
export function sureColumn(condition: Condition): string {
  return isExact(condition) ? "1" : condition.sure;
}

/** The number of the bucket that a time lies in; 0 without buckets. */
export function bucketColumn(buckets: Buckets | undefined, parameters: SqlParameters, time = "time"): string {
  if (buckets === undefined) return "0";
  const { start, interval } = buckets;
  return `toInt64(floor((${time} - ${parameters.double(start)}) / ${parameters.double(interval)}))`;
}

function levelsStatement(
  { buckets, add }: Ask<"levels">,
  scope: number,
  condition: Condition,
  parameters: SqlParameters,
): CountStatement {
  const bucket = bucketColumn(buckets[scope], parameters);
  return {
    sql:
      `SELECT ${bucket} AS bucket, toUInt8(kind) AS kind_code, toUInt8(level) AS level_code, ` +
      `toUInt8(${sureColumn(condition)}) AS is_sure, count() FROM ${RECORDS} WHERE ${condition.maybe} ` +
      "GROUP BY bucket, kind_code, level_code, is_sure",
    add: ([at, kind, level, isSure, count]) => {
      if (isSure !== 1) return false;
      add(scope, at as number, flagsOf(kind as number, level as number), count as number);
      return true;
    },
    isUnsure: false,
  };
}

function timingsStatement(
  { byTouchpoint, buckets, add }: Ask<"timings">,
  scope: number,
  condition: Condition,
  parameters: SqlParameters,
): CountStatement {
  const own = buckets[scope];
  const bucket = bucketColumn(own, parameters);
  // As few keys as possible: they are most of the time that this takes.
  const place = `if(kind = 'unfinished', ${UNFINISHED}, ${durationPlace(parameters)})`;
  const inner =
    `SELECT ${bucket} AS bucket, ${byTouchpoint ? "touchpoint" : "''"} AS name, ${place} AS place, ` +
    `toUInt8(${sureColumn(condition)}) AS is_sure, count() AS counted, sum(${DURATION}) AS total, ` +
    `min(${DURATION}) AS least, max(${DURATION}) AS most FROM ${RECORDS} WHERE ${condition.maybe} AND ` +
    "(kind = 'unfinished' OR (kind = 'completed' AND isNotNull(duration))) GROUP BY bucket, name, place, is_sure";
  return {
    sql:
      `SELECT bucket, name, place = ${UNFINISHED} AS is_unfinished, is_sure, sum(counted), sum(total), min(least), ` +
      `max(most), groupArray(place), groupArray(counted) FROM (${inner}) GROUP BY bucket, name, is_unfinished, is_sure`,
    add: (row) => {
      const [at, name, isUnfinished, isSure, count] = row as [number, string, number, number, number];
      if (isSure !== 1) return false;
      const time = own === undefined ? 0 : own.start + (at + 0.5) * own.interval;
      add(scope, name, time, {
        unfinished: isUnfinished === 1 ? count : 0,
        completed: isUnfinished === 1 ? NO_TIMINGS : sketchOf(row),
      });
      return true;
    },
    isUnsure: false,
  };
}

function sketchOf(row: Row): SketchLike {
  const [count, sum, min, max, places, counts] = row.slice(4) as [number, number, number, number, number[], number[]];
  return sketchOfPlaces(places, counts, { count, sum, min, max });
}
