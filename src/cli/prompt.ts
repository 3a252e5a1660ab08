// A question to whoever sits at the terminal.

import { createInterface } from "node:readline/promises";

/** The answer without its line break; undefined where none came (Ctrl-C, Ctrl-D). */
export type Prompt = (question: string) => Promise<string | undefined>;

/** Asks on `output` and reads a line of `input`, both a terminal. */
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
