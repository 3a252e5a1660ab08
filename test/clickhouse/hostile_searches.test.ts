// Searches in SQL against the evaluator of local blocks, many at a time: hostile records, and searches put together from
// every rule of the language. What SQL says for sure matches, and what matches SQL finds at least.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { decodeColumns } from "../../src/block/open_block.ts";
import { recordsOf } from "../../src/block/records.ts";
import type { ClickHouseClient } from "../../src/clickhouse/client.ts";
import { memoryBlock, READ_COLUMNS, recordOf } from "../../src/clickhouse/found_records.ts";
import { RECORDS } from "../../src/clickhouse/schema.ts";
import { searchCondition } from "../../src/clickhouse/search_sql.ts";
import { SqlParameters } from "../../src/clickhouse/sql_parameters.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { StoredRecord } from "../../src/core/record.ts";
import { matchRows } from "../../src/query/match/evaluate.ts";
import { IDS_PER_NODE } from "../../src/query/scan/ids.ts";
import { shareEqualTerms } from "../../src/search/expression.ts";
import { parseSearch } from "../../src/search/parser.ts";
import { runSeed, seededRandom } from "../support/random.ts";
import { hostileRecords, hostileSearch } from "./hostile_records.ts";
import { BlocksSource, shipRecords } from "./node_world.ts";
import type { ClickHouseServer } from "./server.ts";
import { serverWithTables } from "./table_rows.ts";

const NODE = 5;
const PROJECT = "shop";
const BASE = Date.UTC(2026, 5, 1, 22);
/** Searches of one statement. */
const AT_ONCE = 20;

let server: ClickHouseServer;
let client: ClickHouseClient;

beforeAll(async () => {
  ({ server, client } = await serverWithTables());
}, 120_000);
afterAll(() => server.stop());

/** As the cluster has it: a half of a character in a text of its own is none there. In metadata it is kept. */
function wellFormed(record: StoredRecord): StoredRecord {
  const { message, key, touchpoint, apiKey } = record;
  return {
    ...record,
    message: message?.toWellFormed(),
    key: key?.toWellFormed(),
    touchpoint: touchpoint?.toWellFormed(),
    apiKey: apiKey.toWellFormed(),
  };
}

test("a search in SQL says for sure only what matches, and misses nothing that does", async () => {
  const seed = runSeed("hostile searches");
  const random = seededRandom(seed);
  const rounds = Number(process.env["ROUNDS"] ?? 4);
  let [searched, exact, found] = [0, 0, 0];
  for (let round = 0; round < rounds; round++) {
    await client.command(`TRUNCATE TABLE ${RECORDS}`);
    const source = new BlocksSource(0);
    const made = hostileRecords(random, 250, BASE, 3_600_000).map((record) => ({
      ...record,
      id: NODE * IDS_PER_NODE + record.id,
    }));
    const block = source.add(PROJECT, made);
    const records = recordsOf(decodeColumns(source.chunks(block) ?? [], made.length), () => true).map(wellFormed);
    const placed = records.map((record) => ({ project: PROJECT, record }));
    await shipRecords(client, placed, () => 3_650 * 86_400_000);
    const back = await client.query(`SELECT ${READ_COLUMNS} FROM ${RECORDS} ORDER BY id`);
    // As JSON, which has no −0.
    const shown = (all: readonly StoredRecord[]) => JSON.parse(JSON.stringify(all)) as StoredRecord[];
    expect({ seed, round, back: shown(back.map((row) => recordOf(row).record)) }).toEqual({
      seed,
      round,
      back: shown(records),
    });
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
      const rows = await client.query(
        `SELECT node * ${IDS_PER_NODE} + id, ${columns.join(", ")} FROM ${RECORDS} ORDER BY id`,
        parameters.values,
      );
      for (const [number, { q, expected }] of asked.entries()) {
        const surely = rows.filter((row) => row[1 + 2 * number] === 1).map(([id]) => id as number);
        const perhaps = new Set(rows.filter((row) => row[2 + 2 * number] === 1).map(([id]) => id as number));
        const isExpected = new Set(expected);
        const show = (ids: number[]) => ids.slice(0, 2).map((id) => records.find((record) => record.id === id));
        const wrong = show(surely.filter((id) => !isExpected.has(id)));
        const missing = show(expected.filter((id) => !perhaps.has(id)));
        expect({ seed, q, wrong, missing }).toEqual({ seed, q, wrong: [], missing: [] });
        searched++;
        if (expected.length > 0 && expected.length < records.length) found++;
        if (perhaps.size === surely.length) exact++;
      }
    }
  }
  console.log(`${searched} searches, ${found} matched some records, SQL alone decided ${exact}`);
  expect(found).toBeGreaterThan(searched / 4);
}, 900_000);

/** Searches, and the ids of the records that SQL says wrongly of: those that match for sure and do not, or may not and do. */
async function wrongly(searches: readonly string[], records: readonly StoredRecord[]): Promise<object[]> {
  const open = memoryBlock(PROJECT, records).open();
  const wrong: object[] = [];
  for (const q of searches) {
    const parsed = parseSearch(q);
    if (!parsed.ok) throw new Error(`${q}: ${parsed.problem.message}`);
    const matched = matchRows(parsed.search, open, PROJECT);
    const parameters = new SqlParameters();
    const { sure, maybe } = searchCondition(parsed.search, parameters);
    const columns = `toUInt8(${sure}), toUInt8(${maybe})`;
    const rows = await client.query(`SELECT ${columns} FROM ${RECORDS} ORDER BY id`, parameters.values);
    expect(rows.length).toBe(records.length);
    for (const [at, [isSure, isMaybe]] of rows.entries()) {
      const isMatch = matched[at] === 1;
      if (isMatch ? isMaybe !== 1 : isSure === 1) wrong.push({ q, metadata: records[at]?.metadata });
    }
  }
  return wrong;
}

async function shippedOf(metadata: readonly JsonObject[]): Promise<StoredRecord[]> {
  await client.command(`TRUNCATE TABLE ${RECORDS}`);
  const source = new BlocksSource(0);
  const made = metadata.map((one, at) => ({ ...LOG, id: NODE * IDS_PER_NODE + at + 1, metadata: one }));
  const block = source.add(PROJECT, made);
  const records = recordsOf(decodeColumns(source.chunks(block) ?? [], made.length), () => true);
  await shipRecords(
    client,
    records.map((record) => ({ project: PROJECT, record })),
    () => 3_650 * 86_400_000,
  );
  return records;
}

const LOG: Omit<StoredRecord, "id"> = {
  kind: "log",
  time: BASE,
  receivedAt: BASE,
  source: "server",
  keyType: "server",
  apiKey: "shop",
  touchpoint: undefined,
  key: undefined,
  level: "info",
  message: "w3 w77 ks9é",
  startTime: undefined,
  endTime: undefined,
  duration: undefined,
  metadata: undefined,
};

test("numbers beyond 64 bits and halves of characters in metadata are left to the evaluator", async () => {
  const records = await shippedOf([
    { a: { b: "x", c: "\ud800" } },
    { a: "\ud800x" },
    { a: -(2 ** 63) },
    { a: { b: -(2 ** 63) } },
    { a: { b: 2 ** 63, c: "y" } },
    { a: { b: 2 ** 64 } },
    { a: { b: "x\u0000y" } },
    { a: { "b\u0000": "q" } },
    { a: { b: 1e300, c: 5e-324 } },
    { a: { b: -1.5e20 } },
    { a: -9223372036854777856 },
    { a: { b: -9223372036854777856, z: "x" } },
    { a: { b: "\udfff", d: 1 } },
    { a: [{ b: "\ud800" }] },
    { "\ud800": 1 },
    { a: { "\ud800": { b: 5 } } },
    { a: "K" },
    { a: "\ud800K" },
    { a: { b: 12345678901234567000 } },
    { a: { b: "12345678901234567890", c: "x" } },
    { a: { b: true, c: null, d: {} } },
    { a: {} },
    { a: { "": "x" } },
    { "": { "": "x" } },
    { a: { b: { "": null } } },
    { a: 1e21 },
    { a: { b: 1e21 } },
    { a: -1e-7 },
    { a: { b: "true" } },
    { a: { b: 0 } },
    { a: { b: "0" } },
    { a: { "b.c": { d: 1 } } },
    { "a.b": { "c.d": 1 } },
    { a: { b: "/" } },
    { a: "\u2028" },
    { a: { b: "\u2028 \u007f" } },
    { a: { b: '"' } },
    { a: "\\" },
    { a: { b: "\\ud800" } },
    { a: "\\ud800" },
  ]);
  const searches = [
    "metadata.a.b:x",
    "metadata.a.b:*",
    "metadata.a.c:*",
    "metadata.a.d:*",
    "metadata.a.b:<0",
    "metadata.a.b:>0",
    "metadata.a:<0",
    "metadata.a:>=0",
    "metadata.a:-9223372036854776000",
    "metadata.a.b:-9223372036854776000",
    "metadata.a.b:9223372036854776000",
    "metadata.a.b:18446744073709552000",
    "x",
    "K",
    "k",
    '"\ufffd"',
    'metadata.a:"\ufffdx"',
    'metadata.a:"\ufffd"*',
    'metadata.a.b:"\ufffd"',
    'metadata."":*',
    'metadata."a.":*',
    'metadata."a.":x',
    'metadata.".":x',
    'metadata."a.b.":null',
    "metadata.a.c.d:1",
    "metadata.a.b.c.d:1",
    "metadata.a.b:12345678901234567890",
    "metadata.a.b:true",
    "metadata.a.b:0",
    "metadata.a.b:0.0",
    "metadata.a:1e21",
    "metadata.a.b:1e+21",
    "metadata.\ufffd:1",
    "metadata.a.\ufffd.b:5",
    'metadata.a.b:"/"',
    'metadata.a:"\u2028"',
    '"\u2028"',
    'metadata.a.b:"\\""',
    'metadata.a.b:"\\\\ud800"',
    'metadata.a:"\\\\ud800"',
    "ud800",
    "d800",
    "u0000",
    "\\u2028",
    "metadata.a.b:12*",
    "metadata.a.b:-*",
    "metadata.a:-9*",
    "metadata.a:*",
    "null",
    "e-7",
    "-metadata.a.b:x",
    "-metadata.a:<0",
    "metadata.a.b:x,y,true,0",
    "metadata.a.b:5e-324..",
    "metadata.a.c:5e-324",
  ];
  expect(await wrongly(searches, records)).toEqual([]);
}, 120_000);

test("searches of as many terms and values as there may be are understood", async () => {
  const many = (count: number, one: (at: number) => string, between = " ") =>
    Array.from({ length: count }, (_, at) => one(at)).join(between);
  const records = await shippedOf([
    {},
    { a: { b: "v3" } },
    { a: "w3" },
    { "a.b": 7 },
    { a: { b: { c: 12 } } },
    { a: [{ b: "v77" }] },
  ]);
  const searches = [
    many(499, (at) => `w${at}`, " OR "),
    many(499, (at) => `-w${at}`),
    many(130, (at) => `metadata.a.b.c:>${at}`, " OR "),
    `metadata.a.b:${many(490, (at) => `v${at}`, ",")}`,
    `metadata.a.b:${many(490, (at) => `v${at}*`, ",")}`,
    `${"-(".repeat(99)}w3 OR w4${")".repeat(99)}`,
    `${many(95, (at) => `(w${at} OR`)} x${")".repeat(95)}`,
  ];
  expect(await wrongly(searches, records)).toEqual([]);
}, 300_000);
