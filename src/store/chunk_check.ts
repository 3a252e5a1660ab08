// Whether a block's pieces are those that were written, by what its header says of them; each piece's bytes have a checksum of their own.

import type { ColumnChunk } from "../block/codec/column_chunks.ts";
import { BlockDamagedError } from "../block/codec/damage.ts";
import { areNamesSound } from "./block_table.ts";

/** What a block's header says of its pieces. */
export interface Written {
  readonly bytes: number;
  readonly checksum: number;
}

/** Throws BlockDamagedError. */
export function checkComplete(pieces: readonly ColumnChunk[], written: Written): void {
  const names = pieces.map(({ name }) => name);
  checkWritten(
    names,
    pieces.reduce((sum, { data }) => sum + data.length, 0),
    written,
  );
}

/** Pieces that are away, or are called otherwise, would be taken for fields that no record has. Throws BlockDamagedError. */
export function checkWritten(names: readonly string[], found: number, { bytes, checksum }: Written): void {
  if (found !== bytes) throw new BlockDamagedError(`its pieces are not all there: ${found} bytes, expected ${bytes}`);
  if (!areNamesSound(names, checksum)) throw new BlockDamagedError("the names of its columns are damaged");
}
