// Starts the programs that are measured: the executable, VictoriaLogs, and the bare handler, which keeps nothing. Each
// is a process on a free port of the loopback with its data in a temporary folder. All are ended and their files
// removed in any case.

import { Database } from "bun:sqlite";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isFinished } from "../../../src/store/catalog.ts";
import { EXECUTABLE, pause } from "../command.ts";
import type { Target } from "./load.ts";
import type { StoredRun } from "./report.ts";

export const SERVER_KEY = "sk_bench_0123456789abcdef";
export const ADMIN_TOKEN = "bench_admin_0123456789";

const START_MS_MAX = 20_000;
const LOOK_EVERY_MS = 250;
/** Merging is over once so many looks in a row saw no change. */
const UNCHANGED_LOOKS = 8;
const MERGE_MS_MAX = 120_000;

/** A figure of /metrics by its name, labels included. */
export type Figures = ReadonlyMap<string, number>;

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
}

export type Counts = Pick<StoredRun, "received" | "stored">;

export type Loaded = Pick<StoredRun, "heapBytesByThread" | "unmerged">;

/** A running server, as a benchmark sees it. */
export interface MeasuredServer {
  readonly pid: number;
  readonly target: Target;
  /**
   * Waits until the queue is empty, and returns the entries stored. Undefined where responses do not wait for the
   * entries to be stored.
   */
  drained(): Promise<number | undefined>;
  /** Its own figures under load. */
  loaded(): Promise<Loaded>;
  /** Waits until merging is over. */
  merged(): Promise<Counts>;
  /** Counts the records of an export; undefined where there is no such command. */
  exported(): Promise<number | undefined>;
  /** Stops it with SIGTERM, and returns the size of its data in bytes. */
  stop(): Promise<number>;
  /** Kills it, and removes its data. */
  remove(): Promise<void>;
}

/** Starts a program that writes the URL it listens on to its standard error. */
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
      const found = /(?:listening on|started server at) (http:\/\/[^\s"/]+)/.exec(log)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      log = "";
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

async function textOf(url: string): Promise<string> {
  const answer = await fetch(url);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text.slice(0, 500)}`);
  return text;
}

async function figuresOf(url: string): Promise<Figures> {
  const lines = (await textOf(`${url}/metrics`)).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]));
}

/** Waits until `look` has returned the same for a while. */
async function unchanged(look: () => Promise<string>): Promise<void> {
  const endAt = Date.now() + MERGE_MS_MAX;
  let before = "";
  for (let equalLooks = 0; equalLooks < UNCHANGED_LOOKS; await pause(LOOK_EVERY_MS)) {
    const now = await look();
    equalLooks = now === before ? equalLooks + 1 : 0;
    if (Date.now() > endAt) throw new Error(`merging is not over after ${MERGE_MS_MAX} ms`);
    before = now;
  }
}

/** Runs `work` against the handler that keeps nothing. */
export async function withBareHandler<T>(work: (target: Target) => Promise<T>): Promise<T> {
  const started = await startProgram(process.execPath, [join(import.meta.dirname, "bare_handler.ts")], process.cwd());
  try {
    return await work(batchTarget(started.url));
  } finally {
    await end(started, "SIGKILL");
  }
}

function batchTarget(url: string): Target {
  const head = `{"key":"${SERVER_KEY}","source":"server","entries":[`;
  return { url: `${url}/api/v1/enqueue`, head, join: ",", tail: "]}" };
}

/** The executable, with the data file in `folder`. */
export class SimpleLogs implements MeasuredServer {
  readonly #started: Started;
  readonly #folder: string;

  private constructor(started: Started, folder: string) {
    this.#started = started;
    this.#folder = folder;
  }

  /** On the data in `folder`, or new ones. */
  static async start(folder: string, durability: string): Promise<SimpleLogs> {
    const config =
      `port = 0\nadmin_token = "${ADMIN_TOKEN}"\nmetrics_open = true\n[[keys]]\nname = "bench"\nserver = "${SERVER_KEY}"\n` +
      `[storage]\ndurability = "${durability}"\n`;
    writeFileSync(join(folder, "simplelogs.toml"), config, { mode: 0o600 });
    return new SimpleLogs(await startProgram(EXECUTABLE, ["serve"], folder), folder);
  }

  get url(): string {
    return this.#started.url;
  }

  get pid(): number {
    return this.#started.child.pid ?? 0;
  }

  get target(): Target {
    return batchTarget(this.url);
  }

  figures(): Promise<Figures> {
    return figuresOf(this.url);
  }

  async ready(): Promise<void> {
    while ((await fetch(`${this.url}/readyz`)).status !== 200) await pause(1);
  }

  async drained(): Promise<number> {
    for (;;) {
      const figures = await this.figures();
      const isEmpty = figures.get('simplelogs_queue_requests{source="server"}') === 0;
      if (isEmpty) return figures.get("simplelogs_entries_stored_total") ?? Number.NaN;
      await pause(1);
    }
  }

  /** Also checks that the records are what was stored: logs, without a pair among them. */
  async merged(): Promise<Counts> {
    await unchanged(async () => {
      const figures = await this.figures();
      return `${figures.get("simplelogs_blocks")} ${figures.get("simplelogs_disk_bytes")}`;
    });
    const figures = await this.figures();
    const figure = (name: string) => figures.get(name) ?? Number.NaN;
    const stored = figure("simplelogs_entries_stored_total");
    const records = figure("simplelogs_records");
    if (records !== stored) throw new Error(`${stored} entries are stored by the counter, and ${records} records`);
    const received = figure("simplelogs_entries_received_total");
    return { received, stored };
  }

  async loaded(): Promise<Loaded> {
    const heaps = [...(await this.figures())].flatMap(([name, bytes]) => {
      const thread = /^simplelogs_heap_bytes\{thread="(\w+)"\}$/.exec(name)?.[1];
      return thread === undefined ? [] : [[thread, bytes] as const];
    });
    return { heapBytesByThread: Object.fromEntries(heaps), unmerged: this.#unmerged() };
  }

  /** By the data file. */
  #unmerged(): NonNullable<Loaded["unmerged"]> {
    const database = new Database(join(this.#folder, "simplelogs.db"), { readonly: true });
    try {
      const rows = database.query("SELECT records, raw_bytes AS rawBytes FROM blocks").all();
      const blocks = (rows as { records: number; rawBytes: number }[]).filter((block) => !isFinished(block));
      return { blocks: blocks.length, records: blocks.reduce((sum, { records }) => sum + records, 0) };
    } finally {
      database.close();
    }
  }

  async exported(): Promise<number> {
    const child = spawn(EXECUTABLE, ["export"], { cwd: this.#folder, stdio: ["ignore", "pipe", "inherit"] });
    let lines = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++;
    });
    const [exitCode] = (await once(child, "close")) as [number | null];
    if (exitCode !== 0) throw new Error(`export ended with ${exitCode}`);
    return lines;
  }

  async stop(): Promise<number> {
    await end(this.#started, "SIGTERM");
    return statSync(join(this.#folder, "simplelogs.db")).size;
  }

  async remove(): Promise<void> {
    await end(this.#started, "SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** It answers before the entries are durable, which takes it up to 5 s. */
export class VictoriaLogs implements MeasuredServer {
  readonly #started: Started;
  readonly #folder: string;

  private constructor(started: Started, folder: string) {
    this.#started = started;
    this.#folder = folder;
  }

  static async start(program: string, folder: string): Promise<VictoriaLogs> {
    const commandLine = [`-storageDataPath=${join(folder, "data")}`, "-httpListenAddr=127.0.0.1:0"];
    return new VictoriaLogs(await startProgram(program, commandLine, folder), folder);
  }

  get pid(): number {
    return this.#started.child.pid ?? 0;
  }

  get target(): Target {
    const fields = "_stream_fields=touchpoint,level&_msg_field=message&_time_field=timestamp";
    return { url: `${this.#started.url}/insert/jsonline?${fields}`, head: "", join: "\n", tail: "\n" };
  }

  drained(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  loaded(): Promise<Loaded> {
    return Promise.resolve({ heapBytesByThread: {}, unmerged: undefined });
  }

  exported(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async merged(): Promise<Counts> {
    const { url } = this.#started;
    await unchanged(async () => {
      const figures = [...(await figuresOf(url))];
      return JSON.stringify(figures.filter(([name]) => /^vl_(active_merges|merges_total|storage_rows)\{/.test(name)));
    });
    await textOf(`${url}/internal/force_flush`);
    const counted = await textOf(`${url}/select/logsql/query?query=${encodeURIComponent("* | stats count() rows")}`);
    const received = (await figuresOf(url)).get('vl_rows_ingested_total{type="jsonline"}') ?? Number.NaN;
    return { received, stored: Number((JSON.parse(counted) as { rows: string }).rows) };
  }

  async stop(): Promise<number> {
    await end(this.#started, "SIGTERM");
    const files = readdirSync(join(this.#folder, "data"), { recursive: true, withFileTypes: true });
    const sizes = files.map((file) => (file.isFile() ? statSync(join(file.parentPath, file.name)).size : 0));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  async remove(): Promise<void> {
    await end(this.#started, "SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A new folder below `folder`. */
export function newFolder(folder: string): string {
  return mkdtempSync(join(folder, "simplelogs-bench-"));
}

/** Whether a data file is in the folder. */
export function hasData(folder: string): boolean {
  return existsSync(join(folder, "simplelogs.db"));
}

/** Runs `work` against a new server with an empty data file, in a folder of its own below `folder`. */
export async function withServer<T>(
  folder: string,
  durability: string,
  work: (server: SimpleLogs) => Promise<T>,
): Promise<T> {
  const own = newFolder(folder);
  let server: SimpleLogs | undefined;
  try {
    server = await SimpleLogs.start(own, durability);
    return await work(server);
  } finally {
    await server?.remove();
    rmSync(own, { recursive: true, force: true });
  }
}
