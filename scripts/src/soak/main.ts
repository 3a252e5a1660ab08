// Runs the executable for an hour under a steady mixed load and samples it. It fails when a promise was broken:
// something lost or stored twice, a counter that does not add up, a thread that died, a query that failed. What grows
// is printed and drawn.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { closingGap } from "../../../test/support/load.ts";
import { CORPUS, EXECUTABLE, oneOf, pause, runCommand, wholeNumber } from "../command.ts";
import { differences } from "./differences.ts";
import type { LoadOrders, LoadTotals } from "./load.ts";
import { soakSvg } from "./plot.ts";
import { SoakReaders } from "./readers.ts";
import { type Sample, soakTable } from "./report.ts";
import { Sampler } from "./sampler.ts";
import { ORIGIN, PAIRS, SoakServer } from "./server.ts";

const HELP = `Usage: scripts/soak [OPTION…]

Runs dist/simplelogs (built first) under a steady mixed load, with queries, exports and live tails all the time, and writes soak.svg,
soak.json and soak.md. Exit code 1 when something was lost, stored twice, miscounted, or a thread died. Linux only.

  --minutes N        at least 0.1 (default: 60)
  --rate N           entries a second, in batches of 1, 20 and 100 (default: 20,000)
  --durability WORD  sync, write or memory (default: sync)
  --max-size SIZE    of the data file (default: what is reached in the first tenth of the time, 24MiB to 1GiB)
  --out DIR          where the results go (default: the current folder)
  --folder DIR       where the data file goes (default: the system's temporary folder)
  --executable FILE  another one than dist/simplelogs
  --corpus FILE      NDJSON, one entry a line, without times (default: test/fixtures/logs.ndjson)
  --seed N           of the load (default: random, printed)
  --sample-every N   seconds between samples (default: 5)
  --rest N           seconds after the load until memory is looked at once more (default: 15)
  --help             show this
`;

/** How long open timings may take after the load to time out or to be stored: timings.timeout and some more. */
const CLOSE_MS_MAX = 90_000;
/** The project "short" keeps its records so long at least: a live tail must have had the time to show them. */
const RETENTION_MS_MIN = 3_000;
/** Bytes that a stored entry takes on disk, roughly, until it is merged. */
const ENTRY_BYTES = 12;

const DURABILITIES = ["sync", "write", "memory"] as const;

interface Options {
  readonly minutes: number;
  readonly rate: number;
  readonly durability: string;
  readonly sizeMax: string;
  readonly out: string;
  readonly folder: string;
  readonly executable: string;
  readonly corpus: string;
  readonly seed: number;
  readonly sampleEveryMs: number;
  readonly restSeconds: number;
}

function sizeFor(minutes: number, rate: number): string {
  const mebibytes = (minutes * 6 * rate * ENTRY_BYTES) / 2 ** 20;
  return `${Math.round(Math.min(Math.max(mebibytes, 24), 1024))}MiB`;
}

function readOptions(): Options | undefined {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      minutes: text,
      rate: text,
      durability: text,
      "max-size": text,
      out: text,
      folder: text,
      executable: text,
      corpus: text,
      seed: text,
      "sample-every": text,
      rest: text,
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return undefined;
  const durability = oneOf("durability", values.durability ?? "sync", DURABILITIES);
  const minutes = Number(values.minutes ?? "60");
  if (!(minutes >= 0.1 && minutes <= 100_000)) {
    throw new Error(`--minutes: expected a number from 0.1 to 100000, got ${JSON.stringify(values.minutes)}`);
  }
  const rate = wholeNumber("rate", values.rate ?? "20000", 1, 10_000_000);
  return {
    minutes,
    rate,
    durability,
    sizeMax: values["max-size"] ?? sizeFor(minutes, rate),
    out: resolve(values.out ?? "."),
    folder: resolve(values.folder ?? tmpdir()),
    executable: resolve(values.executable ?? EXECUTABLE),
    corpus: resolve(values.corpus ?? CORPUS),
    seed: wholeNumber("seed", values.seed ?? String(Math.floor(Math.random() * 1e6)), 0, 1e9),
    sampleEveryMs: 1_000 * wholeNumber("sample-every", values["sample-every"] ?? "5", 1, 600),
    restSeconds: wholeNumber("rest", values.rest ?? "15", 0, 3_600),
  };
}

/** The process that sends. */
class LoadProcess {
  totals: LoadTotals | undefined;
  readonly #child;
  readonly #ended: Promise<unknown>;

  constructor(orders: LoadOrders) {
    const program = join(import.meta.dirname, "load.ts");
    this.#child = spawn(process.execPath, [program, JSON.stringify(orders)], { stdio: ["pipe", "pipe", "inherit"] });
    this.#ended = once(this.#child, "close");
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.totals = JSON.parse(line) as LoadTotals;
    });
  }

  /** Lets it finish what it has begun. Returns what it has done in all. */
  async finish(): Promise<LoadTotals> {
    this.#child.stdin.end();
    await this.#ended;
    if (this.totals?.isOver !== true) throw new Error("the load's process ended before its time");
    return this.totals;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

interface Result {
  readonly samples: readonly Sample[];
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

async function soak(options: Options, folder: string, print: (line: string) => void): Promise<Result> {
  const { minutes, rate, durability, sizeMax, executable, corpus, seed } = options;
  const retentionMs = Math.max(RETENTION_MS_MIN, Math.round((minutes * 60_000) / 20));
  const server = await SoakServer.start({ executable, folder, durability, sizeMax, retentionMs });
  const readers = new SoakReaders(server.url);
  const url = `${server.url}/api/v1/enqueue`;
  let load: LoadProcess | undefined;
  try {
    await readers.start();
    load = new LoadProcess({ url, rate, corpus, seed, origin: ORIGIN, pairs: PAIRS });
    const sampler = new Sampler(server, readers);
    const problems: string[] = [];
    const endAt = performance.now() + minutes * 60_000;
    while (performance.now() < endAt) {
      await pause(Math.min(options.sampleEveryMs, Math.max(0, endAt - performance.now())));
      if (!server.isRunning) throw new Error(`the server ended:\n${server.problems.join("\n")}`);
      const { sample, gap } = await sampler.take();
      if (gap !== 0) problems.push(`after ${Math.round(sample.at)} s the sum of the counters is off by ${gap}`);
      print(sampler.lineOf(sample, load.totals));
    }
    const totals = await load.finish();
    const closedBy = performance.now() + CLOSE_MS_MAX;
    let metrics = await server.metrics();
    await readers.stop();
    while (
      (metrics.get("simplelogs_entries_open") !== 0 || closingGap(metrics) !== 0) &&
      performance.now() < closedBy
    ) {
      await pause(500);
      metrics = await server.metrics();
    }
    problems.push(...differences({ totals, probes: readers.probes, metrics, tailSeen: readers.tailSeen }));
    await pause(1_000 * options.restSeconds);
    const { residentBytes } = server.processFigures();
    const { counts } = readers;
    const notes = [
      `${totals.entries + readers.probes} entries sent, ${totals.behind} behind the rate at the end; statuses ${JSON.stringify(totals.statuses)}`,
      `dropped as meant: ${JSON.stringify(totals.drops)}; the tail showed ${readers.tailSeen} records`,
      `queries ${counts.queries}, exports ${counts.exports} (${counts.exportedBytes} bytes), tails opened ${counts.tails}`,
      `the load took ${totals.cpuSeconds.toFixed(1)} s of a processor; max_size ${sizeMax}, seed ${seed}`,
      `resident after ${options.restSeconds} s of rest: ${(residentBytes / 2 ** 20).toFixed(1)} MiB`,
    ];
    const exitCode = await server.stop();
    if (exitCode !== 0) problems.push(`the server ended with ${exitCode}`);
    problems.push(...(await doctorProblems(executable, folder)));
    problems.push(...readers.problems, ...server.problems);
    return { samples: sampler.samples, problems, notes };
  } finally {
    load?.kill();
    server.kill();
    await readers.stop();
  }
}

async function doctorProblems(executable: string, folder: string): Promise<string[]> {
  const child = spawn(executable, ["doctor"], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (part: string) => (text += part));
  const [exitCode] = (await once(child, "close")) as [number | null];
  return exitCode === 0 ? [] : [`doctor ended with ${exitCode}:\n${text}`];
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const { minutes, rate, durability, sizeMax, seed, out } = options;
  const title = `${minutes} min at ${rate} entries/s, ${durability}, max_size ${sizeMax}, seed ${seed}`;
  const print = (line: string) => void process.stderr.write(`${line}\n`);
  print(title);
  mkdirSync(out, { recursive: true });
  const folder = mkdtempSync(join(options.folder, "simplelogs-soak-"));
  try {
    const { samples, problems, notes } = await soak(options, folder, print);
    const conclusion = problems.length === 0 ? "Every promise was kept." : `BROKEN:\n${problems.join("\n")}`;
    const report = `# Soak: ${title}\n\n${soakTable(samples)}\n\n${notes.map((note) => `- ${note}`).join("\n")}\n\n${conclusion}\n`;
    writeFileSync(join(out, "soak.svg"), soakSvg(samples, title));
    writeFileSync(join(out, "soak.json"), JSON.stringify({ title, samples, problems, notes }));
    writeFileSync(join(out, "soak.md"), report);
    process.stdout.write(report);
    if (problems.length > 0) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runCommand(main);
