// Searches in SQL against the evaluator of local blocks: random records of difficult texts, and random searches of every
// kind of term. What SQL says for sure matches, and what matches SQL finds at least; a page has exactly what matches.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ClickHouseClient } from "../../src/clickhouse/client.ts";
import { memoryBlock } from "../../src/clickhouse/found_records.ts";
import { RECORDS } from "../../src/clickhouse/schema.ts";
import { searchCondition } from "../../src/clickhouse/search_sql.ts";
import { SqlParameters } from "../../src/clickhouse/sql_parameters.ts";
import { matchRows } from "../../src/query/match/evaluate.ts";
import { parseSearch } from "../../src/search/parser.ts";
import { runSeed, seededRandom } from "../support/random.ts";
import { difficultRecord, difficultSearch, PROJECT } from "./difficult_records.ts";
import type { ClickHouseServer } from "./server.ts";
import { insertRecords, serverWithTables } from "./table_rows.ts";

let server: ClickHouseServer;
let client: ClickHouseClient;

beforeAll(async () => {
  ({ server, client } = await serverWithTables());
}, 120_000);
afterAll(() => server.stop());

describe("a search in SQL", () => {
  test("says for sure only what matches, and misses nothing that does", async () => {
    const seed = runSeed("searches in SQL");
    const random = seededRandom(seed);
    const rounds = Number(process.env["ROUNDS"] ?? 400);
    const records = Array.from({ length: 300 }, (_, index) => difficultRecord(random, index + 1));
    await insertRecords(
      client,
      records.map((record) => ({ node: 0, project: PROJECT, record })),
    );
    const block = memoryBlock(PROJECT, records).open();
    let [searched, exact, found] = [0, 0, 0];
    for (let round = 0; round < rounds; round++) {
      const q = difficultSearch(random, records);
      const parsed = parseSearch(q);
      if (!parsed.ok) continue;
      const matched = matchRows(parsed.search, block, PROJECT);
      const expected = records.filter((_, row) => matched[row] === 1).map(({ id }) => id);
      const parameters = new SqlParameters();
      const { sure, maybe } = searchCondition(parsed.search, parameters);
      const rows = await client.query(
        `SELECT id, toUInt8(${sure}), toUInt8(${maybe}) FROM ${RECORDS} ORDER BY id`,
        parameters.values,
      );
      const surely = rows.filter((row) => row[1] === 1).map(([id]) => id as number);
      const perhaps = new Set(rows.filter((row) => row[2] === 1).map(([id]) => id as number));
      const wrong = surely.filter((id) => !expected.includes(id));
      const missing = expected.filter((id) => !perhaps.has(id));
      const show = (ids: number[]) => ids.slice(0, 2).map((id) => records[id - 1]);
      expect({ seed, q, wrong: show(wrong), missing: show(missing) }).toEqual({ seed, q, wrong: [], missing: [] });
      searched++;
      if (expected.length > 0 && expected.length < records.length) found++;
      if (perhaps.size === surely.length) exact++;
    }
    console.log(`${searched} searches, ${found} matched some records, SQL alone decided ${exact}`);
    expect(found).toBeGreaterThan(rounds / 3);
  }, 300_000);
});
