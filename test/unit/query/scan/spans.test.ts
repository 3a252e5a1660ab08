// Where a range without bounds begins and ends: with the first and the last of the records that are shown, however they
// lie in blocks.

import { expect, test } from "bun:test";
import type { HistogramResponse } from "../../../../src/core/responses.ts";
import { StatisticsCache } from "../../../../src/query/scan/statistics_cache.ts";
import { EMPTY_TABLES } from "../../../support/empty_tables.ts";
import { MemorySource, randomRecord } from "../../../support/memory_source.ts";
import { integer, pick, runSeed, seededRandom } from "../../../support/random.ts";
import { runQuery } from "../../../support/run_query.ts";

const DAY = Date.UTC(2026, 5, 1);
const HOUR = 3_600_000;
const SECOND = 1_000;

test("a histogram begins with the first record that is shown, whatever the search, and however blocks are merged", () => {
  const seed = runSeed("spans");
  const random = seededRandom(seed);
  for (let round = 0; round < 40; round++) {
    const source = new MemorySource();
    const times: number[] = [];
    for (let block = 0; block < 6; block++) {
      const batch = Array.from({ length: 1 + integer(random, 20) }, () => randomRecord(random, DAY, DAY + HOUR));
      times.push(...source.write("shop", batch).map(({ time }) => time));
      if (random() < 0.3) source.merge("shop", random() < 0.5);
    }
    const now = DAY + 2 * HOUR;
    // Some records of a block are hidden, and others are not.
    const retentionMs = pick(random, [2 * HOUR, HOUR + integer(random, HOUR)]);
    const defaultProject = { retentionMs, monthlyEntries: undefined, overage: "continue" } as const;
    const shown = times.filter((time) => time >= now - retentionMs);
    const first = Math.min(now, ...shown);
    for (const q of ["", "level:error", "kind:log", "id:3", `id:>${times.length}`, "touchpoint:nowhere"]) {
      const scope = { project: undefined, q, from: undefined, to: undefined };
      const outcome = runQuery(
        { kind: "histogram", scope, intervalMs: SECOND },
        {
          source,
          tables: EMPTY_TABLES,
          cache: new StatisticsCache(),
          rules: { projects: {}, defaultProject },
          now,
          limitMs: Number.POSITIVE_INFINITY,
        },
      );
      const [bucket] = outcome.ok ? (outcome.answer as HistogramResponse).buckets : [];
      const expected = Math.floor(first / SECOND) * SECOND;
      expect({ seed, round, q, time: bucket?.time }).toEqual({ seed, round, q, time: expected });
    }
  }
});
