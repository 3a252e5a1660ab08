// The column that says which key of its pair sent a record: a code a row, 0 where nobody knows, as in all blocks of older formats.
// In nearly every block it is one byte: the code of all rows, or that each row's is its source. Else it is a byte a row. A block
// in which nobody knows any has no such column.

import type { Source } from "../core/entry.ts";
import type { ByteReader, ByteWriter } from "./codec/bytes.ts";
import { sourceOf } from "./flags.ts";

/** Name of the column. */
export const KEY_TYPE_COLUMN = "keyType";

/** Index = code. */
const KEY_TYPES: readonly (Source | undefined)[] = [undefined, "server", "client"];
/** Stands for the code of each row's source. */
const AS_SOURCE = KEY_TYPES.length;

export function keyTypeCodeOf(keyType: Source | undefined): number {
  if (keyType === undefined) return 0;
  return keyType === "server" ? 1 : 2;
}

export function keyTypeOfCode(code: number): Source | undefined {
  return KEY_TYPES[code];
}

/** Whether any row has one. */
export function hasKeyTypes(codes: ArrayLike<number>): boolean {
  for (let row = 0; row < codes.length; row++) if (codes[row] !== 0) return true;
  return false;
}

/** Writes the codes; `flags` are the same rows'. */
export function writeKeyTypes(writer: ByteWriter, codes: ArrayLike<number>, flags: ArrayLike<number>): void {
  const first = codes[0] ?? 0;
  let isConstant = true;
  let isSource = true;
  for (let row = 0; row < codes.length && (isConstant || isSource); row++) {
    const code = codes[row] as number;
    if (code !== first) isConstant = false;
    if (code !== codeOfSource(flags[row] as number)) isSource = false;
  }
  if (isConstant) writer.byte(first);
  else if (isSource) writer.byte(AS_SOURCE);
  else writer.lowBytes(codes, 0);
}

/** Reads all that is left; `flags` are the block's. */
export function readKeyTypes(reader: ByteReader, flags: Uint8Array): Uint8Array {
  if (reader.left !== 1) {
    const codes = reader.raw(flags.length);
    if (codes.some((code) => code >= AS_SOURCE)) throw new RangeError("unknown type of a key");
    return codes;
  }
  const code = reader.byte();
  if (code > AS_SOURCE) throw new RangeError(`unknown type ${code} of a key`);
  return code === AS_SOURCE ? flags.map(codeOfSource) : new Uint8Array(flags.length).fill(code);
}

function codeOfSource(flags: number): number {
  return keyTypeCodeOf(sourceOf(flags));
}
