// The compiled server in a temporary folder, on a free port of the loopback, as its users run it: started by its
// command line, watched by its log, asked over HTTP, read by `export`.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ShownRecord } from "../../src/core/record.ts";
import { untilTrue } from "./condition.ts";
import { EXECUTABLE, type RunResult, run } from "./run.ts";

export const SERVER_KEY = "sk_0123456789abcdefghij";
export const CLIENT_KEY = "ck_0123456789abcdefghij";
export const ADMIN_TOKEN = "an-admin-token-for-tests";
export const ENQUEUE_PATH = "/api/v1/enqueue";

const DEFAULT_PAIR = 'origins = ["http://localhost:3000"]';
const START_MS_MAX = 45_000;
const STOP_MS_MAX = 30_000;

/** What a test's configuration has beside a pair of keys named "test", an admin token and port 0. TOML text each. */
export interface ConfigParts {
  /** Top-level settings: `max_entries = 5`. */
  readonly settings?: string;
  /** Settings of the pair; default: `origins = ["http://localhost:3000"]`. */
  readonly pair?: string;
  /** What follows: more [[keys]], [projects.default], [timings] … */
  readonly tables?: string;
}

export function configText({ settings = "", pair = DEFAULT_PAIR, tables = "" }: ConfigParts = {}): string {
  return `port = 0
admin_token = "${ADMIN_TOKEN}"
${settings}
[[keys]]
name = "test"
server = "${SERVER_KEY}"
client = "${CLIENT_KEY}"
${pair}
${tables}
`;
}

/** One line of the server's log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A server that can be started, ended and started again on the same folder. */
export class TestServer {
  readonly folder: string;
  readonly configFile: string;
  readonly dataFile: string;
  /** What its process has in its environment beside ours, from the next start on. */
  environment: Readonly<Record<string, string>> = {};
  /** What is started instead of the executable, by its path and its first arguments, from the next start on. */
  program: readonly [string, ...string[]] = [EXECUTABLE];
  #process: ChildProcess | undefined;
  #exited: Promise<number | null> = Promise.resolve(null);
  #url: string | undefined;
  #stderr = "";
  #stdout = "";

  /** Without a `config` there is no file, as on the first run. */
  constructor(folder: string, config: string | undefined) {
    this.folder = folder;
    this.configFile = join(folder, "simplelogs.toml");
    this.dataFile = join(folder, "simplelogs.db");
    if (config !== undefined) this.writeConfig(config);
  }

  /** Where it listens; another one after each start. */
  get url(): string {
    if (this.#url === undefined) throw new Error("the server does not run");
    return this.#url;
  }

  get pid(): number {
    if (this.#process?.pid === undefined) throw new Error("the server does not run");
    return this.#process.pid;
  }

  /** All that it wrote, over all of its lives. */
  get stderr(): string {
    return this.#stderr;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get logLines(): LogLine[] {
    const lines = this.#stderr.split("\n").filter((line) => line.startsWith("{"));
    return lines.map((line) => JSON.parse(line) as LogLine);
  }

  /**
   * Replaces the whole file at once: one that is read while it is written over may be empty, which is a configuration
   * too.
   */
  writeConfig(text: string): void {
    const next = `${this.configFile}.new`;
    writeFileSync(next, text, { mode: 0o600 });
    renameSync(next, this.configFile);
  }

  /** Starts `simplelogs serve` and waits until it listens. */
  start(...commandLine: string[]): Promise<void> {
    return this.startAs("serve", ...commandLine);
  }

  /** Starts the executable with exactly these arguments and waits until it listens. */
  async startAs(...commandLine: string[]): Promise<void> {
    if (!existsSync(this.program[0])) throw new Error(`${this.program[0]} is missing: run scripts/build`);
    const readFrom = this.#stderr.length;
    const [program, ...first] = this.program;
    const child = spawn(program, [...first, ...commandLine], {
      cwd: this.folder,
      env: { ...process.env, ...this.environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    let hasEnded = false;
    this.#exited = new Promise((resolve) => {
      child.on("close", (exitCode) => {
        hasEnded = true;
        this.#url = undefined;
        resolve(exitCode);
      });
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
      this.#url ??= /listening on (https?:\/\/[^\s"]+)/.exec(this.#stderr.slice(readFrom))?.[1];
    });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
    });
    await untilTrue("the server listens", () => this.#url !== undefined || hasEnded, START_MS_MAX);
    if (hasEnded) throw new Error(`the server ended at its start:\n${this.#stderr.slice(readFrom)}`);
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Resolves when the process has ended; null when a signal ended it. */
  exited(): Promise<number | null> {
    return this.#exited;
  }

  /** SIGTERM, and the exit code. Does nothing when it does not run. */
  async stop(): Promise<number | null> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return this.#exited;
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
    try {
      return await this.#exited;
    } finally {
      clearTimeout(timer);
    }
  }

  /** SIGKILL; ends when the process is gone. */
  async kill(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#exited;
  }

  /** Runs another command of the executable in the server's folder. */
  command(...commandLine: string[]): Promise<RunResult> {
    return run(EXECUTABLE, commandLine, { cwd: this.folder });
  }

  /** What `export` gives, in its order. */
  async export(...commandLine: string[]): Promise<ShownRecord[]> {
    const { exitCode, stdout, stderr } = await this.command("export", ...commandLine);
    if (exitCode !== 0) throw new Error(`export ended with ${exitCode}:\n${stderr}`);
    const lines = stdout.split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line) as ShownRecord);
  }

  /** POSTs a body to the ingestion endpoint: text as it is, anything else as JSON. */
  async post(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(`${this.url}${ENQUEUE_PATH}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  /** POSTs entries with the server key; throws unless the answer is 202. */
  async send(entries: readonly unknown[], batch: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const answer = await this.post({ key: SERVER_KEY, source: "server", ...batch, entries });
    if (answer.status !== 202) throw new Error(`expected 202, got ${answer.status}: ${await answer.text()}`);
    await answer.text();
  }

  /** The figures of /metrics: `name` or `name{label="value"}` to its number. */
  async metrics(): Promise<Map<string, number>> {
    const answer = await fetch(`${this.url}/metrics`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
    if (answer.status !== 200) throw new Error(`/metrics answered ${answer.status}`);
    const lines = (await answer.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]));
  }
}

/** Starts a server with `config`, gives it to `work`, and ends and removes everything afterwards, whatever happened. */
export function withServer<T>(config: string, work: (server: TestServer) => Promise<T>): Promise<T> {
  return withStoppedServer(config, async (server) => {
    await server.start();
    return work(server);
  });
}

/** As withServer, but leaves the start to `work`; an undefined `config` makes no file. */
export async function withStoppedServer<T>(
  config: string | undefined,
  work: (server: TestServer) => Promise<T>,
): Promise<T> {
  const server = new TestServer(mkdtempSync(join(tmpdir(), "simplelogs-e2e-")), config);
  try {
    return await work(server);
  } catch (error) {
    console.error(`the server's log:\n${server.stderr.slice(-4_000)}`);
    throw error;
  } finally {
    await server.kill();
    rmSync(server.folder, { recursive: true, force: true });
  }
}
