// Garbage of large work, collected before the process is large: the runtime collects late what comes in few large
// portions, gives its space back later still, and each thread has a heap of its own. In: the bytes of each portion.
//
// Measured (2 cores, 64 connections, median of two runs): with a collection each 64 MiB of the writer's work and 32 of
// the main thread's, 489,000 entries/s and a peak of 440 MB at 1,000 entries a request, 442,000 and 380 at 100; each 16
// and 8 MiB, 443,000 and 368, 363,000 and 305. The collections of the young alone (JSC's edenGC) made 586,000 and 640
// MB. See scripts/siege for bodies of 5 MB.

import { collectGarbage } from "#runtime/memory.ts";
import { residentBytes } from "./process_memory.ts";

/** A smaller process is left alone, in bytes. */
const RESIDENT_BYTES_MIN = 224 * 1024 * 1024;

export class LargeWork {
  readonly #bytesEach: number;
  #bytes = 0;

  /** `bytesEach`: so much is worked on between two looks at the process. */
  constructor(bytesEach = 64 * 1024 * 1024) {
    this.#bytesEach = bytesEach;
  }

  /** Something of so many bytes was done, and is needed no more. */
  done(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < this.#bytesEach) return;
    this.#bytes = 0;
    if (residentBytes() >= RESIDENT_BYTES_MIN) collectGarbage();
  }
}
