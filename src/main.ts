// The process edge: arguments, environment, standard streams, signals and the exit code.

import { once } from "node:events";
import type { CliContext } from "./cli/context.ts";
import { runCommandLine } from "./cli/program.ts";

// Put in by scripts/build.
declare const SIMPLELOGS_VERSION: string | undefined;
declare const SIMPLELOGS_COMMIT: string | undefined;

/** Writes to standard output at the reader's pace; false once the reader has gone (`export | head`). */
async function writeOutput(text: string): Promise<boolean> {
  const { stdout } = process;
  if (stdout.destroyed || stdout.writableEnded) return false;
  if (!stdout.write(text)) await Promise.race([once(stdout, "drain"), once(stdout, "close")]);
  return !stdout.destroyed;
}

const context: CliContext = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  isTerminal: process.stdout.isTTY,
  isErrorTerminal: process.stderr.isTTY,
};
// A reader that goes away ends the output; that is no failure.
process.stdout.on("error", () => process.stdout.destroy());
process.exitCode = await runCommandLine(process.argv.slice(2), context, {
  version: typeof SIMPLELOGS_VERSION === "string" ? SIMPLELOGS_VERSION : "development",
  commit: typeof SIMPLELOGS_COMMIT === "string" ? SIMPLELOGS_COMMIT : "",
  signals: process,
  write: writeOutput,
});
process.exit();
