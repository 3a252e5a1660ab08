// What a command may use of the process around it: tests give their own.

import { relative, resolve } from "node:path";
import type { Command } from "commander";
import { type LoadResult, loadReadingSettings, loadSettings } from "../config/load.ts";
import { type ConfigProblem, formatProblem } from "../config/problem.ts";
import type { Settings } from "../config/settings.ts";
import { OperatingError } from "../core/errors.ts";
import { escapeControls } from "../core/terminal.ts";

/** Where text goes. */
export interface TextSink {
  write(text: string): unknown;
}

export interface CliContext {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Whether stdout is a terminal. */
  readonly isTerminal: boolean;
  /** Whether stderr is one. */
  readonly isErrorTerminal: boolean;
  /** Characters of a line of the terminal; undefined where there is none. */
  readonly columns?: number | undefined;
  /** Has work done when the process ends, also by Ctrl-C; does nothing where nobody cares. */
  readonly atEnd?: (work: () => void) => void;
}

/** The configuration file where --config does not name one. */
export const DEFAULT_CONFIG_FILE = "./simplelogs.toml";

/** Adds --config; on the program and on a command, so that it can stand before and behind the command's name. */
export function addConfigOption(command: Command): Command {
  // Without a default: only so can a value given at the other place be told apart.
  return command.option("-c, --config <file>", `configuration file (default: "${DEFAULT_CONFIG_FILE}")`);
}

/** What --config names, at the command or at one above it; undefined where it is not given. */
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

/** The file as people would type it: relative where it lies below the current folder. */
export function displayPath(file: string, context: CliContext): string {
  const path = relative(context.cwd, file);
  return path === "" || path.startsWith("..") ? file : path;
}

/** "simplelogs.toml:12: …" for each problem, one a line. */
export function problemLines(problems: readonly ConfigProblem[], context: CliContext): string {
  const shown = problems.map((problem) => ({ ...problem, file: displayPath(problem.file, context) }));
  // What the file says is told, and steers no terminal.
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

/** As requireSettings, for commands that only read the data file: they need no variables of the environment, and are told no warnings. */
export async function requireReadingSettings(file: string, context: CliContext): Promise<Settings> {
  const result = await loadReadingSettings(file, context.env);
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
