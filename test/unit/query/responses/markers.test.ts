// Markers against a naive filter of all records.

import { describe, expect, test } from "bun:test";
import { MARKERS_MAX } from "../../../../src/core/limits.ts";
import type { MarkerRule } from "../../../../src/core/markers.ts";
import type { QueryScope } from "../../../../src/core/queries.ts";
import type { StoredRecord } from "../../../../src/core/record.ts";
import type { MarkersResponse } from "../../../../src/core/responses.ts";
import type { ReadRules } from "../../../../src/query/scan/scope.ts";
import { StatisticsCache } from "../../../../src/query/scan/statistics_cache.ts";
import { EMPTY_TABLES } from "../../../support/empty_tables.ts";
import { MemorySource, randomRecord } from "../../../support/memory_source.ts";
import { inScope, MODEL_SEARCHES, type ModelRecord } from "../../../support/query_model.ts";
import { integer, pick, runSeed, seededRandom } from "../../../support/random.ts";
import { runQuery } from "../../../support/run_query.ts";

const DAY = Date.UTC(2026, 5, 1);
const NOW = DAY + 86_400_000;
const EVER = { retentionMs: 3_650 * 86_400_000, monthlyEntries: undefined, overage: "continue" } as const;
const ALL: QueryScope = { project: undefined, q: "", from: undefined, to: undefined };
const seed = runSeed("markers");

interface Asked {
  readonly scope?: Partial<QueryScope>;
  readonly rule?: MarkerRule;
  readonly own?: Readonly<Record<string, MarkerRule>>;
}

function markers(source: MemorySource, { scope, rule, own = {} }: Asked): MarkersResponse {
  const projects = Object.fromEntries(Object.entries(own).map(([name, one]) => [name, { ...EVER, markers: one }]));
  const rules: ReadRules = { projects, defaultProject: EVER, markers: rule };
  const outcome = runQuery(
    { kind: "markers", scope: { ...ALL, ...scope } },
    { source, tables: EMPTY_TABLES, cache: new StatisticsCache(), rules, now: NOW, limitMs: Number.POSITIVE_INFINITY },
  );
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return outcome.answer as MarkersResponse;
}

const base = randomRecord(seededRandom(1), DAY, DAY + 1);
const plain: Omit<StoredRecord, "id"> = { ...base, kind: "log", touchpoint: undefined, metadata: undefined };

describe("markers", () => {
  test("are the newest records of each project's rule, whatever the rules, the range and the blocks", () => {
    const random = seededRandom(seed);
    for (let round = 0; round < 25; round++) {
      const source = new MemorySource();
      const records: ModelRecord[] = [];
      for (let block = 0; block < 12; block++) {
        const project = pick(random, ["shop", "blog", "wiki"]);
        const batch = Array.from({ length: integer(random, 200) + 1 }, () => randomRecord(random, DAY, NOW));
        for (const record of source.write(project, batch)) records.push({ project, record });
        if (random() < 0.3) source.merge(project, random() < 0.5);
      }
      const searches = {
        "": pick(random, [undefined, ...MODEL_SEARCHES]),
        shop: pick(random, [undefined, ...MODEL_SEARCHES]),
      };
      const project = pick(random, [undefined, ...source.projects()]);
      const from = pick(random, [undefined, DAY + integer(random, 50_000_000)]);
      const expected = source.projects().flatMap((name) => {
        const search = (name === "shop" ? searches.shop : undefined) ?? searches[""];
        const isAsked = project === undefined || project === name;
        return search === undefined || !isAsked ? [] : inScope(records, { ...ALL, project: name, from }, search);
      });
      expected.sort((a, b) => b.record.time - a.record.time || b.record.id - a.record.id);
      const ruleOf = (search: (typeof searches)["shop"]) => ({ q: search?.q ?? "", label: "message" });
      const answer = markers(source, {
        scope: { project, from },
        ...(searches[""] === undefined ? {} : { rule: ruleOf(searches[""]) }),
        ...(searches.shop === undefined ? {} : { own: { shop: ruleOf(searches.shop) } }),
      });
      expect(answer.markers.map(({ id }) => id)).toEqual(expected.slice(0, MARKERS_MAX).map(({ record }) => record.id));
      expect(answer.more).toBe(expected.length > MARKERS_MAX);
    }
  }, 30_000);

  test("have the field's value, else the message, else the touchpoint, and a short label in any case", () => {
    const source = new MemorySource();
    const labelOf = (record: Partial<StoredRecord>, label = "metadata.build") => {
      const [stored] = source.write("shop", [{ ...plain, message: undefined, ...record, time: DAY + 5 }]);
      const { markers: listed } = markers(source, { rule: { q: `id:${stored?.id}`, label } });
      return listed[0]?.label;
    };
    expect([
      labelOf({ metadata: { build: "b12" }, message: "deployed" }),
      labelOf({ metadata: { build: 12 } }),
      labelOf({ metadata: { build: { sha: "f00" } } }, "metadata.build.sha"),
      labelOf({ metadata: { "odd name": "x" } }, 'metadata."odd name"'),
      labelOf({ metadata: { build: "" }, message: "deployed" }),
      labelOf({ touchpoint: "deploy/shop" }),
      labelOf({ key: "k-1" }, "key"),
      labelOf({ metadata: { build: "y".repeat(5_000) } })?.length,
      labelOf({ metadata: { build: `${"z".repeat(79)}😀` } })?.isWellFormed(),
    ]).toEqual(["b12", "12", "f00", "x", "deployed", "deploy/shop", "k-1", 80, true]);
    expect(labelOf({})).toMatch(/^record \d+$/);
  });

  test("are none without a rule", () => {
    const source = new MemorySource();
    source.write("shop", [plain]);
    expect(markers(source, {})).toEqual({ markers: [], more: false });
  });
});
