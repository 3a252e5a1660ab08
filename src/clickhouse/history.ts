// The history of a node: what the reader thread gives to its queries, and the only file that the threads load for
// reading when there is a [clickhouse].

import type { HistoryRange, HistoryRecords } from "../query/engine.ts";
import { ClickHouseRecords, type RowSource } from "./clickhouse_records.ts";
import { ClickHouseClient } from "./client.ts";
import { ClickHouseError, isTableMissing } from "./errors.ts";
import { RECORDS } from "./schema.ts";
import { SqlParameters } from "./sql_parameters.ts";

/** How long listing them may take, in ms. */
const LISTING_MS_MAX = 10_000;

/** Where the history is. */
export interface HistoryAddress {
  readonly urls: readonly string[];
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly cluster: string;
  /** The number of this node. */
  readonly node: number;
}

export class ClickHouseHistory {
  readonly #client: RowSource;
  readonly #node: number;
  /** Projects that were seen in the table. */
  readonly #known = new Set<string>();

  constructor(address: HistoryAddress, client: RowSource = new ClickHouseClient(address)) {
    this.#client = client;
    this.#node = address.node;
  }

  /** The records that a query reads of it. */
  records(range: HistoryRange): HistoryRecords {
    const projects = (signal: AbortSignal) => this.#projects(range.ownProjects, signal);
    return new ClickHouseRecords({ ...range, client: this.#client, node: this.#node, projects });
  }

  /**
   * Asks for those only that are not known yet, so every list is complete. The table is sorted by project: ClickHouse
   * leaves out all others by its index, and reads a few rows of each part however large it is.
   */
  async #projects(own: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const parameters = new SqlParameters();
    const others = parameters.texts([...new Set([...this.#known, ...own])]);
    const sql = `SELECT DISTINCT project FROM ${RECORDS} WHERE project NOT IN ${others}`;
    const options = { signal, timeMsMax: LISTING_MS_MAX };
    try {
      for await (const rows of this.#client.stream(sql, parameters.values, options)) {
        for (const [name] of rows) this.#known.add(name as string);
      }
    } catch (error) {
      // Whoever reads records finds out whether that may be.
      if (!(error instanceof ClickHouseError) || !isTableMissing(error)) throw error;
    }
    return [...this.#known].sort();
  }
}
