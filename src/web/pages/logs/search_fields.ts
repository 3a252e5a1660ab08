// The fields that a search can name, as completion offers them. Metadata fields are asked of the server.

/** How values are offered: "choice" these and no others; "listed" those that are stored; "typed" a few examples. */
export interface SearchFieldHint {
  readonly name: string;
  readonly kind: "choice" | "listed" | "typed";
  readonly values: readonly string[];
  readonly help: string;
}

export const SEARCH_FIELD_HINTS: readonly SearchFieldHint[] = [
  { name: "level", kind: "choice", values: ["error", "warn", "info", "debug"], help: "level" },
  { name: "touchpoint", kind: "listed", values: [], help: "whole name, or api/*" },
  { name: "message", kind: "typed", values: [], help: "any part of the message" },
  { name: "key", kind: "listed", values: [], help: "correlation key" },
  { name: "kind", kind: "choice", values: ["log", "timing"], help: "logs or timings" },
  {
    name: "status",
    kind: "choice",
    values: ["completed", "started", "unfinished", "orphaned"],
    help: "how far a timing came",
  },
  { name: "source", kind: "choice", values: ["server", "client"], help: "what sent it, as it says itself" },
  { name: "keyType", kind: "choice", values: ["server", "client"], help: "key that it was sent with" },
  { name: "duration", kind: "typed", values: [">100ms", ">1s", ">10s", "100..500"], help: "ms, or with a unit" },
  { name: "apiKey", kind: "listed", values: [], help: "name of the pair of keys" },
  { name: "project", kind: "typed", values: [], help: "project" },
  { name: "time", kind: "typed", values: [], help: "ISO 8601 or Unix ms" },
  { name: "receivedAt", kind: "typed", values: [], help: "as time" },
  { name: "startTime", kind: "typed", values: [], help: "as time, of a timing" },
  { name: "endTime", kind: "typed", values: [], help: "as time, of a timing" },
  { name: "id", kind: "typed", values: [], help: "number of the record" },
];

const METADATA_PREFIX = "metadata.";

/** What is known of a field; metadata fields have stored values. Undefined: there is no such field. */
export function fieldHint(name: string): SearchFieldHint | undefined {
  if (name.startsWith(METADATA_PREFIX)) return { name, kind: "listed", values: [], help: "metadata" };
  return SEARCH_FIELD_HINTS.find((field) => field.name === name);
}
