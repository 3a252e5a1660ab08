// Every kind of query over ClickHouse and the data file together, against the same query over a data file with all
// records: random records, random searches, and at random how many records are shipped.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ClickHouseClient } from "../../src/clickhouse/client.ts";
import { ClickHouseHistory } from "../../src/clickhouse/history.ts";
import { createStatements, RECORDS } from "../../src/clickhouse/schema.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { BREAKDOWN_NAMES_HELD_MAX } from "../../src/core/limits.ts";
import type { QueryOutcome, QueryRequest, QueryScope } from "../../src/core/queries.ts";
import type { StoredRecord } from "../../src/core/record.ts";
import type { BreakdownResponse } from "../../src/core/responses.ts";
import { finishSteps } from "../../src/core/steps.ts";
import { type EngineOptions, type History, querySteps } from "../../src/query/engine.ts";
import type { ReadRules } from "../../src/query/scan/scope.ts";
import { StatisticsCache } from "../../src/query/scan/statistics_cache.ts";
import { ruleOf } from "../support/alert_rules.ts";
import { aligned } from "../support/aligned_sums.ts";
import { EMPTY_TABLES } from "../support/empty_tables.ts";
import { MemorySource, randomRecord } from "../support/memory_source.ts";
import { MODEL_SEARCHES } from "../support/query_model.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../support/random.ts";
import { difficultRecord, difficultSearch, TIME } from "./difficult_records.ts";
import { ClickHouseServer } from "./server.ts";
import { insertRecords, type NodeRecord } from "./table_rows.ts";

const HOUR = 3_600_000;
const NOW = TIME + 24 * HOUR;
const PROJECTS = ["shop", "blog"];
const RULES: ReadRules = {
  projects: { blog: { retentionMs: 24 * HOUR - 1_200_000, monthlyEntries: undefined, overage: "continue" } },
  defaultProject: { retentionMs: 3_650 * 24 * HOUR, monthlyEntries: undefined, overage: "continue" },
  markers: { q: "level:error", label: "message" },
};

const ADDRESS = { database: "default", user: "default", password: "", cluster: "", node: 0 } as const;

let server: ClickHouseServer;
let client: ClickHouseClient;

beforeAll(async () => {
  server = await ClickHouseServer.start();
  client = new ClickHouseClient({ ...ADDRESS, urls: [server.url] });
  for (const statement of createStatements({ cluster: "" })) await client.command(statement);
}, 120_000);
afterAll(() => server.stop());

/** All records in one source; and a second one that lacks old blocks, with the history that has them. */
interface World {
  readonly all: MemorySource;
  readonly recent: MemorySource;
  readonly history: History;
  readonly records: readonly StoredRecord[];
}

async function randomWorld(random: Random): Promise<World> {
  await client.command(`TRUNCATE TABLE ${RECORDS}`);
  const [all, recent] = [new MemorySource(), new MemorySource()];
  const records: StoredRecord[] = [];
  const rows: NodeRecord[] = [];
  const isDifficult = random() < 0.5;
  for (let group = 0; group < 12; group++) {
    const project = pick(random, PROJECTS);
    const batch = Array.from({ length: integer(random, pick(random, [1, 10, 100])) + 1 }, () => {
      return isDifficult ? difficultRecord(random, 0) : randomRecord(random, TIME, TIME + HOUR);
    });
    const stored = all.write(project, batch);
    recent.write(project, batch);
    records.push(...stored);
    rows.push(...stored.map((record) => ({ node: 0, project, record })));
    const merged = random() < 0.3 ? pick(random, [true, false]) : undefined;
    for (const source of merged === undefined ? [] : [all, recent]) source.merge(project, merged === true);
  }
  const shippedUpTo = pick(random, [0, records.length, integer(random, records.length)]);
  // Some more are shipped while queries run.
  const inHistory = shippedUpTo + integer(random, 5);
  for (const { id, idMax } of recent.list({ project: undefined, from: -Infinity, to: Infinity })) {
    if (idMax <= shippedUpTo && random() < 0.7) recent.remove(id);
  }
  const shipped = rows.filter(({ record }) => record.id <= inHistory);
  if (shipped.length > 0) await insertRecords(client, shipped);
  const store = new ClickHouseHistory({ ...ADDRESS, urls: [server.url] });
  const history = {
    shippedUpTo: () => shippedUpTo,
    removed: () => ({ upTo: shippedUpTo, receivedUpTo: Number.POSITIVE_INFINITY }),
    records: store.records.bind(store),
  };
  return { all, recent, history, records };
}

async function ask(request: QueryRequest, source: MemorySource, history?: History): Promise<QueryOutcome<object>> {
  const options: EngineOptions = {
    source,
    history,
    tables: EMPTY_TABLES,
    cache: new StatisticsCache(),
    rules: RULES,
    now: NOW,
    limitMs: Number.POSITIVE_INFINITY,
  };
  return await finishSteps(querySteps(request, options));
}

function scopeOf(random: Random, { records }: World): QueryScope {
  const q = random() < 0.5 ? difficultSearch(random, records) : pick(random, MODEL_SEARCHES).q;
  const from = TIME + pick(random, [0, 100, 1_000, HOUR / 2]);
  return { project: pick(random, [undefined, ...PROJECTS]), q, from, to: from + pick(random, [500, 1_000, HOUR]) };
}

const openScope = (random: Random, world: World): QueryScope =>
  random() < 0.5 ? scopeOf(random, world) : { ...scopeOf(random, world), from: undefined, to: undefined };

const compared = (random: Random) => (random() < 0.4 ? { compared: { from: TIME, to: TIME + 700 } } : {});

async function expectSame(world: World, request: QueryRequest, note: string): Promise<QueryOutcome<object>> {
  const expected = await ask(request, world.all);
  const found = await ask(request, world.recent, world.history);
  expect({ note, request, answer: aligned(found, expected) }).toEqual({ note, request, answer: expected });
  return found;
}

/** Of more fields than a breakdown holds, those that are held depend on the order of the records. */
function comparable(outcome: QueryOutcome<object>): object {
  if (!outcome.ok) return outcome;
  const { fields, ...rest } = outcome.answer as BreakdownResponse;
  const { more, ...records } = rest;
  if (fields.length + more <= BREAKDOWN_NAMES_HELD_MAX) return { fields, ...rest };
  return { names: fields.length + more, ...records };
}

type RequestOf = (random: Random, world: World) => QueryRequest;

const ROUNDS = Number(process.env["ROUNDS"] ?? 8);

function compare(name: string, requestOf: RequestOf, perWorld = 8): void {
  test(name, async () => {
    const seed = runSeed(name);
    const random = seededRandom(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const world = await randomWorld(random);
      for (let at = 0; at < perWorld; at++) await expectSame(world, requestOf(random, world), `SEED=${seed} ${round}`);
    }
  }, 300_000);
}

describe("over ClickHouse the same as over the data file alone", () => {
  test("are pages in both orders, to their end", async () => {
    const seed = runSeed("pages");
    const random = seededRandom(seed);
    for (let round = 0; round < 2 * ROUNDS; round++) {
      const world = await randomWorld(random);
      const scope = openScope(random, world);
      const order = pick(random, ["desc", "asc"] as const);
      const limit = pick(random, [1, 5, 40, 1_000]);
      let cursor: string | undefined;
      for (let page = 0; page < 12; page++) {
        const request = { kind: "entries", scope, limit, cursor, order } as const;
        const outcome = await expectSame(world, request, `SEED=${seed} ${round}`);
        const next = outcome.ok ? (outcome.answer as { nextCursor: string | null }).nextCursor : null;
        if (next === null) break;
        cursor = next;
      }
    }
  }, 300_000);

  compare("are the counts of a histogram", (random, world) => ({
    kind: "histogram",
    scope: scopeOf(random, world),
    intervalMs: pick(random, [100, 7, 60_000]) * (random() < 0.5 ? 1 : 10),
    ...compared(random),
  }));

  compare("are timings", (random, world) => ({
    kind: "timings",
    scope: openScope(random, world),
    byCategory: random() < 0.5,
    sort: pick(random, ["name", "count", "p95", "total", "worse"] as const),
    ...compared(random),
  }));

  compare("are series", (random, world) => ({
    kind: "series",
    scope: scopeOf(random, world),
    intervalMs: pick(random, [100, 60_000]),
    byTouchpoint: random() < 0.5,
    byDuration: random() < 0.5,
    ...compared(random),
  }));

  compare("are fields", (random, world) => ({ kind: "fields", scope: openScope(random, world) }));

  compare(
    "are values",
    (random, world) => ({
      kind: "values",
      scope: openScope(random, world),
      field: pick(random, [
        ..."level kind status source keyType apiKey project touchpoint key message".split(" "),
        ..."id time receivedAt startTime endTime duration".split(" "),
        ...'metadata.a metadata.b metadata.a.b metadata."" metadata.orderId metadata.count'.split(" "),
      ]),
      limit: pick(random, [1, 3, 10, 1_000]),
      byProject: random() < 0.3,
    }),
    20,
  );

  test("are values that are equally frequent, and those that are shown alike", async () => {
    await client.command(`TRUNCATE TABLE ${RECORDS}`);
    const random = seededRandom(runSeed("equally frequent"));
    const texts = [
      "\uffff",
      "\ue000",
      "😀",
      "é",
      "Z",
      "a",
      "\n",
      '"',
      "\\",
      "\u0001",
      "[1]",
      '["a"]',
      "1",
      "true",
      "null",
    ];
    const others = [1, 1, 12, true, null, [1], [1], ["a"], {}, { a: "\uffff" }, { a: "😀" }];
    const values: readonly JsonObject[string][] = [...texts, "x".repeat(1_000), ...others];
    const records = [...values, ...values].map((value) => ({
      ...randomRecord(random, TIME, TIME + 1),
      metadata: { a: value },
      key: typeof value === "string" ? value : "other",
      message: JSON.stringify(value),
    }));
    const all = new MemorySource();
    const stored = all.write("shop", records);
    await insertRecords(
      client,
      stored.map((record) => ({ node: 0, project: "shop", record })),
    );
    const store = new ClickHouseHistory({ ...ADDRESS, urls: [server.url] });
    const history = {
      shippedUpTo: () => stored.length,
      removed: () => ({ upTo: stored.length, receivedUpTo: Number.POSITIVE_INFINITY }),
      records: store.records.bind(store),
    };
    const world = { all, recent: new MemorySource(), history, records: stored };
    const scope = { project: "shop", q: "", from: undefined, to: undefined };
    for (const field of ["metadata.a", "key", "message"]) {
      for (let limit = 1; limit <= values.length; limit++) {
        await expectSame(world, { kind: "values", scope, field, limit }, `${field} ${limit}`);
      }
    }
  }, 300_000);

  compare("are patterns", (random, world) => ({
    kind: "patterns",
    scope: scopeOf(random, world),
    limit: pick(random, [2, 100]),
    ...compared(random),
  }));

  compare("is a trace", (random, world) => ({
    kind: "trace",
    scope: { ...openScope(random, world), q: "" },
    key: pick(random, world.records).key ?? "req-1",
    around: TIME + integer(random, 1_000),
  }));

  compare("are markers", (random, world) => ({ kind: "markers", scope: openScope(random, world) }));

  test("is a breakdown", async () => {
    const seed = runSeed("is a breakdown");
    const random = seededRandom(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const world = await randomWorld(random);
      for (let at = 0; at < 8; at++) {
        const limit = pick(random, [3, 50]);
        const among = random() < 0.5 ? difficultSearch(random, world.records) : "";
        const request = { kind: "breakdown", scope: openScope(random, world), among, limit } as const;
        const [expected, found] = [await ask(request, world.all), await ask(request, world.recent, world.history)];
        const note = `SEED=${seed} ${round}`;
        expect({ note, request, answer: comparable(found) }).toEqual({ note, request, answer: comparable(expected) });
      }
    }
  }, 300_000);

  compare("is what a rule would have measured", (random, world) => ({
    kind: "rule_series",
    scope: { ...scopeOf(random, world), from: undefined, to: undefined },
    of: random() < 0.3 ? difficultSearch(random, world.records) : undefined,
    evaluated: { from: TIME + integer(random, 500), to: TIME + pick(random, [1_500, HOUR]) },
    rule: ruleOf({
      kind: pick(random, ["count", "percentile", "share", "silence", "running"] as const),
      everyMs: pick(random, [100, 1_000]),
      windowMs: pick(random, [100, 1_000, 1_001, HOUR]),
      groupBy: pick(random, [undefined, "touchpoint", "metadata.a"]),
    }),
  }));

  compare("is what a rule measures", (random, world) => ({
    kind: "measure",
    scope: { ...scopeOf(random, world), from: undefined, to: undefined },
    received: { after: TIME + integer(random, 500), upTo: TIME + 500 + integer(random, 1_000) },
    of: random() < 0.5 ? difficultSearch(random, world.records) : undefined,
    percentile: random() < 0.5 ? 95 : undefined,
    groups: random() < 0.5 ? { field: pick(random, ["touchpoint", "level", "metadata.a"]), known: [] } : undefined,
  }));
});
