// The two programs that are measured, each a process of its own on a free port of the loopback: the executable in a temporary
// folder, and the bare handler. Both are ended and their files removed whatever happens.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const SERVER_KEY = "sk_bench_0123456789abcdef";
export const ADMIN_TOKEN = "bench_admin_0123456789";

const EXECUTABLE = join(
  import.meta.dirname,
  "..",
  "dist",
  process.platform === "win32" ? "simplelogs.exe" : "simplelogs",
);
const START_MS_MAX = 20_000;
const LOOK_EVERY_MS = 250;
/** Compaction has settled once so many looks in a row saw nothing change. */
const SETTLED_LOOKS = 8;
const SETTLE_MS_MAX = 120_000;

/** A figure of /metrics by its name, labels included. */
export type Figures = ReadonlyMap<string, number>;

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

/** Starts a program that writes "listening on URL" to its standard error. */
async function startProgram(program: string, commandLine: readonly string[], folder: string): Promise<Started> {
  const child = spawn(program, commandLine, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  const url = await new Promise<string>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`cannot start ${program}: ${why}\n${log}`));
    const timer = setTimeout(() => fail(`not listening after ${START_MS_MAX} ms`), START_MS_MAX);
    child.on("error", (error) => fail(error.message));
    child.on("exit", (exitCode) => fail(`it ended with ${exitCode}`));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      const found = /listening on (http:\/\/[^\s"]+)/.exec(log)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    });
  }).catch((error: unknown) => {
    child.kill("SIGKILL");
    throw error;
  });
  return { child, url };
}

async function end({ child }: Started, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

/** Runs `work` against the handler that stores nothing. */
export async function withBareHandler<T>(work: (url: string) => Promise<T>): Promise<T> {
  const started = await startProgram(process.execPath, [join(import.meta.dirname, "bench_bare.ts")], process.cwd());
  try {
    return await work(started.url);
  } finally {
    await end(started, "SIGKILL");
  }
}

/** A running server, as a benchmark sees it. */
export class MeasuredServer {
  readonly #started: Started;
  readonly #folder: string;

  constructor(started: Started, folder: string) {
    this.#started = started;
    this.#folder = folder;
  }

  get url(): string {
    return this.#started.url;
  }

  async figures(): Promise<Figures> {
    const answer = await fetch(`${this.url}/metrics`);
    const lines = (await answer.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]));
  }

  /** Resident memory in bytes, "VmRSS" now or "VmHWM" at its highest; undefined where the system does not say. */
  memoryBytes(field: "VmRSS" | "VmHWM"): number | undefined {
    if (process.platform !== "linux") return undefined;
    const status = readFileSync(`/proc/${this.#started.child.pid}/status`, "utf8");
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
  }

  /** Waits until nothing waits in the queue. */
  async drained(): Promise<Figures> {
    for (;;) {
      const figures = await this.figures();
      if (figures.get('simplelogs_queue_requests{source="server"}') === 0) return figures;
      await pause(1);
    }
  }

  /** Waits until merging and giving space back have come to rest. */
  async settled(): Promise<Figures> {
    const endAt = Date.now() + SETTLE_MS_MAX;
    let before = "";
    for (let equalLooks = 0; ; ) {
      const figures = await this.figures();
      const now = `${figures.get("simplelogs_blocks")} ${figures.get("simplelogs_disk_bytes")}`;
      equalLooks = now === before ? equalLooks + 1 : 0;
      if (equalLooks === SETTLED_LOOKS) return figures;
      if (Date.now() > endAt) throw new Error(`compaction has not settled after ${SETTLE_MS_MAX} ms`);
      before = now;
      await pause(LOOK_EVERY_MS);
    }
  }

  /** How many records `simplelogs export` gives. */
  async exportedRecords(): Promise<number> {
    const child = spawn(EXECUTABLE, ["export"], { cwd: this.#folder, stdio: ["ignore", "pipe", "inherit"] });
    let lines = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++;
    });
    const [exitCode] = (await once(child, "close")) as [number | null];
    if (exitCode !== 0) throw new Error(`export ended with ${exitCode}`);
    return lines;
  }

  /** Stops it in good order; the size of its data file then, in bytes. */
  async stop(): Promise<number> {
    await end(this.#started, "SIGTERM");
    return statSync(join(this.#folder, "simplelogs.db")).size;
  }
}

/** Runs `work` against a new server with an empty data file, in a folder of its own below `folder`. */
export async function withServer<T>(
  folder: string,
  durability: string,
  work: (server: MeasuredServer) => Promise<T>,
): Promise<T> {
  const own = mkdtempSync(join(folder, "simplelogs-bench-"));
  try {
    const config =
      `port = 0\nadmin_token = "${ADMIN_TOKEN}"\nmetrics_open = true\n[[keys]]\nname = "bench"\nserver = "${SERVER_KEY}"\n` +
      `[storage]\ndurability = "${durability}"\n`;
    writeFileSync(join(own, "simplelogs.toml"), config, { mode: 0o600 });
    const started = await startProgram(EXECUTABLE, ["serve"], own);
    try {
      return await work(new MeasuredServer(started, own));
    } finally {
      await end(started, "SIGKILL");
    }
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}
