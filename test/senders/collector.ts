// A Collector of OpenTelemetry, built from its Go modules: test/senders/collector names them. Built once for all
// checkouts, in the user's cache: it takes some minutes (3.5 minutes of processor time) and 1 GB of modules.

import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { untilTrue } from "../support/condition.ts";
import { run } from "../support/run.ts";

const GO = process.env["SIMPLELOGS_TEST_GO"] ?? "go";
const SOURCE = join(import.meta.dir, "collector");
const CACHE = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "simplelogs-tests");
export const BUILD_MS_MAX = 1_200_000;
const START_MS_MAX = 60_000;

/** Builds the Collector where it is not yet, and gives its path. Throws where it cannot be built. */
export async function buildCollector(): Promise<string> {
  const { stdout: version } = await run(GO, ["version"]);
  const hash = createHash("sha256").update(version);
  for (const file of ["main.go", "go.mod", "go.sum"]) hash.update(readFileSync(join(SOURCE, file)));
  const program = join(CACHE, `collector-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(program)) return program;
  mkdirSync(CACHE, { recursive: true });
  const made = `${program}.${process.pid}`;
  const commandLine = ["build", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o", made, "."];
  const { exitCode, stderr } = await run(GO, commandLine, { cwd: SOURCE, timeoutMs: BUILD_MS_MAX });
  if (exitCode !== 0) throw new Error(`cannot build the Collector:\n${stderr}`);
  renameSync(made, program);
  return program;
}

/** A Collector that runs, by its configuration's text. */
export class Collector {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #log = "";

  constructor(program: string, folder: string, config: string) {
    const file = join(folder, "collector.yaml");
    writeFileSync(file, config);
    this.#process = spawn(program, ["--config", `file:${file}`], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#log += text;
    });
    this.#ended = new Promise((resolve) => this.#process.on("close", resolve));
  }

  /** What it wrote so far. */
  get log(): string {
    return this.#log;
  }

  async started(): Promise<void> {
    const hasEnded = () => this.#process.exitCode !== null;
    await untilTrue("the Collector runs", () => this.#log.includes("Everything is ready") || hasEnded(), START_MS_MAX);
    if (hasEnded()) throw new Error(`the Collector ended at its start:\n${this.#log}`);
  }

  /** SIGTERM: it sends what it has. */
  async stop(): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#ended;
  }
}
