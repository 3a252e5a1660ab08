// Batches that outlive their page, in localStorage. There is one item for each batch. Its name holds the time, the
// idempotency key, and whether the batch was probably sent before. The first script saves batches; the deferred one
// reads them, see adoption.ts.

import type { Batch } from "../core/types.ts";

const PREFIX = "simplelogs:";
/** The most characters of all items. Browsers allow about 5,000,000. */
const LENGTH_MAX = 262_144;

/** The names of all items. @throws if the page may not use storage. */
export function storedNames(): string[] {
  return Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
}

/** Stores a batch for the next page. False: there is no room, or no storage. */
export function saveBatch(batch: Batch, isProbablySent: boolean): boolean {
  const { id, body } = batch;
  try {
    if (
      (
        storedNames()
          .map((one) => localStorage[one])
          .join("") + body
      ).length > LENGTH_MAX
    )
      return false;
    const name = `${PREFIX}${Date.now()}:${id}:${isProbablySent}`;
    localStorage[name] = body;
    batch.onSettled = () => delete localStorage[name];
    return true;
  } catch {
    return false;
  }
}
