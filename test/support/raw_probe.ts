// A well-behaved client that goes on while others misbehave: what it was answered, how long it waited, and whether what
// was answered 202 is there afterwards. And what the system says of the server's process (Linux).

import { readdirSync, readFileSync } from "node:fs";
import type { ShownRecord } from "../../src/core/record.ts";
import { ENQUEUE_PATH, SERVER_KEY, type TestServer } from "./server.ts";

const ANSWER_MS_MAX = 30_000;
const PAUSE_MS = 5;

/** Milliseconds, of all answers so far. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface ProbeResult {
  /** How many answers there were, by status; "0" counts lost ones. Of POSTs, and of /healthz. */
  readonly posts: Readonly<Record<string, number>>;
  readonly health: Readonly<Record<string, number>>;
  readonly postMs: Latency;
  readonly healthMs: Latency;
}

/** Sends one small batch and asks /healthz, in turn, until it is stopped. */
export class Probe {
  /** Messages of the batches that were answered 202. */
  readonly accepted = new Set<string>();
  readonly #server: TestServer;
  readonly #name: string;
  readonly #posts: Asked = { statuses: {}, waitsMs: [] };
  readonly #health: Asked = { statuses: {}, waitsMs: [] };
  #isStopping = false;
  readonly #running: Promise<void>;

  constructor(server: TestServer, name = "probe") {
    this.#server = server;
    this.#name = name;
    this.#running = this.#run();
  }

  async stop(): Promise<ProbeResult> {
    this.#isStopping = true;
    await this.#running;
    return {
      posts: this.#posts.statuses,
      health: this.#health.statuses,
      postMs: latencyOf(this.#posts.waitsMs),
      healthMs: latencyOf(this.#health.waitsMs),
    };
  }

  async #run(): Promise<void> {
    for (let round = 0; !this.#isStopping; round++) {
      const message = `${this.#name} ${round}`;
      const body = JSON.stringify({ key: SERVER_KEY, source: "server", entries: [{ message }] });
      const status = await ask(this.#posts, `${this.#server.url}${ENQUEUE_PATH}`, { method: "POST", body });
      if (status === 202) this.accepted.add(message);
      await ask(this.#health, `${this.#server.url}/healthz`, {});
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

interface Asked {
  readonly statuses: Record<string, number>;
  readonly waitsMs: number[];
}

async function ask(asked: Asked, url: string, init: RequestInit): Promise<number> {
  const startedAtMs = performance.now();
  const status = await fetch(url, { ...init, signal: AbortSignal.timeout(ANSWER_MS_MAX) }).then(
    async (answer) => {
      await answer.text();
      return answer.status;
    },
    () => 0,
  );
  asked.waitsMs.push(performance.now() - startedAtMs);
  asked.statuses[status] = (asked.statuses[status] ?? 0) + 1;
  return status;
}

function latencyOf(waitsMs: readonly number[]): Latency {
  const sorted = [...waitsMs].sort((a, b) => a - b);
  const at = (part: number) => Math.round((sorted[Math.floor(part * (sorted.length - 1))] ?? 0) * 10) / 10;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/**
 * What is wrong with the records whose messages begin as the probe's do: nothing, where each accepted one is there
 * once.
 */
export function probeFaults(accepted: ReadonlySet<string>, records: readonly ShownRecord[], name = "probe") {
  const messages = records.map(({ message = "" }) => message).filter((message) => message.startsWith(`${name} `));
  const seen = new Set(messages);
  return {
    lost: [...accepted].filter((message) => !seen.has(message)),
    unknown: [...seen].filter((message) => !accepted.has(message)),
    twice: messages.length - seen.size,
  };
}

/** What `probeFaults` gives when every promise was kept. */
export const NO_FAULTS = { lost: [], unknown: [], twice: 0 };

/** Of a process, now: megabytes, and processor time since its start. */
export interface ProcessState {
  readonly residentMb: number;
  /** The most that it ever was. */
  readonly peakMb: number;
  readonly handles: number;
  readonly cpuMs: number;
}

export function processState(pid: number): ProcessState {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const megabytes = (name: string) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
  const [, times = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const fields = times.split(" ");
  return {
    residentMb: megabytes("VmRSS"),
    peakMb: megabytes("VmHWM"),
    handles: readdirSync(`/proc/${pid}/fd`).length,
    // In clock ticks, of which Linux counts a hundred a second.
    cpuMs: (Number(fields[11]) + Number(fields[12])) * 10,
  };
}
