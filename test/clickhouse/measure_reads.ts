// How long each kind of query takes over ClickHouse, beside the same query over local blocks. Not a test:
//   bun test/clickhouse/measure_reads.ts [records] [rounds] [queries, a pattern of their names]
// It prints medians in ms, and whether the answers agree. All records are shipped; local blocks are merged, in memory.

import { availableParallelism, loadavg } from "node:os";
import { ClickHouseClient } from "../../src/clickhouse/client.ts";
import { ClickHouseHistory } from "../../src/clickhouse/history.ts";
import { RecordRows } from "../../src/clickhouse/record_rows.ts";
import { createStatements, RECORD_COLUMNS, RECORDS } from "../../src/clickhouse/schema.ts";
import type { QueryRequest, QueryScope } from "../../src/core/queries.ts";
import type { StoredRecord } from "../../src/core/record.ts";
import { finishSteps } from "../../src/core/steps.ts";
import { type History, querySteps } from "../../src/query/engine.ts";
import { StatisticsCache } from "../../src/query/scan/statistics_cache.ts";
import { EMPTY_TABLES } from "../support/empty_tables.ts";
import { MemorySource } from "../support/memory_source.ts";
import { integer, pick, seededRandom } from "../support/random.ts";
import { ClickHouseServer } from "./server.ts";

const RECORDS_COUNT = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = Number(process.argv[3] ?? 5);
const ASKED = new RegExp(process.argv[4] ?? "");
const SEED = 17;
const DAY_MS = 86_400_000;
const FROM = Date.UTC(2026, 10, 29);
const NOW = FROM + DAY_MS;
const BLOCK = 65_000;

const random = seededRandom(SEED);
const TOUCHPOINTS = Array.from(
  { length: 200 },
  (_, at) => `api/${pick(random, ["orders", "users", "cart"])}/call${at}`,
);
const WORDS = "order placed payment declined by card timeout while reading response from upstream user session".split(
  " ",
);

function recordAt(at: number): Omit<StoredRecord, "id"> {
  const time = FROM + Math.floor((at / RECORDS_COUNT) * DAY_MS) + integer(random, 50);
  const isTiming = random() < 0.3;
  const duration = isTiming ? Math.round(10 ** (random() * 3) * 100) / 100 : undefined;
  const words = Array.from({ length: 5 }, () => pick(random, WORDS)).join(" ");
  return {
    kind: isTiming ? "completed" : "log",
    time,
    receivedAt: time + integer(random, 200),
    source: random() < 0.2 ? "client" : "server",
    keyType: "server",
    apiKey: "web shop",
    touchpoint: TOUCHPOINTS[Math.floor(random() ** 2 * TOUCHPOINTS.length)],
    key: `req-${Math.floor(at / 4)}-${at % 7}`,
    level: isTiming ? undefined : pick(random, ["debug", "info", "info", "info", "warn", "error"] as const),
    message: `${words} id=${integer(random, 1e9)} after ${integer(random, 500)} ms`,
    startTime: isTiming ? time : undefined,
    endTime: isTiming ? time + (duration ?? 0) : undefined,
    duration,
    metadata: {
      orderId: `ord_${integer(random, 1e6)}`,
      region: pick(random, ["eu", "us", "ap"]),
      rows: integer(random, 100),
      ...(random() < 0.1 ? { cart: { size: integer(random, 20), currency: pick(random, ["EUR", "USD"]) } } : {}),
    },
  };
}

const server = await ClickHouseServer.start();
const address = {
  urls: [server.directUrl],
  database: "default",
  user: "default",
  password: "",
  cluster: "",
  node: 0,
};
const client = new ClickHouseClient(address);
for (const statement of createStatements({ cluster: "" })) await client.command(statement);
const source = new MemorySource();
const rows = new RecordRows({ node: 0, retentionMsOf: () => 3_650 * DAY_MS });
const startedAt = performance.now();
for (let at = 0; at < RECORDS_COUNT; at += BLOCK) {
  const batch = Array.from({ length: Math.min(BLOCK, RECORDS_COUNT - at) }, (_, index) => recordAt(at + index));
  const stored = source.write("shop", batch);
  source.merge("shop", true);
  rows.clear();
  for (const record of stored) rows.add("shop", record);
  const columns = RECORD_COLUMNS.map(({ name }) => name);
  await client.insert({
    table: RECORDS,
    columns,
    body: rows.body(),
    format: "RowBinaryWithNamesAndTypes",
    token: `batch ${at}`,
  });
}
await client.command(`OPTIMIZE TABLE ${RECORDS} FINAL`, {}, { timeMsMax: 600_000 });
const [size] = await client.query("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'records'");
console.log(
  `${RECORDS_COUNT} records, seed ${SEED}, made in ${Math.round(performance.now() - startedAt)} ms; on disk ${Number(size?.[0]) / 1e6} MB`,
);

const store = new ClickHouseHistory(address);
const history: History = {
  shippedUpTo: () => RECORDS_COUNT,
  removed: () => ({ upTo: RECORDS_COUNT, receivedUpTo: Number.POSITIVE_INFINITY }),
  records: (range) => store.records(range),
};
const empty = new MemorySource();

const scope = (q = "", parts: Partial<QueryScope> = {}): QueryScope => {
  return { project: "shop", q, from: FROM, to: NOW + 1_000, ...parts };
};
const last = { from: NOW - 3_600_000 };
const REQUESTS: Readonly<Record<string, QueryRequest>> = {
  "newest page": { kind: "entries", scope: scope(), limit: 100, cursor: undefined },
  "newest page, all projects": {
    kind: "entries",
    scope: scope("", { project: undefined, from: undefined, to: undefined }),
    limit: 100,
    cursor: undefined,
  },
  "page by level": { kind: "entries", scope: scope("level:error"), limit: 100, cursor: undefined },
  "page by a rare word": { kind: "entries", scope: scope("ord_777"), limit: 100, cursor: undefined },
  "page by key": { kind: "entries", scope: scope("key:req-1000-1"), limit: 100, cursor: undefined },
  "page by metadata": { kind: "entries", scope: scope("metadata.orderId:ord_777"), limit: 100, cursor: undefined },
  "page of a word": { kind: "entries", scope: scope("declined"), limit: 100, cursor: undefined },
  "histogram, an hour": { kind: "histogram", scope: scope("", last), intervalMs: undefined },
  histogram: { kind: "histogram", scope: scope(), intervalMs: undefined },
  "histogram of a level": { kind: "histogram", scope: scope("level:error"), intervalMs: undefined },
  "histogram, open": { kind: "histogram", scope: scope("", { from: undefined, to: undefined }), intervalMs: undefined },
  "histogram, compared": {
    kind: "histogram",
    scope: scope("", { from: NOW - DAY_MS / 2 }),
    intervalMs: undefined,
    compared: { from: FROM, to: FROM + DAY_MS / 2 },
  },
  "histogram of a word": { kind: "histogram", scope: scope("declined"), intervalMs: undefined },
  "histogram of a rare word": { kind: "histogram", scope: scope("ord_777"), intervalMs: undefined },
  timings: { kind: "timings", scope: scope() },
  "series of all": { kind: "series", scope: scope(), intervalMs: undefined, byTouchpoint: false },
  "heat map": { kind: "series", scope: scope(), intervalMs: undefined, byTouchpoint: false, byDuration: true },
  fields: { kind: "fields", scope: scope() },
  "values of level": { kind: "values", scope: scope(), field: "level", limit: 20 },
  "values of touchpoint": { kind: "values", scope: scope(), field: "touchpoint", limit: 20 },
  "values of metadata.orderId": { kind: "values", scope: scope(), field: "metadata.orderId", limit: 20 },
  "values of metadata.cart.size": { kind: "values", scope: scope(), field: "metadata.cart.size", limit: 20 },
  "values of message": { kind: "values", scope: scope(), field: "message", limit: 20 },
  trace: { kind: "trace", scope: scope(), key: "req-1000-1", around: NOW },
  "patterns, an hour": { kind: "patterns", scope: scope("", last), limit: 50 },
  patterns: { kind: "patterns", scope: scope(), limit: 50 },
  "breakdown, an hour": { kind: "breakdown", scope: scope("level:error", last), limit: 10 },
  breakdown: { kind: "breakdown", scope: scope("level:error"), limit: 10 },
  "measure 5 minutes": {
    kind: "measure",
    scope: scope("level:error", { from: undefined, to: undefined }),
    received: { after: NOW - 300_000, upTo: NOW },
    percentile: 95,
    groups: { field: "touchpoint", known: [] },
  },
};

async function ask(request: QueryRequest, isRemote: boolean): Promise<{ ms: number; answer: object }> {
  const from = performance.now();
  const outcome = await finishSteps(
    querySteps(request, {
      source: isRemote ? empty : source,
      ...(isRemote ? { history } : {}),
      tables: EMPTY_TABLES,
      cache: new StatisticsCache(),
      rules: {
        projects: { shop: { retentionMs: 3_650 * DAY_MS, monthlyEntries: undefined, overage: "continue" } },
        defaultProject: { retentionMs: 3_650 * DAY_MS, monthlyEntries: undefined, overage: "continue" },
      },
      now: NOW,
      limitMs: 60_000,
    }),
  );
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return { ms: performance.now() - from, answer: outcome.answer };
}

/** What two answers must have in common. */
function digest(answer: object): string {
  const { entries, records, touchpoints, values, count, buckets } = answer as Record<string, unknown[]>;
  const list = entries ?? records ?? touchpoints ?? values ?? buckets ?? [];
  return `${list.length} ${JSON.stringify(count ?? null)} ${JSON.stringify(list[0] ?? null).slice(0, 60)}`;
}

/** A page is followed by the next one. */
async function withNextPage(requests: typeof REQUESTS): Promise<[string, QueryRequest][]> {
  const { "newest page": first } = requests;
  const { answer } = await ask(first as QueryRequest, false);
  const { nextCursor } = answer as { nextCursor: string };
  const next = { ...first, cursor: nextCursor } as QueryRequest;
  return Object.entries(requests).flatMap(([name, request]): [string, QueryRequest][] => {
    return name === "newest page"
      ? [
          [name, request],
          ["next page", next],
        ]
      : [[name, request]];
  });
}

const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1] as number;
for (const [name, request] of await withNextPage(REQUESTS)) {
  if (!ASKED.test(name)) continue;
  const times = { local: [] as number[], remote: [] as number[] };
  let answers: [string, string] = ["", ""];
  for (let round = 0; round < ROUNDS; round++) {
    const local = await ask(request, false);
    const remote = await ask(request, true);
    times.local.push(local.ms);
    times.remote.push(remote.ms);
    answers = [digest(local.answer), digest(remote.answer)];
    if (remote.ms > 5_000) break;
  }
  const isSame = answers[0] === answers[1] ? "" : `  DIFFERS ${answers.join(" | ")}`;
  console.log(
    `${name.padEnd(28)} local ${median(times.local).toFixed(1).padStart(8)}  clickhouse ${median(times.remote).toFixed(1).padStart(8)}${isSame}`,
  );
}
console.log(
  `${availableParallelism()} cores, load ${loadavg()
    .map((load) => load.toFixed(1))
    .join(" ")}`,
);
await server.stop();
