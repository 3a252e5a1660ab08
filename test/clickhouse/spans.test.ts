// The first and the last time of each project's records, against the records: random bounds of what is read.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { ClickHouseRecords } from "../../src/clickhouse/clickhouse_records.ts";
import type { ClickHouseClient } from "../../src/clickhouse/client.ts";
import { RECORDS } from "../../src/clickhouse/schema.ts";
import { PROJECTS_APART_MAX } from "../../src/clickhouse/scope_sql.ts";
import { finishSteps } from "../../src/core/steps.ts";
import { IDS_PER_NODE } from "../../src/query/scan/ids.ts";
import { QueryMemory } from "../../src/query/scan/query_memory.ts";
import type { Scope } from "../../src/query/scan/scope.ts";
import { randomRecord } from "../support/memory_source.ts";
import { integer, pick, runSeed, seededRandom } from "../support/random.ts";
import type { ClickHouseServer } from "./server.ts";
import { insertRecords, type NodeRecord, serverWithTables } from "./table_rows.ts";

const HOUR = 3_600_000;
const BEGIN = Date.UTC(2026, 10, 29, 10);
const OWN = 2;

let server: ClickHouseServer;
let client: ClickHouseClient;

beforeAll(async () => {
  ({ server, client } = await serverWithTables());
}, 120_000);
afterAll(() => server.stop());

test("the first and the last time of each project are those of its records", async () => {
  const seed = runSeed("spans");
  const random = seededRandom(seed);
  for (let round = 0; round < Number(process.env["ROUNDS"] ?? 12); round++) {
    await client.command(`TRUNCATE TABLE ${RECORDS}`);
    const projects = Array.from({ length: pick(random, [1, 3, PROJECTS_APART_MAX + 4]) }, (_, at) => `project ${at}`);
    const rows: NodeRecord[] = Array.from({ length: integer(random, 200) + 1 }, (_, at) => ({
      node: pick(random, [1, OWN, 3]),
      project: pick(random, projects),
      record: { ...randomRecord(random, BEGIN, BEGIN + HOUR), id: at + 1 },
    }));
    await insertRecords(client, rows);
    for (let at = 0; at < 6; at++) {
      const readable = {
        visible: random() < 0.7 ? undefined : projects.filter(() => random() < 0.5),
        shippedUpTo: OWN * IDS_PER_NODE + integer(random, 220),
        isOwnOnly: random() < 0.3,
      };
      const retained = projects.map(() => (random() < 0.3 ? BEGIN + integer(random, HOUR) : Number.NEGATIVE_INFINITY));
      const from = random() < 0.5 ? Number.NEGATIVE_INFINITY : BEGIN + integer(random, HOUR);
      const shownFrom = (project: string) => Math.max(from, retained[projects.indexOf(project)] as number);
      const to = random() < 0.5 ? Number.POSITIVE_INFINITY : BEGIN + integer(random, HOUR);
      const project = random() < 0.5 ? undefined : pick(random, projects);
      const scope: Scope = { project, search: { kind: "all" }, from, to, shownFrom, retainedFrom: shownFrom };
      const store = new ClickHouseRecords({
        ...readable,
        ownProjects: [],
        node: OWN,
        client,
        projects: () => Promise.resolve(projects),
      });
      const limits = { deadline: Number.POSITIVE_INFINITY, clock: () => 0, memory: new QueryMemory() };
      const found: Record<string, [number, number]> = {};
      for (const span of await finishSteps(store.spans(limits, scope))) {
        const [first, last] = found[span.project] ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
        found[span.project] = [Math.min(first, span.timeMin), Math.max(last, span.timeMax)];
      }
      const expected: Record<string, [number, number]> = {};
      for (const { node, project: of, record } of rows) {
        const isRead = node === OWN ? record.id <= readable.shippedUpTo - OWN * IDS_PER_NODE : !readable.isOwnOnly;
        const isShown = (project ?? of) === of && (readable.visible?.includes(of) ?? true);
        if (!isRead || !isShown || record.time < shownFrom(of) || record.time >= to) continue;
        const [first, last] = expected[of] ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
        expected[of] = [Math.min(first, record.time), Math.max(last, record.time)];
      }
      expect({ seed, round, scope, found }).toEqual({ seed, round, scope, found: expected });
    }
  }
}, 120_000);
