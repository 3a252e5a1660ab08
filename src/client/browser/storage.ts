// Batches that outlive their page, in localStorage: one item a batch, named by when it was saved, its idempotency key, and whether it
// was probably sent before. Saving is of the first script; reading back is of the deferred one, see adoption.ts.

import type { Batch } from "../core/types.ts";

const PREFIX = "simplelogs:";
/** Characters of all items: what pages may leave behind. Browsers allow some 5,000,000. */
const LENGTH_MAX = 262_144;

/** Names of what pages left. @throws where a page may have no storage. */
export function storedNames(): string[] {
  return Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
}

/** Keeps a batch for the next page; false: there is no room, or no storage. */
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
