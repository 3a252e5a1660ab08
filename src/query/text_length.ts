// How long a record's texts are: what bounds pages and batches, whose records may be a few bytes or a few megabytes.

import type { ShownRecord } from "../core/record.ts";

/** Characters of its texts, the names of metadata included. */
export function textLengthOf({ message = "", touchpoint = "", key = "", metadata }: ShownRecord): number {
  return message.length + touchpoint.length + key.length + lengthOfValue(metadata);
}

/** Metadata nests at most as deep as it was let in. */
function lengthOfValue(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (value === null || typeof value !== "object") return 0;
  let length = 0;
  for (const [name, member] of Object.entries(value)) length += name.length + lengthOfValue(member);
  return length;
}
