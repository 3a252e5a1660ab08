// Every read over several nodes and the table, against the same read over one data file that has all records: hostile
// records and searches, at random how many are shipped, expired records, and requests that may see some projects only.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { decodeColumns } from "../../src/block/open_block.ts";
import { recordsOf } from "../../src/block/records.ts";
import { ClickHouseClient } from "../../src/clickhouse/client.ts";
import { ClickHouseHistory } from "../../src/clickhouse/history.ts";
import { createStatements, RECORDS } from "../../src/clickhouse/schema.ts";
import { BREAKDOWN_NAMES_HELD_MAX } from "../../src/core/limits.ts";
import type { ExportRequest, QueryOutcome, QueryRequest, QueryScope } from "../../src/core/queries.ts";
import type { StoredRecord } from "../../src/core/record.ts";
import type { BreakdownResponse, EntriesResponse } from "../../src/core/responses.ts";
import { finishSteps } from "../../src/core/steps.ts";
import { type EngineOptions, type History, querySteps } from "../../src/query/engine.ts";
import type { OpenStart } from "../../src/query/responses/running.ts";
import { IDS_PER_NODE } from "../../src/query/scan/ids.ts";
import { QueryMemory } from "../../src/query/scan/query_memory.ts";
import { isRefusal, type ReadRules } from "../../src/query/scan/scope.ts";
import { StatisticsCache } from "../../src/query/scan/statistics_cache.ts";
import { type ExportHistory, exportText } from "../../src/query/stream/export_text.ts";
import { metadataFieldName } from "../../src/search/fields.ts";
import { aligned } from "../support/aligned_sums.ts";
import { EMPTY_TABLES } from "../support/empty_tables.ts";
import { firstDifference } from "../support/first_difference.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../support/random.ts";
import { type HostileRecord, hostileRecords, hostileSearch } from "./hostile_records.ts";
import { BlocksSource, shipRecords } from "./node_world.ts";
import { ClickHouseServer } from "./server.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const BASE = Date.UTC(2026, 5, 1, 22);
const SPAN_MS = 4 * HOUR;
const NOW = BASE + SPAN_MS + 1_000;
const PROJECTS = ["shop", "Shop", "blog ß", "__proto__"];
const YEARS: ReadRules["defaultProject"] = { retentionMs: 3_650 * DAY, monthlyEntries: undefined, overage: "continue" };
const RULES: ReadRules = {
  // A part of its records has expired.
  projects: { "blog ß": { ...YEARS, retentionMs: SPAN_MS / 2 } },
  defaultProject: YEARS,
  markers: { q: "level:error OR metadata.a:*", label: "message" },
  timeoutMs: HOUR,
};
const ADDRESS = { database: "default", user: "default", password: "", cluster: "" } as const;
/** Worlds, and requests of each. */
const ROUNDS = Number(process.env["ROUNDS"] ?? 3);
const REQUESTS = Number(process.env["REQUESTS"] ?? 30);

let server: ClickHouseServer;
let client: ClickHouseClient;

beforeAll(async () => {
  server = await ClickHouseServer.start();
  client = new ClickHouseClient({ ...ADDRESS, urls: [server.url] });
  for (const statement of createStatements({ cluster: "" })) await client.command(statement);
}, 120_000);
afterAll(() => server.stop());

interface World {
  /** One data file with the records of all nodes. */
  readonly all: BlocksSource;
  /** The records that the asked node received itself. */
  readonly received: BlocksSource;
  /** What the asked node still has, and the table. */
  readonly own: BlocksSource;
  readonly history: History;
  readonly exported: (visible?: readonly string[]) => ExportHistory;
  readonly records: readonly HostileRecord[];
  readonly openStarts: readonly OpenStart[];
}

/** As blocks give them back: what is shipped was read from one. */
function stored(records: readonly StoredRecord[]): StoredRecord[] {
  const source = new BlocksSource(0);
  const block = source.add("any", records);
  return recordsOf(decodeColumns(source.chunks(block) ?? [], records.length), () => true);
}

async function randomWorld(random: Random): Promise<World> {
  await client.command(`TRUNCATE TABLE ${RECORDS}`);
  const nodes = pick(random, [[1], [1, 2, 3], [7, 8_191], [1, 4_096, 8_191]]);
  const asked = pick(random, nodes);
  const nextId = asked * IDS_PER_NODE + 1_000_000;
  const [all, received, own] = [
    new BlocksSource(Number.MAX_SAFE_INTEGER),
    new BlocksSource(nextId),
    new BlocksSource(nextId),
  ];
  const records: HostileRecord[] = [];
  const shipped: HostileRecord[] = [];
  let shippedUpTo = asked * IDS_PER_NODE;
  for (const node of nodes) {
    const count = 1 + integer(random, pick(random, [10, 120, 300]));
    const ofNode = stored(hostileRecords(random, count, BASE, pick(random, [SPAN_MS, 5_000])));
    const gap = pick(random, [0, 5]);
    const placed = ofNode.map((record): HostileRecord => {
      return {
        project: pick(random, PROJECTS),
        record: { ...record, id: node * IDS_PER_NODE + record.id + (record.id > count / 2 ? gap : 0) },
      };
    });
    records.push(...placed);
    const bound = pick(random, [0, placed.length, integer(random, placed.length)]);
    // Of the asked node some more are shipped while it is asked.
    const inTable = node === asked ? placed.slice(0, bound + integer(random, 5)) : placed;
    if (node === asked) shippedUpTo = placed[bound - 1]?.record.id ?? shippedUpTo;
    shipped.push(...inTable);
    addBlocks(random, all, placed, () => true);
    if (node !== asked) continue;
    addBlocks(random, received, placed, () => true);
    addBlocks(random, own, placed, (idMax) => idMax > shippedUpTo || random() < 0.4);
  }
  if (shipped.length > 0) {
    // As they were shipped before a retention became shorter.
    await shipRecords(client, shipped, () => YEARS.retentionMs);
  }
  const store = new ClickHouseHistory({ ...ADDRESS, urls: [server.url], node: asked });
  const history = {
    shippedUpTo: () => shippedUpTo,
    removed: () => ({ upTo: shippedUpTo, receivedUpTo: Number.POSITIVE_INFINITY }),
    records: store.records.bind(store),
  };
  const limits = { memory: new QueryMemory(), clock: () => performance.now(), deadline: Number.POSITIVE_INFINITY };
  const exporting = (visible?: readonly string[]) => {
    return store.records({ shippedUpTo, visible, ownProjects: own.projects(), isOwnOnly: false });
  };
  const projects = await finishSteps(exporting().projects(limits));
  const exported = (visible?: readonly string[]): ExportHistory => ({
    projects,
    shippedUpTo: () => shippedUpTo,
    inOrder: (scope, after, upTo) => exporting(visible).inOrder(limits, scope, after, upTo),
  });
  const openStarts = records
    .slice(0, integer(random, 12))
    .map(({ project, record: { id: _id, kind: _kind, ...start } }) => {
      return { project, start: { ...start, startTime: start.startTime ?? start.time } };
    });
  return { all, received, own, history, exported, records, openStarts };
}

/** Blocks of a few records of one project; some are merged. */
function addBlocks(
  random: Random,
  source: BlocksSource,
  records: readonly HostileRecord[],
  isKept: (idMax: number) => boolean,
): void {
  for (const project of PROJECTS) {
    const own = records.filter((one) => one.project === project).map(({ record }) => record);
    const blocks: number[] = [];
    for (let at = 0; at < own.length; ) {
      const some = own.slice(at, at + 1 + integer(random, 60));
      at += some.length;
      const last = some.at(-1);
      if (last !== undefined && isKept(last.id)) blocks.push(source.add(project, some));
    }
    if (blocks.length > 1 && random() < 0.5) source.merge(project, blocks);
  }
}

async function ask(world: World, request: QueryRequest, source: BlocksSource, history?: History) {
  const options: EngineOptions = {
    source,
    history,
    tables: { ...EMPTY_TABLES, openStarts: () => world.openStarts },
    cache: new StatisticsCache(),
    rules: RULES,
    now: NOW,
    limitMs: Number.POSITIVE_INFINITY,
  };
  return await finishSteps(querySteps(request, options));
}

const FIELDS = [
  ..."level kind status source keyType apiKey project touchpoint key message".split(" "),
  ..."id time receivedAt startTime endTime duration".split(" "),
  ...[
    "a",
    "b",
    "c",
    "a.b",
    "a.b.c",
    "b.c",
    ".a",
    "a.",
    ".",
    "",
    "K",
    "__proto__",
    "constructor",
    "0",
    "a[0]",
    'a"b',
    "nobody",
  ].map(metadataFieldName),
];

function scopeOf(random: Random, { records }: World): QueryScope {
  const q = random() < 0.15 ? "" : hostileSearch(random, records);
  const from = pick(random, [undefined, BASE, BASE + integer(random, SPAN_MS), pick(random, records).record.time]);
  const to = pick(random, [undefined, NOW, (from ?? BASE) + 1 + integer(random, SPAN_MS)]);
  return { project: pick(random, [undefined, undefined, ...PROJECTS]), q, from, to };
}

function boundedScope(random: Random, world: World): QueryScope {
  const from = BASE + integer(random, 5_000);
  return { ...scopeOf(random, world), from, to: from + pick(random, [700, 5_000, SPAN_MS]) };
}

const compared = (random: Random) => (random() < 0.4 ? { compared: { from: BASE, to: BASE + 3_000 } } : {});

const REQUEST_OF: Readonly<Record<string, (random: Random, world: World) => QueryRequest>> = {
  entries: (random, world) => ({
    kind: "entries",
    scope: scopeOf(random, world),
    limit: pick(random, [1, 3, 50, 1_000]),
    cursor: undefined,
    order: pick(random, ["desc", "asc"] as const),
  }),
  histogram: (random, world) => ({
    kind: "histogram",
    scope: boundedScope(random, world),
    intervalMs: pick(random, [undefined, 100, 777, 60_000]),
    ...compared(random),
  }),
  timings: (random, world) => ({
    kind: "timings",
    scope: scopeOf(random, world),
    byCategory: random() < 0.5,
    sort: pick(random, ["name", "count", "p95", "total", "worse"] as const),
    limit: pick(random, [undefined, 2]),
    ...compared(random),
  }),
  series: (random, world) => ({
    kind: "series",
    scope: boundedScope(random, world),
    intervalMs: pick(random, [undefined, 500, 60_000]),
    byTouchpoint: random() < 0.5,
    byDuration: random() < 0.5,
    ...compared(random),
  }),
  running: (random, world) => ({
    kind: "running",
    scope: scopeOf(random, world),
    limit: 10,
    withP99: true,
    isByP99: random() < 0.5,
  }),
  fields: (random, world) => ({ kind: "fields", scope: scopeOf(random, world) }),
  values: (random, world) => ({
    kind: "values",
    scope: scopeOf(random, world),
    field: pick(random, FIELDS),
    limit: pick(random, [1, 3, 10, 1_000]),
    byProject: random() < 0.3,
  }),
  patterns: (random, world) => ({
    kind: "patterns",
    scope: boundedScope(random, world),
    limit: pick(random, [2, 100]),
    ...compared(random),
  }),
  breakdown: (random, world) => ({
    kind: "breakdown",
    scope: scopeOf(random, world),
    limit: pick(random, [3, 50]),
    among: random() < 0.5 ? hostileSearch(random, world.records) : "",
  }),
  trace: (random, world) => {
    const { record } = pick(random, world.records);
    return { kind: "trace", scope: { ...scopeOf(random, world), q: "" }, key: record.key ?? "k", around: record.time };
  },
  markers: (random, world) => ({ kind: "markers", scope: scopeOf(random, world) }),
  measure: (random, world) => ({
    kind: "measure",
    scope: {
      ...scopeOf(random, world),
      project: pick(random, [undefined, ...world.received.projects()]),
      from: undefined,
      to: undefined,
    },
    received: { after: BASE + integer(random, 3_000), upTo: BASE + 3_000 + integer(random, SPAN_MS) },
    of: random() < 0.5 ? hostileSearch(random, world.records) : undefined,
    percentile: random() < 0.5 ? 95 : undefined,
    groups:
      random() < 0.5 ? { field: pick(random, ["touchpoint", "key", "level", "metadata.a"]), known: [] } : undefined,
  }),
};

const visibleOf = (random: Random) => (random() < 0.3 ? { visible: PROJECTS.filter(() => random() < 0.5) } : {});

/** Of more fields than a breakdown holds, those that are held depend on the order of the records. */
function comparable(request: QueryRequest, outcome: QueryOutcome<object>, areFieldsHeld: boolean): object {
  // The message lists the projects: of a measure, those of all nodes, though it reads one's own records.
  if (!outcome.ok && outcome.refusal.code === "unknown_project") return { code: outcome.refusal.code };
  if (request.kind !== "breakdown" || !outcome.ok || areFieldsHeld) return outcome;
  const { fields: _fields, more: _more, ...records } = outcome.answer as BreakdownResponse;
  return records;
}

/** Whether a breakdown holds all of its fields. */
function holdsFields(request: QueryRequest, outcome: QueryOutcome<object>): boolean {
  if (request.kind !== "breakdown" || !outcome.ok) return true;
  const { fields, more } = outcome.answer as BreakdownResponse;
  return fields.length + more <= BREAKDOWN_NAMES_HELD_MAX;
}

/** Asks both. Failures are collected, so that one run shows every kind of them. */
async function differences(
  world: World,
  request: QueryRequest,
): Promise<{ outcome: QueryOutcome<object>; diff?: object }> {
  const outcome = await ask(world, request, request.kind === "measure" ? world.received : world.all);
  const found = await ask(world, request, world.own, world.history).catch((error: unknown) => ({
    ok: false as const,
    refusal: { code: "unavailable" as const, message: `thrown: ${String(error)}` },
  }));
  // As the JSON that is answered, which has no −0.
  const areFieldsHeld = holdsFields(request, found) && holdsFields(request, outcome);
  const [one, other] = [
    comparable(request, aligned(found, outcome) as QueryOutcome<object>, areFieldsHeld),
    comparable(request, outcome, areFieldsHeld),
  ].map((answer) => JSON.parse(JSON.stringify(answer)) as object);
  return Bun.deepEquals(one, other) ? { outcome } : { outcome, diff: { request, at: firstDifference(one, other) } };
}

function exportOf(random: Random, world: World): ExportRequest {
  const scope = scopeOf(random, world);
  if (random() < 0.4) return { format: "ndjson", scope, ...visibleOf(random) };
  const columns = FIELDS.filter(() => random() < 0.4);
  return { format: pick(random, ["csv", "spreadsheet"] as const), columns, scope, ...visibleOf(random) };
}

describe("over several nodes the same as over one data file with all records", () => {
  for (const [kind, requestOf] of Object.entries(REQUEST_OF)) {
    test(`is the answer: ${kind}`, async () => {
      const seed = runSeed(kind);
      const random = seededRandom(seed);
      let [asked, refused] = [0, 0];
      for (let round = 0; round < ROUNDS; round++) {
        const world = await randomWorld(random);
        for (let at = 0; at < REQUESTS; at++) {
          const request = { ...requestOf(random, world), ...visibleOf(random) };
          const { outcome, diff } = await differences(world, request);
          expect({ seed, round, at, diff }).toEqual({ seed, round, at, diff: undefined });
          asked++;
          if (!outcome.ok) refused++;
        }
      }
      console.log(`${kind}: ${asked} asked, ${refused} refused by both`);
      expect(refused).toBeLessThan(asked / 2);
    }, 900_000);
  }

  test("are pages over everything, both ways, to their end", async () => {
    const seed = runSeed("pages");
    const random = seededRandom(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const world = await randomWorld(random);
      for (const order of ["desc", "asc"] as const) {
        const scope = { ...scopeOf(random, world), q: random() < 0.5 ? "" : hostileSearch(random, world.records) };
        const limit = pick(random, [1, 7, 60]);
        let cursor: string | undefined;
        for (let page = 0; page < 30; page++) {
          const request = { kind: "entries", scope, limit, cursor, order } as const;
          const { outcome, diff } = await differences(world, request);
          expect({ seed, round, diff }).toEqual({ seed, round, diff: undefined });
          const next: string | null = outcome.ok ? (outcome.answer as EntriesResponse).nextCursor : null;
          if (next === null) break;
          cursor = next;
        }
      }
    }
  }, 900_000);

  test("is every export", async () => {
    const seed = runSeed("exports");
    const random = seededRandom(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const world = await randomWorld(random);
      for (let at = 0; at < REQUESTS / 3; at++) {
        const request = exportOf(random, world);
        const textOf = async (source: BlocksSource, history?: ExportHistory) => {
          const texts = exportText(request, { source, rules: RULES, now: NOW, history });
          if (isRefusal(texts)) return texts;
          let whole = "";
          for (const part of texts) {
            if (typeof part === "string") whole += part;
            else await part;
          }
          // Within a record the order of metadata is that of a block's columns.
          return request.format === "ndjson"
            ? whole.split("\n").map((line) => JSON.parse(line || "{}") as object)
            : whole;
        };
        const [expected, found] = [await textOf(world.all), await textOf(world.own, world.exported(request.visible))];
        expect({ seed, round, request, found }).toEqual({ seed, round, request, found: expected });
      }
    }
  }, 900_000);
});
