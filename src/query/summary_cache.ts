// What was decoded of merged blocks' summaries and filters, kept for the next question: blocks never change, so nothing here is
// ever stale. Bounded in bytes; what was used longest ago goes first.

import type { BlockSummary } from "../block/summary.ts";
import type { TextFilter } from "../block/text_filter.ts";
import type { QueryBlock } from "./source.ts";

/** Memory for what is kept, half of it for summaries: those of some 800 blocks with 20 touchpoints each, or of 100 with 500. */
const BYTES_MAX = 96 * 1024 * 1024;
/** What remembering that a block has none takes. */
const NOTHING_BYTES = 64;

interface Sized {
  readonly bytes: number;
}

/** The least recently used ones go when they are too many bytes. Null stands for a block that has none. */
class Kept<T extends Sized> {
  readonly #kept = new Map<string, T | null>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  of(name: string, read: () => T | null): T | null {
    const known = this.#kept.get(name);
    const value = known === undefined ? read() : known;
    if (known !== undefined) this.#kept.delete(name);
    else this.#bytes += sizeOf(value);
    this.#kept.set(name, value);
    for (const [oldest, one] of this.#kept) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#kept.delete(oldest);
      this.#bytes -= sizeOf(one);
    }
    return value;
  }
}

function sizeOf(value: Sized | null): number {
  return value?.bytes ?? NOTHING_BYTES;
}

export class SummaryCache {
  readonly #summaries: Kept<BlockSummary>;
  readonly #filters: Kept<TextFilter>;

  constructor(bytesMax = BYTES_MAX) {
    this.#summaries = new Kept(bytesMax / 2);
    this.#filters = new Kept(bytesMax / 2);
  }

  /** The block's summary, null where it has none; `read` gets it the first time. */
  summaryOf(block: QueryBlock, read: () => BlockSummary | null): BlockSummary | null {
    return this.#summaries.of(nameOf(block), read);
  }

  /** The block's text filter, null where it has none. */
  filterOf(block: QueryBlock, read: () => TextFilter | null): TextFilter | null {
    return this.#filters.of(nameOf(block), read);
  }
}

/** A server that was started again may give a removed block's number to another one. */
function nameOf({ id, idMin, idMax, records }: QueryBlock): string {
  return `${id} ${idMin} ${idMax} ${records}`;
}
