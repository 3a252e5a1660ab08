// The standard streams. Long outputs go at the reader's pace, end quietly once the reader has gone (`export | head`), and fail
// when what was written is lost for any other cause (a full disk). Listeners are added once: one for each wait would pile up.

import type { Writable } from "node:stream";
import { OperatingError } from "../core/errors.ts";
import type { TextSink } from "./context.ts";
import type { WriteText } from "./export.ts";

/** For large outputs: one for each stream, since it listens for as long as the stream lives. Throws OperatingError("io"). */
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

/** For short texts and the log: what cannot be written, to a closed pipe or a full disk, is dropped, and ends nothing. */
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

/** The reader of a pipe has gone, which is no failure. */
function isClosedPipe(error: Error): boolean {
  return "code" in error && error.code === "EPIPE";
}
