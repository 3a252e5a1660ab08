// Readers of the data file that are kept open for the next questions. One whose question failed may be broken, and is closed.

import { DataReader } from "../../store/tables_reader.ts";

/** Readers that are kept. */
const KEPT_MAX = 4;

export class ReaderPool {
  readonly #file: string;
  readonly #idle: DataReader[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  /** Throws OperatingError. */
  take(): DataReader {
    return this.#idle.pop() ?? new DataReader(this.#file);
  }

  giveBack(reader: DataReader, isWhole: boolean): void {
    if (isWhole && this.#idle.length < KEPT_MAX) this.#idle.push(reader);
    else reader.close();
  }

  /** Takes a reader for as long as the work lasts. */
  with<T>(work: (reader: DataReader) => T): T {
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
