// What a query holds, about, for whoever decides which queries may go on: the lists it collects, and what it inflates of the block in work.

import type { ChunkSource } from "../../block/codec/column_chunks.ts";
import { inflatedBytesOf } from "../../block/codec/column_chunks.ts";
import { INFLATED_FACTOR } from "./limits.ts";

export class QueryMemory {
  readonly #onInflated: (bytes: number) => void;
  #expected = 0;
  #inflated = 0;
  #collected = 0;

  /** @param onInflated is told of each piece before it is inflated. */
  constructor(onInflated: (bytes: number) => void = () => undefined) {
    this.#onInflated = onInflated;
  }

  /** What it holds, or is about to hold. */
  get bytes(): number {
    return INFLATED_FACTOR * Math.max(this.#expected, this.#inflated) + this.#collected;
  }

  /** What was collected so far. */
  setCollected(bytes: number): void {
    this.#collected = bytes;
  }

  /** So many bytes of the block in work may be inflated from now on. */
  expectBlock(bytes: number): void {
    this.#expected = bytes;
  }

  /** The pieces of the block in work, as they are; what they take is counted. */
  countInflated(pieces: ChunkSource): ChunkSource {
    return {
      names: () => pieces.names(),
      chunk: (name) => {
        const piece = pieces.chunk(name);
        const bytes = piece === undefined ? 0 : inflatedBytesOf(piece);
        this.#inflated += bytes;
        this.#onInflated(bytes);
        return piece;
      },
    };
  }

  /** The block in work is done; the next one is expected to take as much. */
  closeBlock(): void {
    this.#expected = this.#inflated;
    this.#inflated = 0;
  }
}
