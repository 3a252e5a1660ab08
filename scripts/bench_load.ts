// One run of wrk with bench.lua: requests go to a URL, what was answered and how quickly comes back.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

export interface Load {
  /** Program or path of wrk. */
  readonly wrk: string;
  /** NDJSON, one entry a line, without times. */
  readonly corpus: string;
  readonly key: string;
  readonly connections: number;
  readonly seconds: number;
  readonly seed: number;
  /** How long each connection waits before a request on average, in whole ms. Default 0. */
  readonly delayMs?: number;
  /** When the first entry's time is, before now, in ms: another for each run on one server, or entries would be duplicates. */
  readonly timeBackMs?: number;
}

export interface LoadResult {
  readonly durationUs: number;
  /** Answered, whatever the answer. */
  readonly requests: number;
  /** Of these, with another status than 2xx or 3xx. */
  readonly refused: number;
  /** Connections and requests that failed, or got no answer in time. */
  readonly broken: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

/** Building batches costs as much as reading them, so wrk may use the second core; more would take the server's. */
const THREADS = 2;
/** A batch waits 10 s at most for its answer. */
const TIMEOUT_SECONDS = 15;
/** Entries begin an hour ago, unless said otherwise, and take a millisecond each: hours of them fit before they are too far ahead. */
const TIME_BACK_MS = 3_600_000;

/** Sends batches of `batch` entries to `url` for the load's seconds. Throws when wrk fails. */
export async function runLoad(load: Load, url: string, batch: number): Promise<LoadResult> {
  const threads = Math.min(THREADS, load.connections);
  const commandLine = [
    `--threads=${threads}`,
    `--connections=${load.connections}`,
    `--duration=${load.seconds}s`,
    `--timeout=${TIMEOUT_SECONDS}s`,
    `--script=${join(import.meta.dirname, "bench.lua")}`,
    `${url}/api/v1/enqueue`,
  ];
  const child = spawn(load.wrk, commandLine, {
    env: {
      ...process.env,
      BENCH_CORPUS: load.corpus,
      BENCH_BATCH: String(batch),
      BENCH_KEY: load.key,
      BENCH_THREADS: String(threads),
      BENCH_TIME: String(Date.now() - (load.timeBackMs ?? TIME_BACK_MS)),
      BENCH_DELAY: String(load.delayMs ?? 0),
      BENCH_SEED: String(load.seed),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [exitCode] = (await once(child, "close")) as [number | null];
  const figures = output.split("\n").findLast((line) => line.startsWith("{"));
  if (exitCode !== 0 || figures === undefined) throw new Error(`wrk ended with ${exitCode}:\n${output}`);
  return JSON.parse(figures) as LoadResult;
}
