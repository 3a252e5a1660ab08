// Records by their ids from the blocks of the data file, for shipping. In: a range of ids. Out: its records in the
// order of their ids. A block that cannot be read is left out, and said once.

import { BlockDamagedError } from "../../block/codec/damage.ts";
import type { Columns } from "../../block/columns.ts";
import { decodeColumns } from "../../block/open_block.ts";
import { recordsOf } from "../../block/records.ts";
import type { PlacedRecord, RecordSource } from "../../clickhouse/record_source.ts";
import type { BlockInfo, BlockReader } from "../../store/block_reader.ts";

/** Inflated bytes of decoded blocks that are kept for the next batches: a large block is in several. */
const KEPT_BYTES_MAX = 32 * 1024 * 1024;

interface Decoded {
  readonly columns: Columns;
  readonly bytes: number;
}

/** Over one read-only connection. */
export class BlockSource implements RecordSource {
  readonly #reader: BlockReader;
  readonly #log: (message: string) => void;
  /** In the order of their last use. */
  readonly #decoded = new Map<number, Decoded>();
  readonly #damaged = new Set<number>();

  constructor(reader: BlockReader, log: (message: string) => void) {
    this.#reader = reader;
    this.#log = log;
  }

  nextId(): number {
    return this.#reader.nextRecordId();
  }

  read(
    from: number,
    to: number,
    bytesMax = Number.POSITIVE_INFINITY,
  ): { readonly records: readonly PlacedRecord[]; readonly to: number } {
    this.#reader.begin();
    try {
      for (const id of this.#reader.damagedBlocks())
        this.#leaveOut(id, `block ${id} is not shipped: its zone map is damaged`);
      const listed = this.#reader.listIds(from, to);
      if (listed.length === 0) return { records: [], to: this.#nextAfter(to) };
      const end = endOfBytes(listed, from, to, bytesMax);
      const blocks = listed.filter(({ idMin }) => idMin < end);
      const records = blocks.flatMap((block) => this.#recordsOf(block, from, end));
      return { records: records.sort((one, other) => one.record.id - other.record.id), to: end };
    } finally {
      this.#reader.end();
    }
  }

  /** Drops what is kept. */
  clear(): void {
    this.#decoded.clear();
  }

  /** The id from which on there are records again. */
  #nextAfter(id: number): number {
    const next = this.nextId();
    return this.#reader.listIds(id, next).reduce((least, { idMin }) => Math.min(least, idMin), next);
  }

  #recordsOf(block: BlockInfo, from: number, to: number): PlacedRecord[] {
    const columns = this.#columnsOf(block);
    if (columns === undefined) return [];
    const isWanted = (row: number) => (columns.id[row] as number) >= from && (columns.id[row] as number) < to;
    return recordsOf(columns, isWanted).map((record) => ({ project: block.project, record }));
  }

  /** Undefined where the block is damaged. */
  #columnsOf({ id, records, rawBytes }: BlockInfo): Columns | undefined {
    const kept = this.#decoded.get(id);
    if (kept !== undefined) {
      this.#decoded.delete(id);
      this.#decoded.set(id, kept);
      return kept.columns;
    }
    try {
      const chunks = this.#reader.chunks(id);
      if (chunks === undefined) return undefined;
      const columns = decodeColumns(chunks, records);
      this.#keep(id, { columns, bytes: rawBytes });
      return columns;
    } catch (error) {
      if (!(error instanceof BlockDamagedError)) throw error;
      this.#leaveOut(id, `${records} records of block ${id} are not shipped: ${error.message}`);
      return undefined;
    }
  }

  #leaveOut(block: number, message: string): void {
    if (!this.#damaged.has(block)) this.#log(message);
    this.#damaged.add(block);
  }

  #keep(id: number, decoded: Decoded): void {
    this.#decoded.set(id, decoded);
    let bytes = 0;
    for (const one of this.#decoded.values()) bytes += one.bytes;
    for (const [oldest, one] of this.#decoded) {
      if (bytes <= KEPT_BYTES_MAX || oldest === id) return;
      this.#decoded.delete(oldest);
      bytes -= one.bytes;
    }
  }
}

/** Up to which id the records from `from` on have about so many bytes, as if all of a block were equally large. */
function endOfBytes(blocks: readonly BlockInfo[], from: number, to: number, bytesMax: number): number {
  let end = to;
  while (end - from > 1 && bytesBetween(blocks, from, end) > bytesMax) end = from + Math.ceil((end - from) / 2);
  return end;
}

function bytesBetween(blocks: readonly BlockInfo[], from: number, to: number): number {
  return blocks.reduce((sum, { idMin, idMax, rawBytes }) => {
    const ids = Math.min(idMax + 1, to) - Math.max(idMin, from);
    return sum + (Math.max(0, ids) / (idMax - idMin + 1)) * rawBytes;
  }, 0);
}
