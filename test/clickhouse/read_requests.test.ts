// The requests of reads: each one that is given up is ended on the server that has it, and an export lasts as long as
// whoever takes it.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { ClickHouseRecords } from "../../src/clickhouse/clickhouse_records.ts";
import { ClickHouseClient } from "../../src/clickhouse/client.ts";
import { ClickHouseHistory } from "../../src/clickhouse/history.ts";
import { createStatements } from "../../src/clickhouse/schema.ts";
import type { QueryRequest } from "../../src/core/queries.ts";
import type { StoredRecord } from "../../src/core/record.ts";
import { querySteps } from "../../src/query/engine.ts";
import { IDS_PER_NODE } from "../../src/query/scan/ids.ts";
import { QueryMemory } from "../../src/query/scan/query_memory.ts";
import type { ReadRules } from "../../src/query/scan/scope.ts";
import { StatisticsCache } from "../../src/query/scan/statistics_cache.ts";
import { untilTrue } from "../support/condition.ts";
import { EMPTY_TABLES } from "../support/empty_tables.ts";
import { BlocksSource, shipRecords } from "./node_world.ts";
import { ClickHouseServer, type SeenRequest } from "./server.ts";

const ADDRESS = { database: "default", user: "default", password: "", cluster: "" } as const;
const NODE = 3;
const NOW = Date.UTC(2026, 10, 1);
const HOUR = 3_600_000;
const RULES: ReadRules = {
  projects: {},
  defaultProject: { retentionMs: 10_000 * 24 * HOUR, monthlyEntries: undefined, overage: "continue" },
  markers: { q: "level:error", label: "message" },
};

let server: ClickHouseServer;
let client: ClickHouseClient;

function recordOf(id: number): StoredRecord {
  return {
    id: NODE * IDS_PER_NODE + id,
    kind: id % 2 === 0 ? "log" : "completed",
    time: NOW - HOUR + id,
    receivedAt: NOW - HOUR + id,
    source: "server",
    keyType: "server",
    apiKey: "shop",
    touchpoint: "api",
    key: "req-1",
    level: "error",
    message: `order ${id} placed`,
    startTime: undefined,
    endTime: undefined,
    duration: id % 2 === 0 ? undefined : id,
    metadata: { a: [id] },
  };
}

const RECORDS_COUNT = 1_000;

beforeAll(async () => {
  server = await ClickHouseServer.start();
  client = new ClickHouseClient({ ...ADDRESS, urls: [server.url] });
  for (const statement of createStatements({ cluster: "" })) await client.command(statement);
  const records = Array.from({ length: RECORDS_COUNT }, (_, at) => ({ project: "shop", record: recordOf(at + 1) }));
  await shipRecords(client, records, () => 10_000 * 24 * HOUR);
}, 120_000);
afterEach(() => server.comeBack());
afterAll(() => server.stop());

// One that SQL cannot decide, so that records are fetched, too.
const scope = { project: undefined, q: "metadata.a:7 OR level:error", from: NOW - 2 * HOUR, to: NOW };
const QUERIES: readonly QueryRequest[] = [
  { kind: "entries", scope, limit: 10, cursor: undefined },
  { kind: "trace", scope: { ...scope, q: "" }, key: "req-1", around: NOW },
  { kind: "histogram", scope, intervalMs: undefined, compared: { from: NOW - 3 * HOUR, to: NOW - 2 * HOUR } },
  { kind: "timings", scope, byCategory: true },
  { kind: "series", scope: { ...scope, from: undefined, to: undefined }, intervalMs: undefined, byTouchpoint: true },
  { kind: "running", scope, limit: 5, withP99: true },
  { kind: "fields", scope },
  { kind: "values", scope, field: "touchpoint", limit: 5 },
  { kind: "values", scope, field: "message", limit: 5, byProject: true },
  { kind: "patterns", scope, limit: 5 },
  { kind: "breakdown", scope, limit: 5, among: "" },
  { kind: "markers", scope },
  { kind: "measure", scope, received: { after: 0, upTo: NOW }, percentile: 95 },
];

function stepsOf(request: QueryRequest) {
  const store = new ClickHouseHistory({ ...ADDRESS, urls: [server.url], node: NODE });
  return querySteps(request, {
    source: new BlocksSource(NODE * IDS_PER_NODE + RECORDS_COUNT + 1),
    history: {
      shippedUpTo: () => NODE * IDS_PER_NODE + RECORDS_COUNT,
      removed: () => ({ upTo: NODE * IDS_PER_NODE + RECORDS_COUNT, receivedUpTo: Number.POSITIVE_INFINITY }),
      records: (range) => store.records(range),
    },
    tables: {
      ...EMPTY_TABLES,
      openStarts: () => [{ project: "shop", start: { ...recordOf(1), startTime: NOW - HOUR } }],
    },
    cache: new StatisticsCache(),
    rules: RULES,
    now: NOW,
    limitMs: 60_000,
  });
}

const isRead = ({ body, search }: SeenRequest) =>
  search.get("default_format") === "JSONCompactEachRow" && !body.includes("KILL QUERY");
const idOf = ({ search }: SeenRequest) => search.get("query_id");
const killedIds = () =>
  server.seen.filter(({ body }) => body.includes("KILL QUERY")).map(({ search }) => search.get("param_id"));

describe("a query that is cancelled", () => {
  for (const request of QUERIES) {
    const field = "field" in request ? ` ${request.field}` : "";
    test(`ends each of its requests on the server: ${request.kind}${field}`, async () => {
      for (let number = 1; ; number++) {
        // Its last request hangs; all before it are answered.
        let left = number;
        server.seen.length = 0;
        server.fail("request_hangs", 1, (seen) => isRead(seen) && --left === 0);
        const steps = stepsOf(request);
        let isDone = false;
        const hanging = () => server.seen.filter(isRead)[number - 1];
        while (!isDone && hanging() === undefined) {
          const step = steps.next();
          isDone = step.done === true;
          if (step.done !== true) await Promise.race([step.value, Bun.sleep(5)]);
        }
        server.comeBack();
        if (isDone) {
          expect(number).toBeGreaterThan(1);
          return;
        }
        const asked = hanging();
        steps.return({ ok: false, refusal: { code: "cancelled", message: "" } });
        await untilTrue("it is killed", () => asked !== undefined && killedIds().includes(idOf(asked)));
      }
    }, 60_000);
  }
});

test("a query is ended on the server that has it, whichever is asked next", async () => {
  const two = await ClickHouseServer.start();
  try {
    const both = new ClickHouseClient({ ...ADDRESS, urls: [server.url, two.url] });
    server.seen.length = 0;
    server.fail("request_hangs", 1, isRead);
    const controller = new AbortController();
    const hanging = both.query("SELECT 1", {}, { signal: controller.signal }).catch(() => undefined);
    await untilTrue("the query", () => server.seen.some(isRead));
    server.fail("unavailable", 1, isRead);
    expect(await both.query("SELECT 2")).toEqual([[2]]);
    expect(both.url).toBe(two.url);
    controller.abort();
    await hanging;
    await untilTrue("it is killed", () => killedIds().length === 1);
    expect(two.seen.filter(({ body }) => body.includes("KILL QUERY"))).toEqual([]);
  } finally {
    await two.stop();
  }
}, 60_000);

describe("an export", () => {
  test("has every record once, however long whoever takes it pauses", async () => {
    let now = 0;
    let asked = 0;
    const records = new ClickHouseRecords({
      node: NODE,
      shippedUpTo: NODE * IDS_PER_NODE + RECORDS_COUNT,
      visible: undefined,
      ownProjects: ["shop"],
      isOwnOnly: false,
      projects: () => Promise.resolve(["shop"]),
      client: {
        // Rows come 100 at a time, and a server ends what takes a minute.
        async *stream(sql, parameters, options) {
          const begun = now;
          asked++;
          const rows = await client.query(sql, parameters, options);
          for (let at = 0; at < rows.length; at += 100) {
            if (now - begun > 60_000) throw new Error("the server has closed the connection");
            yield rows.slice(at, at + 100);
          }
        },
      },
    });
    const limits = { memory: new QueryMemory(), clock: () => now, deadline: Number.POSITIVE_INFINITY };
    const all = { project: undefined, search: { kind: "all" }, from: -Infinity, to: Infinity } as const;
    const shown = { shownFrom: () => Number.NEGATIVE_INFINITY, retainedFrom: () => Number.NEGATIVE_INFINITY };
    for (const pauseMs of [0, 1_000, 4_000, 40_000, 3_600_000]) {
      asked = 0;
      const ids: number[] = [];
      for (const found of records.inOrder(limits, { ...all, ...shown }, 0, Number.MAX_SAFE_INTEGER)) {
        if (found instanceof Promise) await found;
        else {
          ids.push(...found.map(({ id }) => id));
          now += pauseMs;
        }
      }
      expect(ids).toEqual(Array.from({ length: RECORDS_COUNT }, (_, at) => NODE * IDS_PER_NODE + at + 1));
      expect(asked).toBeLessThan(15);
    }
  });
});
