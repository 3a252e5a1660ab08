import { describe, expect, test } from "bun:test";
import { type TablesSource, usageResponse } from "../../../../src/query/responses/tables.ts";
import type { ReadRules } from "../../../../src/query/scan/scope.ts";

const NOW = Date.UTC(2026, 5, 1);
const HOUR = 3_600_000;
const RULES: ReadRules = {
  projects: {},
  defaultProject: { retentionMs: HOUR, monthlyEntries: 100, overage: "drop" },
};

function tablesOf(parts: Partial<TablesSource>): TablesSource {
  return {
    touchpoints: () => [],
    registered: () => [],
    usageCounters: () => [],
    storage: () => [],
    monthBytes: () => [],
    rejections: () => [],
    openStarts: () => [],
    keyUse: () => [],
    ambiguousPairs: () => new Map(),
    ...parts,
  };
}

describe("usage", () => {
  test("shows no time that has expired", () => {
    const stored = { records: 5, blocks: 1, bytes: 100 };
    const tables = tablesOf({
      storage: () => [
        { project: "half", ...stored, oldest: NOW - 2 * HOUR, newest: NOW },
        { project: "gone", ...stored, oldest: NOW - 3 * HOUR, newest: NOW - 2 * HOUR },
        { project: "none", records: 0, blocks: 0, bytes: 0, oldest: null, newest: null },
      ],
    });
    const { storage } = usageResponse(tables, RULES, NOW);
    expect(storage.map(({ project, oldest, newest }) => [project, oldest, newest])).toEqual([
      ["half", NOW - HOUR, NOW],
      ["gone", null, null],
      ["none", null, null],
    ]);
  });

  test("counts what was admitted past the limit", () => {
    const counter = (name: string, value: number) => ({ project: "shop", month: "2026-05", name, value });
    const tables = tablesOf({
      usageCounters: () =>
        [counter("admitted", 130), counter("received", 140), counter("dropped.quota", 10)].concat([
          counter("ambiguous", 6),
          counter("admitted.client", 60),
        ]),
    });
    expect(usageResponse(tables, RULES, NOW).usage).toEqual([
      {
        project: "shop",
        month: "2026-05",
        received: 140,
        stored: 0,
        admitted: 130,
        dropped: { quota: 10 },
        limit: 100,
        overage: 30,
        overagePolicy: "drop",
        ambiguous: 6,
        bytes: 0,
      },
    ]);
  });
});
