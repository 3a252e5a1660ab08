// What a person asks about a ClickHouse server: whether it can be used, and what is in it. Changes nothing.

import { type ClickHouseAddress, ClickHouseClient } from "./client.ts";
import { ClickHouseError } from "./errors.ts";
import { RECORDS, SCHEMA_VERSION } from "./schema.ts";
import { serverState, stateProblem } from "./tables.ts";

/** One server of the configuration, as it was found. */
export interface InspectedServer {
  readonly url: string;
  /** Undefined where it did not answer. */
  readonly version: string | undefined;
  /** Of the tables; 0: they are made at the next start. */
  readonly schemaVersion: number;
  /** Why it cannot be used; undefined: it can. */
  readonly problem: string | undefined;
}

/** What is stored of one node. */
export interface NodeRecords {
  readonly node: number;
  readonly records: number;
  /** The highest id, as the node's data file has it. */
  readonly idMax: number;
  /** Unix ms. */
  readonly newestReceivedAt: number;
}

interface NeededRights {
  readonly rights: string;
  readonly on: "database" | "server";
  readonly purpose: string;
  /** Where they are needed. Default: everywhere. */
  readonly where?: (schemaVersion: number, cluster: string) => boolean;
}

const isCluster = (_version: number, cluster: string) => cluster !== "";

/** The rights that the user needs, each with what it is for. */
const RIGHTS: readonly NeededRights[] = [
  { rights: "SELECT, INSERT", on: "database", purpose: "to store and read records" },
  {
    rights: "CREATE TABLE, ALTER",
    on: "database",
    purpose: "to make the tables",
    // Somebody else may have made them, by what `clickhouse schema` prints.
    where: (schemaVersion) => schemaVersion < SCHEMA_VERSION,
  },
  { rights: "ALTER DELETE", on: "database", purpose: "to erase records" },
  { rights: "KILL QUERY", on: "server", purpose: "to end queries that nobody waits for" },
  { rights: "CLUSTER", on: "server", purpose: "to make tables on all servers of the cluster", where: isCluster },
];

/** ACCESS_DENIED. */
const ACCESS_DENIED_CODE = 497;

/** Looks at each server by itself. */
export function inspectServers(address: ClickHouseAddress): Promise<InspectedServer[]> {
  return Promise.all(address.urls.map((url) => inspectServer({ ...address, urls: [url] }, url)));
}

async function inspectServer(address: ClickHouseAddress, url: string): Promise<InspectedServer> {
  const client = new ClickHouseClient(address);
  const { database, cluster } = address;
  try {
    const state = await serverState(client, database);
    const problem =
      stateProblem(state, database) ??
      (await clusterProblem(client, cluster)) ??
      (await rightsProblem(client, address, state.schemaVersion));
    return { url, version: state.version, schemaVersion: state.schemaVersion, problem };
  } catch (error) {
    if (!(error instanceof ClickHouseError)) throw error;
    return { url, version: undefined, schemaVersion: 0, problem: error.message };
  }
}

async function clusterProblem(client: ClickHouseClient, cluster: string): Promise<string | undefined> {
  if (cluster === "") return undefined;
  try {
    const sql = "SELECT count() FROM system.clusters WHERE cluster = {cluster:String}";
    const [row] = await client.query(sql, { cluster });
    if (Number(row?.[0]) > 0) return undefined;
  } catch (error) {
    // Nothing else needs the right to read that table.
    if (error instanceof ClickHouseError && error.code === ACCESS_DENIED_CODE) return undefined;
    throw error;
  }
  return `there is no cluster ${JSON.stringify(cluster)} (clickhouse.cluster): its own configuration names none like that`;
}

async function rightsProblem(
  client: ClickHouseClient,
  { database, user, cluster }: ClickHouseAddress,
  schemaVersion: number,
): Promise<string | undefined> {
  for (const { rights, on, purpose, where } of RIGHTS) {
    if (where?.(schemaVersion, cluster) === false) continue;
    const granted = `${rights} ON ${on === "server" ? "*" : database}.*`;
    const [row] = await client.query(`CHECK GRANT ${granted}`);
    if (Number(row?.[0]) !== 1) {
      return `the user ${JSON.stringify(user)} lacks a right ${purpose}: GRANT ${granted} TO ${user}`;
    }
  }
  return undefined;
}

/** What is stored, by node; undefined where there are no tables. Throws ClickHouseError. */
export async function storedByNode(address: ClickHouseAddress): Promise<NodeRecords[] | undefined> {
  const client = new ClickHouseClient(address);
  const { schemaVersion } = await serverState(client, address.database);
  if (schemaVersion === 0 || schemaVersion > SCHEMA_VERSION) return undefined;
  const rows = await client.query(
    `SELECT node, count(), max(id), max(received_at) FROM ${RECORDS} GROUP BY node ORDER BY node`,
  );
  return rows.map(([node, records, idMax, newest]) => ({
    node: Number(node),
    records: Number(records),
    idMax: Number(idMax),
    newestReceivedAt: Number(newest),
  }));
}
