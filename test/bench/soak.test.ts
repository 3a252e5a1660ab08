// The soak still works: how its report reckons and draws, what it takes for broken, and that its batches are what they
// say.

import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BatchMaker, dropsOfAgain, noDrops } from "../../scripts/src/soak/batches.ts";
import { differences } from "../../scripts/src/soak/differences.ts";
import type { LoadTotals } from "../../scripts/src/soak/load.ts";
import { soakSvg } from "../../scripts/src/soak/plot.ts";
import { FIGURES, quantile, rowsOf, type Sample, slope, soakTable } from "../../scripts/src/soak/report.ts";
import { closingGap } from "../support/load.ts";
import { EXECUTABLE, run } from "../support/run.ts";

const SOAK = join(import.meta.dir, "../../scripts/src/soak/main.ts");
const CORPUS = join(import.meta.dir, "../fixtures/logs.ndjson");

function sampleAt(at: number, residentBytes: number): Sample {
  const figures = Object.fromEntries(FIGURES.map(([name]) => [name, 1]));
  return { ...(figures as unknown as Sample), at, residentBytes, probeP99Ms: null };
}

describe("scripts/soak", () => {
  test("runs for six seconds, closes every sum, and writes what it saw", async () => {
    const out = mkdtempSync(join(tmpdir(), "simplelogs-soak-out-"));
    try {
      const load = ["--minutes", "0.1", "--rate", "500", "--sample-every", "1", "--rest", "1", "--seed", "7"];
      const line = [...load, "--out", out, "--executable", EXECUTABLE];
      const { exitCode, stdout, stderr } = await run(process.execPath, [SOAK, ...line], { timeoutMs: 110_000 });
      expect({ exitCode, stderr: exitCode === 0 ? "" : stdout + stderr }).toEqual({ exitCode: 0, stderr: "" });
      const { samples, problems } = JSON.parse(readFileSync(join(out, "soak.json"), "utf8")) as {
        samples: Sample[];
        problems: string[];
      };
      expect([problems, samples.length > 4]).toEqual([[], true]);
      expect(readFileSync(join(out, "soak.md"), "utf8")).toBe(stdout);
      expect(readFileSync(join(out, "soak.svg"), "utf8")).toStartWith("<svg ");
    } finally {
      rmSync(out, { recursive: true });
    }
  }, 120_000);

  test("refuses a number out of bounds, naming it", async () => {
    const { exitCode, stderr } = await run(process.execPath, [SOAK, "--minutes", "0"]);
    expect([exitCode, stderr]).toEqual([1, '--minutes: expected a number from 0.1 to 100000, got "0"\n']);
  });
});

describe("the soak's batches", () => {
  test("are the same of the same seed, but for the times, and of JSON", () => {
    const made = (seed: number, now: number) => {
      const maker = new BatchMaker(CORPUS, seed, 0, 2);
      return Array.from({ length: 30 }, () => maker.batch(now));
    };
    const shape = (seed: number, now: number) =>
      made(seed, now).map((batch) => ({ ...batch, entries: batch.entries.length }));
    expect(shape(1, 1e12)).toEqual(shape(1, 2e12));
    expect(shape(1, 1e12)).not.toEqual(shape(2, 1e12));
    for (const { entries } of made(3, 1e12)) expect(() => JSON.parse(`[${entries.join(",")}]`)).not.toThrow();
  });

  test("end every start that they say to end, and number the records for the tail without a gap", () => {
    const makers = [0, 1].map((index) => new BatchMaker(CORPUS, 5, index, 2));
    const starts = new Set<string>();
    const numbers: number[] = [];
    for (let now = 1e12; now < 1e12 + 20_000; now += 100) {
      for (const [index, maker] of makers.entries()) {
        const batch = now < 1e12 + 15_000 ? maker.batch(now) : maker.lastEnds(now);
        for (const text of batch?.entries ?? []) {
          const { key, touchpoint, endTime, message } = JSON.parse(text) as Record<string, string>;
          if (touchpoint === "soak/pairs") starts.add(`${index} ${key}`);
          else if (endTime !== undefined && touchpoint === undefined) starts.delete(`${index} ${key}`);
          if (touchpoint === "soak/tail") numbers.push(Number(message));
        }
      }
    }
    expect([...starts]).toEqual([]);
    const expected = makers.flatMap(({ tailCount }, index) =>
      Array.from({ length: tailCount }, (_, n) => index + 2 * n),
    );
    expect(numbers.length).toBeGreaterThan(5);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(expected.toSorted((a, b) => a - b));
  });

  test("are all duplicates when they come again, before every other reason", () => {
    const drops = { ...noDrops(), empty: 1, in_future: 2 };
    const batch = { entries: new Array(10).fill("{}"), isClient: false, drops, comesAgain: true };
    expect(dropsOfAgain(batch)).toEqual({ ...noDrops(), duplicate: 10 });
  });
});

describe("the soak's differences", () => {
  const drops = { ...noDrops(), empty: 3 };
  const totals: LoadTotals = {
    entries: 100,
    drops,
    statuses: { "202": 5, "422": 1 },
    surprises: [],
    tailRecords: 4,
    behind: 0,
    isOver: true,
    cpuSeconds: 1,
  };
  const metrics = new Map([
    ["simplelogs_entries_received_total", 110],
    ["simplelogs_entries_stored_total", 107],
    ["simplelogs_entries_queued", 0],
    ["simplelogs_entries_open", 0],
    ...Object.entries(drops).map(([name, n]) => [`simplelogs_entries_dropped_total{reason="${name}"}`, n] as const),
    ['simplelogs_batches_total{status="202"}', 15],
    ['simplelogs_batches_total{status="422"}', 1],
  ]);

  test("are none where everything agrees", () => {
    expect(differences({ totals, probes: 10, metrics, tailSeen: 4 })).toEqual([]);
    expect(closingGap(metrics)).toBe(0);
  });

  test("are named, each with both figures", () => {
    const other = new Map([...metrics, ["simplelogs_entries_stored_total", 106]]);
    expect(differences({ totals, probes: 10, metrics: other, tailSeen: 3 })).toEqual([
      "entries stored: expected 107, got 106",
      "what the sum of the counters is off by: expected 0, got 1",
      "records that the live tail showed: expected 4, got 3",
    ]);
    const lost = { ...totals, statuses: { ...totals.statuses, lost: 2, "503": 1 }, surprises: ["strange"] };
    expect(differences({ totals: lost, probes: 10, metrics, tailSeen: 4 })).toEqual([
      "1 requests were answered 503",
      "2 requests got no answer",
      "strange",
    ]);
  });
});

describe("the soak's report", () => {
  test("has medians of both halves, and slopes an hour", () => {
    const samples = [0, 900, 1_800, 2_700, 3_600].map((at) => sampleAt(at, (100 + at / 360) * 2 ** 20));
    const [memory] = rowsOf(samples);
    expect(memory).toEqual({
      name: "resident memory (MiB)",
      firstHalf: 102.5,
      secondHalf: 108.75,
      lowest: 100,
      highest: 110,
      slopeAll: expect.closeTo(10, 6),
      slopeSecondHalf: expect.closeTo(10, 6),
    });
    expect(slope([[1, 1]])).toBeNaN();
    expect([quantile([3, 1, 2], 0.5), quantile([3, 1, 2], 1), quantile([], 0.5)]).toEqual([2, 3, null]);
    const lines = soakTable(samples).split("\n");
    expect([lines.length, new Set(lines.map((text) => text.length)).size]).toEqual([FIGURES.length + 2, 1]);
  });

  test("is drawn whole, also where there was nothing to measure", () => {
    const svg = soakSvg([sampleAt(0, 5), sampleAt(5, 6)], "a < b & c");
    expect(svg).toContain("a &lt; b &amp; c");
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(svg.match(/stroke-width/g)).toHaveLength(17);
  });
});
