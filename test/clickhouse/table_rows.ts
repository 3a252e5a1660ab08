// Records as rows of the table, for tests of reading: JSON, as a person would write them.

import { ClickHouseClient } from "../../src/clickhouse/client.ts";
import { createStatements, RECORD_COLUMNS, RECORDS } from "../../src/clickhouse/schema.ts";
import type { StoredRecord } from "../../src/core/record.ts";
import { ClickHouseServer } from "./server.ts";

/** A record of a project, as a node stores it. */
export interface NodeRecord {
  readonly node: number;
  readonly project: string;
  /** With the node's own id. */
  readonly record: StoredRecord;
}

function rowOf({ node, project, record }: NodeRecord): unknown[] {
  const { metadata } = record;
  return [
    project,
    record.time,
    node,
    record.id,
    record.receivedAt,
    record.kind,
    record.level ?? "",
    record.source,
    record.keyType ?? "",
    record.apiKey,
    record.touchpoint ?? "",
    record.key ?? "",
    record.message !== undefined,
    record.message ?? "",
    record.startTime ?? null,
    record.endTime ?? null,
    record.duration ?? null,
    metadata !== undefined,
    Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, JSON.stringify(value)])),
    "2100-01-01",
  ];
}

export async function insertRecords(client: ClickHouseClient, records: readonly NodeRecord[]): Promise<void> {
  await client.insert({
    table: RECORDS,
    columns: RECORD_COLUMNS.map(({ name }) => name),
    body: new TextEncoder().encode(records.map((one) => JSON.stringify(rowOf(one))).join("\n")),
    format: "JSONCompactEachRow",
    token: crypto.randomUUID(),
  });
}

/** Starts a server with the tables of version 1 in its database "default", and a client of it. */
export async function serverWithTables(): Promise<{
  readonly server: ClickHouseServer;
  readonly client: ClickHouseClient;
}> {
  const server = await ClickHouseServer.start();
  const address = { database: "default", user: "default", password: "", cluster: "" };
  const client = new ClickHouseClient({ ...address, urls: [server.url] });
  for (const statement of createStatements({ cluster: "" })) await client.command(statement);
  return { server, client };
}
