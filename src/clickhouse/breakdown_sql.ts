// What a breakdown counts, in SQL. Its first statement asks for the most frequent values of every field, the second one
// for the records with chosen values, found ones and all. Each reads the table twice: the fields that every record has
// are grouped by all of their values together, which are few; and the members of metadata by name and value. Lists and
// objects come as their JSON, and are taken apart here, as in local blocks.

import { crc32 } from "node:zlib";
import type { CountedValue } from "../block/stats/value_counts.ts";
import { addLeaves, LeafFields } from "../query/responses/value_readers.ts";
import type { CountedAsk, ReadField } from "../query/scan/counted.ts";
import { metadataFieldName } from "../search/fields.ts";
import { type Condition, isExact } from "./condition.ts";
import type { CountStatement } from "./count_sql.ts";
import { RECORDS } from "./schema.ts";
import { searchCondition } from "./search_sql.ts";
import { isCompound, isLong, shownJson, valueOfShown } from "./shown_json.ts";
import type { SqlParameters } from "./sql_parameters.ts";
import { COLUMNS, type ValueColumn } from "./values_sql.ts";

type CandidatesAsk = Extract<CountedAsk, { readonly kind: "candidates" }>;
type ComparedAsk = Extract<CountedAsk, { readonly kind: "compared" }>;

/** Parts of an answer: of the fields of every record, and of metadata. */
const FIXED = 0;
const MEMBERS = 1;

/** Different members of metadata that are told apart by their values; of further ones those that come first. */
const GROUPS_MAX = 2_000_000;
/** Memory of the server, in bytes, from which it groups on disk. */
const GROUPED_BYTES_MAX = 1024 * 1024 * 1024;

/** The columns that decide the fields of every record. */
const CELL_COLUMNS = "project, kind, level, source, key_type, api_key, touchpoint";

/** The records, once for each member of metadata. The names are none that a search in SQL uses. */
const MEMBERS_OF_RECORDS = `${RECORDS} ARRAY JOIN mapKeys(metadata) AS member_name, mapValues(metadata) AS member_json`;

/** A row for each of some fields: its name, whether the record has it, and its value. */
function fieldPairs(fields: readonly string[]): string {
  const pairs = fields.map((name) => {
    const { value, isThere } = COLUMNS[name] as ValueColumn;
    return `('${name}', toUInt8(${isThere}), toString(${value}))`;
  });
  return `arrayJoin([${["('', toUInt8(1), '')", ...pairs].join(", ")}])`;
}

/** Reads the values of fields, and those that a member's JSON stands for. */
class Values {
  readonly #members = new Map<string, LeafFields>();

  /** The value of a field that is none of metadata. */
  ofField(name: string, value: string): CountedValue {
    return (COLUMNS[name] as ValueColumn).read(value);
  }

  /** Calls `add` for each value below a top-level member. */
  ofMember(head: string, json: string, add: (field: ReadField, value: CountedValue) => void): void {
    const fields = this.#fieldsOf(head);
    addLeaves(head, valueOfShown(json), (leaf, one) => add(fields.field(leaf), one));
  }

  member(head: string): ReadField {
    return this.#fieldsOf(head).field(head);
  }

  #fieldsOf(head: string): LeafFields {
    const known = this.#members.get(head);
    if (known !== undefined) return known;
    const fields = new LeafFields(head);
    this.#members.set(head, fields);
    return fields;
  }
}

/** A field's most frequent values, each behind its negative count; how many it has, and in how many records. */
type CandidatesRow = readonly [
  part: number,
  name: string,
  top: (readonly [number, string])[],
  different: number,
  total: number,
];

export function candidatesStatement(
  { fixed, valuesMax, addRecords, add, addOthers }: CandidatesAsk,
  condition: Condition,
): CountStatement {
  const matching = `FROM ${RECORDS} WHERE ${condition.sure}`;
  const cells = `SELECT ${CELL_COLUMNS}, count() AS counted ${matching} GROUP BY ${CELL_COLUMNS}`;
  const values = `SELECT ${fieldPairs(fixed)} AS pair, toInt64(counted) AS number FROM (${cells})`;
  const members =
    `SELECT member_name AS name, ${shownJson("member_json")} AS json, toInt64(count()) AS number ` +
    `FROM ${MEMBERS_OF_RECORDS} WHERE ${condition.sure} GROUP BY name, json ` +
    `SETTINGS max_rows_to_group_by = ${GROUPS_MAX}, group_by_overflow_mode = 'any'`;
  const rest = "toUInt64(count()) AS different, toInt64(sum(number)) AS total";
  const sql =
    `SELECT toUInt8(${FIXED}) AS part, pair.1 AS name, groupArray((-number, pair.3)) AS top, ${rest} ` +
    `FROM (SELECT pair, sum(number) AS number FROM (${values}) WHERE pair.2 = 1 GROUP BY pair) GROUP BY name ` +
    `UNION ALL SELECT toUInt8(${MEMBERS}) AS part, toString(name) AS name, ` +
    `groupArraySorted(${valuesMax})((-number, json)) AS top, ${rest} ` +
    `FROM (${members}) GROUP BY name, if(${isCompound("json")}, json, '')`;
  const read = new Values();
  let records = 0;
  const memberRows: CandidatesRow[] = [];
  const addMember = ([, head, top, different, total]: CandidatesRow) => {
    let told = 0;
    for (const [number, json] of top) {
      told -= number;
      read.ofMember(head, json, (field, value) => add(field, value, -number));
    }
    if (total > told) addOthers(read.member(head), total - told, different - top.length);
  };
  return {
    sql,
    add: (row) => {
      const found = row as unknown as CandidatesRow;
      const [part, name, top, , total] = found;
      if (part === MEMBERS) memberRows.push(found);
      else if (name === "") records = total;
      else for (const [number, value] of top) add({ name, head: undefined }, read.ofField(name, value), -number);
      return true;
    },
    end: () => {
      addRecords(records);
      // Where names are too many, those that the most records have are held.
      memberRows.sort((a, b) => b[4] - a[4]);
      for (const row of memberRows) addMember(row);
    },
    isUnsure: !isExact(condition),
  };
}

type ComparedRow = readonly [part: number, name: string, value: string, all: number, found: number];

/** @param condition certain only where it is certain, too, whether a record is found */
export function comparedStatement(ask: ComparedAsk, condition: Condition, parameters: SqlParameters): CountStatement {
  const { fixed, heads, add, end } = ask;
  const isFound = searchCondition(ask.found, parameters).sure;
  const matching = `FROM ${RECORDS} WHERE ${condition.sure}`;
  const counts = `count() AS number, countIf(${isFound}) AS found_number`;
  const cells = `SELECT ${CELL_COLUMNS}, ${counts} ${matching} GROUP BY ${CELL_COLUMNS}`;
  const values = `SELECT ${fieldPairs(fixed)} AS pair, number, found_number FROM (${cells})`;
  const ofFields =
    `SELECT toUInt8(${FIXED}) AS part, pair.1 AS name, pair.3 AS value, sum(number), sum(found_number) ` +
    `FROM (${values}) WHERE pair.2 = 1 GROUP BY name, value`;
  const json = "member_json";
  const told =
    `multiIf(${isLong(json)}, ${shownJson(json)}, ` +
    `${isCompound(json)} OR ${isChosen(ask, parameters)}, ${json}, '')`;
  const ofMembers =
    `SELECT toUInt8(${MEMBERS}) AS part, toString(name) AS name, value, number, found_number FROM (` +
    `SELECT member_name AS name, ${told} AS value, ${counts} FROM ${MEMBERS_OF_RECORDS} ` +
    `WHERE ${condition.sure} AND member_name IN ${parameters.texts([...heads])} GROUP BY name, value ` +
    `SETTINGS max_bytes_before_external_group_by = ${GROUPED_BYTES_MAX})`;
  const shown = new Values();
  let [records, foundRecords] = [0, 0];
  return {
    sql: heads.size === 0 ? ofFields : `${ofFields} UNION ALL ${ofMembers}`,
    add: (row) => {
      const [part, name, value, all, found] = row as unknown as ComparedRow;
      if (part === FIXED && name === "") [records, foundRecords] = [all, found];
      else if (part === FIXED) add({ name, head: undefined }, shown.ofField(name, value), all, found);
      else if (value === "") add(shown.member(name), undefined, all, found);
      else shown.ofMember(name, value, (field, one) => add(field, one, all, found));
      return true;
    },
    end: () => end(records, foundRecords),
    isUnsure: !isExact(condition),
  };
}

/**
 * Whether `member_json` may be a chosen value: by a hash, so that the statement is short however long the values are.
 * Whoever takes the values leaves out the few others.
 */
function isChosen({ values }: ComparedAsk, parameters: SqlParameters): string {
  const chosen = new Set<number>();
  const open: string[] = [];
  for (const { name, heads, values: listed } of values) {
    for (const head of heads) {
      if (metadataFieldName(head) !== name) continue;
      if (listed === undefined) open.push(head);
      else for (const value of listed) chosen.add(crc32(JSON.stringify(value)));
    }
  }
  const isListed = `CRC32(member_json) IN ${parameters.wholes([...chosen])}`;
  return open.length === 0 ? `(${isListed})` : `(${isListed} OR member_name IN ${parameters.texts(open)})`;
}
