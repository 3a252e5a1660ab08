// Counts over time from the projection of minutes, against the records themselves: random records of several nodes,
// random bounds of what is shipped, and records that are erased in between. The engine says whether it was used.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { kindCodeOf, levelCodeOf, packFlags } from "../../src/block/codec/flags.ts";
import { ClickHouseRecords, type RowSource } from "../../src/clickhouse/clickhouse_records.ts";
import type { ClickHouseClient } from "../../src/clickhouse/client.ts";
import { eraseShipped } from "../../src/clickhouse/erase.ts";
import { memoryBlock } from "../../src/clickhouse/found_records.ts";
import { OPEN_GROUPS_MAX } from "../../src/clickhouse/minute_sql.ts";
import { MINUTES, RECORDS } from "../../src/clickhouse/schema.ts";
import type { Readable } from "../../src/clickhouse/scope_sql.ts";
import type { StoredRecord } from "../../src/core/record.ts";
import { finishSteps } from "../../src/core/steps.ts";
import { matchRows } from "../../src/query/match/evaluate.ts";
import { IDS_PER_NODE } from "../../src/query/scan/ids.ts";
import { QueryMemory } from "../../src/query/scan/query_memory.ts";
import { Coverage } from "../../src/query/scan/records.ts";
import type { Scope } from "../../src/query/scan/scope.ts";
import { type Buckets, bucketOf } from "../../src/query/scan/time_buckets.ts";
import { parseSearch } from "../../src/search/parser.ts";
import { randomRecord } from "../support/memory_source.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../support/random.ts";
import type { ClickHouseServer } from "./server.ts";
import { insertRecords, type NodeRecord, serverWithTables } from "./table_rows.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const BEGIN = Date.UTC(2026, 10, 29, 10);
const PROJECTS = ["shop", "blog", "constructor"];
const NODES = [1, 2, 8191];
const OWN = 2;

let server: ClickHouseServer;
let client: ClickHouseClient;

beforeAll(async () => {
  ({ server, client } = await serverWithTables());
}, 120_000);
afterAll(() => server.stop());

/** What was asked of the engine. */
class Statements implements RowSource {
  /** Whether a statement about minutes fails where the engine does not use their projection. */
  isForced = false;
  readonly asked: string[] = [];
  /** Called before a statement is sent. */
  before: (sql: string) => Promise<void> = () => Promise.resolve();

  async *stream(...[sql, parameters, options]: Parameters<RowSource["stream"]>): ReturnType<RowSource["stream"]> {
    await this.before(sql);
    this.asked.push(sql);
    const settings = this.isForced && sql.includes("AS is_whole") ? { force_optimize_projection_name: MINUTES } : {};
    yield* client.stream(sql, parameters, { ...options, settings });
  }

  get ofMinutes(): string[] {
    return this.asked.filter((sql) => sql.includes("AS is_whole"));
  }

  /** Those that count the records of open groups. */
  get ofOpen(): string[] {
    return this.asked.filter((sql) => sql.includes("AS minute FROM") && !sql.includes("AS is_whole"));
  }
}

function searchOf(q: string): Scope["search"] {
  const parsed = parseSearch(q);
  if (!parsed.ok) throw new Error(parsed.problem.message);
  return parsed.search;
}

interface Ask extends Pick<Scope, "project" | "from" | "to"> {
  readonly q: string;
  /** By project. */
  readonly retained: Readonly<Record<string, number>>;
  readonly buckets: Buckets;
  /** Its values are counted, whatever the bucket; undefined: kinds and levels are. */
  readonly field?: string | undefined;
  readonly readable: Pick<Readable, "shippedUpTo" | "visible" | "isOwnOnly">;
}

/** Counts by bucket and flags. */
type Counts = Readonly<Record<string, number>>;

async function countedBy(source: RowSource, ask: Ask): Promise<Counts> {
  const store = new ClickHouseRecords({
    ...ask.readable,
    ownProjects: [],
    node: OWN,
    client: source,
    projects: () => Promise.resolve(PROJECTS),
  });
  const counts: Record<string, number> = {};
  const add = (name: string, count: number) => {
    counts[name] = (counts[name] ?? 0) + count;
  };
  const named = (bucket: number, flags: number) => `${bucket} ${kindCodeOf(flags)} ${levelCodeOf(flags)}`;
  const { field } = ask;
  const coverage = new Coverage();
  const limits = { deadline: Number.POSITIVE_INFINITY, clock: () => 0, memory: new QueryMemory() };
  await finishSteps(
    store.scan(limits, [scopeOf(ask)], coverage, {
      *visit(scanned) {
        const matches = yield* scanned.matches();
        if (matches === "none") return;
        const block = yield* scanned.open();
        for (let row = 0; row < block.count; row++) {
          if (matches !== "all" && matches[row] !== 1) continue;
          add(named(bucketOf(ask.buckets, block.time()[row] as number), block.flags()[row] as number), 1);
        }
      },
      counted:
        field === undefined
          ? {
              kind: "levels",
              buckets: [ask.buckets],
              add: (_scope, bucket, flags, count) => add(named(bucket, flags), count),
            }
          : {
              kind: "values",
              field,
              limit: 10,
              known: () => [],
              add: (value, count) => add(String(value), count),
              addOthers: () => expect.unreachable(),
            },
    }),
  );
  expect(coverage.warnings()).toEqual({});
  return counts;
}

function scopeOf({ project, from, to, q, retained }: Ask): Scope {
  const retainedFrom = (name: string) =>
    Object.hasOwn(retained, name) ? (retained[name] as number) : Number.NEGATIVE_INFINITY;
  const shownFrom = (name: string) => Math.max(from, retainedFrom(name));
  return { project, from, to, search: searchOf(q), retainedFrom, shownFrom };
}

function valueOf({ kind, level, source, keyType }: StoredRecord, field: string): string | undefined {
  const status = kind === "log" ? undefined : kind;
  const values: Readonly<Record<string, string | undefined>> = { status, level, source, keyType };
  return field === "kind" ? (kind === "log" ? "log" : "timing") : values[field];
}

/** The same counts, record by record. */
function countedHere(rows: readonly NodeRecord[], ask: Ask): Counts {
  const scope = scopeOf(ask);
  const { visible, shippedUpTo, isOwnOnly } = ask.readable;
  const counts: Record<string, number> = {};
  for (const project of PROJECTS) {
    const own = rows.filter((row) => row.project === project);
    if (own.length === 0) continue;
    const records = own.map(({ node, record }) => ({ ...record, id: node * IDS_PER_NODE + record.id }));
    const matches = matchRows(scope.search, memoryBlock(project, records).open(), project);
    for (const [index, { node, record }] of own.entries()) {
      const isRead =
        matches[index] === 1 &&
        (scope.project ?? project) === project &&
        (visible?.includes(project) ?? true) &&
        record.time >= scope.shownFrom(project) &&
        record.time < scope.to &&
        (node === OWN ? (records[index] as { id: number }).id <= shippedUpTo : !isOwnOnly);
      if (!isRead) continue;
      const flags = packFlags(record);
      if (ask.field !== undefined) {
        const value = valueOf(record, ask.field);
        if (value !== undefined) counts[value] = (counts[value] ?? 0) + 1;
        continue;
      }
      const name = `${bucketOf(ask.buckets, record.time)} ${kindCodeOf(flags)} ${levelCodeOf(flags)}`;
      counts[name] = (counts[name] ?? 0) + 1;
    }
  }
  return counts;
}

const ids = new Map<number, number>();

function randomRows(random: Random, count: number): NodeRecord[] {
  const spread = pick(random, [5 * MINUTE, HOUR, 30 * HOUR]);
  return Array.from({ length: count }, () => {
    const node = pick(random, NODES);
    const id = (ids.get(node) ?? 0) + 1 + integer(random, 2);
    ids.set(node, id);
    const record = { ...randomRecord(random, BEGIN, BEGIN + spread), id };
    // At the edges of minutes, and just beside them.
    const edge = BEGIN + MINUTE * integer(random, 90) + pick(random, [0, -0.001, 0.5, 59_999.999]);
    return { node, project: pick(random, PROJECTS), record: random() < 0.3 ? { ...record, time: edge } : record };
  });
}

const FIELDS = ["kind", "status", "level", "source", "keyType"];
const GROUPED = [
  "",
  "level:error",
  "-level:info,debug",
  "kind:timing",
  "status:unfinished OR level:warn",
  "source:client",
];
const OTHERS = ["touchpoint:api/*", "order", "level:error duration:>5"];
const time = (random: Random) => BEGIN + pick(random, [0, MINUTE, HOUR]) + pick(random, [0, 0, 1, 30_500, -0.5]);

function randomAsk(random: Random): Ask {
  const from = random() < 0.2 ? Number.NEGATIVE_INFINITY : time(random) - pick(random, [0, 7 * MINUTE]);
  const to = random() < 0.2 ? Number.POSITIVE_INFINITY : time(random) + pick(random, [MINUTE, 2 * HOUR, 40 * HOUR]);
  const interval = pick(random, [MINUTE, 7 * MINUTE, HOUR, 24 * HOUR, 30_000, 90_000]);
  const start = Math.floor(BEGIN / interval) * interval - pick(random, [0, 0, 0, 1_000]);
  return {
    project: pick(random, [undefined, ...PROJECTS]),
    from,
    to,
    q: pick(random, random() < 0.8 ? GROUPED : OTHERS),
    retained: random() < 0.5 ? {} : { shop: BEGIN + 10 * MINUTE + 1, blog: BEGIN + 3 * MINUTE },
    buckets: { interval, start: start - 10 * interval, count: 1_000 },
    field: random() < 0.3 ? pick(random, FIELDS) : undefined,
    readable: {
      shippedUpTo: OWN * IDS_PER_NODE + pick(random, [0, integer(random, ids.get(OWN) ?? 0), ids.get(OWN) ?? 0]),
      visible: random() < 0.7 ? undefined : ["shop", "constructor"],
      isOwnOnly: random() < 0.2,
    },
  };
}

async function storedRows(all: readonly NodeRecord[]): Promise<NodeRecord[]> {
  const rows = await client.query(`SELECT node, id FROM ${RECORDS}`);
  const there = new Set(rows.map(([node, id]) => `${node as number} ${id as number}`));
  return all.filter(({ node, record }) => there.has(`${node} ${record.id}`));
}

describe("counts of minutes", () => {
  test("are those of the records, whatever is shipped and erased, and come from minutes where these decide", async () => {
    const seed = runSeed("counts of minutes");
    const random = seededRandom(seed);
    let [ofMinutes, open, asked] = [0, 0, 0];
    for (let round = 0; round < Number(process.env["ROUNDS"] ?? 12); round++) {
      await client.command(`TRUNCATE TABLE ${RECORDS}`);
      ids.clear();
      let rows: NodeRecord[] = [];
      for (let step = 0; step < 5; step++) {
        const more = randomRows(random, integer(random, pick(random, [3, 60, 600])) + 1);
        await insertRecords(client, more);
        rows.push(...more);
        if (random() < 0.3) await client.command(`OPTIMIZE TABLE ${RECORDS} FINAL`);
        if (random() < 0.4) {
          const search = searchOf(pick(random, ["level:error", "kind:timing", "touchpoint:api/*", "order"]));
          const from = random() < 0.5 ? undefined : time(random);
          await eraseShipped({ project: "shop", search, from, to: undefined }, { client, cluster: "" });
          rows = await storedRows(rows);
        }
        for (let at = 0; at < 8; at++) {
          const ask = randomAsk(random);
          const statements = new Statements();
          const counts = await countedBy(statements, ask);
          expect({ seed, round, ask, counts }).toEqual({ seed, round, ask, counts: countedHere(rows, ask) });
          asked++;
          if (statements.ofMinutes.length > 0) ofMinutes++;
          if (statements.ofOpen.length > 0) open++;
        }
      }
    }
    console.log(`${asked} asked, ${ofMinutes} from minutes, ${open} of them with open groups`);
    expect(ofMinutes).toBeGreaterThan(asked / 4);
    expect(open).toBeGreaterThan(asked / 20);
  }, 300_000);

  const BUCKETS: Buckets = { interval: 10 * MINUTE, start: BEGIN, count: 12 };
  const everything: Ask = {
    project: "shop",
    from: BEGIN,
    to: BEGIN + 2 * HOUR,
    q: "",
    retained: {},
    buckets: BUCKETS,
    readable: { shippedUpTo: OWN * IDS_PER_NODE + 1e6, visible: undefined, isOwnOnly: false },
  };
  const evenRows = (count: number, firstId = 1): NodeRecord[] =>
    Array.from({ length: count }, (_, at) => {
      const record = randomRecord(seededRandom(firstId + at), BEGIN, BEGIN + 1);
      const time = BEGIN + ((at * 7_919) % (2 * HOUR));
      return { node: NODES[at % 3] as number, project: "shop", record: { ...record, id: firstId + at, time } };
    });

  test("are read from the projection, also after merges, erasures and a DELETE FROM", async () => {
    await client.command(`TRUNCATE TABLE ${RECORDS}`);
    let rows = evenRows(3_000);
    await insertRecords(client, rows.slice(0, 2_000));
    await insertRecords(client, rows.slice(2_000));
    const steps = [
      () => Promise.resolve(),
      () => client.command(`OPTIMIZE TABLE ${RECORDS} FINAL`),
      async () => {
        const scope = { project: "shop", search: searchOf("level:warn"), from: BEGIN + HOUR, to: undefined };
        expect((await eraseShipped(scope, { client, cluster: "" })).records).toBeGreaterThan(0);
        rows = await storedRows(rows);
      },
      async () => {
        await client.command(`DELETE FROM ${RECORDS} WHERE source = 'client' AND id < 500`);
        rows = await storedRows(rows);
      },
      async () => {
        rows.push(...evenRows(50, 5_000));
        await insertRecords(client, rows.slice(-50));
      },
    ];
    for (const step of steps) {
      await step();
      for (const q of GROUPED) {
        const statements = new Statements();
        statements.isForced = true;
        const asks: Ask[] = [{ ...everything, q }, ...FIELDS.map((field) => ({ ...everything, q, field }))];
        for (const ask of asks) expect(await countedBy(statements, ask)).toEqual(countedHere(rows, ask));
        expect(statements.asked).toHaveLength(asks.length);
      }
    }
  });

  test("count what is dropped with its partition no more", async () => {
    await client.command(`TRUNCATE TABLE ${RECORDS}`);
    const rows = evenRows(300);
    await insertRecords(client, rows);
    await client.command(
      `INSERT INTO ${RECORDS} SELECT * REPLACE (id + 1000 AS id, toDate('2000-01-01') AS expires) FROM ${RECORDS}`,
    );
    await client.command(`OPTIMIZE TABLE ${RECORDS} FINAL`);
    expect(await client.query(`SELECT count() FROM ${RECORDS}`)).toEqual([[300]]);
    const statements = new Statements();
    statements.isForced = true;
    expect(await countedBy(statements, everything)).toEqual(countedHere(rows, everything));
  });

  test("are complete while records are shipped between two statements", async () => {
    await client.command(`TRUNCATE TABLE ${RECORDS}`);
    const rows = evenRows(600);
    await insertRecords(client, rows);
    const readable = { ...everything.readable, shippedUpTo: OWN * IDS_PER_NODE + 500 };
    const statements = new Statements();
    let shipped = 10_000;
    statements.before = async () => {
      // Of this node only: what other nodes ship meanwhile is counted or not.
      const more = evenRows(300, shipped).map((row) => ({ ...row, node: OWN }));
      shipped += 1_000;
      await insertRecords(client, more);
    };
    expect(await countedBy(statements, { ...everything, readable })).toEqual(
      countedHere(rows, { ...everything, readable }),
    );
    expect([statements.ofMinutes.length, statements.ofOpen.length]).toEqual([1, 1]);
  });

  test("are counted from records where too many minutes have records that were shipped meanwhile", async () => {
    await client.command(`TRUNCATE TABLE ${RECORDS}`);
    const rows = evenRows(9_000).map((row) => ({ ...row, node: OWN }));
    await insertRecords(client, rows);
    const readable = { ...everything.readable, shippedUpTo: OWN * IDS_PER_NODE + 4_500 };
    const statements = new Statements();
    expect(await countedBy(statements, { ...everything, readable })).toEqual(
      countedHere(rows, { ...everything, readable }),
    );
    const [[open] = []] = await client.query(
      `SELECT uniqExact(intDiv(toUInt64(time), 60000), kind, level) FROM ${RECORDS} WHERE id > 4500`,
    );
    expect(open).toBeGreaterThan(OPEN_GROUPS_MAX);
    expect([statements.ofMinutes.length, statements.ofOpen.length, statements.asked.length]).toEqual([1, 0, 2]);
  });

  test.each([
    ["of buckets that are no whole minutes", { buckets: { ...BUCKETS, interval: 90_000 } }],
    ["of buckets that begin within a minute", { buckets: { ...BUCKETS, start: BEGIN - 1_000 } }],
    ["of a search for anything else", { q: "level:error touchpoint:api/*" }],
    ["of less than a whole minute", { from: BEGIN + 1, to: BEGIN + MINUTE + 59_999 }],
  ])("are counted from records: %s", async (_name, parts: Partial<Ask>) => {
    await client.command(`TRUNCATE TABLE ${RECORDS}`);
    const rows = evenRows(300);
    await insertRecords(client, rows);
    const statements = new Statements();
    const ask = { ...everything, ...parts };
    expect(await countedBy(statements, ask)).toEqual(countedHere(rows, ask));
    expect(statements.ofMinutes).toEqual([]);
  });
});
