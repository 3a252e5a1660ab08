// Runs the two loads against a target: as many requests as it answers (wrk with wrk.lua), and a steady rate
// (steady_load.ts).

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** Where batches go, and what a body is made of. */
export interface Target {
  readonly url: string;
  /** Before, between and after the entries of a batch. */
  readonly head: string;
  readonly join: string;
  readonly tail: string;
}

export interface Load {
  /** Program or path of wrk. */
  readonly wrk: string;
  /** NDJSON, one entry a line, without times. */
  readonly corpus: string;
  readonly connections: number;
  readonly seconds: number;
  readonly seed: number;
}

/** What a steady load also knows. */
export interface PacedResult extends LoadResult {
  /** Of the bodies. */
  readonly bytes: number;
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

/** The argument of steady_load.ts, as JSON. */
export interface PacedOrders extends Omit<Load, "wrk"> {
  readonly target: Target;
  readonly batch: number;
  readonly requestsPerSecond: number;
  /** Of the first entry, Unix ms. */
  readonly time: number;
}

/** Building batches costs as much as reading them, so wrk may use the second core; more would take the server's. */
const THREADS = 2;
/** A batch waits 10 s at most for its answer. */
const TIMEOUT_SECONDS = 15;
/** Entries begin an hour ago and take a millisecond each: hours of them fit before they are too far ahead. */
const TIME_BACK_MS = 3_600_000;

/**
 * Sends batches of `batch` entries for the load's seconds, the next one on each connection as soon as one is answered.
 * Throws when wrk fails.
 */
export function runLoad(load: Load, target: Target, batch: number): Promise<LoadResult> {
  const threads = Math.min(THREADS, load.connections);
  const commandLine = [
    `--threads=${threads}`,
    `--connections=${load.connections}`,
    `--duration=${load.seconds}s`,
    `--timeout=${TIMEOUT_SECONDS}s`,
    `--script=${join(import.meta.dirname, "wrk.lua")}`,
    target.url,
  ];
  return resultOf(load.wrk, commandLine, {
    BENCH_CORPUS: load.corpus,
    BENCH_BATCH: String(batch),
    BENCH_HEAD: target.head,
    BENCH_JOIN: target.join,
    BENCH_TAIL: target.tail,
    BENCH_THREADS: String(threads),
    BENCH_TIME: String(Date.now() - TIME_BACK_MS),
    BENCH_SEED: String(load.seed),
  });
}

/**
 * Sends so many requests a second, whatever the answers take; times count from when a request was due. Throws when one
 * is not answered.
 */
export function runPaced(load: Load, target: Target, batch: number, requestsPerSecond: number): Promise<PacedResult> {
  // Other times than the first load's.
  const time = Date.now() - 2 * TIME_BACK_MS;
  const { wrk: _, ...rest } = load;
  const orders: PacedOrders = { ...rest, target, batch, requestsPerSecond, time };
  return resultOf(process.execPath, [join(import.meta.dirname, "steady_load.ts"), JSON.stringify(orders)], {});
}

/** The last line of what a program writes, which is JSON. */
async function resultOf<T extends LoadResult>(
  program: string,
  commandLine: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<T> {
  const child = spawn(program, commandLine, {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [exitCode] = (await once(child, "close")) as [number | null];
  const figures = output.split("\n").findLast((line) => line.startsWith("{"));
  if (exitCode !== 0 || figures === undefined) throw new Error(`${program} ended with ${exitCode}:\n${output}`);
  return JSON.parse(figures) as T;
}
