// A node's records as its queries read them: the data file with the ids that are shown, and beside it the history.

import type { ClickHouseHistory } from "../../clickhouse/history.ts";
import type { Steps } from "../../core/steps.ts";
import type { History, RemovedFromFile } from "../../query/engine.ts";
import { IDS_PER_NODE } from "../../query/scan/ids.ts";
import { QueryMemory } from "../../query/scan/query_memory.ts";
import type { QuerySource } from "../../query/scan/source.ts";
import type { Visible } from "../../query/scan/visible.ts";
import { shownIds } from "../../query/shown_ids.ts";
import type { ExportSource } from "../../query/stream/export.ts";
import type { ExportHistory } from "../../query/stream/export_text.ts";
import type { ReadAccess } from "../../store/database.ts";
import { DataReader, type TablesReader } from "../../store/tables_reader.ts";
import type { HistorySettings } from "../messages.ts";

/** A reader of the data file, for one query at a time. */
export class NodeReader {
  readonly blocks: QuerySource & ExportSource;
  readonly tables: TablesReader;
  readonly #reader: DataReader;
  readonly #node: number;

  /** @param node 0: ids are shown as the data file has them. Throws OperatingError. */
  constructor(file: string, node: number, access?: ReadAccess) {
    this.#reader = new DataReader(file, access);
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

/** Nothing of it is loaded where there is no history. */
export async function loadHistory(settings: HistorySettings): Promise<ClickHouseHistory> {
  const loaded = await import("../../clickhouse/history.ts");
  return new loaded.ClickHouseHistory(settings);
}

/** The history as a query reads it. */
export function historyOf(history: ClickHouseHistory, reader: NodeReader): History {
  return {
    shippedUpTo: () => reader.shippedUpTo(),
    removed: () => reader.removed(),
    records: (range) => history.records(range),
  };
}

/** The history as an export reads it. Throws HistoryError. */
export function* exportHistory(history: ClickHouseHistory, reader: NodeReader, visible: Visible): Steps<ExportHistory> {
  const memory = new QueryMemory();
  const limits = { memory, clock: () => performance.now(), deadline: Number.POSITIVE_INFINITY };
  const records = () => {
    return history.records({
      shippedUpTo: reader.shippedUpTo(),
      visible,
      ownProjects: reader.blocks.projects(),
      isOwnOnly: false,
    });
  };
  return {
    projects: yield* records().projects(limits),
    shippedUpTo: () => reader.shippedUpTo(),
    inOrder: (scope, after, upTo) => records().inOrder(limits, scope, after, upTo),
  };
}
