// The values of one field by how many records have them, in SQL: the most frequent ones, and those that are known
// already, so that counts of two stores add up exactly. Values are cut as responses cut them; the few that are longer
// are counted here and not there.

import type { CountedValue } from "../block/stats/value_counts.ts";
import { VALUE_LENGTH_MAX } from "../core/limits.ts";
import { cutTouchpoint, TOUCHPOINT_LENGTH_MAX } from "../core/touchpoint.ts";
import { splitName } from "../query/match/metadata_path.ts";
import { beginningOf, distinctValues } from "../query/responses/value_readers.ts";
import type { CountedAsk } from "../query/scan/counted.ts";
import { IDS_PER_NODE } from "../query/scan/ids.ts";
import { METADATA_PREFIX } from "../search/fields.ts";
import { type Condition, isExact } from "./condition.ts";
import type { CountStatement } from "./count_sql.ts";
import { hasMemberSql, memberSql, scalarText } from "./metadata_sql.ts";
import { RECORDS } from "./schema.ts";
import { isCompound, isLong, shownJson, valueOfShown } from "./shown_json.ts";
import type { SqlParameters } from "./sql_parameters.ts";

type ValuesAsk = Extract<CountedAsk, { readonly kind: "values" }>;

/** How a field's value is written in SQL, and read from what comes. */
export interface ValueColumn {
  readonly value: string;
  /** Which records have the field; "1": all. */
  readonly isThere: string;
  /** Whether what is shown of a value is not what SQL has: these values are all told. Undefined: of none. */
  readonly isUnlike?: string;
  /** Of a value, by which equally frequent ones are ordered. */
  readonly text: string;
  /** Whether the value is shown as a text. Values with the same text, and the same here, are one. */
  readonly isText: string;
  readonly read: (value: unknown) => CountedValue;
  /** Whether the value in SQL is one of these, as `read` gives them. */
  readonly isOneOf: (values: readonly CountedValue[], parameters: SqlParameters) => string;
}

/** More known values than this are not listed in a statement: all values are asked for instead. */
const KNOWN_MAX = 10_000;
/** The most values that a response lists. */
const VALUES_MAX = 1_000_000;

/** @param longFrom texts of so many bytes may be longer than what is shown; undefined: none is */
const text = (value: string, isThere = "1", longFrom?: number): ValueColumn => ({
  value,
  isThere,
  // Bytes, which are at least as many as characters.
  ...(longFrom === undefined ? {} : { isUnlike: `length(value) >= ${longFrom}` }),
  text: "value",
  isText: "1",
  read: (one) => beginningOf(one as string),
  isOneOf: (values, parameters) => `has(${parameters.texts(values.map(String))}, value)`,
});
const number = (value: string, isThere = "1"): ValueColumn => ({
  value,
  isThere,
  text: "toString(value)",
  isText: "0",
  read: (one) => one as number,
  isOneOf: (values, parameters) => `has(${parameters.doubles(values.map(Number))}, toFloat64(value))`,
});

/** The fields that are none of metadata: no two of their values are shown alike. */
export const COLUMNS: Readonly<Record<string, ValueColumn>> = {
  kind: text("if(kind = 'log', 'log', 'timing')"),
  status: text("toString(kind)", "kind != 'log'"),
  level: text("toString(level)", "level != ''"),
  source: text("toString(source)"),
  keyType: text("toString(key_type)", "key_type != ''"),
  apiKey: text("api_key", "1", VALUE_LENGTH_MAX),
  project: text("project"),
  touchpoint: {
    ...text("touchpoint", "touchpoint != ''", TOUCHPOINT_LENGTH_MAX),
    read: (one) => cutTouchpoint(one as string),
  },
  key: text("key", "key != ''", VALUE_LENGTH_MAX),
  message: text("message", "has_message", VALUE_LENGTH_MAX),
  id: number(`node * ${IDS_PER_NODE} + id`),
  time: number("time"),
  receivedAt: number("received_at"),
  startTime: number("assumeNotNull(start_time)", "isNotNull(start_time)"),
  endTime: number("assumeNotNull(end_time)", "isNotNull(end_time)"),
  duration: number("assumeNotNull(duration)", "isNotNull(duration)"),
};

function columnOf(field: string, parameters: SqlParameters): ValueColumn {
  const own = Object.hasOwn(COLUMNS, field) ? COLUMNS[field] : undefined;
  if (own !== undefined) return own;
  const name = field.slice(METADATA_PREFIX.length);
  return {
    value: memberSql(name, parameters),
    isThere: hasMemberSql(name, parameters),
    // ClickHouse cannot read an escaped surrogate that is alone.
    isUnlike: `(${isLong("value")} OR position(value, '\\\\u') > 0)`,
    text: scalarText("value"),
    isText: `(startsWith(value, '"') OR ${isCompound("value")})`,
    read: (json) => shown(JSON.parse(json as string), json as string),
    isOneOf: (values, parameters) => {
      // A text may be that of an object or a list.
      const json = values.flatMap((one) => [JSON.stringify(one), ...(/^[[{]/.test(String(one)) ? [String(one)] : [])]);
      return `has(${parameters.texts(json)}, value)`;
    },
  };
}

/** An object or an array as its JSON; of a text the beginning. */
function shown(value: unknown, json: string): CountedValue {
  if (typeof value === "string") return beginningOf(value);
  return typeof value === "object" && value !== null ? beginningOf(json) : (value as CountedValue);
}

/** Memory of the server, in bytes, from which it groups on disk. */
const GROUPED_BYTES_MAX = 1024 * 1024 * 1024;

export function valuesStatement(ask: ValuesAsk, condition: Condition, parameters: SqlParameters): CountStatement {
  const isDotted = !Object.hasOwn(COLUMNS, ask.field) && ask.field.slice(METADATA_PREFIX.length).includes(".");
  return isDotted ? dottedStatement(ask, condition, parameters) : columnStatement(ask, condition, parameters);
}

/**
 * A dotted name of metadata also means members of objects: records are counted by the JSON of all members that may have
 * it, and what these stand for is found here.
 */
function dottedStatement({ field, add }: ValuesAsk, condition: Condition, parameters: SqlParameters): CountStatement {
  const name = field.slice(METADATA_PREFIX.length);
  const heads = splitName(name);
  const shown = (head: string, json: string) => `arrayMap(v -> ${json}, [${memberSql(head, parameters)}])[1]`;
  const columns = [
    shown(name, shownJson("v")),
    ...heads.map(([head]) => shown(head, `if(${isCompound("v")}, v, '')`)),
  ].map((column, at) => `${column} AS member_${at}`);
  const members = columns.map((_, at) => `member_${at}`);
  const paths = [undefined, ...heads.map(([, path]) => path)];
  return {
    sql:
      `SELECT ${columns.join(", ")}, count() FROM ${RECORDS} WHERE ${condition.sure} ` +
      `AND (${members.map((member) => `${member} != ''`).join(" OR ")}) GROUP BY ${members.join(", ")} ` +
      `SETTINGS max_bytes_before_external_group_by = ${GROUPED_BYTES_MAX}`,
    add: (row) => {
      const found = paths.flatMap((path, at): [unknown, string | undefined][] => {
        return row[at] === "" ? [] : [[valueOfShown(row[at] as string), path]];
      });
      for (const value of distinctValues(found)) add(value, row[paths.length] as number);
      return true;
    },
    isUnsure: !isExact(condition),
  };
}

/**
 * By which texts sort as compareTexts does, by UTF-16 units: there, U+E000 to U+FFFF (which begin with EE or EF) come
 * after all that are pairs of surrogates (F0 to F4).
 */
function utf16Order(shown: string): string {
  return `replaceAll(replaceAll(${shown}, '\\xEE', '\\xF8'), '\\xEF', '\\xF9')`;
}

function columnStatement(
  { field, limit, known, add, addOthers }: ValuesAsk,
  condition: Condition,
  parameters: SqlParameters,
): CountStatement {
  const { value, isThere, isUnlike, text: shownText, isText, read, isOneOf } = columnOf(field, parameters);
  const others = known();
  const isLimited = Number.isFinite(limit) && others.length <= KNOWN_MAX;
  const matching = `FROM ${RECORDS} WHERE ${condition.sure} AND ${isThere}`;
  const counted = `SELECT ${value} AS value, count() AS counted, (SELECT count() ${matching}) AS total ${matching}`;
  const isKnown = isOneOf(isLimited ? others : [], parameters);
  const most = parameters.unsigned(Math.min(limit, VALUES_MAX) + 1 + others.length);
  const like = isUnlike === undefined ? counted : `${counted} AND NOT ${isUnlike}`;
  const alike =
    "SELECT any(value) AS one, sum(counted) AS number, any(total) AS all " +
    `FROM (SELECT value, counted, total, ${shownText} AS shown, ${isText} AS is_text FROM (${like} GROUP BY value)) ` +
    "GROUP BY shown, is_text " +
    `ORDER BY max(${isKnown}) DESC, number DESC, ${utf16Order("shown")} ASC, is_text DESC LIMIT ${most}`;
  // Grouped once: that is most of the time and memory of a field with as many values as records.
  const different =
    `SELECT value AS one, counted AS number, total AS all FROM (${like} GROUP BY value) ` +
    `ORDER BY ${isKnown} DESC, number DESC, ${utf16Order(shownText)} ASC LIMIT ${most}`;
  const limited = Object.hasOwn(COLUMNS, field) ? different : alike;
  const unlike = isUnlike === undefined ? "" : ` UNION ALL ${counted} AND ${isUnlike} GROUP BY value`;
  const values = isLimited ? `SELECT * FROM (${limited})${unlike}` : `${counted} GROUP BY value`;
  let total = 0;
  let added = 0;
  return {
    // Ten million different messages take more memory than a query may.
    sql: `${values} SETTINGS max_bytes_before_external_group_by = ${GROUPED_BYTES_MAX}`,
    add: ([one, count, all]) => {
      total = all as number;
      added += count as number;
      add(read(one), count as number);
      return true;
    },
    end: () => {
      if (total > added) addOthers(total - added, 1);
    },
    isUnsure: !isExact(condition),
  };
}
