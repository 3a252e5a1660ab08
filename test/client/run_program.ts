// Programs of this folder on Node, Bun and Deno, with the built Node module beside them, as an application has it.

import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { untilTrue } from "../support/condition.ts";
import { SERVER_KEY } from "../support/server.ts";
import { withPackages } from "../support/suite_packages.ts";
import { nodeModuleText } from "./built_module.ts";

const DENO =
  process.env["SIMPLELOGS_TEST_DENO"] ?? join(import.meta.dir, "../../node_modules/@deno/linux-x64-glibc/deno");
const DENO_FLAGS = [
  "run",
  "--quiet",
  "--no-prompt",
  "--no-remote",
  "--no-lock",
  "--node-modules-dir=manual",
  "--allow-all",
];

/** What runs a program, by name. */
export const RUNTIMES = {
  Node: [process.env["SIMPLELOGS_TEST_NODE"] ?? "node"],
  Bun: [process.execPath],
  Deno: [DENO, ...DENO_FLAGS],
} as const;
export type RuntimeName = keyof typeof RUNTIMES;
export const RUNTIME_NAMES = Object.keys(RUNTIMES) as readonly RuntimeName[];

/** A program that runs. */
export class Program {
  readonly #process: ChildProcess;
  readonly #ended: Promise<number | null>;
  #hasEnded = false;
  stdout = "";
  stderr = "";

  constructor(commandLine: readonly string[], folder: string, environment: Readonly<Record<string, string>>) {
    const [program = "", ...rest] = commandLine;
    this.#process = spawn(program, rest, { cwd: folder, env: environment, stdio: ["ignore", "pipe", "pipe"] });
    this.#process.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.#ended = new Promise((resolve) => {
      this.#process.on("close", (exitCode) => {
        this.#hasEnded = true;
        resolve(exitCode);
      });
    });
  }

  /** Waits until it has printed `pattern`, and gives the first group of it. */
  async printed(pattern: RegExp): Promise<string> {
    await untilTrue(`the program prints ${pattern}`, () => pattern.test(this.stdout) || this.#hasEnded, 45_000);
    const found = pattern.exec(this.stdout);
    if (!found) throw new Error(`the program ended without printing ${pattern}:\n${this.stdout}\n${this.stderr}`);
    return found[1] ?? "";
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Resolves to the exit code when it has ended; null: by a signal. */
  ended(): Promise<number | null> {
    return this.#ended;
  }
}

/** Runs a program: a file of programs/, or its text. Ends it afterwards, whatever happened. */
export function withProgram<Result>(
  runtime: RuntimeName,
  source: { readonly file: string } | { readonly text: string },
  variables: Readonly<Record<string, string>>,
  work: (program: Program) => Promise<Result>,
): Promise<Result> {
  return withPackages("client", async (folder) => {
    writeFileSync(join(folder, "node.mjs"), await nodeModuleText());
    const file = join(folder, "program.mjs");
    if ("file" in source) copyFileSync(join(import.meta.dir, "programs", source.file), file);
    else writeFileSync(file, source.text);
    const environment = {
      PATH: process.env["PATH"] ?? "",
      HOME: process.env["HOME"] ?? folder,
      SIMPLELOGS_SERVER_KEY: SERVER_KEY,
      ...variables,
    };
    const program = new Program([...RUNTIMES[runtime], file], folder, environment);
    try {
      return await work(program);
    } catch (error) {
      console.error(`the program printed:\n${program.stdout.slice(-2000)}\n${program.stderr.slice(-4000)}`);
      throw error;
    } finally {
      program.signal("SIGKILL");
      await program.ended();
    }
  });
}

/** Runs a program to its end. Throws unless it ended well and silently; what it printed. */
export function programOutput(
  runtime: RuntimeName,
  text: string,
  variables: Readonly<Record<string, string>>,
): Promise<string> {
  return withProgram(runtime, { text }, variables, async (program) => {
    const exitCode = await program.ended();
    if (exitCode !== 0 || program.stderr !== "") throw new Error(`it ended with ${exitCode}:\n${program.stderr}`);
    return program.stdout.trim();
  });
}
