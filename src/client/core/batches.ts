// Batches: sets of entries whose bytes no longer change. Since a batch keeps its key and its bytes, a repeated request
// is stored once.

import { bytesOf } from "./bytes.ts";
import { newId } from "./ids.ts";
import type { Batch } from "./types.ts";

/** A new batch with a new key. */
export function freezeBatch(body: string, entryCount: number, sequence: number): Batch {
  return { id: newId(), body, bytes: bytesOf(body), entryCount, sequence };
}

/** Two halves in order, each with a new key. For a batch that was refused as a whole, or never sent. */
export function splitBatch({ body, sequence }: Batch): Batch[] {
  const { entries, ...head } = JSON.parse(body);
  const middle = entries.length >> 1;
  return [entries.slice(0, middle), entries.slice(middle)].map((half) =>
    freezeBatch(JSON.stringify({ ...head, entries: half }), half.length, sequence),
  );
}

/** The URL of a batch. It holds the key, since a header would need a preflight, and beacons have no headers. */
export function batchUrl(url: string, { id }: Batch): string {
  return `${url}?idempotency_key=${id}`;
}
