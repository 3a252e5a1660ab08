// What a check says about a server whose user lacks a right. The engine of the other tests checks none.

import { afterEach, expect, test } from "bun:test";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { inspectServers } from "../../../src/clickhouse/inspect.ts";
import { CLAIMS } from "../../../src/clickhouse/node_claim.ts";
import { RECORDS, SCHEMA_VERSION } from "../../../src/clickhouse/schema.ts";
import { VERSIONS } from "../../../src/clickhouse/tables.ts";

const TABLES = [VERSIONS, CLAIMS, RECORDS];

let server: Server | undefined;
afterEach(() => server?.close());

/** A server of today with an empty database, whose user lacks the right that is named. */
async function serverWithout(right: string | undefined, hasTables: boolean): Promise<string> {
  const listening = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      response.setHeader("X-ClickHouse-Query-Id", "one");
      const sql = Buffer.concat(chunks).toString();
      const isLacking = right !== undefined && sql.startsWith(`CHECK GRANT ${right} ON `);
      if (sql === "SELECT version()") response.end("26.7.2.1\n");
      else if (sql.includes("system.tables")) response.end(`[${JSON.stringify(hasTables ? TABLES : [])}]\n`);
      else if (sql.includes("system.clusters")) {
        response.setHeader("X-ClickHouse-Exception-Code", "497");
        response.writeHead(500).end("Code: 497. DB::Exception: writer: Not enough privileges. (ACCESS_DENIED)\n");
      } else if (sql.startsWith("SELECT max(version)")) response.end(`[${SCHEMA_VERSION}]\n`);
      else if (sql.startsWith("CHECK GRANT")) response.end(`[${isLacking ? 0 : 1}]\n`);
      else response.end(`[${sql.includes("system.databases") ? 1 : 0}]\n`);
    });
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

async function problemWithout(
  right: string | undefined,
  { hasTables = false, cluster = "" } = {},
): Promise<string | undefined> {
  const url = await serverWithout(right, hasTables);
  const [found] = await inspectServers({ urls: [url], database: "logs", user: "writer", password: "", cluster });
  expect(found?.version).toBe("26.7.2.1");
  return found?.problem;
}

test.each([
  ["SELECT, INSERT", "logs.*", "to store and read records"],
  ["CREATE TABLE, ALTER", "logs.*", "to make the tables"],
  ["ALTER DELETE", "logs.*", "to erase records"],
  ["KILL QUERY", "*.*", "to end queries that nobody waits for"],
])("a user without %s is told how to get it", async (right, on, purpose) => {
  expect(await problemWithout(right)).toBe(
    `the user "writer" lacks a right ${purpose}: GRANT ${right} ON ${on} TO writer`,
  );
});

test("a user with all rights has no problem", async () => {
  expect(await problemWithout(undefined)).toBeUndefined();
});

test("nobody needs the right to make tables that are there", async () => {
  expect(await problemWithout("CREATE TABLE, ALTER", { hasTables: true })).toBeUndefined();
});

test("a cluster needs a right of its own, and none to read the list of clusters", async () => {
  expect(await problemWithout(undefined, { cluster: "prod" })).toBeUndefined();
  expect(await problemWithout("CLUSTER", { cluster: "prod" })).toContain("GRANT CLUSTER ON *.* TO writer");
});
