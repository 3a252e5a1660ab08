// A page that is left or hidden: waiting entries go to the browser in beacons. Batches that the browser refuses go to
// localStorage, for the next page. So does a batch in flight, because the page may not see its response; it is removed
// when the response arrives. Every batch keeps its idempotency key, and a batch that was sent before is not split.

import { batchUrl, splitBatch } from "../core/batches.ts";
import type { Sender } from "../core/sender.ts";
import type { Batch } from "../core/types.ts";

/** A refused batch below this size is not split. */
const SPLIT_BYTES_MIN = 4000;

/** `navigator.sendBeacon`; false: the browser has no room for it. */
export type Beacon = (url: string, body: string) => boolean;

/**
 * Hands over all waiting entries. `save` stores a batch for the next page; false: there is no room. `isOnline` is false
 * if the browser knows that nothing can be sent.
 */
export function handOver(
  sender: Pick<Sender, "take" | "isFailing" | "countDropped">,
  url: string,
  beacon: Beacon,
  save: (batch: Batch, isProbablySent: boolean) => boolean,
  isOnline: boolean,
): void {
  // A browser accepts beacons even if they cannot arrive. They would be lost while the server does not respond.
  let hasRoom = isOnline && !sender.isFailing();

  const send = (batch: Batch): boolean => beacon(batchUrl(url, batch), batch.body);

  const handOne = (batch: Batch): void => {
    // A batch from localStorage is still there.
    if (batch.onSettled) return;
    if (!batch.isTried) {
      if (hasRoom && send(batch)) return;
      if (hasRoom && batch.entryCount > 1 && batch.bytes > SPLIT_BYTES_MIN) return splitBatch(batch).forEach(handOne);
      hasRoom = false;
    }
    // In flight for the first time: it has probably arrived.
    if (!save(batch, hasRoom) && !send(batch)) sender.countDropped(batch.entryCount);
  };

  const taken: Batch[] = [];
  for (let next = sender.take(); next; next = sender.take()) taken.push(next);
  taken.forEach(handOne);
}
