// A breakdown that ClickHouse counts, against the same one over a data file: long values, members below members, more
// values than a data file holds; and that no record is fetched for it.

import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { ClickHouseClient } from "../../src/clickhouse/client.ts";
import { ClickHouseHistory } from "../../src/clickhouse/history.ts";
import { createStatements, RECORDS } from "../../src/clickhouse/schema.ts";
import type { QueryRequest } from "../../src/core/queries.ts";
import type { StoredRecord } from "../../src/core/record.ts";
import type { BreakdownResponse } from "../../src/core/responses.ts";
import { finishSteps } from "../../src/core/steps.ts";
import { type History, querySteps } from "../../src/query/engine.ts";
import { StatisticsCache } from "../../src/query/scan/statistics_cache.ts";
import { EMPTY_TABLES } from "../support/empty_tables.ts";
import { MemorySource } from "../support/memory_source.ts";
import { TIME } from "./difficult_records.ts";
import { ClickHouseServer } from "./server.ts";
import { insertRecords } from "./table_rows.ts";

const ADDRESS = { database: "default", user: "default", password: "", cluster: "", node: 0 } as const;
const RULES = {
  projects: {},
  defaultProject: { retentionMs: 3_650 * 86_400_000, monthlyEntries: undefined, overage: "continue" },
} as const;

let server: ClickHouseServer;
let client: ClickHouseClient;

beforeAll(async () => {
  server = await ClickHouseServer.start();
  client = new ClickHouseClient({ ...ADDRESS, urls: [server.url] });
  for (const statement of createStatements({ cluster: "" })) await client.command(statement);
}, 120_000);
afterAll(() => server.stop());
beforeEach(() => client.command(`TRUNCATE TABLE ${RECORDS}`));

/** A log; every third one is an error. */
function log(at: number, parts: Partial<StoredRecord>): Omit<StoredRecord, "id"> {
  return {
    kind: "log",
    time: TIME + at,
    receivedAt: TIME + at,
    source: "server",
    keyType: "server",
    apiKey: "web",
    touchpoint: undefined,
    key: undefined,
    level: at % 3 === 0 ? "error" : "info",
    message: `message ${at}`,
    startTime: undefined,
    endTime: undefined,
    duration: undefined,
    metadata: undefined,
    ...parts,
  };
}

interface Asked {
  readonly local: BreakdownResponse;
  readonly shipped: BreakdownResponse;
  /** Statements that fetched records. */
  readonly fetched: number;
}

/** @param shippedShare how many of the records are shipped, from 0 to 1 */
async function ask(records: readonly Omit<StoredRecord, "id">[], q: string, shippedShare = 1): Promise<Asked> {
  const source = new MemorySource();
  const stored = source.write("shop", records);
  const shippedUpTo = Math.floor(stored.length * shippedShare);
  await insertRecords(
    client,
    stored.filter(({ id }) => id <= shippedUpTo).map((record) => ({ node: 0, project: "shop", record })),
  );
  server.seen.length = 0;
  const store = new ClickHouseHistory({ ...ADDRESS, urls: [server.url] });
  const history: History = {
    shippedUpTo: () => shippedUpTo,
    removed: () => ({ upTo: shippedUpTo, receivedUpTo: Number.POSITIVE_INFINITY }),
    records: (range) => store.records(range),
  };
  const request: QueryRequest = {
    kind: "breakdown",
    scope: { project: "shop", q, from: TIME, to: TIME + 1_000_000 },
    limit: 10,
  };
  const answerOf = async (isRemote: boolean) => {
    const outcome = await finishSteps(
      querySteps(request, {
        source,
        history: isRemote ? history : undefined,
        tables: EMPTY_TABLES,
        cache: new StatisticsCache(),
        rules: RULES,
        now: TIME + 1_000_000,
        limitMs: Number.POSITIVE_INFINITY,
      }),
    );
    if (!outcome.ok) throw new Error(outcome.refusal.message);
    return outcome.answer as BreakdownResponse;
  };
  const local = await answerOf(false);
  const shipped = await answerOf(true);
  const fetched = server.seen.filter(({ body }) => body.toString().startsWith("SELECT project, time")).length;
  return { local, shipped, fetched };
}

const many = (count: number, parts: (at: number) => Partial<StoredRecord>) =>
  Array.from({ length: count }, (_, at) => log(at, parts(at)));

async function expectSame(records: readonly Omit<StoredRecord, "id">[], field: string, share = 1): Promise<void> {
  const { local, shipped, fetched } = await ask(records, "level:error", share);
  expect(shipped).toEqual(local);
  expect(local.fields.map((one) => one.field)).toContain(field);
  expect(fetched).toBe(0);
}

test("no record is fetched, whether its metadata has lists and objects or not", async () => {
  const metadata = (at: number) => ({
    user: { id: at % 7, plan: { name: at % 3 === 0 ? "free" : "pro" } },
    tags: ["a", at % 2, ["b", { c: at % 4 }], "a"],
    "user.id": at % 5,
    plain: at % 2 === 0,
    nothing: null,
    number: 1e20 * (at % 2),
  });
  await expectSame(
    many(200, (at) => ({ metadata: metadata(at) })),
    "metadata.user.plan.name",
  );
}, 60_000);

test("long values count by what is shown of them", async () => {
  const texts = ["x".repeat(1_500), "😀".repeat(600), `${'\n"\\'.repeat(400)}a`, `\u0001${"ä".repeat(1_200)}`];
  const tails = ["", "one", "other"];
  const metadata = (at: number) => ({
    long: `${"y".repeat(997)}😀😀${tails[at % 3]}`,
    text: `${texts[at % texts.length]}${tails[at % 2]}`,
    list: [texts[at % 2], { deep: texts[at % 4] }],
  });
  await expectSame(
    many(60, (at) => ({
      metadata: metadata(at),
      touchpoint: "t".repeat(300),
      apiKey: "k".repeat(1_200) + tails[at % 2],
    })),
    "metadata.long",
  );
}, 60_000);

test("of many values those that are frequent are found", async () => {
  const metadata = (at: number) => ({ order: at % 9 === 0 ? `hot ${at % 4}` : `cold ${at}`, region: at % 3 });
  await expectSame(
    many(4_000, (at) => ({ metadata: metadata(at) })),
    "metadata.order",
  );
}, 60_000);

test("what is not shipped yet counts with the rest", async () => {
  const metadata = (at: number) => ({ order: `order ${at % 40}`, late: { part: at > 150 ? "new" : "old" } });
  const touchpoint = (at: number) => `call ${at % 12}`;
  await expectSame(
    many(300, (at) => ({ metadata: metadata(at), touchpoint: touchpoint(at) })),
    "metadata.late.part",
    0.6,
  );
}, 60_000);

test("names and values are never taken for SQL", async () => {
  const names = ["it's", "a\\b", "{p0:String}", "\0", "a.b", "", "__proto__", "~"];
  const metadata = (at: number) => Object.fromEntries(names.map((name) => [name, `'${name}' ${at % 2}\0~`]));
  await expectSame(
    many(50, (at) => ({ metadata: metadata(at), touchpoint: `it's \\ ${at % 2}` })),
    "touchpoint",
  );
}, 60_000);

test("records of which SQL cannot tell whether they are found are fetched, and counted once", async () => {
  const metadata = (at: number) => ({ list: at % 3 === 0 ? [at % 2, "x"] : "x", region: at % 2 });
  const { local, shipped, fetched } = await ask(
    many(90, (at) => ({ metadata: metadata(at) })),
    "metadata.list:x",
  );
  expect(shipped).toEqual(local);
  expect(fetched).toBeGreaterThan(0);
}, 60_000);
