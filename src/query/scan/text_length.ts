// How long a record's texts are: what bounds pages and batches, whose records may be a few bytes or a few megabytes.

import type { ShownRecord } from "../../core/record.ts";

/** What a number, a boolean or null counts as: an array may hold millions of them. */
const VALUE_LENGTH = 8;

type Texts = { readonly [Name in "message" | "touchpoint" | "key" | "metadata"]?: ShownRecord[Name] | undefined };

/** Characters of its texts, about, the names of metadata included. */
export function textLengthOf({ message = "", touchpoint = "", key = "", metadata }: Texts): number {
  return message.length + touchpoint.length + key.length + (metadata === undefined ? 0 : lengthOfValue(metadata));
}

/** Metadata nests at most as deep as it was let in. */
function lengthOfValue(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (value === null || typeof value !== "object") return VALUE_LENGTH;
  let length = 0;
  if (Array.isArray(value)) for (const element of value) length += lengthOfValue(element);
  else for (const [name, member] of Object.entries(value)) length += name.length + lengthOfValue(member);
  return length;
}
