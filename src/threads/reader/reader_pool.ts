// Readers of the data file, as the queries of a node read it: with the ids that are shown. Some stay open for the next
// query.

import type { RemovedFromFile } from "../../query/engine.ts";
import { IDS_PER_NODE } from "../../query/scan/ids.ts";
import type { QuerySource } from "../../query/scan/source.ts";
import { shownIds } from "../../query/shown_ids.ts";
import type { ExportSource } from "../../query/stream/export.ts";
import { DataReader, type TablesReader } from "../../store/tables_reader.ts";

/** A reader of the data file, for one query at a time. */
export class NodeReader {
  readonly blocks: QuerySource & ExportSource;
  readonly tables: TablesReader;
  readonly #reader: DataReader;
  readonly #node: number;

  /** @param node 0: ids are shown as the data file has them. Throws OperatingError. */
  constructor(file: string, node: number) {
    this.#reader = new DataReader(file);
    this.#node = node;
    this.blocks = shownIds(this.#reader.blocks, node);
    this.tables = this.#reader.tables;
  }

  /** The highest id, as it is shown, up to which all records are in the history. */
  shippedUpTo(): number {
    return this.#node * IDS_PER_NODE + this.tables.shippedBelow() - 1;
  }

  /** What the history has alone; `upTo` is an id as it is shown. */
  removed(): RemovedFromFile {
    const { below, receivedUpTo } = this.tables.removed();
    return { upTo: this.#node * IDS_PER_NODE + below - 1, receivedUpTo };
  }

  close(): void {
    this.#reader.close();
  }
}

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
