// Programs of this folder on Deno, under the permissions that the server has there.

import { join } from "node:path";
import { type RunResult, run } from "../support/run.ts";

/** What starts a file of this folder, and in which environment. */
export function denoProgram(file: string): { launcher: string; environment: Record<string, string> } {
  const launcher = join(import.meta.dir, "simplelogs");
  return { launcher, environment: { ...process.env, SIMPLELOGS_TEST_ENTRY: join(import.meta.dir, file) } };
}

/** Runs a file of this folder to its end. */
export function runDeno(file: string, ...commandLine: string[]): Promise<RunResult> {
  const { launcher, environment } = denoProgram(file);
  return run(launcher, commandLine, { environment });
}
