// Erasing in the engine against the evaluator of local blocks: random records of several nodes, and random searches. What
// matches is gone, and everything else is still there.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { ClickHouseClient } from "../../src/clickhouse/client.ts";
import { eraseShipped, mutation, type ShippedScope } from "../../src/clickhouse/erase.ts";
import { memoryBlock } from "../../src/clickhouse/found_records.ts";
import { createStatements, RECORDS } from "../../src/clickhouse/schema.ts";
import type { StoredRecord } from "../../src/core/record.ts";
import { matchRows } from "../../src/query/match/evaluate.ts";
import { IDS_PER_NODE } from "../../src/query/scan/ids.ts";
import { parseSearch } from "../../src/search/parser.ts";
import { integer, pick, runSeed, seededRandom } from "../support/random.ts";
import { difficultRecord, difficultSearch, PROJECT, TIME } from "./difficult_records.ts";
import { ClickHouseServer } from "./server.ts";
import { insertRecords, type NodeRecord } from "./table_rows.ts";

let server: ClickHouseServer;
let client: ClickHouseClient;

beforeAll(async () => {
  server = await ClickHouseServer.start();
  client = new ClickHouseClient({
    urls: [server.url],
    database: "default",
    user: "default",
    password: "",
    cluster: "",
  });
  for (const statement of createStatements({ cluster: "" })) await client.command(statement);
}, 120_000);
beforeEach(() => client.command(`TRUNCATE TABLE ${RECORDS}`));
afterAll(() => server.stop());

/** Project and shown id of each record that is there. */
async function left(): Promise<string[]> {
  const rows = await client.query(`SELECT project, node, id FROM ${RECORDS}`);
  return rows
    .map(([project, node, id]) => `${project as string} ${(node as number) * IDS_PER_NODE + (id as number)}`)
    .toSorted();
}

function searchOf(q: string): ShippedScope["search"] {
  const parsed = parseSearch(q);
  if (!parsed.ok) throw new Error(parsed.problem.message);
  return parsed.search;
}

const shownId = ({ node, record }: NodeRecord) => node * IDS_PER_NODE + record.id;
const nameOf = (one: NodeRecord) => `${one.project} ${shownId(one)}`;

describe("erasing", () => {
  test("deletes what matches, of every node, and nothing else", async () => {
    const seed = runSeed("erasing in ClickHouse");
    const random = seededRandom(seed);
    const rounds = Number(process.env["ROUNDS"] ?? 60);
    let [some, undecided] = [0, 0];
    for (let round = 0; round < rounds; round++) {
      await client.command(`TRUNCATE TABLE ${RECORDS}`);
      const rows: NodeRecord[] = Array.from({ length: 80 }, (_, at) => ({
        node: pick(random, [1, 2, 8191]),
        project: random() < 0.8 ? PROJECT : "other",
        record: difficultRecord(random, at + 1),
      }));
      await insertRecords(client, rows);
      const records = rows.map(({ record }) => record);
      const q = random() < 0.1 ? `id:${shownId(pick(random, rows))}` : difficultSearch(random, records);
      const parsed = parseSearch(q);
      if (!parsed.ok) continue;
      const bound = () => (random() < 0.3 ? TIME + integer(random, 1_000) : undefined);
      const [from, to] = [bound(), bound()];
      const shown: StoredRecord[] = rows.map((one) => ({ ...one.record, id: shownId(one) }));
      const matches = matchRows(parsed.search, memoryBlock(PROJECT, shown).open(), PROJECT);
      const isErased = ({ project, record: { time } }: NodeRecord, index: number) =>
        project === PROJECT && matches[index] === 1 && time >= (from ?? -Infinity) && time < (to ?? Infinity);
      server.seen.length = 0;
      const erased = await eraseShipped(
        { project: PROJECT, search: parsed.search, from, to },
        { client, cluster: "", idsMax: 7 },
      );
      const expected = rows.filter((one, index) => !isErased(one, index)).map(nameOf);
      expect({ seed, q, from, to, left: await left() }).toEqual({ seed, q, from, to, left: expected.toSorted() });
      expect(erased).toMatchObject({ hasProject: true, records: rows.length - expected.length });
      if (expected.length < rows.length) some++;
      if (server.seen.some(({ body }) => body.includes("id IN ("))) undecided++;
    }
    console.log(`${some} of ${rounds} erasures deleted some records, ${undecided} of them by their ids`);
    expect(some).toBeGreaterThan(rounds / 3);
    expect(undecided).toBeGreaterThan(0);
  }, 300_000);

  test("by ids takes as many as a statement holds", async () => {
    const count = 25_000;
    const random = seededRandom(1);
    const one = difficultRecord(random, 1);
    const rows = Array.from({ length: count }, (_, at) => ({
      node: 8191,
      project: PROJECT,
      record: { ...one, id: 2 ** 39 + at, message: `order ${at} placed` },
    }));
    await insertRecords(client, [...rows, { node: 1, project: PROJECT, record: { ...one, message: "order placed" } }]);
    const scope = {
      project: PROJECT,
      search: searchOf('pattern:"order <num> placed"'),
      from: undefined,
      to: undefined,
    };
    expect(await eraseShipped(scope, { client, cluster: "" })).toMatchObject({ hasProject: true, records: count });
    expect(await left()).toEqual([`${PROJECT} ${IDS_PER_NODE + 1}`]);
    expect(await eraseShipped(scope, { client, cluster: "" })).toMatchObject({ hasProject: true, records: 0 });
  }, 120_000);

  test("begins where there is something to delete, and says whether the project is there", async () => {
    let begun = 0;
    const options = { client, cluster: "", begins: () => begun++ };
    const scope = { project: PROJECT, search: searchOf(""), from: undefined, to: undefined };
    expect(await eraseShipped(scope, options)).toEqual({ hasProject: false, records: 0, touchpoints: [] });
    await insertRecords(client, [{ node: 1, project: PROJECT, record: difficultRecord(seededRandom(2), 1) }]);
    expect(await eraseShipped({ ...scope, search: searchOf("id:5") }, options)).toMatchObject({
      hasProject: true,
      records: 0,
    });
    expect(begun).toBe(0);
    expect(await eraseShipped(scope, options)).toEqual({ hasProject: true, records: 1, touchpoints: [] });
    expect(begun).toBe(1);
  });

  test("says which touchpoints the project still has", async () => {
    const one = difficultRecord(seededRandom(4), 1);
    const rows = ["a", "b", "a", undefined].map((touchpoint, at) => ({
      node: at + 1,
      project: PROJECT,
      record: { ...one, touchpoint, message: at === 1 ? "secret" : "x" },
    }));
    await insertRecords(client, rows);
    const scope = { project: PROJECT, search: searchOf("message:secret"), from: undefined, to: undefined };
    expect(await eraseShipped(scope, { client, cluster: "" })).toMatchObject({ records: 1, touchpoints: ["a"] });
  });

  test("leaves no part with the bytes in use", async () => {
    const record = { ...difficultRecord(seededRandom(3), 1), message: "secret" };
    await insertRecords(client, [{ node: 1, project: PROJECT, record }]);
    const parts = (isActive: boolean) =>
      client.query(`SELECT name FROM system.parts WHERE table = '${RECORDS}' AND active = ${isActive} AND rows > 0`);
    expect((await parts(true)).length).toBe(1);
    await eraseShipped(
      { project: PROJECT, search: searchOf("secret"), from: undefined, to: undefined },
      { client, cluster: "" },
    );
    expect(await parts(true)).toEqual([]);
  });
});

test("with a cluster the table of each shard is changed, on all of it", () => {
  expect(mutation("project = {p0:String}", "")).toBe("ALTER TABLE records DELETE WHERE project = {p0:String}");
  expect(mutation("project = {p0:String}", "prod")).toBe(
    "ALTER TABLE records_of_shard ON CLUSTER `prod` DELETE WHERE project = {p0:String}",
  );
});
