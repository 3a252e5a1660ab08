// Frozen sets of entries. Once a batch has its key, its bytes stay: a repetition of the same request is stored once.

import { bytesOf } from "./bytes.ts";
import { newId } from "./ids.ts";
import type { Batch } from "./types.ts";

/** A batch with a key of its own, that nobody has seen. */
export function freezeBatch(body: string, entryCount: number, sequence: number): Batch {
  return { id: newId(), body, bytes: bytesOf(body), entryCount, sequence };
}

/** Two halves with keys of their own, in order. For a batch that was refused as a whole, or was never sent. */
export function splitBatch({ body, sequence }: Batch): Batch[] {
  const { entries, ...head } = JSON.parse(body);
  const middle = entries.length >> 1;
  return [entries.slice(0, middle), entries.slice(middle)].map((half) =>
    freezeBatch(JSON.stringify({ ...head, entries: half }), half.length, sequence),
  );
}

/** Where a batch is sent: its key is in the address, since a header would need a preflight, and beacons have none. */
export function batchUrl(url: string, { id }: Batch): string {
  return `${url}?idempotency_key=${id}`;
}
