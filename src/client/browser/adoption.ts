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

/**
 * Sends the batches once no other tab does, until there are none. Calls in the meantime do nothing. `lease.release` is
 * set until then; it ends the wait for the other tab, or the sending.
 */
export async function adoptBatches(sender: Pick<Sender, "adopt">, lease: { release?: () => void }): Promise<void> {
  if (lease.release) return;
  const leaving = new AbortController();
  const { signal } = leaving;
  const release = () => {
    leaving.abort();
    if (lease.release === release) delete lease.release;
  };
  lease.release = release;
  try {
    const { locks } = navigator;
    const send = () => sendItems(sender, release, signal);
    // What the other tab, or the page before this one, leaves unsent is taken over from it.
    await (locks ? locks.request(LOCK, { signal }, send) : send());
  } catch {
    // No storage, nothing to send; or left before the other tab was done.
  }
  release();
}

/** Calls `release` when all batches have a response, also those that were saved meanwhile. Resolves at the release. */
function sendItems(sender: Pick<Sender, "adopt">, release: () => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve());
    const adopted = new Set<string>();
    const adoptRest = (): void => {
      let left = 0;
      const batches = storedNames()
        .filter((name) => !adopted.has(name))
        .sort()
        .flatMap((name): Batch[] => {
          adopted.add(name);
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
            if (--left === 0 && !signal.aborted) adoptRest();
          };
          return [{ id, body, bytes: bytesOf(body), entryCount, sequence: 0, isTried: true, onSettled }];
        });
      if (!left) return release();
      sender.adopt(batches);
    };
    adoptRest();
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
