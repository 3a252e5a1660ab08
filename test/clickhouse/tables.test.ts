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

test("a migration that is cut at any statement, before or after it, is finished by the next start", async () => {
  const steps: readonly SchemaStep[] = [
    () => [`ALTER TABLE ${RECORDS} ADD COLUMN IF NOT EXISTS second String`],
    () => [
      `ALTER TABLE ${RECORDS} ADD INDEX IF NOT EXISTS second_words second TYPE tokenbf_v1(4096, 2, 0) GRANULARITY 1`,
      `ALTER TABLE ${RECORDS} ADD COLUMN IF NOT EXISTS third String`,
    ],
  ];
  const statements = ["ADD COLUMN IF NOT EXISTS second", "ADD INDEX", "ADD COLUMN IF NOT EXISTS third", "INSERT INTO"];
  for (const statement of statements) {
    for (const fault of ["request_lost", "answer_lost", "unavailable_after"] as const) {
      await server.ask("DROP DATABASE logs");
      await server.ask("CREATE DATABASE logs");
      await make([]);
      server.fail(fault, 1, ({ body }) => body.toString().includes(statement));
      expect(await make(steps).catch((error: unknown) => error)).toBeInstanceOf(Error);
      // Two nodes at once, of which one may be of the former version.
      const outcomes = await Promise.allSettled([make(steps), make(steps), make([])]);
      expect(outcomes.slice(0, 2).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
      expect((await columns()).slice(RECORD_COLUMNS.length)).toEqual(["second", "third"]);
      expect(await server.ask(`SELECT max(version) FROM logs.${VERSIONS}`)).toBe("3");
    }
  }
});

test("nodes that start at the same moment make them together", async () => {
  await Promise.all(Array.from({ length: 5 }, () => make()));
  expect(await columns()).toEqual(RECORD_COLUMNS.map(({ name }) => name));
  expect(await serverState(client, "logs")).toMatchObject({ schemaVersion: SCHEMA_VERSION });
});
