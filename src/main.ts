// The process edge: arguments, environment, standard streams, signals and the exit code.

import type { CliContext } from "./cli/context.ts";
import { createOutput, createPrompt, createSink } from "./cli/output.ts";
import { runCommandLine } from "./cli/program.ts";

// Put in by scripts/build.
declare const SIMPLELOGS_VERSION: string | undefined;
declare const SIMPLELOGS_COMMIT: string | undefined;

const ends: (() => void)[] = [];
function end(): void {
  for (const work of ends.splice(0)) work();
}

const context: CliContext = {
  stdout: createSink(process.stdout),
  stderr: createSink(process.stderr),
  env: process.env,
  cwd: process.cwd(),
  isTerminal: process.stdout.isTTY,
  isErrorTerminal: process.stderr.isTTY,
  columns: process.stdout.isTTY ? process.stdout.columns : undefined,
  atEnd(work) {
    ends.push(work);
    // The usual exit codes of a process that a signal ended.
    if (ends.length > 1) return;
    for (const [signal, code] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const) {
      // A command with its own handler of the signal ends by itself.
      process.once(signal, () => process.listenerCount(signal) > 0 || process.exit(code));
    }
    process.once("exit", end);
  },
};
process.exitCode = await runCommandLine(process.argv.slice(2), context, {
  version: typeof SIMPLELOGS_VERSION === "string" ? SIMPLELOGS_VERSION : "development",
  commit: typeof SIMPLELOGS_COMMIT === "string" ? SIMPLELOGS_COMMIT : "",
  signals: process,
  write: createOutput(process.stdout),
  prompt: process.stdin.isTTY ? createPrompt(process.stdin, process.stderr) : undefined,
});
process.exit();
