// Readers of the data file that stay open for the next query.

import { NodeReader } from "./node_reader.ts";

/** Idle readers that stay open. */
const IDLE_READERS_MAX = 4;

/**
 * Readers of the data file that stay open for the next query. A reader whose query failed may be broken, and is closed.
 */
export class ReaderPool {
  readonly #file: string;
  readonly #node: number;
  readonly #idle: NodeReader[] = [];

  /** @param node the number of this node; 0: there is no other. */
  constructor(file: string, node: number) {
    this.#file = file;
    this.#node = node;
  }

  /** A new one, which the caller closes. Throws OperatingError. */
  open(): NodeReader {
    return new NodeReader(this.#file, this.#node);
  }

  /** An idle reader, or a new one. Throws OperatingError. */
  take(): NodeReader {
    return this.#idle.pop() ?? this.open();
  }

  /** `isWhole`: its query did not fail. */
  giveBack(reader: NodeReader, isWhole: boolean): void {
    if (isWhole && this.#idle.length < IDLE_READERS_MAX) this.#idle.push(reader);
    else reader.close();
  }

  /** Gives `work` a reader while it runs. Throws OperatingError. */
  with<T>(work: (reader: NodeReader) => T): T {
    const reader = this.take();
    let isWhole = false;
    try {
      const answer = work(reader);
      isWhole = true;
      return answer;
    } finally {
      this.giveBack(reader, isWhole);
    }
  }
}
