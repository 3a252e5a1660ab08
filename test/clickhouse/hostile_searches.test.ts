// Searches in SQL against the evaluator of local blocks, many at a time: hostile records, and searches put together from
// every rule of the language. What SQL says for sure matches, and what matches SQL finds at least.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { ClickHouseClient } from "../../src/clickhouse/client.ts";
import { recordOf, memoryBlock, READ_COLUMNS } from "../../src/clickhouse/found_records.ts";
import { createStatements, RECORDS } from "../../src/clickhouse/schema.ts";
import { searchCondition } from "../../src/clickhouse/search_sql.ts";
import { SqlParameters } from "../../src/clickhouse/sql_parameters.ts";
import { matchRows } from "../../src/query/match/evaluate.ts";
import { IDS_PER_NODE } from "../../src/query/scan/ids.ts";
import { shareEqualTerms } from "../../src/search/expression.ts";
import { parseSearch } from "../../src/search/parser.ts";
import { runSeed, seededRandom } from "../support/random.ts";
import { hostileRecords, hostileSearch } from "./hostile_records.ts";
import { BlocksSource, shipRecords } from "./node_world.ts";
import { ClickHouseServer } from "./server.ts";
import { decodeColumns } from "../../src/block/open_block.ts";
import { recordsOf } from "../../src/block/records.ts";

const NODE = 5;
const PROJECT = "shop";
const BASE = Date.UTC(2026, 5, 1, 22);
/** Searches of one statement. */
const AT_ONCE = 20;

let server: ClickHouseServer;
let client: ClickHouseClient;

beforeAll(async () => {
  server = await ClickHouseServer.start();
  client = new ClickHouseClient({ urls: [server.url], database: "default", user: "default", password: "", cluster: "" });
  for (const statement of createStatements({ cluster: "" })) await client.command(statement);
}, 120_000);
afterAll(() => server.stop());

test("a search in SQL says for sure only what matches, and misses nothing that does", async () => {
  const seed = runSeed("hostile searches");
  const random = seededRandom(seed);
  const rounds = Number(process.env["ROUNDS"] ?? 4);
  let [searched, exact, found] = [0, 0, 0];
  for (let round = 0; round < rounds; round++) {
    await client.command(`TRUNCATE TABLE ${RECORDS}`);
    const source = new BlocksSource(0);
    const made = hostileRecords(random, 250, BASE, 3_600_000).map((record) => ({ ...record, id: NODE * IDS_PER_NODE + record.id }));
    const block = source.add(PROJECT, made);
    const records = recordsOf(decodeColumns(source.chunks(block) ?? [], made.length), () => true);
    const placed = records.map((record) => ({ project: PROJECT, record }));
    await shipRecords(client, placed, () => 3_650 * 86_400_000);
    const back = await client.query(`SELECT ${READ_COLUMNS} FROM ${RECORDS} ORDER BY id`);
    expect({ seed, round, back: back.map((row) => recordOf(row).record) }).toEqual({ seed, round, back: records });
    const open = memoryBlock(PROJECT, records).open();
    for (let at = 0; at < 10; at++) {
      const parameters = new SqlParameters();
      const asked: { q: string; expected: number[] }[] = [];
      const columns: string[] = [];
      while (asked.length < AT_ONCE) {
        const q = hostileSearch(random, placed, 2);
        const parsed = parseSearch(q);
        if (!parsed.ok) continue;
        const search = shareEqualTerms(parsed.search);
        const matched = matchRows(search, open, PROJECT);
        const { sure, maybe } = searchCondition(search, parameters);
        columns.push(`toUInt8(${sure})`, `toUInt8(${maybe})`);
        asked.push({ q, expected: records.filter((_, row) => matched[row] === 1).map(({ id }) => id) });
      }
      const rows = await client.query(`SELECT node * ${IDS_PER_NODE} + id, ${columns.join(", ")} FROM ${RECORDS} ORDER BY id`, parameters.values);
      for (const [number, { q, expected }] of asked.entries()) {
        const surely = rows.filter((row) => row[1 + 2 * number] === 1).map(([id]) => id as number);
        const perhaps = new Set(rows.filter((row) => row[2 + 2 * number] === 1).map(([id]) => id as number));
        const isExpected = new Set(expected);
        const show = (ids: number[]) => ids.slice(0, 2).map((id) => records.find((record) => record.id === id));
        const wrong = show(surely.filter((id) => !isExpected.has(id)));
        const missing = show(expected.filter((id) => !perhaps.has(id)));
        if (process.env["ALL"] !== undefined) {
          if (wrong.length + missing.length > 0) console.log("DIFF", JSON.stringify({ q, wrong, missing }).slice(0, 3000));
        } else expect({ seed, q, wrong, missing }).toEqual({ seed, q, wrong: [], missing: [] });
        searched++;
        if (expected.length > 0 && expected.length < records.length) found++;
        if (perhaps.size === surely.length) exact++;
      }
    }
  }
  console.log(`${searched} searches, ${found} matched some records, SQL alone decided ${exact}`);
  expect(found).toBeGreaterThan(searched / 4);
}, 900_000);
