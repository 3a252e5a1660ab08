// A page that is left or hidden: what waits is handed to the browser in beacons, and what the browser refuses to localStorage, for the
// next page. So is a batch in flight, whose answer the page may not live to see: it is removed there when the answer comes. Every batch
// keeps its one idempotency key; one that was sent before is not cut.

import { batchUrl, splitBatch } from "../core/batches.ts";
import type { Sender } from "../core/sender.ts";
import type { Batch } from "../core/types.ts";

/** A smaller batch that the browser refuses is not worth splitting. */
const SPLIT_BYTES_MIN = 4000;

/** `navigator.sendBeacon`; false: the browser has no room for it. */
export type Beacon = (url: string, body: string) => boolean;

/**
 * Hands over everything that waits. `save`: keeps a batch for the next page, or has no room for it. `isOnline`: false where the browser
 * knows that nothing can be sent.
 */
export function handOver(
  sender: Pick<Sender, "take" | "isFailing" | "countDropped">,
  url: string,
  beacon: Beacon,
  save: (batch: Batch, isProbablySent: boolean) => boolean,
  isOnline: boolean,
): void {
  // A browser takes beacons whether or not they can arrive, so where the server did not answer they would be lost.
  let hasRoom = isOnline && !sender.isFailing();

  const send = (batch: Batch): boolean => beacon(batchUrl(url, batch), batch.body);

  const handOne = (batch: Batch): void => {
    // One that came from there is there still.
    if (batch.onSettled) return;
    if (!batch.isTried) {
      if (hasRoom && send(batch)) return;
      if (hasRoom && batch.entryCount > 1 && batch.bytes > SPLIT_BYTES_MIN) return splitBatch(batch).forEach(handOne);
      hasRoom = false;
    }
    // In flight for the first time, it has probably arrived.
    if (!save(batch, hasRoom) && !send(batch)) sender.countDropped(batch.entryCount);
  };

  const taken: Batch[] = [];
  for (let next = sender.take(); next; next = sender.take()) taken.push(next);
  taken.forEach(handOne);
}
