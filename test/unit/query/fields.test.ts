import { describe, expect, test } from "bun:test";
import type { ValuesAnswer } from "../../../src/core/answers.ts";
import { answerNow } from "../../../src/query/engine.ts";
import { SummaryCache } from "../../../src/query/summary_cache.ts";
import { MemorySource, randomRecord } from "../../support/memory_source.ts";
import { NO_DETAILS } from "../../support/no_details.ts";
import { seededRandom } from "../../support/random.ts";

const DAY = Date.UTC(2026, 5, 1);
const RULES = {
  projects: {},
  defaultProject: { retentionMs: 3_650 * 86_400_000, monthlyEntries: undefined, overage: "continue" },
} as const;
function valuesOf(source: MemorySource, field: string): ValuesAnswer {
  const scope = { project: undefined, q: "", from: undefined, to: undefined };
  const options = { source, details: NO_DETAILS, cache: new SummaryCache(), rules: RULES, now: DAY, limitMs: 1e9 };
  const outcome = answerNow({ kind: "values", scope, field, limit: 10 }, options);
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return outcome.answer as ValuesAnswer;
}

describe("values of a field", () => {
  test("that are long count by how they begin, and are never cut inside a character", () => {
    const begin = "x".repeat(999);
    const source = new MemorySource();
    const random = seededRandom(1);
    const message = `${begin}🦊 fox`;
    const metadata = { text: message, list: [message] };
    source.write("shop", [{ ...randomRecord(random, DAY, DAY + 1), message, metadata }]);
    const list = `["${"x".repeat(998)}`;
    for (const [field, value] of [
      ["message", `${begin}\ufffd`],
      ["metadata.text", `${begin}\ufffd`],
      ["metadata.list", list],
    ] as const) {
      expect(valuesOf(source, field)).toEqual({ field, values: [{ value, count: 1 }], count: 1, more: false });
    }
  });
});
