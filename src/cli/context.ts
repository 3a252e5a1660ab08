// The process as the commands see it: streams, environment, folder and terminal. Tests pass their own. Also finds and
// loads the configuration that --config names.

import { relative, resolve } from "node:path";
import type { Command } from "commander";
import { type LoadResult, loadReadingSettings, loadSettings, type Reading } from "../config/load.ts";
import { type ConfigProblem, formatProblem } from "../config/problem.ts";
import type { Settings } from "../config/settings.ts";
import { OperatingError } from "../core/errors.ts";
import { escapeControls } from "../core/terminal.ts";

/** A stream that takes text. */
export interface TextSink {
  write(text: string): unknown;
}

/** Signals as the process gets them. */
export interface Signals {
  on(signal: "SIGTERM" | "SIGINT" | "SIGHUP", handle: () => void): unknown;
}

/** The process around a command. */
export interface CliContext {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Whether stdout is a terminal. */
  readonly isTerminal: boolean;
  /** Whether stderr is a terminal. */
  readonly isErrorTerminal: boolean;
  /** Characters of a line of the terminal; undefined where there is none. */
  readonly columns?: number | undefined;
  /** Registers work for the end of the process, Ctrl-C included. Undefined: nothing is registered. */
  readonly atEnd?: (work: () => void) => void;
}

/** The configuration file where --config does not name one. */
const DEFAULT_CONFIG_FILE = "./simplelogs.toml";

/** Adds --config; on the program and on a command, so it can stand before or after the command's name. */
export function addConfigOption(command: Command): Command {
  // No default here: it would hide a value that was given at the other place.
  return command.option("-c, --config <file>", `configuration file (default: "${DEFAULT_CONFIG_FILE}")`);
}

/** The value of --config at the command or a command above it; undefined if it was not given. */
export function givenConfig(command: Command): string | undefined {
  for (let at: Command | null = command; at !== null; at = at.parent) {
    const value: unknown = at.opts()["config"];
    if (typeof value === "string") return value;
  }
  return undefined;
}

/** The configuration file as an absolute path, from --config at the command or at one above it. */
export function configFileOf(command: Command, context: CliContext): string {
  const given = givenConfig(command);
  if (given === "") throw new OperatingError("usage", "--config: expected the path of a file");
  return resolve(context.cwd, given ?? DEFAULT_CONFIG_FILE);
}

/** The path as people would type it: relative if it lies below the current folder. */
export function displayPath(file: string, context: CliContext): string {
  const path = relative(context.cwd, file);
  return path === "" || path.startsWith("..") ? file : path;
}

/** "simplelogs.toml:12: …" for each problem, one a line. */
function problemLines(problems: readonly ConfigProblem[], context: CliContext): string {
  const shown = problems.map((problem) => ({ ...problem, file: displayPath(problem.file, context) }));
  // Text of the file must not steer the terminal.
  return shown.map(formatProblem).map(escapeControls).join("\n");
}

/** The error for a configuration that does not load: its message lists every problem. */
export function configInvalid(problems: readonly ConfigProblem[], context: CliContext): OperatingError {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return new OperatingError("config_invalid", `${count} in the configuration\n${problemLines(problems, context)}`);
}

/**
 * The settings of a file; its warnings go to stderr.
 * Errors: config_invalid, listing every problem.
 */
export async function requireSettings(file: string, context: CliContext): Promise<Settings> {
  const result: LoadResult = await loadSettings(file, context.env);
  if (!result.ok) throw configInvalid(result.problems, context);
  if (result.warnings.length > 0) context.stderr.write(`${warningLines(result.warnings, context)}\n`);
  return result.settings;
}

/**
 * As requireSettings, for commands that only read. Unset variables of keys and tokens are no problem, nor those of the
 * cluster where it is not asked; no warning is printed.
 */
export async function requireReadingSettings(
  file: string,
  context: CliContext,
  reading: Reading = "file",
): Promise<Settings> {
  const result = await loadReadingSettings(file, context.env, reading);
  if (!result.ok) throw configInvalid(result.problems, context);
  return result.settings;
}

/** As problemLines, each marked as a warning. */
export function warningLines(warnings: readonly ConfigProblem[], context: CliContext): string {
  return problemLines(
    warnings.map((warning) => ({ ...warning, message: `warning: ${warning.message}` })),
    context,
  );
}
