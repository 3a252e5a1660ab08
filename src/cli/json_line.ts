// The one writer of JSON for all commands: exact where a program reads it, and on a terminal with the characters escaped that could
// steer it. JSON's own escapes are used, so the value is the same.

import { escapeControlsInJson } from "../core/terminal.ts";
import type { CliContext } from "./context.ts";

/** One line, with its end. */
export function jsonLine(value: unknown, { isTerminal }: Pick<CliContext, "isTerminal">): string {
  const json = JSON.stringify(value);
  return `${isTerminal ? escapeControlsInJson(json) : json}\n`;
}
