// Measures how many entries a second are stored, how quickly batches are answered at half of that rate, and what it
// costs. In the same rounds it measures a handler that stores nothing and, where there is one, VictoriaLogs. A run
// whose counts do not agree ends the benchmark, so every figure is of work that was really done.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { CORPUS, oneOf, runCommand, wholeNumber } from "../command.ts";
import { processFigures, type ThreadSeconds, threadSeconds } from "../process_figures.ts";
import { provideTools } from "../tools.ts";
import { EntryMaker } from "./entries.ts";
import { type Load, runLoad, runPaced } from "./load.ts";
import { type BatchRuns, checkCounts, type ReadyRuns, type Rested, report, type StoredRun } from "./report.ts";
import { hasData, type MeasuredServer, newFolder, SimpleLogs, VictoriaLogs, withBareHandler } from "./servers.ts";

const HELP = `Usage: scripts/bench [OPTION…]

Measures dist/simplelogs (built first) with wrk and with a load of a steady rate, beside a bare Elysia handler that checks the same
batches and stores nothing, and beside VictoriaLogs.

  --victorialogs FILE  its executable (default: it is left out)
  --batches LIST       entries a request (default: 1,100,1000)
  --rounds N           rounds; each runs every batch size against all (default: 3)
  --seconds N          duration of a load, 1 to 60 (default: 8)
  --connections N      (default: 64)
  --durability WORD    sync, write or memory (default: sync)
  --corpus FILE        NDJSON, one entry a line, without times (default: test/fixtures/logs.ndjson)
  --lines N            different lines at least; past the corpus' own, digits are drawn anew (default: 100,000)
  --folder DIR         where the data files go (default: the system's temporary folder)
  --rest N             seconds after the loads until memory is looked at once more (default: 120)
  --records N          records in the data file whose starts are measured, at least (default: 100,000)
  --keep DIR           keeps that data file in this folder, and takes it from there the next time
  --seed N             where in the corpus each round begins (default: random, printed)
  --json FILE          also writes the figures of every run
  --quick              one round of a second with 8 connections, without a rest: whether it still works, no figures to quote
  --help               show this
`;

/** How often a start is measured. */
const STARTS = 5;
/** Entries a request when the data file for it is filled. */
const FILL_BATCH = 1_000;

const DURABILITIES = ["sync", "write", "memory"] as const;

interface Options {
  readonly victoriaLogs: string | undefined;
  readonly batches: readonly number[];
  readonly rounds: number;
  readonly durability: string;
  readonly folder: string;
  readonly restSeconds: number;
  readonly records: number;
  readonly starts: number;
  readonly keep: string | undefined;
  readonly json: string | undefined;
  readonly lines: number;
  readonly load: Load;
}

function readOptions(): Options | undefined {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const { values } = parseArgs({
    options: {
      victorialogs: text,
      batches: text,
      rounds: text,
      seconds: text,
      connections: text,
      durability: text,
      corpus: text,
      lines: text,
      folder: text,
      rest: text,
      records: text,
      keep: text,
      seed: text,
      json: text,
      quick: flag,
      help: flag,
    },
  });
  if (values.help === true) return undefined;
  const isQuick = values.quick === true;
  const durability = oneOf("durability", values.durability ?? "sync", DURABILITIES);
  const path = (given: string | undefined) => (given === undefined ? undefined : resolve(given));
  return {
    victoriaLogs: path(values.victorialogs),
    batches: (values.batches ?? "1,100,1000").split(",").map((size) => wholeNumber("batches", size, 1, 10_000)),
    rounds: wholeNumber("rounds", values.rounds ?? (isQuick ? "1" : "3"), 1, 100),
    durability,
    folder: resolve(values.folder ?? tmpdir()),
    restSeconds: wholeNumber("rest", values.rest ?? (isQuick ? "0" : "120"), 0, 3_600),
    records: wholeNumber("records", values.records ?? (isQuick ? "1" : "100000"), 1, 1e9),
    starts: isQuick ? 1 : STARTS,
    keep: path(values.keep),
    json: path(values.json),
    lines: wholeNumber("lines", values.lines ?? (isQuick ? "1" : "100000"), 1, 1_000_000),
    load: {
      wrk: process.env["SIMPLELOGS_TEST_WRK"] ?? provideTools(["bench"])["SIMPLELOGS_TEST_WRK"] ?? "wrk",
      corpus: resolve(values.corpus ?? CORPUS),
      connections: wholeNumber("connections", values.connections ?? (isQuick ? "8" : "64"), 1, 10_000),
      seconds: wholeNumber("seconds", values.seconds ?? (isQuick ? "1" : "8"), 1, 60),
      seed: wholeNumber("seed", values.seed ?? String(Math.floor(Math.random() * 1e6)), 0, 1e9),
    },
  };
}

type Measured = Omit<StoredRun, "diskBytes" | "rested" | "exported">;

async function measureLoads(server: MeasuredServer, load: Load, batch: number): Promise<Measured> {
  const { pid, target } = server;
  const before = { ...processFigures(pid), threads: threadSeconds(pid) };
  const top = await runLoad(load, target, batch);
  const loadedAt = performance.now();
  const drained = await server.drained();
  const drainMs = drained === undefined ? 0 : performance.now() - loadedAt;
  const cpuSeconds = processFigures(pid).cpuSeconds - before.cpuSeconds;
  const after = Object.entries(threadSeconds(pid)) as [keyof ThreadSeconds, number][];
  const cpuSecondsByThread = Object.fromEntries(after.map(([name, seconds]) => [name, seconds - before.threads[name]]));
  const atEnd = await server.loaded();
  const half = await runPaced(load, target, batch, (top.requests * 1e6) / top.durationUs / 2);
  const { residentBytesMax } = processFigures(pid);
  const counts = await server.merged();
  const { writtenBytes, handedBytes } = processFigures(pid);
  return {
    top,
    entriesAtTop: drained ?? (top.requests - top.refused) * batch,
    elapsedMs: top.durationUs / 1000 + drainMs,
    half,
    cpuSeconds,
    cpuSecondsByThread,
    ...atEnd,
    ...counts,
    residentBytesMax,
    writtenBytes,
    handedBytes,
  };
}

type Runs = {
  -readonly [Name in keyof BatchRuns]: BatchRuns[Name] extends readonly (infer Run)[] ? Run[] : BatchRuns[Name];
};

/** The loads of all rounds. Ends every server that it has started. */
class Benchmark {
  readonly #options: Options;
  readonly #print: (line: string) => void;
  readonly #running = new Set<MeasuredServer>();
  /** The ends of the first round's runs: its servers rest while the others are measured. */
  readonly #resting: Promise<() => Promise<void>>[] = [];

  constructor(options: Options, print: (line: string) => void) {
    this.#options = options;
    this.#print = print;
  }

  async run(): Promise<BatchRuns[]> {
    const { batches, rounds } = this.#options;
    const all = batches.map((batch): Runs => ({ batch, bare: [], simpleLogs: [], victoriaLogs: [] }));
    try {
      for (let round = 0; round < rounds; round++) {
        for (const runs of all) {
          await this.#measure(runs, round);
          this.#print(`round ${round + 1}, ${runs.batch} a request`);
        }
      }
      for (const finish of await Promise.all(this.#resting)) await finish();
    } finally {
      for (const server of this.#running) await server.remove();
    }
    return all;
  }

  /**
   * Measures every server in one round with one size of batch. They take turns at being first, so none always meets the
   * quieter machine.
   */
  async #measure({ batch, bare, simpleLogs, victoriaLogs }: Runs, round: number): Promise<void> {
    const { durability, folder, victoriaLogs: program } = this.#options;
    const load = { ...this.#options.load, seed: this.#options.load.seed + 1000 * round };
    const store = async (runs: StoredRun[], server: MeasuredServer) => {
      this.#running.add(server);
      const measured = await measureLoads(server, load, batch);
      const finish = async (rested?: Rested) => {
        const exported = rested === undefined ? undefined : await server.exported();
        runs[round] = await this.#finish(server, batch, { ...measured, rested, exported });
      };
      if (round > 0) await finish();
      else {
        const resting = this.#rested(server).then((rested) => () => finish(rested));
        // Its error reaches whoever awaits it below.
        resting.catch(() => undefined);
        this.#resting.push(resting);
      }
    };
    const steps = [
      async () => {
        const run = await withBareHandler((target) => runLoad(load, target, batch));
        if (run.refused > 0) throw new Error(`the bare handler refused batches of ${batch}`);
        bare.push(run);
      },
      async () => store(simpleLogs, await SimpleLogs.start(newFolder(folder), durability)),
    ];
    if (program !== undefined) {
      steps.push(async () => store(victoriaLogs, await VictoriaLogs.start(program, newFolder(folder))));
    }
    for (let step = 0; step < steps.length; step++) await steps[(step + round) % steps.length]?.();
  }

  /** The memory of a server after its rest. */
  async #rested(server: MeasuredServer): Promise<Rested> {
    await new Promise((wake) => setTimeout(wake, 1_000 * this.#options.restSeconds));
    const { residentBytes } = processFigures(server.pid);
    return { residentBytes, heapBytesByThread: (await server.loaded()).heapBytesByThread };
  }

  /** Stops the server, and checks that everything is there. */
  async #finish(server: MeasuredServer, batch: number, measured: Omit<StoredRun, "diskBytes">): Promise<StoredRun> {
    const run: StoredRun = { ...measured, diskBytes: await server.stop() };
    await server.remove();
    this.#running.delete(server);
    checkCounts(run, batch, this.#options.load.connections);
    const { top, stored, exported } = run;
    this.#print(
      `${batch} a request: ${stored} entries stored${exported === undefined ? "" : `, ${exported} exported`}; ${top.refused} requests refused, ${top.broken} broken`,
    );
    return run;
  }
}

/** Measures starts on a data file of so many records, which is filled first unless it exists. */
async function measureReady({ load, records, starts, durability, folder, keep }: Options): Promise<ReadyRuns> {
  const own = keep ?? newFolder(folder);
  mkdirSync(own, { recursive: true });
  if (!hasData(own)) await onServer(own, durability, (server) => fill(server, load, records));
  const startsMs: number[] = [];
  let stored = 0;
  for (let start = 0; start < starts; start++) {
    const startedAt = performance.now();
    await onServer(own, durability, async (server) => {
      await server.ready();
      startsMs.push(performance.now() - startedAt);
      stored = (await server.figures()).get("simplelogs_records") ?? Number.NaN;
    });
  }
  if (stored < records) throw new Error(`${own} has a data file of ${stored} records; --records asks for ${records}`);
  return { records: stored, startsMs };
}

/** Runs `work` against a server, stops it in any case, and leaves its data. */
async function onServer(
  folder: string,
  durability: string,
  work: (server: SimpleLogs) => Promise<void>,
): Promise<void> {
  const server = await SimpleLogs.start(folder, durability);
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

async function fill(server: SimpleLogs, load: Load, records: number): Promise<void> {
  const seconds = records > 1_000_000 ? 10 : 1;
  for (let stored = 0, { seed } = load; stored < records; seed++) {
    await runLoad({ ...load, seconds, seed }, server.target, FILL_BATCH);
    stored = await server.drained();
  }
  await server.merged();
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const { load, rounds, durability, restSeconds } = options;
  const print = (line: string) => void process.stderr.write(`${line}\n`);
  const folder = newFolder(options.folder);
  try {
    const corpus = join(folder, "corpus.ndjson");
    const { own, made, bytes } = makeCorpus(options, corpus);
    print(
      `corpus ${load.corpus}: ${own} lines, and ${made} more with digits drawn anew, ${bytes} bytes; seed ${load.seed}`,
    );
    print(
      `${rounds} round(s) of ${load.seconds} s, ${load.connections} connections, durability ${durability}, data below ${folder}; ` +
        `${cpus().length} cores, shared by server and load (load average ${loadavg()[0]?.toFixed(1)} before); Bun ${process.versions.bun}`,
    );
    const measured: Options = { ...options, folder, load: { ...load, corpus } };
    const runs = await new Benchmark(measured, print).run();
    const ready = await measureReady(measured);
    if (options.json !== undefined) {
      writeFileSync(options.json, JSON.stringify({ seed: load.seed, durability, runs, ready }));
    }
    process.stdout.write(`\n${report(runs, ready, durability, restSeconds)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Writes the lines that are sent. A few repeated ones would compress to nothing, so more are made. Returns the number
 * of each kind.
 */
function makeCorpus({ load, lines }: Options, file: string): { own: number; made: number; bytes: number } {
  const own = readFileSync(load.corpus, "utf8")
    .split("\n")
    .filter((line) => line !== "");
  const maker = new EntryMaker(load.corpus, load.seed);
  const made = Array.from({ length: Math.max(0, lines - own.length) }, () => maker.line());
  const text = `${[...own, ...made].join("\n")}\n`;
  writeFileSync(file, text);
  return { own: own.length, made: made.length, bytes: Buffer.byteLength(text) };
}

await runCommand(main);
