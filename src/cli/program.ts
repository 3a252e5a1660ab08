// The whole command line: its commands, how they open a source of records, and the exit code of each outcome (0 done, 1
// failed, 2 wrong usage or configuration).

import { Command, CommanderError } from "commander";
import { systemClock } from "../core/clock.ts";
import { OperatingError } from "../core/errors.ts";
import { maskKeys } from "../core/secrets.ts";
import { escapeControls } from "../core/terminal.ts";
import { loadClientLibrary } from "../runtime/client_library.ts";
import { registerAlerts } from "./alerts.ts";
import { registerBackup } from "./backup.ts";
import { registerCheck } from "./check.ts";
import { registerClickHouse } from "./clickhouse.ts";
import { registerCompact } from "./compact.ts";
import { addConfigOption, type CliContext, type Signals } from "./context.ts";
import { readableDataOf } from "./data_file.ts";
import { registerDoctor } from "./doctor.ts";
import { createOpenEraser, registerErase } from "./erase.ts";
import { registerExport } from "./export.ts";
import { helpColumns } from "./help.ts";
import { registerKeys } from "./keys.ts";
import { LocalSource } from "./local_source.ts";
import { remoteAddressOf } from "./options.ts";
import { Progress, type Prompt, type WriteText } from "./output.ts";
import { registerQuery } from "./query.ts";
import { registerReaders } from "./readers.ts";
import { RemoteServer } from "./remote_server.ts";
import { RemoteSource } from "./remote_source.ts";
import { registerSdk } from "./sdk.ts";
import { protectNegations } from "./search_arguments.ts";
import { registerInit, registerServe } from "./serve.ts";
import type { OpenSource, ReadingTools } from "./source.ts";
import { registerTail } from "./tail.ts";
import { registerTimings } from "./timings.ts";
import { registerUsage } from "./usage.ts";

const FAILED = 1;
const WRONG_USAGE = 2;

/** What main.ts gives to the command line. */
interface ProgramOptions {
  readonly version: string;
  /** Shown by --version in parentheses; "" for none. */
  readonly commit: string;
  readonly signals: Signals;
  /** Large output, at the reader's pace. */
  readonly write: WriteText;
  /** Asks at the terminal; undefined if stdin is none. */
  readonly prompt: Prompt | undefined;
}

function buildProgram(context: CliContext, { version, commit, signals, write, prompt }: ProgramOptions): Command {
  const program = new Command("simplelogs")
    .description("A self-hosted log and timing server: one executable, one configuration file, one data file.")
    .version(`simplelogs ${version}${commit === "" ? "" : ` (${commit})`}`, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print the help of a command")
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      getOutHelpWidth: () => helpColumns(context),
      getErrHelpWidth: () => helpColumns(context),
      outputError: (text, write) => write(errorText(text.replace(/^error: /, "").trimEnd())),
    })
    // Wraps the second column, however narrow it is.
    .configureHelp({ minWidthToWrap: 10 })
    // Every argument after a command's name belongs to that command.
    .enablePositionalOptions()
    .exitOverride();
  addConfigOption(program);
  registerServe(program, context, signals, version);
  registerInit(program, context);
  registerCheck(program, context);
  registerKeys(program, context);
  registerReaders(program, context);
  registerExport(program, context, write);
  const tools: ReadingTools = { context, write, signals, clock: systemClock, openSource };
  registerQuery(program, tools);
  registerTail(program, tools);
  registerTimings(program, tools);
  registerUsage(program, tools);
  registerAlerts(program, context);
  registerClickHouse(program, context);
  registerDoctor(program, context, systemClock);
  registerBackup(program, context, signals);
  registerCompact(program, context);
  registerSdk(program, context, loadClientLibrary);
  registerErase(program, { ...tools, openEraser: createOpenEraser(new Progress(context)), prompt });
  addErrorHints(program, []);
  return program;
}

/** After an error of usage, names the help of the command. */
function addErrorHints(command: Command, parents: readonly string[]): void {
  const names = [...parents, command.name()];
  command.showHelpAfterError(`(${names.join(" ")} --help explains it)`);
  for (const below of command.commands) addErrorHints(below, names);
}

/** An error for people, line by line: without control characters and without keys. */
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

/** Runs the command line (without the program's name) and returns the exit code. Never rejects. */
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

/**
 * Opens the records that the options name: the data file on this machine, or a running server. Throws OperatingError.
 */
const openSource: OpenSource = async (command, options, context) => {
  const address = remoteAddressOf(command, options, context);
  if (address !== undefined) {
    const onNotice = (text: string) => context.stderr.write(`simplelogs: ${text}\n`);
    return new RemoteSource({ server: new RemoteServer(address), onNotice });
  }
  // What usage counts is in the data file.
  const reading = command.name() === "usage" ? "file" : "records";
  const { file, data, rules, history } = await readableDataOf(command, options, context, reading);
  const progress = new Progress(context);
  const onProgress = (done: number, total: number) => progress.show(done, total, "blocks");
  return new LocalSource({ file, data, rules, history, clock: systemClock, onProgress, onDone: () => progress.end() });
};
