// Uncaught errors and rejections become logs: each distinct one once, the first 50 of a page. When the page is left, a
// log says how often each was repeated.

import { plainCopy } from "../core/plain_values.ts";
import type { EntryFields, Logger } from "../core/types.ts";

const ERRORS_MAX = 50;

/** The members of both events. */
type Failure = Event & Partial<Pick<ErrorEvent, "error" | "message" | "filename"> & { reason: unknown }>;

/** Starts to listen. Returns a function that logs the repetitions since its last call. */
export function captureErrors({ log }: Pick<Logger, "log">): () => void {
  /** By kind and stack: the logged error, and its repetitions since the last report. */
  const seen = new Map<string, EntryFields & { repeated?: number }>();

  const capture = ({ type, error, reason, message, filename }: Failure): void => {
    const failure = plainCopy(error ?? reason ?? message);
    const text = type + JSON.stringify(failure);
    const known = seen.get(text);
    if (known) known.repeated = (known.repeated ?? 0) + 1;
    else if (seen.size < ERRORS_MAX) {
      // Members that are not fields of an entry become metadata.
      const fields = { touchpoint: `browser/${type}`, level: "error", message: failure, filename } as EntryFields;
      seen.set(text, fields);
      log(fields);
    }
  };

  addEventListener("error", capture);
  addEventListener("unhandledrejection", capture);

  return () => {
    for (const fields of seen.values()) {
      if (fields.repeated) log(fields);
      fields.repeated = 0;
    }
  };
}
