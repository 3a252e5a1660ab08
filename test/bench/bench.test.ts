// The benchmark still works: a tiny run of it, its counts, and how its report reckons. Never its speed.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { EntryMaker } from "../../scripts/bench_entries.ts";
import type { LoadResult } from "../../scripts/bench_load.ts";
import { type BatchRuns, markdownTable, median, type ServerRun, summarise } from "../../scripts/bench_report.ts";
import { run } from "../support/run.ts";

const BENCH = join(import.meta.dir, "../../scripts/bench.ts");
const QUERIES = join(import.meta.dir, "../../scripts/bench_queries.ts");

interface Report {
  readonly seed: number;
  readonly runs: readonly BatchRuns[];
}

function loadOf(requests: number, durationUs: number): LoadResult {
  return { durationUs, requests, refused: 0, broken: 0, p50Us: 2000, p99Us: 9000, maxUs: 9500 };
}

function serverRun(stored: number, elapsedMs: number): ServerRun {
  const counts = { received: stored, stored, records: stored, exported: undefined };
  const sizes = { memoryPeakBytes: 3 * 2 ** 20, memoryIdleBytes: 2 * 2 ** 20, diskBytes: 10 * stored };
  const load = loadOf(stored, 1e6);
  return {
    load,
    half: { ...load, requests: stored / 2, p99Us: 4000 },
    storedAtTop: stored,
    elapsedMs,
    ...counts,
    ...sizes,
    writtenBytes: 50,
    receivedBytes: 200,
  };
}

describe("scripts/bench", () => {
  test("stores, counts and exports what wrk was told is accepted, for each size of batch", async () => {
    const line = ["--quick", "--json", "--seed", "7", "--batches", "1,50"];
    const { exitCode, stdout, stderr } = await run(process.execPath, [BENCH, ...line], { timeoutMs: 55_000 });
    expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
    const { seed, runs } = JSON.parse(stdout) as Report;
    expect([seed, runs.map(({ batch }) => batch)]).toEqual([7, [1, 50]]);
    for (const { batch, bare, server } of runs) {
      expect([bare.length, server.length]).toEqual([1, 1]);
      expect(bare[0]).toMatchObject({ refused: 0, broken: 0 });
      expect(bare[0]?.requests).toBeGreaterThan(0);
      const { load, received, stored, records, exported } = server[0] as ServerRun;
      expect(load).toMatchObject({ refused: 0, broken: 0 });
      expect(load.requests).toBeGreaterThan(0);
      expect(stored).toBeGreaterThanOrEqual(load.requests * batch);
      expect({ received, records, exported }).toEqual({ received: stored, records: stored, exported: stored });
      expect(stored % batch).toBe(0);
    }
  }, 60_000);

  test("refuses a number out of bounds, naming it", async () => {
    const { exitCode, stderr } = await run(process.execPath, [BENCH, "--seconds", "61"]);
    expect([exitCode, stderr]).toEqual([1, '--seconds: expected a whole number from 1 to 60, got "61"\n']);
  });
});

describe("scripts/bench-queries", () => {
  test("stores what it makes, compacts it, and has every question answered", async () => {
    const line = ["--entries", "3000", "--repeats", "2", "--seed", "7", "--json"];
    const { exitCode, stdout, stderr } = await run(process.execPath, [QUERIES, ...line], { timeoutMs: 55_000 });
    expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
    const { entries, timings } = JSON.parse(stdout) as { entries: number; timings: { name: string; bytes: number }[] };
    expect(entries).toBe(3_000);
    expect(timings.filter(({ name }) => name.startsWith("README: ")).length).toBeGreaterThan(1);
    expect(timings.length).toBeGreaterThan(17);
    expect(timings.filter(({ bytes }) => bytes === 0)).toEqual([]);
  }, 60_000);

  test("makes the same entries of the same seed, and others of another", () => {
    const made = (seed: number) => {
      const maker = new EntryMaker(join(import.meta.dir, "../fixtures/logs.ndjson"), seed);
      return Array.from({ length: 20 }, (_, time) => maker.entry(time));
    };
    expect(made(1)).toEqual(made(1));
    expect(made(1)).not.toEqual(made(2));
    expect(made(3).map((text) => Object.keys(JSON.parse(text) as object))).toEqual(
      Array.from({ length: 20 }, () => expect.arrayContaining(["touchpoint", "level", "message", "metadata"])),
    );
  });

  test("refuses what is no number", async () => {
    const { exitCode, stderr } = await run(process.execPath, [QUERIES, "--entries", "many"]);
    expect([exitCode, stderr]).toEqual([1, '--entries: expected a whole number from 1 to 1000000000, got "many"\n']);
  });
});

describe("the report", () => {
  test("takes medians, and the ratio of each round by itself", () => {
    const runs: BatchRuns = {
      batch: 10,
      bare: [loadOf(400, 1e6), loadOf(100, 1e6), loadOf(200, 1e6)],
      server: [serverRun(1000, 1000), serverRun(900, 1000), serverRun(3000, 2000)],
    };
    expect(summarise(runs)).toEqual({
      batch: 10,
      storedPerSecond: 1000,
      barePerSecond: 2000,
      ratio: 0.75,
      p50Ms: 2,
      p99Ms: 9,
      halfShare: 0.5,
      halfP99Ms: 4,
      memoryPeakBytes: 3 * 2 ** 20,
      memoryIdleBytes: 2 * 2 ** 20,
      diskBytesPerEntry: 10,
      writtenPerReceivedByte: 0.25,
      receivedBytesPerEntry: 0.2,
    });
    expect([median([4, 1, 3, 2]), median([])]).toEqual([2.5, Number.NaN]);
  });

  test("is a Markdown table with a line for each size of batch", () => {
    const rows = [1, 1000].map((batch) => summarise({ batch, bare: [loadOf(9, 1e6)], server: [serverRun(9, 1000)] }));
    const lines = markdownTable(rows).split("\n");
    expect(lines).toHaveLength(4);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines.slice(2).map((line) => line.split("|")[1]?.trim())).toEqual(["1", "1,000"]);
  });
});
