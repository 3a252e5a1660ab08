// The history of a node: what the reader thread gives to its queries, and the only file that the threads load for
// reading when there is a [clickhouse].

import { SHIPPED_STAY_MS } from "../commit/shipping_state.ts";
import type { HistoryRange, HistoryRecords } from "../query/engine.ts";
import { ClickHouseRecords, type RowSource } from "./clickhouse_records.ts";
import { ClickHouseClient } from "./client.ts";
import { ClickHouseError, isTableMissing } from "./errors.ts";
import { RECORDS } from "./schema.ts";

/** How long the list of projects is believed, in ms. Records of a new one are shown so much later at most. */
const PROJECTS_MS = 2_000;
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
  /** How long a record stays in the data file after its receipt, at least, in ms. */
  readonly keptMs = SHIPPED_STAY_MS;
  readonly #node: number;
  readonly #clock: () => number;
  #known: { readonly names: Promise<readonly string[]>; readonly untilMs: number } | undefined;

  /** @param clock monotonic ms */
  constructor(address: HistoryAddress, clock: () => number, client: RowSource = new ClickHouseClient(address)) {
    this.#client = client;
    this.#node = address.node;
    this.#clock = clock;
  }

  /** The records that a query reads of it. */
  records(range: HistoryRange): HistoryRecords {
    const projects = () => this.#projects();
    return new ClickHouseRecords({ ...range, client: this.#client, node: this.#node, projects });
  }

  #projects(): Promise<readonly string[]> {
    const now = this.#clock();
    if (this.#known !== undefined && now < this.#known.untilMs) return this.#known.names;
    const names = this.#projectNames();
    this.#known = { names, untilMs: now + PROJECTS_MS };
    // A failure is not believed: the next query asks again.
    names.catch(() => {
      if (this.#known?.names === names) this.#known = undefined;
    });
    return names;
  }

  async #projectNames(): Promise<readonly string[]> {
    const names: string[] = [];
    const options = { signal: new AbortController().signal, timeMsMax: LISTING_MS_MAX };
    try {
      for await (const rows of this.#client.stream(`SELECT DISTINCT project FROM ${RECORDS}`, {}, options)) {
        for (const [name] of rows) names.push(name as string);
      }
    } catch (error) {
      // Whoever reads records finds out whether that may be.
      if (!(error instanceof ClickHouseError) || !isTableMissing(error)) throw error;
    }
    return names.sort();
  }
}
