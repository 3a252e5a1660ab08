// The server under the soak's load: its process, its log, and its figures in /proc, so Linux only.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ThreadSeconds, threadSeconds } from "../process_figures.ts";

export const ADMIN_TOKEN = "soak_admin_0123456789abcdef";
export const ORIGIN = "http://localhost:3000";
export const PAIRS = [
  { project: "short", server: "sk_soak_short_0123456789ab", client: "ck_soak_short_0123456789ab" },
  { project: "long", server: "sk_soak_long_0123456789ab", client: "ck_soak_long_0123456789ab" },
] as const;

const START_MS_MAX = 20_000;
const STOP_MS_MAX = 20_000;
const PROBLEMS_MAX = 50;

export interface SoakServerOptions {
  readonly executable: string;
  readonly folder: string;
  readonly durability: string;
  /** As in the configuration: "64MiB". */
  readonly sizeMax: string;
  /** Of the project "short". */
  readonly retentionMs: number;
}

/** The process at a moment, from /proc. Bytes and seconds. */
export interface ProcessFigures {
  readonly residentBytes: number;
  /** Memory that no file backs. */
  readonly anonymousBytes: number;
  readonly handles: number;
  readonly threads: number;
  readonly fileBytes: number;
  readonly logBytes: number;
  readonly cpuSeconds: ThreadSeconds;
}

function configOf({ durability, sizeMax, retentionMs }: SoakServerOptions): string {
  const pairs = PAIRS.map(
    ({ project, server, client }) =>
      `[[keys]]\nname = "${project} pair"\nproject = "${project}"\nserver = "${server}"\nclient = "${client}"\norigins = ["${ORIGIN}"]\n`,
  );
  return `port = 0
admin_token = "${ADMIN_TOKEN}"
${pairs.join("")}[projects.short]
retention = "${retentionMs}ms"
[storage]
durability = "${durability}"
max_size = "${sizeMax}"
[timings]
timeout = "${Math.min(30_000, 2 * retentionMs)}ms"
orphan_grace = "${Math.min(15_000, 2 * retentionMs)}ms"
`;
}

export class SoakServer {
  readonly #process: ChildProcess;
  readonly #dataFile: string;
  readonly url: string;
  /** Lines of its log above the level "info": the first fifty. */
  readonly problems: string[];

  private constructor(child: ChildProcess, dataFile: string, url: string, problems: string[]) {
    this.#process = child;
    this.#dataFile = dataFile;
    this.url = url;
    this.problems = problems;
  }

  /** Starts it on an empty data file in `folder`. */
  static async start(options: SoakServerOptions): Promise<SoakServer> {
    const { executable, folder } = options;
    writeFileSync(join(folder, "simplelogs.toml"), configOf(options), { mode: 0o600 });
    const child = spawn(executable, ["serve"], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    const problems: string[] = [];
    const listening = Promise.withResolvers<string>();
    let rest = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const url = /listening on (http:\/\/[^\s"]+)/.exec(line)?.[1];
        if (url !== undefined) listening.resolve(url);
        else if (!/"level":"(?:INFO|DEBUG|info|debug)"/.test(line) && problems.length < PROBLEMS_MAX)
          problems.push(line);
      }
    });
    child.on("error", listening.reject);
    child.on("exit", (code) => listening.reject(new Error(`the server ended with ${code}\n${problems.join("\n")}`)));
    const timer = setTimeout(() => listening.reject(new Error("the server does not listen")), START_MS_MAX);
    try {
      return new SoakServer(child, join(folder, "simplelogs.db"), await listening.promise, problems);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** A figure of /metrics by its name, labels included. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const answer = await fetch(`${this.url}/metrics`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
    if (answer.status !== 200) throw new Error(`/metrics answered ${answer.status}`);
    const lines = (await answer.text()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]));
  }

  processFigures(): ProcessFigures {
    const pid = this.#process.pid ?? 0;
    const folder = `/proc/${pid}`;
    const status = readFileSync(`${folder}/status`, "utf8");
    const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
    return {
      residentBytes: kilobytes("VmRSS"),
      anonymousBytes: kilobytes("RssAnon"),
      handles: readdirSync(`${folder}/fd`).length,
      threads: readdirSync(`${folder}/task`).length,
      fileBytes: sizeOf(this.#dataFile),
      logBytes: sizeOf(`${this.#dataFile}-wal`),
      cpuSeconds: threadSeconds(pid),
    };
  }

  /** Stops it with SIGTERM. Returns its exit code; null when it had to be killed. */
  async stop(): Promise<number | null> {
    if (!this.isRunning) return this.#process.exitCode;
    const ended = once(this.#process, "exit") as Promise<[number | null]>;
    this.#process.kill("SIGTERM");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), STOP_MS_MAX);
    const [exitCode] = await ended;
    clearTimeout(timer);
    return exitCode;
  }

  kill(): void {
    if (this.isRunning) this.#process.kill("SIGKILL");
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
