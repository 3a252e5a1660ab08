// Counts from the projection of minutes, as SQL: those over time, and those of the values of a field that it is grouped
// by. In: a scope whose search asks only such fields. Out: the same counts as from the records, in a fraction of the time
// (ten million records: 30 ms for 600).
//
// A group is one minute, node, kind, level, source and type of key. Groups of other nodes count whole, and own ones
// whose highest id is not beyond the query's last one. The other own groups, the open ones, have records that were
// shipped since the query began: their records are counted in a second statement. It is decided once, in the answer to
// the first one, which groups are open, so that nothing is missing or counted twice whatever is shipped in between.
// Minutes that the scope has a part of are counted from records, in the first statement.

import { flagsOf } from "../block/codec/flags.ts";
import { KINDS, LEVELS } from "../core/record.ts";
import type { CountedAsk } from "../query/scan/counted.ts";
import { placeOfId } from "../query/scan/ids.ts";
import type { Scope } from "../query/scan/scope.ts";
import type { Buckets } from "../query/scan/time_buckets.ts";
import type { Expression } from "../search/expression.ts";
import { ALWAYS } from "./condition.ts";
import { bucketColumn } from "./count_sql.ts";
import type { Row } from "./rows.ts";
import { MINUTE, MINUTE_MS, RECORDS } from "./schema.ts";
import { type Readable, shippedOf, shownRanges } from "./scope_sql.ts";
import { searchCondition } from "./search_sql.ts";
import type { SqlParameters } from "./sql_parameters.ts";

type LevelsAsk = Extract<CountedAsk, { readonly kind: "levels" }>;
type ValuesAsk = Extract<CountedAsk, { readonly kind: "values" }>;

/** Open groups that are counted from their records; with more of them, all is counted from records. */
export const OPEN_GROUPS_MAX = 500;

/** A field that the projection is grouped by: its column, and the value that a code stands for (undefined: none). */
interface GroupedField {
  readonly column: string;
  readonly value: (code: number) => string | undefined;
}

const KEY_TYPES = [undefined, "server", "client"] as const;

/** The fields that the projection is grouped by, beside the minute and what every scope asks. */
const GROUPED: Readonly<Record<string, GroupedField>> = {
  kind: { column: "kind", value: (code) => (code === 0 ? "log" : "timing") },
  status: { column: "kind", value: (code) => (code === 0 ? undefined : KINDS[code]) },
  level: { column: "level", value: (code) => (code === 0 ? undefined : LEVELS[code - 1]) },
  source: { column: "source", value: (code) => KEY_TYPES[code] },
  keyType: { column: "key_type", value: (code) => KEY_TYPES[code] },
};

/** Columns by which groups are told apart in an answer, as codes below 8. */
type Keys = readonly [first: string, second: string];

/** Stands for a second key where one is enough. */
const NO_KEY = "0";

/** A group's number: its minute and its keys. */
const GROUP = "minute * 64 + first * 8 + second";

export interface MinuteStatement {
  readonly sql: string;
  /** Takes a row; nothing is counted yet. */
  readonly take: (row: Row) => void;
  /**
   * Called after the last row: counts what was taken.
   * @returns the numbers of the open groups; undefined, and nothing counted, where they are too many
   */
  readonly count: () => readonly number[] | undefined;
}

/** What is counted of the minutes. */
export interface MinuteAsk {
  readonly counted: LevelsAsk | ValuesAsk;
  /** The scope, and its number. */
  readonly scope: Scope;
  readonly index: number;
  /** Those that a scope of all projects means. */
  readonly projects: readonly string[];
  readonly readable: Readable;
}

/** Undefined where minutes do not decide: for what is counted, or for the search, or where no minute is whole. */
export function minuteStatement(ask: MinuteAsk, parameters: SqlParameters): MinuteStatement | undefined {
  const { scope, readable } = ask;
  const keys = keysOf(ask);
  if (keys === undefined || !isOfGroups(scope.search)) return undefined;
  const times = timesOf(ask, parameters);
  if (times.whole.length === 0) return undefined;
  const search = searchOf(scope, parameters);
  const node = parameters.unsigned(readable.node);
  const last = parameters.unsigned(placeOfId(Math.max(readable.shippedUpTo, 0)).id);
  const groups =
    `SELECT ${MINUTE} AS minute, node, ${keyColumns(keys)}, count() AS counted, max(id) AS id_max FROM ${RECORDS} ` +
    `WHERE ${anyOf(times.whole)}${search}${readable.isOwnOnly ? ` AND node = ${node}` : ""} ` +
    "GROUP BY minute, node, first, second";
  const ofGroups =
    `SELECT ${bucketOf(`minute * ${MINUTE_MS}`, ask, parameters)} AS bucket, first, second, ` +
    `toUInt64(sumIf(counted, is_whole)) AS number, ` +
    `groupArrayIf(${OPEN_GROUPS_MAX + 1})(toUInt64(${GROUP}), NOT is_whole) AS open ` +
    `FROM (SELECT *, node != ${node} OR id_max <= ${last} AS is_whole FROM (${groups})) ` +
    "GROUP BY bucket, first, second";
  const ofRecords =
    `SELECT ${bucketOf("time", ask, parameters)} AS bucket, ${keyColumns(keys)}, toUInt64(count()) AS number, ` +
    `emptyArrayUInt64() AS open FROM ${RECORDS} WHERE ${anyOf(times.parts)} AND ${shippedOf(readable, parameters)}${search} ` +
    "GROUP BY bucket, first, second";
  const rows: Row[] = [];
  return {
    sql: times.parts.length === 0 ? ofGroups : `${ofGroups} UNION ALL ${ofRecords}`,
    take: (row) => rows.push(row),
    count: () => {
      const open = rows.flatMap((row) => row[4] as number[]);
      if (open.length > OPEN_GROUPS_MAX) return undefined;
      for (const row of rows) addRow(ask, row);
      return open;
    },
  };
}

/** The records of open groups, as far as the query reads them. */
export function openStatement(
  ask: MinuteAsk,
  open: readonly number[],
  parameters: SqlParameters,
): Pick<MinuteStatement, "sql" | "take"> {
  const { scope, readable } = ask;
  const minutes = open.map((group) => Math.floor(group / 64));
  const [first, last] = [Math.min(...minutes), Math.max(...minutes)];
  const sql =
    `SELECT ${bucketOf("time", ask, parameters)} AS bucket, first, second, count() ` +
    // By times, too: the table is sorted by them.
    `FROM (SELECT time, ${keyColumns(keysOf(ask) as Keys)}, ${MINUTE} AS minute FROM ${RECORDS} ` +
    `WHERE ${anyOf(timesOf(ask, parameters).whole)} ` +
    `AND time >= ${parameters.double(first * MINUTE_MS)} AND time < ${parameters.double((last + 1) * MINUTE_MS)} ` +
    `AND ${shippedOf({ ...readable, isOwnOnly: true }, parameters)}${searchOf(scope, parameters)}) ` +
    `WHERE ${GROUP} IN ${parameters.unsigneds(open)} GROUP BY bucket, first, second`;
  return { sql, take: (row) => addRow(ask, row) };
}

function addRow({ counted, index }: MinuteAsk, row: Row): void {
  const [bucket, first, second, count] = row as readonly [number, number, number, number];
  if (count === 0) return;
  if (counted.kind === "levels") {
    counted.add(index, bucket, flagsOf(first, second), count);
    return;
  }
  const value = GROUPED[counted.field]?.value(first);
  if (value !== undefined) counted.add(value, count);
}

/** Undefined where minutes do not decide what is counted. */
function keysOf({ counted, index }: MinuteAsk): Keys | undefined {
  if (counted.kind === "levels") {
    return areOfMinutes(counted.buckets[index] as Buckets) ? ["kind", "level"] : undefined;
  }
  return Object.hasOwn(GROUPED, counted.field) ? [(GROUPED[counted.field] as GroupedField).column, NO_KEY] : undefined;
}

function keyColumns([first, second]: Keys): string {
  return `toUInt8(${first}) AS first, toUInt8(${second}) AS second`;
}

/** Whether every minute lies in one bucket, whose number both formulas give alike. */
function areOfMinutes({ start, interval }: Buckets): boolean {
  return interval % MINUTE_MS === 0 && start % MINUTE_MS === 0 && start >= 0;
}

/** Whether a search says the same of all records of a group. */
function isOfGroups(search: Expression): boolean {
  switch (search.kind) {
    case "all":
      return true;
    case "and":
    case "or":
      return search.members.every(isOfGroups);
    case "not":
      return isOfGroups(search.member);
    case "choice":
      return Object.hasOwn(GROUPED, search.field);
    case "word":
    case "message":
    case "exact":
    case "number":
    case "metadata":
    case "metadataNumber":
    default:
      return false;
  }
}

function searchOf({ search }: Scope, parameters: SqlParameters): string {
  const { sure } = searchCondition(search, parameters);
  return sure === ALWAYS ? "" : ` AND ${sure}`;
}

/** The same formula as that of records: the differences of whole minutes are exact. */
function bucketOf(time: string, { counted, index }: MinuteAsk, parameters: SqlParameters): string {
  return bucketColumn(counted.kind === "levels" ? counted.buckets[index] : undefined, parameters, time);
}

/** The times of a scope as conditions: of whole minutes, and of parts of minutes. */
function timesOf({ scope, projects, readable }: MinuteAsk, parameters: SqlParameters) {
  const whole: string[] = [];
  const parts: string[] = [];
  for (const { from, to, ofProjects } of shownRanges(scope, projects, readable.visible, parameters)) {
    const first = Math.max(0, Math.ceil(from / MINUTE_MS));
    const end = Math.floor(to / MINUTE_MS);
    const within = (least: number, below: number) => {
      const conditions = [ofProjects];
      if (Number.isFinite(least)) conditions.push(`time >= ${parameters.double(least)}`);
      if (Number.isFinite(below)) conditions.push(`time < ${parameters.double(below)}`);
      return `(${conditions.join(" AND ")})`;
    };
    if (first >= end) {
      parts.push(within(from, to));
      continue;
    }
    const minutes = [ofProjects, `${MINUTE} >= ${parameters.unsigned(first)}`];
    if (Number.isFinite(end)) minutes.push(`${MINUTE} < ${parameters.unsigned(end)}`);
    whole.push(`(${minutes.join(" AND ")})`);
    if (from > 0 && first * MINUTE_MS > from) parts.push(within(from, first * MINUTE_MS));
    if (Number.isFinite(to) && end * MINUTE_MS < to) parts.push(within(end * MINUTE_MS, to));
  }
  return { whole, parts };
}

function anyOf(conditions: readonly string[]): string {
  return `(${conditions.join(" OR ")})`;
}
