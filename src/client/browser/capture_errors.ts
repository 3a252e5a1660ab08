// Uncaught errors and rejections become logs: each once, the first 50 of a page; how often the same came again is told when the page is
// left.

import { plainCopy } from "../core/plain_values.ts";
import type { EntryFields, Logger } from "../core/types.ts";

const ERRORS_MAX = 50;

/** What the two events have, of which each has its own part. */
type Failure = Event & Partial<Pick<ErrorEvent, "error" | "message" | "filename"> & { reason: unknown }>;

/** Begins to listen. Returns what tells of repetitions since it was last called. */
export function captureErrors({ log }: Pick<Logger, "log">): () => void {
  /** By kind and stack: what was logged, and how often it came again since that was told. */
  const seen = new Map<string, EntryFields & { repeated?: number }>();

  const capture = ({ type, error, reason, message, filename }: Failure): void => {
    const failure = plainCopy(error ?? reason ?? message);
    const text = type + JSON.stringify(failure);
    const known = seen.get(text);
    if (known) known.repeated = (known.repeated ?? 0) + 1;
    else if (seen.size < ERRORS_MAX) {
      // Names that entries do not have become metadata.
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
