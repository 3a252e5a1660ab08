// The tables on a real engine: made once, brought up to date step by step, and made by several nodes at once.

import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { ClickHouseClient } from "../../src/clickhouse/client.ts";
import { RECORD_COLUMNS, RECORDS, SCHEMA_STEPS, SCHEMA_VERSION, type SchemaStep } from "../../src/clickhouse/schema.ts";
import { makeTables, serverState, VERSIONS } from "../../src/clickhouse/tables.ts";
import { ClickHouseServer } from "./server.ts";

let server: ClickHouseServer;
let client: ClickHouseClient;

beforeAll(async () => {
  server = await ClickHouseServer.start();
  client = new ClickHouseClient({ urls: [server.url], database: "logs", user: "default", password: "", cluster: "" });
}, 120_000);
afterAll(() => server.stop());
beforeEach(async () => {
  await server.ask("DROP DATABASE IF EXISTS logs");
  await server.ask("CREATE DATABASE logs");
});

const make = (steps?: readonly SchemaStep[]) => makeTables(client, "logs", { cluster: "" }, steps);
const columns = async () =>
  (
    await server.ask(
      `SELECT name FROM system.columns WHERE database = 'logs' AND table = '${RECORDS}' ORDER BY position`,
    )
  ).split("\n");
const versions = () =>
  server.ask(`SELECT groupArray(version) FROM (SELECT version FROM logs.${VERSIONS} ORDER BY version)`);

test("there is a step for each version but the first", () => {
  expect(SCHEMA_STEPS).toHaveLength(SCHEMA_VERSION - 1);
});

test("the tables are made once, and the server says their version", async () => {
  expect(await serverState(client, "logs")).toMatchObject({ hasDatabase: true, schemaVersion: 0 });
  await make();
  await make();
  expect(await columns()).toEqual(RECORD_COLUMNS.map(({ name }) => name));
  expect(await versions()).toBe(`[${SCHEMA_VERSION}]`);
  expect(await serverState(client, "logs")).toMatchObject({ schemaVersion: SCHEMA_VERSION });
});

test("older tables are brought up to date by the steps that they lack, also where one was interrupted", async () => {
  const steps: readonly SchemaStep[] = [
    () => [`ALTER TABLE ${RECORDS} ADD COLUMN IF NOT EXISTS second String`],
    () => [
      `ALTER TABLE ${RECORDS} ADD COLUMN IF NOT EXISTS third String`,
      `ALTER TABLE ${RECORDS} ADD COLUMN IF NOT EXISTS fourth String`,
    ],
  ];
  await make([]);
  await make(steps.slice(0, 1));
  expect((await columns()).slice(RECORD_COLUMNS.length)).toEqual(["second"]);
  server.fail("request_lost", 1, ({ body }) => body.includes("fourth"));
  expect(await make(steps).catch((error: unknown) => error)).toBeInstanceOf(Error);
  expect(await versions()).toBe("[1,2]");
  await make(steps);
  expect((await columns()).slice(RECORD_COLUMNS.length)).toEqual(["second", "third", "fourth"]);
  expect(await versions()).toBe("[1,2,3]");
});

test("nodes that start at the same moment make them together", async () => {
  await Promise.all(Array.from({ length: 5 }, () => make()));
  expect(await columns()).toEqual(RECORD_COLUMNS.map(({ name }) => name));
  expect(await serverState(client, "logs")).toMatchObject({ schemaVersion: SCHEMA_VERSION });
});
