// What the server promises with a 202, in a sentence, by its setting; and what storage comes to a record.

import type { StatusAnswer } from "../../../core/responses.ts";

type Durability = StatusAnswer["durability"];

export const DURABILITY_TEXTS: Readonly<Record<Durability, string>> = {
  sync: "What was answered 202 is on disk, synced: nothing is lost, not even when the power fails.",
  write:
    "What was answered 202 is with the operating system: nothing is lost when the server is killed; a power failure can take the last moments.",
  memory: "What was answered 202 may still wait in memory: when the process dies, what waits is lost.",
};

/** Null where there is no record. */
export function bytesPerRecord({
  bytes,
  records,
}: {
  readonly bytes: number;
  readonly records: number;
}): number | null {
  return records === 0 ? null : bytes / records;
}
