// A problem of a configuration, for people: where it is, what was seen, what is allowed. Never a secret.

import { escapeControls } from "../core/terminal.ts";
import { maskKeysIn } from "./keys.ts";

/** One thing that is wrong (or, among warnings, suspicious) in a configuration. */
export interface ConfigProblem {
  readonly file: string;
  /** From 1; 0 where the file as a whole is meant. */
  readonly line: number;
  /** The value seen, the values allowed, and a hint; no secret and no control character. */
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
