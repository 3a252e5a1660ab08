// Garbage of large work, collected before the process is large: the runtime collects late what comes in few large portions, and each thread
// has a heap of its own. In: the bytes of each portion. Measured with bodies of 5 MB: see the memory attacks of scripts/siege.

import { collectGarbage } from "#runtime/memory.ts";

/** So much is worked on between two looks, in bytes: collecting takes some ten milliseconds. */
const BYTES_EACH = 64 * 1024 * 1024;
/** A smaller process is left alone, in bytes. */
const RESIDENT_BYTES_MIN = 384 * 1024 * 1024;

export class LargeWork {
  #bytes = 0;

  /** Something of so many bytes was done, and is needed no more. */
  done(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < BYTES_EACH) return;
    this.#bytes = 0;
    if (process.memoryUsage.rss() >= RESIDENT_BYTES_MIN) collectGarbage();
  }
}
