// Runs a program to its end without blocking the test's own sockets.

import { spawn } from "node:child_process";
import { join } from "node:path";

/** The executable that scripts/build makes, or another one that SIMPLELOGS_TEST_EXECUTABLE names. */
export const EXECUTABLE = process.env["SIMPLELOGS_TEST_EXECUTABLE"] ?? join(import.meta.dir, "../../dist/simplelogs");

export interface RunOptions {
  readonly cwd?: string;
  /** All of the environment; default: this process's. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Ends the program after this; default 150,000. */
  readonly timeoutMs?: number;
}

export interface RunResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `program`; rejects only when it cannot be started. */
export function run(program: string, commandLine: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { promise, resolve, reject } = Promise.withResolvers<RunResult>();
  const child = spawn(program, [...commandLine], {
    cwd: options.cwd,
    env: options.environment ?? process.env,
    timeout: options.timeoutMs ?? 150_000,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.on("error", reject);
  child.on("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
  child.stdin.end(options.input ?? "");
  return promise;
}
