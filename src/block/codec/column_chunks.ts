// A stored block's bytes, column by column: out of the one piece of a packed block, or out of a piece each. The directory of a
// packed block, names and sizes, lies behind its columns, and the directory's size behind it.

import { BlockDamagedError, orDamaged } from "../damage.ts";
import { type BlockPiece, PACKED } from "../encode.ts";
import { FILTER } from "../filter/ngram_filter.ts";
import { SUMMARY } from "../stats/statistics.ts";
import { ByteReader } from "./bytes.ts";
import { inflate } from "./inflate.ts";

/** Inflates a packed block and splits it into its columns. Throws BlockDamagedError. */
export function unpack(piece: BlockPiece): Map<string, Uint8Array> {
  const columns = new Map<string, Uint8Array>();
  orDamaged(() => split(inflate(piece), (name, bytes) => columns.set(name, bytes)));
  return columns;
}

function split(raw: Uint8Array, visit: (name: string, bytes: Uint8Array) => void): void {
  if (raw.length < 4) throw new RangeError("packed block ends early");
  const sizeAt = raw.length - 4;
  const directorySize = new DataView(raw.buffer, raw.byteOffset).getUint32(sizeAt, true);
  if (directorySize > sizeAt) throw new RangeError("directory is larger than its block");
  const directory = new ByteReader(raw.subarray(sizeAt - directorySize, sizeAt));
  const body = new ByteReader(raw.subarray(0, sizeAt - directorySize));
  for (let count = directory.unsigned(); count > 0; count--) {
    const name = directory.text();
    visit(name, body.raw(directory.unsigned()));
  }
}

/** Calls `visit` with each column's inflated bytes; they are held no longer than the call. Throws BlockDamagedError, or RangeError. */
export function forEachColumn(pieces: readonly BlockPiece[], visit: (name: string, bytes: Uint8Array) => void): void {
  const [first] = pieces;
  if (first === undefined) throw new BlockDamagedError("block has no piece");
  if (first.name === PACKED) {
    split(inflate(first), visit);
    return;
  }
  for (const piece of pieces) {
    if (piece.name !== SUMMARY && piece.name !== FILTER) visit(piece.name, inflate(piece));
  }
}
