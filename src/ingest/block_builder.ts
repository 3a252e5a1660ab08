// The records of one group on their way into blocks: ids are given in the order of arrival, columns are filled a project
// and UTC day.

import { appendRecord, type ColumnsDraft, emptyColumns } from "../block/columns.ts";
import type { NewBlock } from "../commit/group_write.ts";
import { DAY_MS } from "../core/limits.ts";
import type { StoredRecord } from "../core/record.ts";

/** A block that records are still added to. */
interface BlockDraft extends NewBlock {
  readonly columns: ColumnsDraft;
}

export class BlockBuilder {
  readonly #blocks = new Map<string, BlockDraft>();
  #nextId: number;
  /** Most records of a group belong to the block of the record before. */
  #last: BlockDraft | undefined;

  constructor(nextId: number) {
    this.#nextId = nextId;
  }

  get nextId(): number {
    return this.#nextId;
  }

  get blocks(): NewBlock[] {
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

  #blockOf(project: string, day: number): BlockDraft {
    const name = `${day}/${project}`;
    let block = this.#blocks.get(name);
    if (block === undefined) {
      block = { project, day, columns: emptyColumns() };
      this.#blocks.set(name, block);
    }
    return block;
  }
}
