// The n-gram filters of a block: one for all its texts, or, where its messages lie in chunks, one for each chunk and
// one for all other texts.

import { ByteReader } from "../codec/bytes.ts";
import type { ChunkSource, ColumnChunk } from "../codec/column_chunks.ts";
import { FILTER_CHUNK, inflate } from "../codec/column_chunks.ts";
import { orDamaged } from "../codec/damage.ts";
import { CHUNKED_COLUMN, readChunkHead, textChunkName } from "./chunked_texts.ts";
import { type NgramFilter, parseNgramFilter } from "./ngram_filter.ts";

type OptionalFilter = NgramFilter | undefined;

/** What the texts of a block may contain. False is certain, true is no promise. Needles are folded (foldText). */
export class BlockFilters {
  readonly #beside: OptionalFilter;
  readonly #messages: readonly OptionalFilter[];
  /** Memory that the filters take, about; for caches. */
  readonly bytes: number;

  /**
   * @param beside of all texts that the other filters do not cover; undefined: they may contain anything.
   * @param messages of the chunks of messages, in order; undefined: that chunk may contain anything.
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

  /** Whether some text beside the messages may contain the needle. */
  mayContainOutsideMessages(needle: string): boolean {
    return may(this.#beside, needle);
  }

  /** Whether some message may contain the needle. */
  mayContainInMessages(needle: string): boolean {
    // Messages without filters of their own are covered by the block's.
    if (this.#messages.length === 0) return may(this.#beside, needle);
    return this.#messages.some((filter) => may(filter, needle));
  }
}

function may(filter: OptionalFilter, needle: string): boolean {
  return filter === undefined || filter.mayContain(needle);
}

/**
 * Reads the filters of a block of `count` records; null where it has none. Throws BlockDamagedError, and what the
 * source throws.
 */
export function readBlockFilters(source: ChunkSource, count: number): BlockFilters | null {
  const chunk = source.chunk(FILTER_CHUNK);
  const head = source.names().includes(textChunkName(0)) ? source.chunk(CHUNKED_COLUMN) : undefined;
  if (chunk === undefined && head === undefined) return null;
  const beside = chunk === undefined ? undefined : readWhole(chunk);
  if (head === undefined) return new BlockFilters(beside, []);
  const bytes = inflate(head);
  return orDamaged(() => {
    const reader = new ByteReader(bytes);
    // The form.
    reader.byte();
    const { filters } = readChunkHead(reader, count);
    if (reader.left > 0) throw new RangeError("head of the message chunks is longer than it states");
    return new BlockFilters(beside, filters);
  });
}

function readWhole(chunk: ColumnChunk): NgramFilter {
  const bytes = inflate(chunk);
  return orDamaged(() => parseNgramFilter(new ByteReader(bytes)));
}
