// What the commands below scripts/ share: the checkout's root, options that are numbers or words, and how a command
// fails.

import { join } from "node:path";

/** The checkout. */
export const ROOT = join(import.meta.dirname, "../..");

/** The real log lines that loads are made of: NDJSON, one entry a line, without times. */
export const CORPUS = join(ROOT, "test/fixtures/logs.ndjson");

/** The executable that scripts/build makes for this machine. */
export const EXECUTABLE = join(ROOT, "dist", process.platform === "win32" ? "simplelogs.exe" : "simplelogs");

/**
 * The number in an option's text, which may have underscores and commas between its digits.
 * @throws Error naming the option, where the text is not a whole number within the bounds.
 */
export function wholeNumber(option: string, text: string, minimum: number, maximum: number): number {
  const number = Number(text.replaceAll(/[_,]/g, ""));
  if (Number.isInteger(number) && number >= minimum && number <= maximum) return number;
  throw new Error(`--${option}: expected a whole number from ${minimum} to ${maximum}, got ${JSON.stringify(text)}`);
}

/** The word that an option's text is. @throws Error naming the option and all words, where it is none of them. */
export function oneOf<Word extends string>(option: string, text: string, words: readonly Word[]): Word {
  const word = words.find((one) => one === text);
  if (word === undefined) throw new Error(`--${option}: expected ${words.join(", ")}, got ${JSON.stringify(text)}`);
  return word;
}

/** Runs a command's `main`. Where it throws, its message goes to standard error and the exit code is 1. */
export async function runCommand(main: () => void | Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}

/** Waits so many milliseconds. */
export function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
