// When the data file is full.

import { describe, expect, test } from "bun:test";
import type { ProjectStorage } from "../../../../../src/core/account_responses.ts";
import { DAY_MS } from "../../../../../src/core/limits.ts";
import { foreseeDisk } from "../../../../../src/web/pages/storage/forecast.ts";

const NOW = Date.UTC(2026, 9, 30);
const project = (days: number, bytes: number, others: Partial<ProjectStorage> = {}): ProjectStorage => ({
  project: "shop",
  records: 1,
  blocks: 1,
  bytes,
  retentionMs: 365 * DAY_MS,
  oldest: NOW - days * DAY_MS,
  newest: NOW,
  ...others,
});
const inDays = (bytesOnDisk: number, bytesMax: number, projects: readonly ProjectStorage[]) => {
  const forecast = foreseeDisk({ bytesOnDisk, bytesMax }, projects, NOW);
  return forecast === undefined ? undefined : [(forecast.fullAt - NOW) / DAY_MS, (forecast.oldest - NOW) / DAY_MS];
};

describe("the file is full", () => {
  test("when the pace so far has filled what is left; the oldest day goes first", () => {
    expect(inDays(100, 190, [project(10, 100)])).toEqual([9, -10]);
  });

  test("later where a project's retention ends its growth before", () => {
    // 10 bytes a day each; the second stops to grow after 2 days.
    const short = project(8, 80, { retentionMs: 10 * DAY_MS });
    expect(inDays(180, 250, [project(10, 100), short])).toEqual([5, -10]);
    expect(inDays(180, 210, [project(10, 100), short])).toEqual([1.5, -10]);
  });

  test("and what retention took away until then is not what goes first", () => {
    const [days, oldest] = inDays(180, 250, [project(1, 10), project(9, 90, { retentionMs: 10 * DAY_MS })]) ?? [];
    expect(days).toBeCloseTo(6);
    expect(oldest).toBeCloseTo(-4);
  });

  test("sooner with more projects, but not by those that send nothing any more", () => {
    const idle = project(30, 300, { newest: NOW - 3 * DAY_MS });
    expect(inDays(100, 190, [project(10, 100), project(10, 100)])).toEqual([4.5, -10]);
    expect(inDays(100, 190, [project(10, 100), idle])).toEqual([9, -30]);
  });
});

describe("nothing is foreseen", () => {
  test.each([
    ["for a full file", 100, 100, [project(10, 100)]],
    ["where retention keeps the size", 100, 190, [project(10, 100, { retentionMs: 10 * DAY_MS })]],
    ["past a year", 100, 100_000, [project(10, 100)]],
    ["from a few hours", 100, 190, [project(0.2, 100)]],
    ["from nothing", 100, 190, []],
    ["from a project without records", 100, 190, [project(1, 0, { oldest: null, newest: null })]],
    ["from records of the future", 100, 190, [project(-2, 100)]],
  ])("%s", (_, bytesOnDisk, bytesMax, projects) => {
    expect(inDays(bytesOnDisk, bytesMax, projects)).toBeUndefined();
  });
});
