// The command line as a whole: which commands there are, and which exit code an outcome has (0 done, 1 failed, 2 wrong
// usage or configuration).

import { Command, CommanderError } from "commander";
import { systemClock } from "../core/clock.ts";
import { OperatingError } from "../core/errors.ts";
import { maskKeys } from "../core/secrets.ts";
import { escapeControls } from "../core/terminal.ts";
import { loadClientLibrary } from "../runtime/client_library.ts";
import { registerBackup } from "./backup.ts";
import { registerCheck } from "./check.ts";
import { registerCompact } from "./compact.ts";
import { addConfigOption, type CliContext } from "./context.ts";
import { registerDoctor } from "./doctor.ts";
import { registerErase } from "./erase.ts";
import { createOpenEraser } from "./eraser.ts";
import { registerExport, type WriteText } from "./export.ts";
import { helpColumns } from "./help_text.ts";
import { registerInit } from "./init.ts";
import { registerKeys } from "./keys.ts";
import { openSource } from "./open_source.ts";
import { Progress } from "./progress.ts";
import type { Prompt } from "./prompt.ts";
import { registerQuery } from "./query.ts";
import { registerSdk } from "./sdk.ts";
import { protectNegations } from "./search_words.ts";
import { registerServe, type Signals } from "./serve.ts";
import { registerTail } from "./tail.ts";
import { registerTimings } from "./timings.ts";
import type { ReadingTools } from "./tools.ts";
import { registerUsage } from "./usage.ts";

const FAILED = 1;
const WRONG_USAGE = 2;

export interface ProgramOptions {
  readonly version: string;
  /** What --version adds in parentheses, or "". */
  readonly commit: string;
  readonly signals: Signals;
  /** Large output, at the reader's pace. */
  readonly write: WriteText;
  /** Asks whoever sits at the terminal; undefined where stdin is none. */
  readonly prompt: Prompt | undefined;
}

function buildProgram(context: CliContext, { version, commit, signals, write, prompt }: ProgramOptions): Command {
  const program = new Command("simplelogs")
    .description("A self-hosted log and timing server: one executable, one configuration file, one data file.")
    .version(`simplelogs ${version}${commit === "" ? "" : ` (${commit})`}`, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      getOutHelpWidth: () => helpColumns(context),
      getErrHelpWidth: () => helpColumns(context),
      outputError: (text, write) => write(errorText(text.replace(/^error: /, "").trimEnd())),
    })
    // Its second column, however narrow.
    .configureHelp({ minWidthToWrap: 10 })
    // Behind a command's name everything is the command's, the values of its options too.
    .enablePositionalOptions()
    .exitOverride();
  addConfigOption(program);
  registerServe(program, context, signals, version);
  registerInit(program, context);
  registerCheck(program, context);
  registerKeys(program, context);
  registerExport(program, context, write);
  const tools: ReadingTools = { context, write, signals, clock: systemClock, openSource };
  registerQuery(program, tools);
  registerTail(program, tools);
  registerTimings(program, tools);
  registerUsage(program, tools);
  registerDoctor(program, context, systemClock);
  registerBackup(program, context, signals);
  registerCompact(program, context);
  registerSdk(program, context, loadClientLibrary);
  registerErase(program, { ...tools, openEraser: createOpenEraser(new Progress(context)), prompt });
  addErrorHints(program, []);
  return program;
}

/** A wrong command line is answered with where its command is explained. */
function addErrorHints(command: Command, parents: readonly string[]): void {
  const names = [...parents, command.name()];
  command.showHelpAfterError(`(${names.join(" ")} --help explains it)`);
  for (const below of command.commands) addErrorHints(below, names);
}

/** An error as people see it, each line by itself: nothing in it steers a terminal, and no key is in it. */
function errorText(message: string): string {
  return `simplelogs: ${maskKeys(message).split("\n").map(escapeControls).join("\n")}\n`;
}

function exitCodeOf(error: unknown, context: CliContext): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE;
  if (error instanceof OperatingError) {
    context.stderr.write(errorText(error.message));
    return error.code === "usage" || error.code === "config_invalid" ? WRONG_USAGE : FAILED;
  }
  context.stderr.write(errorText(error instanceof Error ? (error.stack ?? error.message) : String(error)));
  return FAILED;
}

/** Does what the arguments ask (without the program's name) and gives the exit code. Never rejects. */
export async function runCommandLine(
  args: readonly string[],
  context: CliContext,
  options: ProgramOptions,
): Promise<number> {
  try {
    const program = buildProgram(context, options);
    await program.parseAsync(protectNegations(args, program), { from: "user" });
    return 0;
  } catch (error) {
    return exitCodeOf(error, context);
  }
}
