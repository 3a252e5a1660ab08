// Sends batches that an earlier page left in localStorage. An item is removed after the final response to its batch, so
// a page that dies in the meantime loses nothing. A Web Lock lets one tab at a time send them. Without locks (pages
// without TLS), two tabs may send the same batch, and its idempotency key makes it one.

import { bytesOf } from "../core/bytes.ts";
import type { Sender } from "../core/sender.ts";
import type { Batch } from "../core/types.ts";
import { storedNames } from "./storage.ts";

const LOCK = "simplelogs";

/**
 * The server remembers requests for 10 minutes by default. A batch that probably arrived is sent again only within this
 * time.
 */
const PROBABLY_SENT_MS_MAX = 5 * 60_000;

/** Sends the batches, unless this tab or another one is sending them. `release` is set while the lock is held. */
export async function adoptBatches(sender: Pick<Sender, "adopt">, lease: { release?: () => void }): Promise<void> {
  if (lease.release) return;
  try {
    const { locks } = navigator;
    if (locks) await locks.request(LOCK, { ifAvailable: true }, (lock) => lock && sendItems(sender, lease));
    else await sendItems(sender, lease);
  } catch {
    // No storage, nothing to send.
  }
}

/** Resolves when all batches have a response, or the page is left. */
function sendItems(sender: Pick<Sender, "adopt">, lease: { release?: () => void }): Promise<void> {
  return new Promise((resolve) => {
    const release = () => {
      if (lease.release === release) delete lease.release;
      resolve();
    };
    lease.release = release;
    let left = 0;
    const batches = storedNames()
      .sort()
      .flatMap((name): Batch[] => {
        const [, savedAtMs, id, isProbablySent] = name.split(":");
        const body = `${localStorage.getItem(name)}`;
        const entryCount = countEntries(body);
        const remove = () => localStorage.removeItem(name);
        const isLate = isProbablySent === "true" && Date.now() - Number(savedAtMs) > PROBABLY_SENT_MS_MAX;
        if (!id || !entryCount || isLate) {
          remove();
          return [];
        }
        left++;
        const onSettled = () => {
          remove();
          if (--left === 0) release();
        };
        return [{ id, body, bytes: bytesOf(body), entryCount, sequence: 0, isTried: true, onSettled }];
      });
    sender.adopt(batches);
    if (left === 0) release();
  });
}

/** 0: the item is not from this library. */
function countEntries(body: string): number {
  try {
    return JSON.parse(body).entries.length;
  } catch {
    return 0;
  }
}
