// What the commands write to the terminal, to pipes and to files, and the one prompt that reads from it.
//
// Long outputs wait for their reader. They end quietly when the reader closes the pipe (`export | head`), and fail when
// the text is lost for another reason (a full disk). Each stream gets its listeners once: new ones for each wait would
// pile up.

import { createInterface } from "node:readline/promises";
import type { Writable } from "node:stream";
import { OperatingError } from "../core/errors.ts";
import { formatCount } from "../core/format.ts";
import { escapeControlsInJson } from "../core/terminal.ts";
import type { CliContext, TextSink } from "./context.ts";

/** Writes text and resolves when the stream takes more; false once the reader has closed it. */
export type WriteText = (text: string) => Promise<boolean>;

/**
 * A writer for large outputs. Make one for each stream: its listeners stay. It throws OperatingError("io") if text is
 * lost.
 */
export function createOutput(stream: Writable): WriteText {
  let failure: Error | undefined;
  let wake: (() => void) | undefined;
  const goOn = () => wake?.();
  stream.on("drain", goOn);
  stream.on("close", goOn);
  stream.on("error", (error: Error) => {
    failure ??= error;
    goOn();
  });
  return async (text) => {
    if (failure === undefined && !stream.destroyed) {
      try {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        // Bun reports a closed pipe by an exception here, or by the event, as it comes.
        if (!stream.write(text)) await promise;
      } catch (error) {
        failure ??= error instanceof Error ? error : new Error(String(error));
      }
    }
    if (failure === undefined) return !stream.destroyed;
    if (isClosedPipe(failure)) return false;
    throw new OperatingError("io", `cannot write to standard output: ${failure.message}`);
  };
}

/**
 * A sink for short texts and the log. Text that cannot be written (a closed pipe, a full disk) is dropped without an
 * error.
 */
export function createSink(stream: Writable): TextSink {
  stream.on("error", () => undefined);
  return {
    write(text) {
      try {
        stream.write(text);
      } catch {
        // The same failure; Bun reports it here or by the event, as it comes.
      }
    },
  };
}

/** Whether the reader closed the pipe, which is no failure. */
function isClosedPipe(error: Error): boolean {
  return "code" in error && error.code === "EPIPE";
}

/**
 * A value as one line of JSON. On a terminal its control characters are escaped by JSON's own escapes, so the value is
 * the same.
 */
export function jsonLine(value: unknown, { isTerminal }: Pick<CliContext, "isTerminal">): string {
  const json = JSON.stringify(value);
  return `${isTerminal ? escapeControlsInJson(json) : json}\n`;
}

/** When the first line appears, in ms after the start, and the time between updates. */
const FIRST_AFTER_MS = 500;
const EVERY_MS = 100;
/** Back to the start of the line, and clear it. */
const WIPE = "\r\x1b[2K";

/**
 * The progress of long work: one line on stderr, updated in place and cleared at the end. Only on a terminal, after a
 * moment.
 */
export class Progress {
  readonly #context: CliContext;
  readonly #clock: () => number;
  #startedAtMs: number | undefined;
  #shownAtMs = Number.NEGATIVE_INFINITY;
  #isShown = false;

  /** `clock` gives monotonic ms. */
  constructor(context: CliContext, clock: () => number = () => performance.now()) {
    this.#context = context;
    this.#clock = clock;
  }

  /**
   * Shows the done and total amounts (undefined if unknown) and `what` they count. Clears the line when all is done.
   */
  show(done: number, total: number | undefined, what: string, format: (amount: number) => string = formatCount): void {
    if (!this.#context.isErrorTerminal) return;
    const now = this.#clock();
    this.#startedAtMs ??= now;
    if (total !== undefined && done >= total) {
      this.end();
      return;
    }
    if (now - this.#startedAtMs < FIRST_AFTER_MS || now - this.#shownAtMs < EVERY_MS) return;
    this.#shownAtMs = now;
    this.#isShown = true;
    const all = total === undefined ? "" : ` of ${format(total)}`;
    this.#context.stderr.write(`${WIPE}${format(done)}${all} ${what}`);
  }

  /** Clears the line. */
  end(): void {
    if (this.#isShown) this.#context.stderr.write(WIPE);
    this.#isShown = false;
    this.#startedAtMs = undefined;
    this.#shownAtMs = Number.NEGATIVE_INFINITY;
  }
}

/** Asks a person at the terminal; gives the typed line, or undefined after Ctrl-C or Ctrl-D. */
export type Prompt = (question: string) => Promise<string | undefined>;

/** A prompt that asks on `output` and reads a line of `input`, both terminals. */
export function createPrompt(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Prompt {
  return async (question) => {
    const lines = createInterface({ input, output, terminal: true });
    const given = new AbortController();
    lines.on("close", () => given.abort());
    lines.on("SIGINT", () => given.abort());
    try {
      return await lines.question(question, { signal: given.signal });
    } catch (error) {
      if (!given.signal.aborted) throw error;
      return undefined;
    } finally {
      lines.close();
    }
  };
}
