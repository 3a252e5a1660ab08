// The process edge: arguments, signals, standard streams, exit codes (0 done, 1 failed, 2 wrong usage or configuration).

import { once } from "node:events";
import { Command, CommanderError } from "commander";
import { registerCheck } from "./cli/check.ts";
import { addConfigOption, type CliContext } from "./cli/context.ts";
import { registerExport } from "./cli/export.ts";
import { registerInit } from "./cli/init.ts";
import { registerKeys } from "./cli/keys.ts";
import { registerServe } from "./cli/serve.ts";
import { OperatingError } from "./core/errors.ts";

declare const SIMPLELOGS_VERSION: string | undefined;
declare const SIMPLELOGS_COMMIT: string | undefined;

const VERSION = typeof SIMPLELOGS_VERSION === "string" ? SIMPLELOGS_VERSION : "development";
const COMMIT = typeof SIMPLELOGS_COMMIT === "string" && SIMPLELOGS_COMMIT !== "" ? ` (${SIMPLELOGS_COMMIT})` : "";
const WRONG_USAGE = 2;

/** Writes to standard output at the reader's pace; false once the reader has gone (`export | head`). */
async function writeOutput(text: string): Promise<boolean> {
  if (process.stdout.destroyed || process.stdout.writableEnded) return false;
  if (!process.stdout.write(text)) await Promise.race([once(process.stdout, "drain"), once(process.stdout, "close")]);
  return !process.stdout.destroyed;
}

function buildProgram(context: CliContext): Command {
  const program = new Command("simplelogs")
    .description("A self-hosted log and timing server: one executable, one configuration file, one data file.")
    .version(`simplelogs ${VERSION}${COMMIT}`, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
    })
    .showHelpAfterError("(simplelogs --help lists what there is)")
    .exitOverride();
  addConfigOption(program);
  registerServe(program, context, process, VERSION);
  registerInit(program, context);
  registerCheck(program, context);
  registerKeys(program, context);
  registerExport(program, context, writeOutput);
  for (const command of program.commands) command.exitOverride();
  return program;
}

function exitCodeOf(error: unknown, context: CliContext): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE;
  if (error instanceof OperatingError) {
    context.stderr.write(`simplelogs: ${error.message}\n`);
    return error.code === "usage" || error.code === "config_invalid" ? WRONG_USAGE : 1;
  }
  context.stderr.write(`simplelogs: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}

async function run(): Promise<void> {
  const context: CliContext = {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    isTerminal: process.stderr.isTTY === true,
    showsProgress: process.stderr.isTTY === true && process.stdout.isTTY !== true,
  };
  // A reader that goes away ends the output; it is no failure.
  process.stdout.on("error", () => process.stdout.destroy());
  try {
    await buildProgram(context).parseAsync(process.argv.slice(2), { from: "user" });
    process.exitCode = 0;
  } catch (error) {
    process.exitCode = exitCodeOf(error, context);
  }
  process.exit();
}

await run();
