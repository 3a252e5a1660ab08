// The table of records in ClickHouse, as data: its columns, and the statements that make it. Shipping writes it and
// reading asks it; nothing else knows its names. Every value comes back as it was stored: times are doubles, as in
// blocks, and metadata is the JSON text of each member.
//
// Measured with a million records of 230 bytes: 37 MB.

/** What the tables are made for. */
export interface SchemaOptions {
  /** Name of the cluster; "": one server, or several that share their data. */
  readonly cluster: string;
}

/** Raised with every change of the tables; SCHEMA_STEPS leads from one version to the next. */
export const SCHEMA_VERSION = 1;

/** The statements that lead from one version of the tables to the next. */
export type SchemaStep = (options: SchemaOptions) => readonly string[];

/**
 * What leads from each version to the next one, the first from version 1; one fewer than SCHEMA_VERSION. A statement
 * may run again, and beside that of another node: `ADD COLUMN IF NOT EXISTS`.
 */
export const SCHEMA_STEPS: readonly SchemaStep[] = [];

/** The table that is read and written. With a cluster it is distributed over the shards' own tables. */
export const RECORDS = "records";
/** The table of each shard, where there is a cluster. */
export const RECORDS_OF_SHARD = "records_of_shard";

/** A column of the table of records. */
export interface Column {
  readonly name: string;
  readonly type: string;
  /** What follows the type. */
  readonly rest?: string;
}

const NUMBERS = "CODEC(Delta(8), ZSTD(1))";
/**
 * Ids, which nearly every query compares with the last one that is shipped: ten million take 45 ms of processor time and
 * 11 MB, with Delta 180 ms and 8 MB.
 */
const IDS = "CODEC(T64, ZSTD(1))";
const TEXTS = "CODEC(ZSTD(1))";

/**
 * In the order in which rows are inserted. No column but a timing's times is nullable: an absent touchpoint, key or
 * level is "", since none of them is ever stored as one, and two flags tell a message "" and metadata {} from none.
 */
export const RECORD_COLUMNS: readonly Column[] = [
  { name: "project", type: "LowCardinality(String)" },
  /** Unix ms, as all times. */
  { name: "time", type: "Float64", rest: NUMBERS },
  { name: "node", type: "UInt16" },
  /** As the node's data file has it: what is shown is node · 2^40 + id. */
  { name: "id", type: "UInt64", rest: IDS },
  { name: "received_at", type: "Float64", rest: NUMBERS },
  { name: "kind", type: "Enum8('log' = 0, 'completed' = 1, 'started' = 2, 'unfinished' = 3, 'orphaned' = 4)" },
  { name: "level", type: "Enum8('' = 0, 'debug' = 1, 'info' = 2, 'warn' = 3, 'error' = 4)" },
  { name: "source", type: "Enum8('server' = 1, 'client' = 2)" },
  { name: "key_type", type: "Enum8('' = 0, 'server' = 1, 'client' = 2)" },
  { name: "api_key", type: "LowCardinality(String)" },
  { name: "touchpoint", type: "LowCardinality(String)" },
  { name: "key", type: "String", rest: TEXTS },
  { name: "has_message", type: "Bool" },
  { name: "message", type: "String", rest: TEXTS },
  { name: "start_time", type: "Nullable(Float64)", rest: NUMBERS },
  { name: "end_time", type: "Nullable(Float64)", rest: NUMBERS },
  { name: "duration", type: "Nullable(Float64)", rest: TEXTS },
  { name: "has_metadata", type: "Bool" },
  /** By top-level member the text that JSON.stringify gives for its value, in the members' order. */
  { name: "metadata", type: "Map(LowCardinality(String), String)", rest: TEXTS },
  /** The first UTC day on which the record is not shown any more. */
  { name: "expires", type: "Date" },
];

/** What the JSON of lists and objects begins with. */
export const COMPOUND_BEGINNINGS = ["[", "{"] as const;
const IS_COMPOUND = COMPOUND_BEGINNINGS.map((begin) => `startsWith(v, '${begin}')`).join(" OR ");

/**
 * A mark for each member of metadata: its name and its JSON, of lists and objects only how they begin. A filter has them,
 * so that a rare value is found without reading all metadata; a query must name exactly this expression.
 */
export const METADATA_MARKS =
  `arrayMap((k, v) -> concat(k, '=', if(${IS_COMPOUND}, substring(v, 1, 1), v)), ` +
  "mapKeys(metadata), mapValues(metadata))";

/** The mark of a member. @param json or the first character of that of a list or an object */
export function memberMark(name: string, json: string): string {
  return `${name}=${json}`;
}

const INDEXES = [
  "INDEX key_filter key TYPE bloom_filter(0.01) GRANULARITY 1",
  `INDEX metadata_filter ${METADATA_MARKS} TYPE bloom_filter(0.01) GRANULARITY 1`,
  // Together they find a node's records by their ids, where most projects belong to one node.
  "INDEX node_range node TYPE minmax GRANULARITY 1",
  "INDEX id_range id TYPE minmax GRANULARITY 1",
  "INDEX received_range received_at TYPE minmax GRANULARITY 1",
];

/** A minute, in ms. */
export const MINUTE_MS = 60_000;
/** The minute of a record, counted from 1970 UTC: a query of the projection must name exactly this expression. */
export const MINUTE = `intDiv(toUInt64(time), ${MINUTE_MS})`;
/** The projection that has counts of minutes; see minute_sql.ts. */
export const MINUTES = "minute_counts";

const GROUPED = "node, kind, level, source, key_type";
const PROJECTION =
  `PROJECTION ${MINUTES} (SELECT project, ${MINUTE} AS minute, ${GROUPED}, count(), max(id) ` +
  `GROUP BY project, minute, ${GROUPED})`;

/** The statements that make the tables where they are not yet, in order. Names of the cluster are checked before. */
export function createStatements({ cluster }: SchemaOptions): readonly string[] {
  const columns = RECORD_COLUMNS.map(({ name, type, rest = "" }) => `${name} ${type} ${rest}`.trim());
  const body = [...columns, ...INDEXES, PROJECTION].join(",\n  ");
  const sorted = [
    "PARTITION BY expires",
    "ORDER BY (project, time, node, id)",
    // A day begins with UTC, whatever the server's time zone is.
    "TTL toDateTime(expires, 'UTC')",
    // The last one is for a DELETE FROM of other people, which would be refused where there is a projection.
    "SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000, " +
      "lightweight_mutation_projection_mode = 'rebuild'",
  ].join("\n");
  if (cluster === "") return [`CREATE TABLE IF NOT EXISTS ${RECORDS} (\n  ${body}\n)\nENGINE = MergeTree\n${sorted}`];
  const on = `ON CLUSTER \`${cluster}\``;
  const path = "/clickhouse/tables/{shard}/{database}/{table}";
  return [
    `CREATE TABLE IF NOT EXISTS ${RECORDS_OF_SHARD} ${on} (\n  ${body}\n)\nENGINE = ReplicatedMergeTree('${path}', '{replica}')\n${sorted}`,
    `CREATE TABLE IF NOT EXISTS ${RECORDS} ${on} AS ${RECORDS_OF_SHARD}\nENGINE = Distributed('${cluster}', currentDatabase(), ${RECORDS_OF_SHARD}, node)`,
  ];
}
