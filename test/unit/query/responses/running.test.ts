// Open starts, which a search finds like records.

import { expect, test } from "bun:test";
import { runSteps } from "../../../../src/core/steps.ts";
import { type OpenStart, runningResponse } from "../../../../src/query/responses/running.ts";
import { isRefusal, resolveScope } from "../../../../src/query/scan/scope.ts";
import { randomRecord } from "../../../support/memory_source.ts";
import { seededRandom } from "../../../support/random.ts";

const NOW = Date.UTC(2026, 5, 1);
const RULES = {
  projects: {},
  defaultProject: { retentionMs: 86_400_000, monthlyEntries: undefined, overage: "continue" },
} as const;

function countOf(starts: readonly OpenStart[], q: string): number {
  const scope = resolveScope({ project: undefined, q, from: undefined, to: undefined }, RULES, NOW);
  if (isRefusal(scope)) throw new Error(scope.message);
  return runSteps(runningResponse(starts, scope, { limit: 100 })).count;
}

test("a start that is open has no id: a search for one finds none, and its negation finds all", () => {
  const { kind: _kind, ...record } = randomRecord(seededRandom(1), NOW - 1_000, NOW);
  const starts = Array.from({ length: 5 }, () => ({ project: "shop", start: { ...record, startTime: record.time } }));
  expect(countOf(starts, "")).toBe(5);
  for (const q of ["id:1", "id:0", "id:>2", "id:<3", "id:..3", "id:*"]) {
    expect({ q, count: countOf(starts, q) }).toEqual({ q, count: 0 });
    expect({ q, count: countOf(starts, `-${q}`) }).toEqual({ q, count: 5 });
  }
});
