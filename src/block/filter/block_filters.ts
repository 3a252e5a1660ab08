// What lets a search for words pass over a block, or over its parts: the text filter of the whole block or, where its messages lie in
// parts, their filters and that of all other texts.

import { ByteReader } from "../codec/bytes.ts";
import type { ChunkSource, ColumnChunk } from "../codec/column_chunks.ts";
import { FILTER_CHUNK, inflate } from "../codec/column_chunks.ts";
import { orDamaged } from "../codec/damage.ts";
import { CHUNKED_COLUMN, readChunkHead, textChunkName } from "./chunked_texts.ts";
import { type NgramFilter, parseNgramFilter } from "./ngram_filter.ts";

type OptionalFilter = NgramFilter | undefined;

/** False is certain, true is not. Needles are folded. */
export class BlockFilters {
  readonly #beside: OptionalFilter;
  readonly #messages: readonly OptionalFilter[];
  /** Size when inflated, for those who keep it. */
  readonly bytes: number;

  /**
   * @param beside of all texts that are not in the other filters; undefined: nothing is known of them.
   * @param messages of the messages, in turn; undefined: nothing is known of these.
   */
  constructor(beside: OptionalFilter, messages: readonly OptionalFilter[]) {
    this.#beside = beside;
    this.#messages = messages;
    this.bytes = [beside, ...messages].reduce((sum, filter) => sum + (filter?.bytes ?? 0), 64 * (1 + messages.length));
  }

  /** Whether some text may contain the needle. */
  mayContain(needle: string): boolean {
    return this.mayContainOutsideMessages(needle) || this.#messages.some((filter) => may(filter, needle));
  }

  /** Whether some text that is no message may. */
  mayContainOutsideMessages(needle: string): boolean {
    return may(this.#beside, needle);
  }

  /** Whether some message may. */
  mayContainInMessages(needle: string): boolean {
    // Where messages have no filters of their own, the block's covers them.
    if (this.#messages.length === 0) return may(this.#beside, needle);
    return this.#messages.some((filter) => may(filter, needle));
  }
}

function may(filter: OptionalFilter, needle: string): boolean {
  return filter === undefined || filter.mayContain(needle);
}

/** The filters of a block of `count` records, or null where it has none. Throws BlockDamagedError, and what the source throws. */
export function readBlockFilters(source: ChunkSource, count: number): BlockFilters | null {
  const chunk = source.chunk(FILTER_CHUNK);
  const head = source.names().includes(textChunkName(0)) ? source.chunk(CHUNKED_COLUMN) : undefined;
  if (chunk === undefined && head === undefined) return null;
  const beside = chunk === undefined ? undefined : readWhole(chunk);
  if (head === undefined) return new BlockFilters(beside, []);
  const bytes = inflate(head);
  return orDamaged(() => {
    const reader = new ByteReader(bytes);
    // Its form.
    reader.byte();
    const { filters } = readChunkHead(reader, count);
    if (reader.left > 0) throw new RangeError("head of parts is longer than it says");
    return new BlockFilters(beside, filters);
  });
}

function readWhole(chunk: ColumnChunk): NgramFilter {
  const bytes = inflate(chunk);
  return orDamaged(() => parseNgramFilter(new ByteReader(bytes)));
}
