// The filter of metadata: a search for a rare value reads the few parts of the table that may have it, and finds it in
// whatever form it is stored.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ClickHouseClient } from "../../src/clickhouse/client.ts";
import { createStatements, RECORDS } from "../../src/clickhouse/schema.ts";
import { searchCondition } from "../../src/clickhouse/search_sql.ts";
import { SqlParameters } from "../../src/clickhouse/sql_parameters.ts";
import { parseSearch } from "../../src/search/parser.ts";
import { seededRandom } from "../support/random.ts";
import { difficultRecord, TIME } from "./difficult_records.ts";
import { ClickHouseServer } from "./server.ts";
import { insertRecords } from "./table_rows.ts";

/** Records of one part of the index. */
const GRANULE = 8_192;
const RECORDS_COUNT = 6 * GRANULE;

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
  const like = difficultRecord(seededRandom(1), 1);
  const metadataOf = (at: number) => {
    const rare = {
      [GRANULE + 5]: { order: "rare", "it's =\0": "rare" },
      [2 * GRANULE + 5]: { order: { id: 77, name: "below" } },
      [3 * GRANULE + 5]: { order: ["listed"] },
      [4 * GRANULE + 5]: { order: 12.5, "order.flag": true },
    } as const;
    return (rare as Record<number, object>)[at] ?? { order: `common ${at % 100}` };
  };
  const rows = Array.from({ length: RECORDS_COUNT }, (_, at) => ({
    node: 0,
    project: "shop",
    record: { ...like, id: at + 1, time: TIME + at, metadata: metadataOf(at) },
  }));
  await insertRecords(client, rows as Parameters<typeof insertRecords>[1]);
  await client.command(`OPTIMIZE TABLE ${RECORDS} FINAL`);
}, 120_000);
afterAll(() => server.stop());

/** How many parts of the index a search reads, and the ids of what it may find. */
async function read(q: string): Promise<{ granules: number; ids: unknown[] }> {
  const parsed = parseSearch(q);
  if (!parsed.ok) throw new Error(q);
  const parameters = new SqlParameters();
  const { maybe } = searchCondition(parsed.search, parameters);
  const sql = `SELECT id FROM ${RECORDS} WHERE project = 'shop' AND ${maybe} ORDER BY id`;
  const plan = (await client.query(`EXPLAIN indexes = 1 ${sql}`, parameters.values)).map(([line]) => String(line));
  const filter = plan.findIndex((line) => line.includes("metadata_filter"));
  const counts = plan.slice(filter).find((line) => line.includes("Granules:"));
  const ids = (await client.query(sql, parameters.values)).map(([id]) => id);
  return { granules: Number(/Granules: (\d+)/.exec(filter === -1 ? "" : (counts ?? ""))?.[1]), ids };
}

describe("of a rare value of metadata a search reads a few parts of the index", () => {
  const [first, second, third, fourth] = [1, 2, 3, 4].map((granule) => granule * GRANULE + 6);
  // Parts with lists or objects of that name may have it, too.
  test.each([
    ["metadata.order:rare", 3, [first]],
    ['metadata."it\'s =\\u0000":rare', 0, []],
    ["metadata.order:missing", 2, []],
    ["metadata.order.id:77", 2, [second]],
    ["metadata.order:listed", 2, [third]],
    ["metadata.order:12.5", 3, [fourth]],
    ["metadata.order.flag:true", 3, [fourth]],
    ["metadata.other:rare", 0, []],
    ["metadata.order:rare -metadata.order:missing", 3, [first]],
    ["(metadata.order:rare OR metadata.order:12.5)", 4, [first, fourth]],
  ])("%s", async (q, granules, ids) => {
    const found = await read(q);
    expect(found.ids).toEqual(ids);
    expect(found.granules).toBeLessThanOrEqual(granules);
  });

  test("and what is searched with a NOT before it is all others", async () => {
    const { ids } = await read("-metadata.order:rare -metadata.order:12.5");
    expect(ids.length).toBe(RECORDS_COUNT - 2);
  });
});
