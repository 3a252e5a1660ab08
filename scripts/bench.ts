// How many entries a second are stored: durability, drain and counting included, beside a handler that stores nothing, in the
// same rounds. A run whose counts do not agree ends the benchmark, so every figure is of work that was really done.

import { readFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Load, type LoadResult, runLoad } from "./bench_load.ts";
import { type BatchRuns, markdownTable, type ServerRun, summarise } from "./bench_report.ts";
import { SERVER_KEY, withBareHandler, withServer } from "./bench_servers.ts";
import { provideTools } from "./tools.ts";
import { wholeNumber } from "./whole_number.ts";

const HELP = `Usage: scripts/bench [OPTION…]

Measures dist/simplelogs (built first) with wrk, beside a bare Elysia handler that checks the same batches and stores nothing.

  --batches LIST     entries a request (default: 1,100,1000)
  --rounds N         rounds; each runs every batch size against both (default: 3)
  --seconds N        duration of a run, 1 to 60 (default: 8)
  --connections N    (default: 64)
  --durability WORD  sync, write or memory (default: sync)
  --corpus FILE      NDJSON, one entry a line, without times (default: test/fixtures/logs.ndjson)
  --folder DIR       where the data files go (default: the system's temporary folder)
  --seed N           where in the corpus each round begins (default: random, printed)
  --json             print one JSON object instead of a table
  --quick            one round of a second with 8 connections: whether it still works, no figures to quote
  --help             show this
`;

interface Options {
  readonly batches: readonly number[];
  readonly rounds: number;
  readonly durability: string;
  readonly folder: string;
  readonly seed: number;
  readonly isJson: boolean;
  readonly load: Load;
}

function readOptions(): Options | undefined {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const { values } = parseArgs({
    options: {
      batches: text,
      rounds: text,
      seconds: text,
      connections: text,
      durability: text,
      corpus: text,
      folder: text,
      seed: text,
      json: flag,
      quick: flag,
      help: flag,
    },
  });
  if (values.help === true) return undefined;
  const isQuick = values.quick === true;
  const durability = values.durability ?? "sync";
  if (!["sync", "write", "memory"].includes(durability)) {
    throw new Error(`--durability: expected sync, write or memory, got ${JSON.stringify(durability)}`);
  }
  return {
    batches: (values.batches ?? "1,100,1000").split(",").map((size) => wholeNumber("batches", size, 1, 10_000)),
    rounds: wholeNumber("rounds", values.rounds ?? (isQuick ? "1" : "3"), 1, 100),
    durability,
    folder: resolve(values.folder ?? tmpdir()),
    seed: wholeNumber("seed", values.seed ?? String(Math.floor(Math.random() * 1e6)), 0, 1e9),
    isJson: values.json === true,
    load: {
      wrk: process.env["SIMPLELOGS_TEST_WRK"] ?? provideTools(["bench"])["SIMPLELOGS_TEST_WRK"] ?? "wrk",
      corpus: resolve(values.corpus ?? join(import.meta.dirname, "../test/fixtures/logs.ndjson")),
      key: SERVER_KEY,
      connections: wholeNumber("connections", values.connections ?? (isQuick ? "8" : "64"), 1, 10_000),
      seconds: wholeNumber("seconds", values.seconds ?? (isQuick ? "1" : "8"), 1, 60),
      seed: 0,
    },
  };
}

/** A day before the entries of the first run, which may take hours. */
const HALF_TIME_BACK_MS = 25 * 3_600_000;

/** Throws unless everything that was answered 202 is stored, and nothing else but what was on its way when wrk stopped. */
function checkCounts(run: ServerRun, batch: number, connections: number): void {
  const answered = [run.load, run.half].reduce((sum, load) => sum + (load.requests - load.refused) * batch, 0);
  // What was on its way when wrk stopped, twice.
  const isStored = run.stored >= answered && run.stored <= answered + 2 * connections * batch;
  const isWhole = run.stored === run.received && run.stored === run.records;
  if (answered === 0 || !isStored || !isWhole || run.stored !== (run.exported ?? run.stored)) {
    throw new Error(`the counts do not agree (${answered} entries were answered 202): ${JSON.stringify(run)}`);
  }
}

function measureServer(options: Options, load: Load, batch: number, isExported: boolean): Promise<ServerRun> {
  return withServer(options.folder, options.durability, async (server) => {
    const result = await runLoad(load, server.url, batch);
    const loadedAt = performance.now();
    const storedAtTop = (await server.drained()).get("simplelogs_entries_stored_total") ?? Number.NaN;
    const elapsedMs = result.durationUs / 1000 + (performance.now() - loadedAt);
    const half = await runLoad(atHalfRate(load, result), server.url, batch);
    const memoryPeakBytes = server.memoryBytes("VmHWM");
    const figures = await server.settled();
    const figure = (name: string) => figures.get(name) ?? Number.NaN;
    const memoryIdleBytes = server.memoryBytes("VmRSS");
    const exported = isExported ? await server.exportedRecords() : undefined;
    const run = {
      load: result,
      storedAtTop,
      half,
      elapsedMs,
      received: figure("simplelogs_entries_received_total"),
      stored: figure("simplelogs_entries_stored_total"),
      records: figure("simplelogs_records"),
      exported,
      memoryPeakBytes,
      memoryIdleBytes,
      diskBytes: await server.stop(),
      writtenBytes: figure("simplelogs_written_bytes_total"),
      receivedBytes: figure("simplelogs_received_bytes_total"),
    };
    checkCounts(run, batch, load.connections);
    return run;
  });
}

/** Connections that wait as long as they are answered at half the rate; entries of another hour than the first run's. */
function atHalfRate(load: Load, { durationUs, requests, p50Us }: LoadResult): Load {
  const intervalMs = (2 * load.connections * durationUs) / 1000 / Math.max(1, requests);
  // An answer comes sooner at half the rate; it is not known how much.
  return { ...load, delayMs: Math.max(1, Math.round(intervalMs - p50Us / 2000)), timeBackMs: HALF_TIME_BACK_MS };
}

/** What a run did, for whoever watches. */
function countsOf(run: ServerRun | undefined): string {
  if (run === undefined) return "nothing";
  const exported = run.exported === undefined ? "" : `, ${run.exported} exported`;
  return `${run.stored} entries stored${exported}, ${run.load.refused} requests refused, ${run.load.broken} broken`;
}

/** Both in each round, the first one by turns, so that neither always meets the quieter machine. */
async function measure(options: Options, tell: (line: string) => void): Promise<BatchRuns[]> {
  const all = options.batches.map((batch) => ({
    batch,
    bare: [] as BatchRuns["bare"][number][],
    server: [] as ServerRun[],
  }));
  for (let round = 0; round < options.rounds; round++) {
    const load = { ...options.load, seed: options.seed + 1000 * round };
    const isLast = round === options.rounds - 1;
    for (const { batch, bare, server } of all) {
      const runBare = async () => bare.push(await withBareHandler((url) => runLoad(load, url, batch)));
      const runServer = async () => server.push(await measureServer(options, load, batch, isLast));
      for (const run of round % 2 === 0 ? [runBare, runServer] : [runServer, runBare]) await run();
      if (bare.some(({ refused }) => refused > 0)) throw new Error(`the bare handler refused batches of ${batch}`);
      tell(`round ${round + 1}, ${batch} a request: ${countsOf(server.at(-1))}`);
    }
  }
  return all;
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const { load, rounds, seed, durability, folder } = options;
  const corpus = readFileSync(load.corpus);
  const lines = corpus
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "").length;
  const tell = (line: string) => void process.stderr.write(`${line}\n`);
  tell(`corpus ${load.corpus}: ${lines} lines, ${corpus.length} bytes; seed ${seed}`);
  tell(
    `${rounds} round(s) of ${load.seconds} s, ${load.connections} connections, durability ${durability}, data below ${folder}; ` +
      `${cpus().length} cores, shared by server and wrk; Bun ${process.versions.bun}`,
  );
  const runs = await measure(options, tell);
  if (options.isJson) {
    process.stdout.write(`${JSON.stringify({ seed, durability, rounds, seconds: load.seconds, runs })}\n`);
    return;
  }
  process.stdout.write(`\n${markdownTable(runs.map(summarise))}\n\n`);
  process.stdout.write(
    `Medians of ${rounds} round(s). Stored: committed (${durability}) and counted when the queue was empty again; the counters, the ` +
      "records and an export agree.\nHalf rate: a second run on the same server, while it compacts; what is stored then is not in the rate.\nDisk: the data file, compacted and closed, dedupe memory included.\n",
  );
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
