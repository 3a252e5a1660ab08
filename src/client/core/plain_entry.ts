// What an application passed in, an entry that the server takes out: fields of other types are turned into the right ones, so that no
// entry is ever the reason why a batch is refused.

import { type Plain, plainCopy } from "./plain_values.ts";
import type { Options, OutgoingEntry } from "./types.ts";

/** The fields of an entry, with what makes them of any plain value; undefined or NaN: left out when it is written. */
const FIELDS: Readonly<Record<string, (value: Plain) => unknown>> = {
  // Names from applications are looked up here, "constructor" too.
  __proto__: null as never,
  touchpoint: textOf,
  key: textOf,
  message: textOf,
  level: (name) => (/^(debug|info|warn|error)$/.test(name) ? name : "info"),
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
 * A plain entry: only fields that have a value, metadata always. Names that entries do not have become metadata, and so does an Error that
 * is the message. What is no object, or an Error, is the value of the field `name`. Never throws.
 */
export function plainEntry(fields: unknown, name = "", redact?: Options["redact"]): OutgoingEntry {
  const plain = plainCopy(fields, redact) ?? {};
  const { metadata, ...given } = typeof plain === "object" && !plain.stack ? plain : { [name]: plain };
  const entry: Plain = { metadata: {} };
  if (given.message?.stack) {
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

function textOf(value: Plain): string {
  return value.stack ? value.message : typeof value === "object" ? JSON.stringify(value) : `${value}`;
}

/** Milliseconds of a number or of a date's text. */
function timeOf(value: Plain): number {
  return typeof value === "number" ? value : Date.parse(value);
}
