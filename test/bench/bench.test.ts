// The benchmark still works: a tiny run of it, its counts, and how its report reckons. Never its speed.

import { describe, expect, test } from "bun:test";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EntryMaker } from "../../scripts/src/bench/entries.ts";
import { type PacedResult, runPaced } from "../../scripts/src/bench/load.ts";
import {
  answeredRate,
  type BatchRuns,
  checkCounts,
  median,
  type ReadyRuns,
  ratio,
  report,
  type StoredRun,
  storedRate,
} from "../../scripts/src/bench/report.ts";
import { markdownTable } from "../../scripts/src/markdown_table.ts";
import { withFolder } from "../support/folder.ts";
import { type RunResult, run } from "../support/run.ts";

const BENCH = join(import.meta.dir, "../../scripts/src/bench/main.ts");
const QUERIES = join(import.meta.dir, "../../scripts/src/bench/queries.ts");
const FAKE = join(import.meta.dir, "../support/fake_victorialogs.ts");
const CORPUS = join(import.meta.dir, "../fixtures/logs.ndjson");
const BATCHES = [1, 50];
const TITLES = ["## Entries a second", "## Answers at half", "## Costs", "## By thread"];

interface Figures {
  readonly seed: number;
  readonly runs: readonly BatchRuns[];
  readonly ready: ReadyRuns;
}

/** A tiny run, beside what stands for VictoriaLogs. */
async function tinyBench(folder: string): Promise<RunResult> {
  const other = join(folder, "victoria-logs");
  writeFileSync(other, `#!/bin/sh\nexec "${process.execPath}" "${FAKE}" "$@"\n`);
  chmodSync(other, 0o755);
  const options = {
    batches: BATCHES.join(","),
    seed: "7",
    folder,
    victorialogs: other,
    json: join(folder, "out.json"),
  };
  const line = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  return run(process.execPath, [BENCH, "--quick", ...line], { timeoutMs: 110_000 });
}

/** Of each section its table's lines, as cells. */
function tablesOf(text: string): string[][][] {
  return TITLES.map((title) => {
    const section = text.slice(text.indexOf(title)).split("\n## ")[0] ?? "";
    const lines = section.split("\n").filter((line) => line.startsWith("|"));
    return lines.map((line) => line.split("|").slice(1, -1)).map((cells) => cells.map((cell) => cell.trim()));
  });
}

function loadOf(requests: number, durationUs: number): PacedResult {
  return { durationUs, requests, refused: 0, broken: 0, p50Us: 2000, p99Us: 9000, maxUs: 9500, bytes: 2000 * requests };
}

function storedRun(stored: number, elapsedMs: number): StoredRun {
  const top = loadOf(stored / 10, 1e6);
  return {
    top,
    entriesAtTop: stored,
    elapsedMs,
    half: { ...top, requests: stored / 20, p99Us: 4000, bytes: 100 * stored },
    cpuSeconds: stored / 1e6,
    cpuSecondsByThread: { main: stored / 4e6 },
    heapBytesByThread: { main: 5 * 2 ** 20 },
    unmerged: { blocks: 3, records: 30 },
    received: stored,
    stored,
    residentBytesMax: 3 * 2 ** 20,
    writtenBytes: 50 * stored,
    handedBytes: 40 * stored,
    diskBytes: 10 * stored,
    rested: { residentBytes: 2 * 2 ** 20, heapBytesByThread: { main: 2 ** 20 } },
    exported: stored,
  };
}

describe("scripts/bench", () => {
  test("stores, counts and exports what was answered 202, and has a line for each size of batch, server and thread", async () => {
    await withFolder(async (folder) => {
      const { exitCode, stdout, stderr } = await tinyBench(folder);
      expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
      const { seed, runs, ready } = JSON.parse(readFileSync(join(folder, "out.json"), "utf8")) as Figures;
      expect([seed, runs.map(({ batch }) => batch)]).toEqual([7, BATCHES]);
      for (const { batch, bare, simpleLogs, victoriaLogs } of runs) {
        expect([bare.length, simpleLogs.length, victoriaLogs.length]).toEqual([1, 1, 1]);
        for (const { top, half, stored, received } of [...simpleLogs, ...victoriaLogs]) {
          const answered = batch * (top.requests + half.requests);
          expect([top.requests > 0, top.refused, top.broken, half.requests > 0, half.refused]).toEqual([
            true,
            0,
            0,
            true,
            0,
          ]);
          expect([stored >= answered, stored <= answered + 8 * batch, stored === received]).toEqual([true, true, true]);
        }
        const [{ stored, exported, heapBytesByThread, cpuSecondsByThread }] = simpleLogs as [StoredRun];
        expect(exported).toBe(stored);
        // The others run only once there was something to merge or to query.
        expect(Object.keys(heapBytesByThread)).toEqual(expect.arrayContaining(["main", "writer"]));
        expect(Object.keys(cpuSecondsByThread)).toEqual(expect.arrayContaining(["main", "runtime", "writer"]));
      }
      expect([ready.startsMs.length, ready.records >= 1]).toEqual([1, true]);
      const tables = tablesOf(stdout);
      expect(tables.map((lines) => [lines.length - 2, new Set(lines.map((cells) => cells.length)).size])).toEqual([
        [2, 1],
        [4, 1],
        [4, 1],
        [10, 1],
      ]);
      // Nothing is missing but the other server's inner figures, aims for a size of batch that has none, and threads
      // that did not run.
      const missing = tables.map((lines) => lines.flat().filter((cell) => cell === "–" || cell === "NaN").length);
      expect(missing.slice(0, 3)).toEqual([2, 0, 4]);
      expect(stdout).toMatch(/^Ready with [\d,]+ records: [\d,]+ ms/m);
    });
  }, 120_000);

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
    expect(timings.filter(({ name }) => name.startsWith("docs: ")).length).toBeGreaterThan(1);
    expect(timings.length).toBeGreaterThan(17);
    expect(timings.filter(({ bytes }) => bytes === 0)).toEqual([]);
  }, 180_000);

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

describe("the steady load", () => {
  test("counts times from when a request was due, not from when a connection was free for it", async () => {
    let isFirst = true;
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        await request.text();
        // The first answer takes 700 ms, and the only connection with it.
        if (isFirst) await Bun.sleep(700);
        isFirst = false;
        return new Response("", { status: 202 });
      },
    });
    try {
      const load = { wrk: "", corpus: CORPUS, connections: 1, seconds: 1, seed: 1 };
      const target = { url: server.url.href, head: "[", join: ",", tail: "]" };
      const { requests, refused, p50Us, maxUs, bytes } = await runPaced(load, target, 2, 100);
      expect([requests, refused, bytes > 10_000]).toEqual([100, 0, true]);
      // Some 70 of 100 were due meanwhile, so half of all waited for 200 ms at least. By the connection's time, one
      // took long.
      expect([maxUs >= 700_000, p50Us >= 150_000]).toEqual([true, true]);
    } finally {
      await server.stop(true);
    }
  }, 20_000);
});

describe("the counts of a run", () => {
  /** Answered in both loads. */
  const answered = { stored: 2_250, received: 2_250, exported: undefined };
  const run: StoredRun = { ...storedRun(1_500, 1_000), ...answered };

  test("agree where all that was answered is stored, and at most what was on its way beside it", () => {
    for (const more of [0, 1, 640]) {
      const stored = 2_250 + more;
      expect(() => checkCounts({ ...run, stored, received: stored, exported: stored }, 10, 64)).not.toThrow();
    }
    const refused = { ...run.top, refused: 50 };
    expect(() => checkCounts({ ...run, top: refused, stored: 1_750, received: 1_750 }, 10, 64)).not.toThrow();
  });

  test("are an error where entries are lost, come from nowhere, or nothing was answered", () => {
    const wrong: Partial<StoredRun>[] = [
      { stored: 2_249, received: 2_249 },
      { stored: 2_891, received: 2_891 },
      { received: 2_251 },
      { exported: 2_249 },
      { stored: Number.NaN, received: Number.NaN },
      { top: loadOf(0, 1e6), half: loadOf(0, 1e6), stored: 0, received: 0 },
    ];
    for (const change of wrong) expect(() => checkCounts({ ...run, ...change }, 10, 64)).toThrow("do not agree");
  });
});

describe("the report", () => {
  const runs: BatchRuns = {
    batch: 10,
    bare: [loadOf(400, 1e6), loadOf(100, 1e6), loadOf(200, 1e6)],
    simpleLogs: [storedRun(1000, 1000), storedRun(900, 1000), storedRun(3000, 2000)],
    victoriaLogs: [],
  };

  test("takes medians, and the ratio of each round by itself", () => {
    const stored = runs.simpleLogs.map(storedRate);
    const bare = runs.bare.map((load) => answeredRate(load, 10));
    expect([stored, bare, ratio(stored, bare)]).toEqual([[1000, 900, 1500], [4000, 1000, 2000], 0.75]);
    expect([median([4, 1, 3, 2]), median([])]).toEqual([2.5, Number.NaN]);
  });

  test("has a figure for every column, and says which server was left out", () => {
    const text = report([runs], { records: 5_000, startsMs: [100, 300, 200] }, "sync", 120);
    const rows = tablesOf(text).map((lines) => lines.slice(2));
    expect(rows).toEqual([
      [["10", "1,000", "2,000", "0.75", "–", "–", "–", "–"]],
      [["10", "SimpleLogs", "500", "2.0", "4.0", "9.5", "9.0"]],
      [["10", "SimpleLogs", "1.00", "3", "2", "200", "10.0", "0.25", "0.20", "3", "30"]],
      [["10", "main", "0.25", "5", "1"]],
    ]);
    expect(text).toContain("VictoriaLogs is left out: --victorialogs names its executable.");
    expect(text).toContain("Ready with 5,000 records: 200 ms (aim 300), at most 300 in 3 starts.");
  });

  test("has aims beside the sizes of batch that have them", () => {
    const sizes = [1, 100, 1_000].map((batch) => ({ ...runs, batch, victoriaLogs: runs.simpleLogs }));
    const [rates = []] = tablesOf(report(sizes, { records: 1, startsMs: [1] }, "sync", 0));
    expect(rates.slice(2).map((cells) => [cells[0], cells[4], cells[7]])).toEqual([
      ["1", "0.40", "3.50"],
      ["100", "0.50", "2.00"],
      ["1,000", "0.55", "1.60"],
    ]);
  });

  test("is of Markdown tables whose columns are aligned", () => {
    const lines = markdownTable(
      ["a", "long title"],
      [
        ["1", "2"],
        ["1,000", "3"],
      ],
    ).split("\n");
    expect([lines.length, new Set(lines.map((line) => line.length)).size]).toEqual([4, 1]);
  });
});
