// The tables of a ClickHouse server: what it needs to have for them, how they are made, and which version they have.
// Versions are rows of a small table, one for each step that was made.

import type { ClickHouseClient } from "./client.ts";
import { ClickHouseError } from "./errors.ts";
import { CLAIM_COLUMNS, CLAIMS } from "./node_claim.ts";
import {
  createStatements,
  RECORDS,
  SCHEMA_STEPS,
  SCHEMA_VERSION,
  type SchemaOptions,
  type SchemaStep,
} from "./schema.ts";

/** The oldest ClickHouse whose SQL, deduplication and formats are enough: the oldest with long-term support. */
export const SERVER_VERSION_MIN = [25, 8] as const;

/** Has a row for each version of the tables that was made. */
export const VERSIONS = "simplelogs_schema";

/** What a server and its database are. */
export interface ServerState {
  /** As `SELECT version()` gives it. */
  readonly version: string;
  readonly isTooOld: boolean;
  /** Whether the database is there. */
  readonly hasDatabase: boolean;
  /** Of the tables; 0: there are none. */
  readonly schemaVersion: number;
}

/** Every statement that makes the tables, in order; each may be run again. The last says which version they have. */
export function schemaStatements(options: SchemaOptions, version = SCHEMA_VERSION): readonly string[] {
  return [
    smallTable(VERSIONS, "(version UInt32, made_at DateTime DEFAULT now())", "version", options),
    smallTable(CLAIMS, CLAIM_COLUMNS, "(node, number)", options),
    ...createStatements(options),
    versionStatement(version),
  ];
}

function versionStatement(version: number): string {
  return `INSERT INTO ${VERSIONS} (version) VALUES (${version})`;
}

/** With a cluster it has the same rows on every server: it is not sharded. */
function smallTable(name: string, columns: string, order: string, { cluster }: SchemaOptions): string {
  if (cluster === "") return `CREATE TABLE IF NOT EXISTS ${name} ${columns}\nENGINE = MergeTree\nORDER BY ${order}`;
  const path = "/clickhouse/tables/all/{database}/{table}";
  return `CREATE TABLE IF NOT EXISTS ${name} ON CLUSTER \`${cluster}\` ${columns}\nENGINE = ReplicatedMergeTree('${path}', '{shard}-{replica}')\nORDER BY ${order}`;
}

/** Looks at a server, and changes nothing. Throws ClickHouseError. */
export async function serverState(client: ClickHouseClient, database: string): Promise<ServerState> {
  const outside = { database: "default" };
  const version = await client.version();
  if (isTooOld(version)) return { version, isTooOld: true, hasDatabase: false, schemaVersion: 0 };
  const sql = "SELECT count() FROM system.databases WHERE name = {database:String}";
  const [databases] = await client.query(sql, { database }, outside);
  const hasDatabase = Number(databases?.[0]) > 0;
  return { version, isTooOld: false, hasDatabase, schemaVersion: hasDatabase ? await schemaVersion(client) : 0 };
}

/**
 * Makes the tables where they are not yet, and brings older ones up to date by `steps`. Throws ClickHouseError where
 * the server cannot have them.
 */
export async function makeTables(
  client: ClickHouseClient,
  database: string,
  options: SchemaOptions,
  steps: readonly SchemaStep[] = SCHEMA_STEPS,
): Promise<void> {
  const version = steps.length + 1;
  const state = await serverState(client, database);
  const problem = stateProblem(state, database, version);
  if (problem !== undefined) throw new ClickHouseError("refused", problem);
  if (state.schemaVersion >= version) return;
  const statements =
    state.schemaVersion === 0
      ? schemaStatements(options, version)
      : [...steps.slice(state.schemaVersion - 1).flatMap((step) => step(options)), versionStatement(version)];
  for (const statement of statements) await client.command(statement);
}

/** Why a server cannot be used; undefined: it can, and its tables are there or can be made. */
export function stateProblem(
  state: ServerState,
  database: string,
  versionMax: number = SCHEMA_VERSION,
): string | undefined {
  if (state.isTooOld) {
    return `ClickHouse ${state.version} is too old: expected ${SERVER_VERSION_MIN.join(".")} or later`;
  }
  if (!state.hasDatabase) {
    return `there is no database ${JSON.stringify(database)}: make it with CREATE DATABASE ${database}, or name another (clickhouse.database)`;
  }
  if (state.schemaVersion > versionMax) {
    return `the tables have version ${state.schemaVersion}, this program knows versions up to ${versionMax}; use a newer simplelogs`;
  }
  return undefined;
}

/** Whether a version, "25.8.3.66", is below SERVER_VERSION_MIN; one that cannot be read is. */
export function isTooOld(version: string): boolean {
  const [major, minor] = version.replaceAll('"', "").split(".").map(Number);
  if (major === undefined || minor === undefined || Number.isNaN(major) || Number.isNaN(minor)) return true;
  const [majorMin, minorMin] = SERVER_VERSION_MIN;
  return major < majorMin || (major === majorMin && minor < minorMin);
}

async function schemaVersion(client: ClickHouseClient): Promise<number> {
  const sql =
    "SELECT groupArray(name) FROM system.tables WHERE database = currentDatabase() AND name IN ({tables:Array(String)})";
  const expected = [VERSIONS, CLAIMS, RECORDS];
  const [row] = await client.query(sql, { tables: expected });
  const names = (row?.[0] ?? []) as readonly string[];
  if (!names.includes(VERSIONS)) return 0;
  const [found] = await client.query(`SELECT max(version) FROM ${VERSIONS}`);
  const version = Number(found?.[0] ?? 0);
  // Later versions may have other tables.
  return version > SCHEMA_VERSION || names.length === expected.length ? version : 0;
}
