// Which record ids were seen, as bits by ranges of ids: a range that no later block can reach is let go of, so memory holds what
// blocks overlap and not all ids there are.

import { assert } from "../../core/errors.ts";

/** Ids of one range: 8 KiB of bits. */
const RANGE_IDS = 65_536;

export class IdSet {
  readonly #ranges = new Map<number, Uint8Array>();
  #from = 0;

  /** Adds an id, not below what was forgotten; false when it was there. */
  add(id: number): boolean {
    const index = Math.floor(id / RANGE_IDS);
    assert(index >= this.#from, "an id that was forgotten is not asked for");
    let bits = this.#ranges.get(index);
    if (bits === undefined) {
      bits = new Uint8Array(RANGE_IDS / 8);
      this.#ranges.set(index, bits);
    }
    const place = id % RANGE_IDS;
    const byte = bits[place >>> 3] as number;
    const bit = 1 << (place & 7);
    bits[place >>> 3] = byte | bit;
    return (byte & bit) === 0;
  }

  /** No id below this one is asked for any more. */
  forgetBelow(id: number): void {
    this.#from = Math.max(this.#from, Math.floor(id / RANGE_IDS));
    for (const index of this.#ranges.keys()) if (index < this.#from) this.#ranges.delete(index);
  }
}
