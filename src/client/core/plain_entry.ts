// Turns what an application passed in into an entry that the server accepts. Fields of other types are converted, so
// that an entry is never the reason why a batch is refused.

import { levelOf } from "./levels.ts";
import { cutText, type Plain, plainCopy } from "./plain_values.ts";
import type { Options, OutgoingEntry } from "./types.ts";

/** The fields of an entry, with what makes them of any plain value; undefined or NaN: left out when it is written. */
const FIELDS: Readonly<Record<string, (value: Plain) => unknown>> = {
  // Names from applications are looked up here, "constructor" too.
  __proto__: null as never,
  touchpoint: textOf,
  key: textOf,
  message: textOf,
  level: (name) => levelOf(textOf(name)),
  timestamp: timeOf,
  startTime: timeOf,
  endTime: timeOf,
  duration: timeOf,
  source: (name) => (name === "client" ? name : "server"),
  standalone: Boolean,
  // Holds secrets. It is for those who read it before.
  requestHeaders: () => undefined,
};

/**
 * A plain entry: only fields that have a value, metadata always. Names that entries do not have become metadata, and so
 * does an Error that is the message. What is no object, or an Error, is the value of the field `name`. Never throws.
 */
export function plainEntry(fields: unknown, name = "", redact?: Options["redact"]): OutgoingEntry {
  const plain = plainCopy(fields, redact) ?? {};
  const { metadata, ...given } = typeof plain === "object" && !isError(plain) ? plain : { [name]: plain };
  const entry: Plain = { metadata: {} };
  if (isError(given.message)) {
    entry.metadata.error = given.message;
    entry.level = "error";
  }
  for (const name in given) {
    const make = FIELDS[name];
    if (!make) entry.metadata[name] = given[name];
    else if ((given[name] ?? null) !== null) {
      const value = make(given[name]);
      // NaN is no time.
      if (!Number.isNaN(value)) entry[name] = value;
    }
  }
  // Texts and lists: what has no names of its own.
  Object.assign(entry.metadata, metadata?.concat ? { value: metadata } : metadata);
  return entry;
}

/** The second with what the first has beside it, metadata member by member. */
export function mergeEntries(first: OutgoingEntry, second: OutgoingEntry): OutgoingEntry {
  return { ...first, ...second, metadata: { ...first.metadata, ...second.metadata } };
}

/** The copy of an Error has both, whatever they are; an application's own object may have one. */
function isError(value: Plain): boolean {
  return value?.name && "stack" in value;
}

function textOf(value: Plain): string {
  if (isError(value)) return textOf(value.message ?? value.name);
  return typeof value === "object" ? cutText(JSON.stringify(value)) : `${value}`;
}

/** Milliseconds of a number, of its text, or of a date's. */
function timeOf(value: Plain): number {
  const text = typeof value === "object" ? "" : `${value}`;
  return text && !Number.isNaN(+text) ? +text : Date.parse(text);
}
