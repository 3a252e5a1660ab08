// A request that may see some projects is answered as if the data file held no others.

import { describe, expect, test } from "bun:test";
import type { ExportRequest, QueryRequest, QueryScope } from "../../../../src/core/queries.ts";
import type { TablesSource } from "../../../../src/query/responses/tables.ts";
import type { ReadRules } from "../../../../src/query/scan/scope.ts";
import { StatisticsCache } from "../../../../src/query/scan/statistics_cache.ts";
import type { ExportSource } from "../../../../src/query/stream/export.ts";
import { exportText } from "../../../../src/query/stream/export_text.ts";
import { TailHub } from "../../../../src/query/stream/tail.ts";
import { MemorySource, randomRecord } from "../../../support/memory_source.ts";
import { integer, pick, runSeed, seededRandom } from "../../../support/random.ts";
import { runQuery } from "../../../support/run_query.ts";

const DAY = Date.UTC(2026, 5, 1);
const NOW = DAY + 86_400_000;
const VISIBLE = ["shop", "blog"];
const HIDDEN = "secret";
const RULE = { retentionMs: 1e12, monthlyEntries: undefined, overage: "continue" } as const;
const RULES: ReadRules = { projects: { shop: RULE, secret: RULE }, defaultProject: RULE };

const START = {
  message: undefined,
  time: DAY,
  level: undefined,
  endTime: undefined,
  duration: undefined,
  metadata: undefined,
};

/** Rows of each project, as a data file has them. */
function tablesOf(projects: readonly string[]): TablesSource {
  const isAsked = (project: string | undefined) => projects.filter((one) => project === undefined || one === project);
  return {
    touchpoints: (asked) =>
      isAsked(asked).map((project) => ({ project, name: `${project}/a`, registered: true, firstSeen: 1 })),
    registered: (asked) => isAsked(asked).flatMap((project) => [`${project}/a`, `api/${project}`]),
    usageCounters: () => projects.map((project) => ({ project, month: "2026-06", name: "stored", value: 3 })),
    storage: () => projects.map((project) => ({ project, records: 1, blocks: 1, bytes: 1, oldest: 1, newest: NOW })),
    monthBytes: () => projects.map((project) => ({ project, month: "2026-06", bytes: 5 })),
    *rejections(asked, limit) {
      let left = limit;
      for (let id = 40; id > 0; id--) {
        const project = ["shop", "blog", HIDDEN][id % 3] ?? "";
        if (!isAsked(asked).includes(project)) continue;
        if (left-- <= 0) return;
        yield { id, project, apiKey: project, receivedAt: id, reason: "empty", entry: `{"id":${id}}` } as const;
      }
    },
    *openStarts() {
      for (const project of projects) {
        const start = {
          apiKey: project,
          source: "server",
          keyType: "server",
          startTime: DAY,
          receivedAt: DAY,
        } as const;
        yield { project, start: { ...START, ...start, touchpoint: "api/open", key: `key of ${project}` } };
      }
    },
    keyUse: () => [],
    views: (asked) =>
      [null, ...isAsked(asked)].map((project, id) => ({
        id,
        name: `${project}`,
        project,
        address: "/logs",
        changedAt: 1,
      })),
    ambiguousPairs: (asked) =>
      new Map(isAsked(asked).length === 0 ? [] : [["api/orders/submit", isAsked(asked).length]]),
  };
}

/** The same records and ids twice; the second file lost those of the hidden project. */
function makeSources(seed: string) {
  const random = seededRandom(runSeed(seed));
  const [whole, narrowed] = [new MemorySource(), new MemorySource()];
  for (let group = 0; group < 40; group++) {
    const project = pick(random, [...VISIBLE, HIDDEN]);
    const batch = Array.from({ length: integer(random, 50) + 1 }, () => randomRecord(random, DAY, DAY + 3_600_000));
    const isMerged = random() < 0.2;
    for (const source of [whole, narrowed]) {
      source.write(project, batch);
      if (isMerged) source.merge(project, false);
    }
  }
  const scope = { project: HIDDEN, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
  for (const { id } of narrowed.list(scope)) narrowed.remove(id);
  return { whole, narrowed };
}

const SCOPE: QueryScope = { project: undefined, q: "", from: undefined, to: undefined };
const scopes: readonly QueryScope[] = [
  SCOPE,
  { ...SCOPE, q: "level:error OR kind:timing" },
  { ...SCOPE, project: "shop" },
  { ...SCOPE, from: DAY, to: DAY + 1_800_000 },
];
const REQUESTS: readonly QueryRequest[] = [
  ...scopes.flatMap((scope): QueryRequest[] => [
    { kind: "entries", scope, limit: 50, cursor: undefined },
    { kind: "entries", scope, limit: 50, cursor: `${DAY + 900_000}:7`, order: "asc" },
    { kind: "trace", scope, key: "req-7", around: DAY + 1_800_000 },
    { kind: "trace", scope, key: `key of ${HIDDEN}`, around: DAY },
    { kind: "histogram", scope, intervalMs: undefined },
    { kind: "timings", scope, byCategory: true },
    { kind: "series", scope, intervalMs: undefined, byTouchpoint: true, byDuration: true },
    { kind: "running", scope, limit: 10 },
    { kind: "fields", scope },
    { kind: "values", scope, field: "touchpoint", limit: 50 },
    { kind: "values", scope, field: "project", limit: 50 },
    { kind: "patterns", scope, limit: 50, compared: { from: DAY - 3_600_000, to: DAY + 900_000 } },
    { kind: "breakdown", scope: { ...scope, q: "level:error" }, limit: 10 },
  ]),
  { kind: "touchpoints", project: undefined },
  { kind: "touchpoints", project: "blog" },
  { kind: "usage" },
  { kind: "views", project: undefined },
  { kind: "views", project: "shop" },
  { kind: "rejections", project: undefined, limit: 10 },
  { kind: "rejections", project: "blog", limit: 100 },
];

describe("a request that may see two of three projects", () => {
  const { whole, narrowed } = makeSources("visible");
  const options = { cache: new StatisticsCache(), now: NOW, limitMs: Number.POSITIVE_INFINITY };

  test.each(REQUESTS.map((request) => [JSON.stringify(request), request] as const))(
    "is answered as from a file of these: %s",
    (_, request) => {
      const projects = { shop: RULE };
      const expected = runQuery(request, {
        ...options,
        cache: new StatisticsCache(),
        source: narrowed,
        tables: tablesOf(VISIBLE),
        rules: { ...RULES, projects },
      });
      const all = { ...options, source: whole, tables: tablesOf([...VISIBLE, HIDDEN]), rules: RULES };
      expect(runQuery({ ...request, visible: VISIBLE }, all)).toEqual(expected);
      expect(expected.ok).toBe(true);
    },
  );

  test("does not hear of others where it names a project that there is not", () => {
    const all = { ...options, source: whole, tables: tablesOf([]), rules: RULES };
    const scope = { ...SCOPE, project: "nothing" };
    expect(runQuery({ kind: "fields", scope, visible: VISIBLE }, all)).toEqual({
      ok: false,
      refusal: { code: "unknown_project", message: 'there is no project "nothing"; there are: blog, shop' },
    });
    expect(runQuery({ kind: "keys", visible: VISIBLE }, all)).toEqual({ ok: true, answer: { keys: [] } });
  });

  test("is exported what they have", () => {
    const exported = (source: MemorySource, visible?: readonly string[]) => {
      const reading: ExportSource = {
        nextRecordId: () => source.nextRecordId(),
        overlapping: (from, to) => source.listIds(from, to),
        chunks(block) {
          const chunks = source.open(block);
          return chunks?.names().flatMap((name) => chunks.chunk(name) ?? []);
        },
        projects: () => source.projects(),
        damagedZoneMaps: () => [],
      };
      const request: ExportRequest = { format: "ndjson", scope: SCOPE, ...(visible && { visible }) };
      const texts = exportText(request, { source: reading, rules: RULES, now: NOW });
      if ("code" in texts) throw new Error(texts.message);
      return [...texts].map(String).join("");
    };
    const text = exported(whole, VISIBLE);
    expect(text).toBe(exported(narrowed));
    expect(text).not.toContain(HIDDEN);
    expect(exported(whole)).toContain(`"project":"${HIDDEN}"`);
  });

  test("follows what comes to these, from the beginning as well", () => {
    const hub = new TailHub({ source: whole, expiredBefore: () => Number.NEGATIVE_INFINITY });
    hub.open(1, { project: undefined, q: "", after: 0, visible: VISIBLE });
    const projects = new Set<string>();
    while (hub.behind([1]).length > 0) {
      const steps = hub.collect([1]);
      let step = steps.next();
      while (step.done !== true) step = steps.next();
      for (const event of step.value.get(1) ?? []) {
        if (event.kind === "gap") throw new Error("nothing is left out");
        if (event.kind === "record") projects.add(event.record.project);
      }
    }
    expect([...projects].toSorted()).toEqual(["blog", "shop"]);
  });
});
