// How long queries take over many records, and what they cost those who send entries meanwhile. The records are made of
// real lines with their numbers redrawn, over the last day, and are compacted before the first query.

import { readFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { CORPUS, ROOT, runCommand, wholeNumber } from "../command.ts";
import { markdownTable } from "../markdown_table.ts";
import { provideTools } from "../tools.ts";
import { EntryMaker, RARE_WORD } from "./entries.ts";
import { runLoad } from "./load.ts";
import { median } from "./report.ts";
import { ADMIN_TOKEN, SERVER_KEY, type SimpleLogs, withServer } from "./servers.ts";

const HELP = `Usage: scripts/bench-queries [OPTION…]

Stores entries in dist/simplelogs (built first) and sends it queries over HTTP.

  --entries N      entries to store (default: 1,000,000)
  --repeats N      times each query is sent; the first is also shown by itself (default: 9)
  --corpus FILE    NDJSON, one entry a line, without times (default: test/fixtures/logs.ndjson)
  --folder DIR     where the data file goes (default: the system's temporary folder)
  --seed N         of the redrawn numbers (default: 1)
  --load           also measure the p99 of responses to batches at full load, without queries and with one after the other
  --json           print one JSON object instead of a table
  --help           show this
`;

const BATCH = 1_000;
const SENDERS = 4;
const DAY_MS = 86_400_000;

/** A name, and a path of the read API. */
const QUERIES: readonly (readonly [string, string])[] = [
  ["newest 100", "entries?limit=100"],
  ["newest 100 errors", "entries?limit=100&q=level:error"],
  ["newest 100 of a touchpoint", "entries?limit=100&q=touchpoint:hdfs/*"],
  ["a rare word", `entries?limit=100&q=${RARE_WORD}`],
  ["a word that is nowhere", "entries?limit=100&q=zyzzyva"],
  ["a phrase", "entries?limit=100&q=%22authentication%20failure%22"],
  ["a metadata field", "entries?limit=100&q=metadata.eventid:E16"],
  ["slow timings", "entries?limit=100&q=duration:%3E500"],
  ["histogram of a day", "histogram?from=24h"],
  ["histogram of errors", "histogram?from=24h&q=level:error"],
  ["histogram of a phrase", "histogram?from=24h&q=%22authentication%20failure%22"],
  ["percentiles of a day", "timings?from=24h"],
  ["percentiles of a touchpoint, by time", "timings/series?from=24h&q=touchpoint:hdfs/*"],
  ["percentiles of errors", "timings?from=24h&q=level:error"],
  ["fields", "fields?from=24h"],
  ["levels", "fields/level/values?from=24h"],
  ["values of a metadata field", "fields/metadata.eventid/values?from=24h"],
];

/** The documentation's examples of searches, each line of the page's block. */
function documentedQueries(): [string, string][] {
  const page = readFileSync(join(ROOT, "docs/searching.md"), "utf8");
  const [, block = ""] = /```text\n([^`]+)```/.exec(page) ?? [];
  const searches = block.split("\n").filter((line) => line !== "");
  return searches.map((search) => [`docs: ${search}`, `entries?limit=100&q=${encodeURIComponent(search)}`]);
}

interface Options {
  readonly entries: number;
  readonly repeats: number;
  readonly corpus: string;
  readonly folder: string;
  readonly seed: number;
  readonly isLoaded: boolean;
  readonly isJson: boolean;
}

function readOptions(): Options | undefined {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const { values } = parseArgs({
    options: {
      entries: text,
      repeats: text,
      corpus: text,
      folder: text,
      seed: text,
      load: flag,
      json: flag,
      help: flag,
    },
  });
  if (values.help === true) return undefined;
  return {
    entries: wholeNumber("entries", values.entries ?? "1000000", 1, 1e9),
    repeats: wholeNumber("repeats", values.repeats ?? "9", 1, 1_000),
    corpus: resolve(values.corpus ?? CORPUS),
    folder: resolve(values.folder ?? tmpdir()),
    seed: wholeNumber("seed", values.seed ?? "1", 0, 1e9),
    isLoaded: values.load === true,
    isJson: values.json === true,
  };
}

async function send(url: string, body: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`${url}/api/v1/enqueue`, { method: "POST", body });
    await answer.text();
    if (answer.status === 202) return;
    if (answer.status !== 503) throw new Error(`a batch was answered ${answer.status}`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

/** Stores the entries in the order of their times, over the last day. */
async function store(server: SimpleLogs, { entries, corpus, seed }: Options): Promise<void> {
  const maker = new EntryMaker(corpus, seed);
  const start = Date.now() - DAY_MS + 600_000;
  const step = (DAY_MS - 600_000) / entries;
  let made = 0;
  const sender = async () => {
    while (made < entries) {
      const lines: string[] = [];
      for (; lines.length < BATCH && made < entries; made++) lines.push(maker.entry(Math.floor(start + made * step)));
      await send(server.url, `{"key":"${SERVER_KEY}","source":"server","entries":[${lines.join(",")}]}`);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  const { stored } = await server.merged();
  if (stored !== entries) throw new Error(`${entries} entries were sent, ${stored} records are stored`);
}

interface Timing {
  readonly name: string;
  readonly bytes: number;
  readonly firstMs: number;
  readonly medianMs: number;
}

async function query(server: SimpleLogs, path: string): Promise<{ bytes: number; elapsedMs: number }> {
  const startedAt = performance.now();
  const answer = await fetch(`${server.url}/api/v1/${path}`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
  const text = await answer.text();
  const elapsedMs = performance.now() - startedAt;
  if (answer.status !== 200) throw new Error(`${path} was answered ${answer.status}: ${text.slice(0, 500)}`);
  return { bytes: text.length, elapsedMs };
}

async function queryAll(server: SimpleLogs, repeats: number): Promise<Timing[]> {
  const timings: Timing[] = [];
  for (const [name, path] of [...QUERIES, ...documentedQueries()]) {
    const runs: { bytes: number; elapsedMs: number }[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) runs.push(await query(server, path));
    const [first] = runs;
    const medianMs = median(runs.map(({ elapsedMs }) => elapsedMs));
    timings.push({ name, bytes: first?.bytes ?? 0, firstMs: first?.elapsedMs ?? 0, medianMs });
  }
  return timings;
}

interface LoadedTiming {
  /** p99 of responses to batches, in ms. */
  readonly alone: number;
  readonly queried: number;
  /** Queries that were answered meanwhile, and their median in ms. */
  readonly queries: number;
  readonly queryMs: number;
}

/** p99 in ms of responses under full load, without and with queries; by turns, so that both meet the same machine. */
async function measureLoad(server: SimpleLogs, options: Options): Promise<LoadedTiming> {
  const wrk = process.env["SIMPLELOGS_TEST_WRK"] ?? provideTools(["bench"])["SIMPLELOGS_TEST_WRK"] ?? "wrk";
  const load = { wrk, corpus: options.corpus, connections: 64, seconds: 8, seed: options.seed };
  const alone: number[] = [];
  const queried: number[] = [];
  const answered: number[] = [];
  for (let round = 0; round < 3; round++) {
    alone.push((await runLoad(load, server.target, 100)).p99Us / 1000);
    const over = new AbortController();
    const querying = (async () => {
      for (let number = 0; !over.signal.aborted; number++) {
        const [, path] = QUERIES[number % QUERIES.length] as readonly [string, string];
        answered.push((await query(server, path)).elapsedMs);
      }
    })();
    queried.push((await runLoad(load, server.target, 100)).p99Us / 1000);
    over.abort();
    await querying;
  }
  return { alone: median(alone), queried: median(queried), queries: answered.length, queryMs: median(answered) };
}

function table(timings: readonly Timing[]): string {
  const rows = timings.map(({ name, bytes, firstMs, medianMs }) => [
    name,
    String(bytes),
    firstMs.toFixed(1),
    medianMs.toFixed(1),
  ]);
  return markdownTable(["query", "response bytes", "first ms", "median ms"], rows);
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const print = (line: string) => void process.stderr.write(`${line}\n`);
  print(`${options.entries} entries from ${options.corpus}, seed ${options.seed}; ${cpus().length} cores`);
  await withServer(options.folder, "sync", async (server) => {
    const startedAt = performance.now();
    await store(server, options);
    print(`stored and compacted in ${Math.round((performance.now() - startedAt) / 1000)} s`);
    const timings = await queryAll(server, options.repeats);
    const load = options.isLoaded ? await measureLoad(server, options) : undefined;
    if (options.isJson) {
      process.stdout.write(`${JSON.stringify({ entries: options.entries, seed: options.seed, timings, load })}\n`);
      return;
    }
    process.stdout.write(`\n${table(timings)}\n\n`);
    if (load === undefined) return;
    const { alone, queried, queries, queryMs } = load;
    process.stdout.write(
      `p99 of responses at full load, 100 entries a request: ${alone.toFixed(1)} ms alone, ${queried.toFixed(1)} ms with queries (${(queried / alone).toFixed(2)}); ` +
        `${queries} queries were answered meanwhile, in ${Math.round(queryMs)} ms (median)\n`,
    );
  });
}

await runCommand(main);
