// A problem of a configuration, for people: its place, the value and the allowed values. It never shows a secret.

import { escapeControls } from "../core/terminal.ts";
import { maskKeysIn } from "./keys.ts";

/** One thing that is wrong (or, among warnings, suspicious) in a configuration. */
export interface ConfigProblem {
  readonly file: string;
  /** From 1; 0 for the file as a whole. */
  readonly line: number;
  /** The value, the allowed values, and a hint; without secrets and control characters. */
  readonly message: string;
}

/** Makes a problem; whatever looks like a key in its message is masked. */
export function configProblem(file: string, line: number, message: string): ConfigProblem {
  return { file, line, message: escapeControls(maskKeysIn(message)) };
}

/** The problem as "file:line: message", as editors and terminals understand it. */
export function formatProblem(problem: ConfigProblem): string {
  return `${escapeControls(problem.file)}:${problem.line === 0 ? "" : `${problem.line}:`} ${problem.message}`;
}
