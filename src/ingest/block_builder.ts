// The records of one group on their way into blocks: ids are given in the order of arrival, columns are filled a project
// and UTC day.

import { appendRecord, type ColumnsDraft, emptyColumns } from "../block/columns.ts";
import { DAY_MS } from "../core/limits.ts";
import type { StoredRecord } from "../core/record.ts";

/** Columns of one project and one UTC day. */
export interface BuiltBlock {
  readonly project: string;
  readonly day: number;
  readonly columns: ColumnsDraft;
}

export class BlockBuilder {
  readonly #blocks = new Map<string, BuiltBlock>();
  #nextId: number;
  /** Most records of a group belong to the block of the record before. */
  #last: BuiltBlock | undefined;

  constructor(nextId: number) {
    this.#nextId = nextId;
  }

  get nextId(): number {
    return this.#nextId;
  }

  get blocks(): BuiltBlock[] {
    return [...this.#blocks.values()];
  }

  add(project: string, record: Omit<StoredRecord, "id">): void {
    const day = Math.floor(record.time / DAY_MS);
    let block = this.#last;
    if (block === undefined || block.day !== day || block.project !== project) {
      block = this.#blockOf(project, day);
      this.#last = block;
    }
    appendRecord(block.columns, this.#nextId++, record);
  }

  #blockOf(project: string, day: number): BuiltBlock {
    const name = `${day}/${project}`;
    let block = this.#blocks.get(name);
    if (block === undefined) {
      block = { project, day, columns: emptyColumns() };
      this.#blocks.set(name, block);
    }
    return block;
  }
}
