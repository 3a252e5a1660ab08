// How much memory a query holds, about: the results that it collects, and the columns that it inflates of the block at
// hand. The reader thread decides by it which queries go on (QUERIES_BYTES_MAX in core/limits.ts).

import { type ChunkSource, inflatedBytesOf } from "../../block/codec/column_chunks.ts";
import type { ShownRecord } from "../../core/record.ts";

const MIB = 1024 * 1024;

/**
 * The memory that a block at hand takes, as a multiple of its inflated bytes: texts are decoded. Measured with messages
 * of 200 kB.
 */
const INFLATED_FACTOR = 4;

/** Characters that a number, a boolean or null counts as: an array may hold millions of them. */
const VALUE_LENGTH = 8;

/**
 * Inflated bytes after which a large process collects garbage: the runtime would wait for more of these large buffers.
 */
export const COLLECT_AFTER_BYTES = 32 * MIB;
/** Milliseconds of work after which it collects garbage, too. */
export const COLLECT_AFTER_MS = 400;
/** Resident bytes from which a process is large. In a smaller one, collecting would only cost time. */
export const COLLECT_RESIDENT_BYTES = 384 * MIB;

/** How long a query works before it yields, in ms. A step is longer where one column takes longer. */
export const STEP_MS_MAX = 10;
/** A query that holds more bytes yields after each term, so that it can be made to wait. */
export const STEP_BYTES_MAX = 16 * MIB;

export class QueryMemory {
  readonly #onInflate: (bytes: number) => void;
  #expected = 0;
  #inflated = 0;
  #collected = 0;

  /** @param onInflate called with the inflated bytes of each column chunk before it is inflated. */
  constructor(onInflate: (bytes: number) => void = () => undefined) {
    this.#onInflate = onInflate;
  }

  /** What the query holds or is about to hold, in bytes, about. */
  get bytes(): number {
    return INFLATED_FACTOR * Math.max(this.#expected, this.#inflated) + this.#collected;
  }

  /** Sets the bytes of the results collected so far. */
  setCollected(bytes: number): void {
    this.#collected = bytes;
  }

  /** Announces that so many bytes of the next block may be inflated. */
  expectBlock(bytes: number): void {
    this.#expected = bytes;
  }

  /** The same column chunks; those that are read count as inflated. */
  countInflated(chunks: ChunkSource): ChunkSource {
    return {
      names: () => chunks.names(),
      chunk: (name) => {
        const chunk = chunks.chunk(name);
        const bytes = chunk === undefined ? 0 : inflatedBytesOf(chunk);
        this.#inflated += bytes;
        this.#onInflate(bytes);
        return chunk;
      },
    };
  }

  /** Releases the block at hand. The next one is expected to take as much. */
  closeBlock(): void {
    this.#expected = this.#inflated;
    this.#inflated = 0;
  }
}

type Texts = { readonly [Name in "message" | "touchpoint" | "key" | "metadata"]?: ShownRecord[Name] | undefined };

/**
 * Characters of a record's texts, about, with the names in its metadata. Bounds pages and batches, whose records may
 * have a few bytes or a few megabytes. Recursion is bounded by METADATA_DEPTH_MAX.
 */
export function textLengthOf({ message = "", touchpoint = "", key = "", metadata }: Texts): number {
  return message.length + touchpoint.length + key.length + (metadata === undefined ? 0 : valueLength(metadata));
}

function valueLength(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (value === null || typeof value !== "object") return VALUE_LENGTH;
  let length = 0;
  if (Array.isArray(value)) for (const element of value) length += valueLength(element);
  else for (const [name, member] of Object.entries(value)) length += name.length + valueLength(member);
  return length;
}
