// What several nodes see of one history: each its own records and those of all others, with the ids that are shown.
// Exports, limits, and a history that cannot be reached.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { ClickHouseClient } from "../../src/clickhouse/client.ts";
import { ClickHouseHistory } from "../../src/clickhouse/history.ts";
import { createStatements, RECORDS } from "../../src/clickhouse/schema.ts";
import type { QueryOutcome, QueryRequest, QueryScope } from "../../src/core/queries.ts";
import type { ShownRecord, StoredRecord } from "../../src/core/record.ts";
import type { EntriesResponse, HistogramResponse, MeasureResponse } from "../../src/core/responses.ts";
import { finishSteps } from "../../src/core/steps.ts";
import { type EngineOptions, type History, querySteps } from "../../src/query/engine.ts";
import { IDS_PER_NODE } from "../../src/query/scan/ids.ts";
import { QueryMemory } from "../../src/query/scan/query_memory.ts";
import type { ReadRules } from "../../src/query/scan/scope.ts";
import { StatisticsCache } from "../../src/query/scan/statistics_cache.ts";
import { shownIds } from "../../src/query/shown_ids.ts";
import { type ExportedText, exportText } from "../../src/query/stream/export_text.ts";
import { TailHub } from "../../src/query/stream/tail.ts";
import { untilTrue } from "../support/condition.ts";
import { EMPTY_TABLES } from "../support/empty_tables.ts";
import { MemorySource, randomRecord } from "../support/memory_source.ts";
import { integer, pick, runSeed, seededRandom } from "../support/random.ts";
import { ClickHouseServer } from "./server.ts";
import { insertRecords } from "./table_rows.ts";

const ADDRESS = { database: "default", user: "default", password: "", cluster: "" } as const;
const TIME = Date.UTC(2026, 5, 1);
const NOW = TIME + 3_600_000;
const RULES: ReadRules = {
  projects: {},
  defaultProject: { retentionMs: 30 * 86_400_000, monthlyEntries: undefined, overage: "continue" },
};

let server: ClickHouseServer;
let client: ClickHouseClient;

beforeAll(async () => {
  server = await ClickHouseServer.start();
  client = new ClickHouseClient({ ...ADDRESS, urls: [server.url] });
  for (const statement of createStatements({ cluster: "" })) await client.command(statement);
}, 120_000);
beforeEach(() => client.command(`TRUNCATE TABLE ${RECORDS}`));
afterEach(() => server.comeBack());
afterAll(() => server.stop());

/** A node with a data file of its own. */
class Node {
  readonly number: number;
  readonly source = new MemorySource();
  readonly records: ShownRecord[] = [];
  shipped = 0;
  readonly #store: ClickHouseHistory;

  constructor(number: number) {
    this.number = number;
    const address = { ...ADDRESS, urls: [server.url], node: number };
    this.#store = new ClickHouseHistory(address);
  }

  get history(): History {
    return {
      shippedUpTo: () => this.number * IDS_PER_NODE + this.shipped,
      removed: () => ({ upTo: this.number * IDS_PER_NODE, receivedUpTo: 0 }),
      records: (range) => this.#store.records(range),
    };
  }

  get blocks() {
    return shownIds(Object.assign(this.source, exportCalls(this.source)), this.number);
  }

  write(project: string, records: readonly Omit<StoredRecord, "id">[]): StoredRecord[] {
    return this.source.write(project, records);
  }

  async ship(project: string, records: readonly StoredRecord[]): Promise<void> {
    await insertRecords(
      client,
      records.map((record) => ({ node: this.number, project, record })),
    );
    this.shipped = Math.max(this.shipped, ...records.map(({ id }) => id));
  }

  async ask(request: QueryRequest, parts: Partial<EngineOptions> = {}): Promise<QueryOutcome<object>> {
    return await finishSteps(this.steps(request, parts));
  }

  steps(request: QueryRequest, parts: Partial<EngineOptions> = {}) {
    return querySteps(request, {
      source: this.blocks,
      history: this.history,
      tables: EMPTY_TABLES,
      cache: new StatisticsCache(),
      rules: RULES,
      now: NOW,
      limitMs: 60_000,
      ...parts,
    });
  }

  async entries(scope: Partial<QueryScope> = {}, limit = 1_000): Promise<readonly ShownRecord[]> {
    const request = { kind: "entries", scope: scopeOf(scope), limit, cursor: undefined } as const;
    const outcome = await this.ask(request);
    if (!outcome.ok) throw new Error(outcome.refusal.message);
    return (outcome.answer as EntriesResponse).entries;
  }
}

function exportCalls(source: MemorySource) {
  return {
    overlapping: (from: number, to: number) => source.listIds(from, to),
    chunks: (block: number) => {
      const chunks = source.open(block);
      return chunks?.names().flatMap((name) => chunks.chunk(name) ?? []);
    },
    damagedZoneMaps: () => [],
  };
}

function scopeOf(parts: Partial<QueryScope> = {}): QueryScope {
  return { project: undefined, q: "", from: undefined, to: undefined, ...parts };
}

async function linesOf(text: ExportedText): Promise<ShownRecord[]> {
  let all = "";
  for (const part of text) {
    if (part instanceof Promise) await part;
    else all += part;
  }
  return all
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as ShownRecord);
}

function log(time: number, message: string): Omit<StoredRecord, "id"> {
  return {
    kind: "log",
    time,
    receivedAt: time,
    source: "server",
    keyType: "server",
    apiKey: "web shop",
    touchpoint: undefined,
    key: undefined,
    level: "info",
    message,
    startTime: undefined,
    endTime: undefined,
    duration: undefined,
    metadata: undefined,
  };
}

/** Three nodes; of each some records are shipped, some are not, and some are shipped but not yet known to be. */
async function threeNodes(random = seededRandom(1)) {
  const nodes = [1, 2, 7].map((number) => new Node(number));
  const shown: (ShownRecord & { readonly node: number; readonly isShipped: boolean })[] = [];
  for (const node of nodes) {
    for (const project of ["shop", `only-${node.number}`]) {
      const batch = Array.from({ length: 30 }, () => randomRecord(random, TIME, TIME + 1_000));
      const stored = node.write(project, batch);
      const count = integer(random, 30);
      if (count > 0) await node.ship(project, stored.slice(0, count));
      for (const record of stored) {
        const isShipped = record.id <= node.shipped;
        shown.push({ ...(record as unknown as ShownRecord), project, node: node.number, isShipped });
      }
    }
  }
  return { nodes, shown };
}

describe("each node", () => {
  test("shows its own records, and of others what they have shipped, once and by one id", async () => {
    const random = seededRandom(runSeed("three nodes"));
    const { nodes, shown } = await threeNodes(random);
    // What the first of a node's projects has not shipped is below what the second has: it is not there.
    const inTable = new Set((await client.query(`SELECT node, id FROM ${RECORDS}`)).map((row) => row.join(" ")));
    for (const node of nodes) {
      const expected = shown
        .filter((one) => {
          const isThere = inTable.has(`${one.node} ${one.id}`);
          return one.node === node.number ? one.id > node.shipped || isThere : isThere;
        })
        .map((one) => one.node * IDS_PER_NODE + one.id);
      const found = await node.entries();
      expect(found.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(expected.toSorted((a, b) => a - b));
      const [one] = found;
      if (one !== undefined) expect(await node.entries({ q: `id:${one.id}` })).toEqual([one]);
    }
  });

  test("exports all of it in the order of ids", async () => {
    const random = seededRandom(runSeed("export"));
    const { nodes } = await threeNodes(random);
    for (const node of nodes) {
      const q = pick(random, ["", "level:error", 'pattern:"order*"', "metadata.count:>3"]);
      const expected = (await node.entries({ q })).toSorted((a, b) => a.id - b.id);
      const records = node.history.records({
        shippedUpTo: node.history.shippedUpTo(),
        visible: undefined,
        ownProjects: node.source.projects(),
        isOwnOnly: false,
      });
      const limits = { memory: new QueryMemory(), clock: () => performance.now(), deadline: Infinity };
      const text = exportText(
        { format: "ndjson", scope: scopeOf({ q }) },
        {
          source: node.blocks,
          rules: RULES,
          now: NOW,
          history: {
            projects: [],
            shippedUpTo: node.history.shippedUpTo,
            inOrder: (scope, after, upTo) => records.inOrder(limits, scope, after, upTo),
          },
        },
      );
      if ("code" in text) throw new Error(text.message);
      expect(await linesOf(text)).toEqual(expected);
    }
  });

  test("knows the projects of others, and shows a reader only what it may see", async () => {
    const { nodes } = await threeNodes();
    const [first] = nodes as [Node];
    const entries = { kind: "entries", limit: 10, cursor: undefined } as const;
    expect(await first.ask({ ...entries, scope: scopeOf({ project: "only-7" }) })).toMatchObject({ ok: true });
    expect(await first.ask({ ...entries, scope: scopeOf({ project: "nowhere" }) })).toMatchObject({
      ok: false,
      refusal: { code: "unknown_project" },
    });
    const visible = ["only-2"];
    const outcome = await first.ask({ ...entries, scope: scopeOf(), visible, limit: 1_000 });
    const projects = outcome.ok ? (outcome.answer as EntriesResponse).entries.map(({ project }) => project) : [];
    expect([...new Set(projects)]).toEqual(visible.filter(() => projects.length > 0));
    expect(await first.ask({ ...entries, scope: scopeOf({ project: "only-7" }), visible })).toMatchObject({
      ok: false,
    });
  });

  test("reads what it has just shipped of a project that is new", async () => {
    const node = new Node(1);
    expect(await node.entries()).toEqual([]);
    await node.ship("new", node.write("new", [log(TIME, "first")]));
    expect((await node.entries()).map(({ message }) => message)).toEqual(["first"]);
  });

  test("shows the first records of another node's project at once, whatever it has asked before", async () => {
    const [one, other] = [new Node(1), new Node(2)];
    await one.ship("shop", one.write("shop", [log(TIME, "known")]));
    expect((await one.entries()).length).toBe(1);
    await other.ship("begun", other.write("begun", [log(TIME + 1, "first")]));
    expect((await one.entries()).map(({ message }) => message)).toEqual(["first", "known"]);
  });

  test("reads pages of one and of all projects in the order of the table, both ways", async () => {
    const node = new Node(1);
    for (const project of ["shop", "blog"]) await node.ship(project, node.write(project, [log(TIME, project)]));
    for (const order of ["asc", "desc"] as const) {
      for (const project of [undefined, "shop"]) {
        server.seen.length = 0;
        const scope = scopeOf({ project, from: TIME });
        await node.ask({ kind: "entries", scope, limit: 1, cursor: undefined, order });
        const seen = server.seen.find(({ body }) => body.includes("ORDER BY time"));
        const search = new URLSearchParams(seen?.search);
        search.set("default_format", "TSVRaw");
        // The page's own query may be ended on the server.
        search.set("query_id", crypto.randomUUID());
        const body = `EXPLAIN indexes = 1 ${String(seen?.body)}`;
        const plan = await (await fetch(`${server.directUrl}/?${search.toString()}`, { method: "POST", body })).text();
        const types = [...plan.matchAll(/Read type: (\w+)/g)].map(([, type]) => type);
        const expected = order === "asc" ? "InOrder" : "InReverseOrder";
        expect({ order, project, types }).toEqual({
          order,
          project,
          types: project === undefined ? [expected, expected] : [expected],
        });
      }
    }
  });

  test("measures for rules what it received itself, also while the history is away", async () => {
    const [one, other] = [new Node(1), new Node(2)];
    await one.ship("shop", one.write("shop", [log(NOW - 1_000, "a"), log(NOW - 2_000, "b")]));
    await other.ship("shop", other.write("shop", [log(NOW - 1_000, "c")]));
    const measure = (after: number): QueryRequest => ({
      kind: "measure",
      scope: scopeOf(),
      received: { after, upTo: NOW },
    });
    const old = await one.ask(measure(0));
    expect(old.ok && (old.answer as MeasureResponse).count).toBe(2);
    server.leave();
    const recent = await one.ask(measure(NOW - 60_000));
    expect(recent.ok && (recent.answer as MeasureResponse).count).toBe(2);
  });

  test("goes on with a tail where it was, and begins anew after an id of another node", () => {
    const node = new Node(3);
    node.write("shop", [log(NOW, "a"), log(NOW, "b")]);
    const hub = new TailHub({ source: node.blocks, expiredBefore: () => 0 });
    const positionAfter = (after: number | undefined) => {
      hub.open(1, { project: undefined, q: "", after });
      return hub.positionOf(1) - 3 * IDS_PER_NODE;
    };
    expect(positionAfter(3 * IDS_PER_NODE + 1)).toBe(1);
    expect(positionAfter(undefined)).toBe(2);
    expect(positionAfter(2 * IDS_PER_NODE + 1)).toBe(2);
    expect(positionAfter(1)).toBe(2);
  });
});

describe("a query over a history", () => {
  const histogram: QueryRequest = {
    kind: "histogram",
    scope: scopeOf({ project: "shop", from: TIME, to: NOW }),
    intervalMs: 60_000,
  };

  async function nodeWithRecords(): Promise<Node> {
    const node = new Node(1);
    await node.ship("shop", node.write("shop", [log(TIME, "shipped")]));
    node.write("shop", [log(TIME + 1, "not yet")]);
    return node;
  }

  test("that cannot be reached is refused, and says why", async () => {
    const node = await nodeWithRecords();
    server.leave();
    const outcome = await node.ask(histogram);
    expect(outcome).toMatchObject({ ok: false, refusal: { code: "history_unavailable" } });
    expect(outcome.ok ? "" : outcome.refusal.message).toStartWith("cannot read from ClickHouse: ");
    server.comeBack();
    expect(await node.ask(histogram)).toMatchObject({ ok: true });
  });

  test("whose table is not made yet is one over the data file, and refused where something was shipped", async () => {
    const node = new Node(1);
    node.write("shop", [log(TIME, "not yet")]);
    await client.command(`RENAME TABLE ${RECORDS} TO hidden`);
    try {
      expect((await node.entries()).map(({ message }) => message)).toEqual(["not yet"]);
      expect(await node.ask(histogram)).toMatchObject({ ok: true });
      node.shipped = 1;
      expect(await node.ask(histogram)).toMatchObject({ ok: false, refusal: { code: "history_unavailable" } });
    } finally {
      await client.command(`RENAME TABLE hidden TO ${RECORDS}`);
    }
  });

  test("whose answer is cut is refused", async () => {
    const node = await nodeWithRecords();
    server.fail("answer_cut", 1, ({ body }) => body.includes("count()"));
    expect(await node.ask(histogram)).toMatchObject({ ok: false, refusal: { code: "history_unavailable" } });
  });

  test("tells the server its limits of time and memory, and says that it stopped early where that ends it", async () => {
    const node = await nodeWithRecords();
    server.seen.length = 0;
    await node.ask(histogram, { limitMs: 4_000 });
    const asked = server.seen.filter(({ body }) => body.includes("count()"));
    const limits = asked.map(({ search }) => Number(search.get("max_execution_time")));
    expect(limits.length).toBeGreaterThan(0);
    expect(limits.filter((seconds) => !(seconds > 0 && seconds <= 4))).toEqual([]);
    expect(asked.map(({ search }) => Number(search.get("max_memory_usage")) > 0)).not.toContain(false);
    const outcome = await node.ask(histogram, { limitMs: 0 });
    const { buckets, stoppedEarly = "" } = (outcome.ok ? outcome.answer : {}) as HistogramResponse;
    expect(stoppedEarly).toContain("time limit");
    expect(buckets.length).toBeGreaterThan(0);
    const page: QueryRequest = { kind: "entries", scope: scopeOf({ project: "shop" }), limit: 5, cursor: undefined };
    const stopped = await node.ask(page, { limitMs: 0 });
    expect(stopped.ok && (stopped.answer as EntriesResponse).stoppedEarly).toContain("go on with nextCursor");
  });

  test("that is cancelled ends on the server", async () => {
    const node = await nodeWithRecords();
    server.fail("request_hangs", 1, ({ body }) => body.includes("count()"));
    server.seen.length = 0;
    const steps = node.steps(histogram);
    const count = () => server.seen.find(({ body }) => body.includes("count()"));
    while (count() === undefined) {
      const step = steps.next();
      expect(step.done).toBe(false);
      await Promise.race([step.value, Bun.sleep(5)]);
    }
    const asked = count();
    steps.return({ ok: false, refusal: { code: "cancelled", message: "" } });
    await untilTrue("the request", () => server.seen.some(({ body }) => body.includes("KILL QUERY")));
    const killed = server.seen.find(({ body }) => body.includes("KILL QUERY"));
    expect(killed?.search.get("param_id")).toBe(asked?.search.get("query_id") as string);
  });
});
