// A reader of the data file: its blocks and everything beside them, over one read-only connection.

import type { Database } from "../runtime/driver.ts";
import { BlockReader } from "./block_reader.ts";
import { openForReading, type ReadAccess } from "./database.ts";
import { DetailsReader } from "./tables_reader.ts";

export class DataReader {
  readonly blocks: BlockReader;
  readonly details: DetailsReader;
  readonly #database: Database;

  /** Throws OperatingError. */
  constructor(file: string, access: ReadAccess = "shared") {
    this.#database = openForReading(file, access);
    this.blocks = new BlockReader(this.#database);
    this.details = new DetailsReader(this.#database);
  }

  close(): void {
    this.#database.close();
  }
}
