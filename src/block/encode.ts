// Columns into bytes. A small block is packed: all its columns in one compressed piece, because a group is written as one
// row. A merged block keeps a piece a column, so that a query inflates only what it needs. Every piece carries a CRC-32 of
// its name and its compressed bytes.

import { ByteWriter } from "./codec/bytes.ts";
import {
  type ColumnChunk,
  compressChunk,
  type EncodedBlock,
  METADATA_PREFIX,
  type NamedColumn,
  PACKED_CHUNK,
} from "./codec/column_chunks.ts";
import { toDictionary, writeDictionary } from "./codec/dictionary.ts";
import { hasKeyTypes, KEY_TYPE_COLUMN, writeKeyTypes } from "./codec/flags.ts";
import { writeNumbers } from "./codec/numbers.ts";
import { writeSparseNumbers, writeSparseTexts } from "./codec/sparse_column.ts";
import { writeTexts } from "./codec/text_column.ts";
import { writeValues } from "./codec/value_column.ts";
import type { Columns } from "./columns.ts";

/** The columns of a packed block that have any value, each with its writer: in the form that costs least. */
function columnWriters(columns: Columns): NamedColumn[] {
  const { count } = columns;
  const writers: NamedColumn[] = [
    ["id", (writer) => writeNumbers(writer, columns.id)],
    ["time", (writer) => writeNumbers(writer, columns.time)],
    ["received", (writer) => writeNumbers(writer, columns.received)],
    ["flags", (writer) => writer.lowBytes(columns.flags, 0)],
    ...keyTypeColumn(columns),
    ["apiKey", (writer) => writeCoded(writer, columns.apiKey)],
    ["touchpoint", (writer) => writeCoded(writer, columns.touchpoint)],
    ["message", (writer) => writeTexts(writer, columns.message)],
  ];
  if (columns.key.rows.length > 0) writers.push(["key", (writer) => writeSparseTexts(writer, columns.key, count)]);
  for (const name of ["start", "end", "duration"] as const) {
    const column = columns[name];
    if (column.rows.length > 0) writers.push([name, (writer) => writeSparseNumbers(writer, column, count)]);
  }
  for (const [name, column] of columns.metadata) {
    writers.push([METADATA_PREFIX + name, (writer) => writeValues(writer, column, count)]);
  }
  const rest = columns.overflow;
  if (rest.rows.length > 0) writers.push(["rest", (writer) => writeSparseTexts(writer, rest, count)]);
  return writers;
}

/** The column of keys' types, where any is known; behind the flags, by which it is read. */
export function keyTypeColumn({ keyType, flags }: Pick<Columns, "keyType" | "flags">): NamedColumn[] {
  return hasKeyTypes(keyType) ? [[KEY_TYPE_COLUMN, (writer) => writeKeyTypes(writer, keyType, flags)]] : [];
}

/** Names of keys and touchpoints repeat, so they are always a dictionary, which readers rely on. */
function writeCoded(writer: ByteWriter, values: readonly (string | undefined)[]): void {
  writeDictionary(writer, toDictionary(values));
}

/** Encodes blocks; keeps its buffers, because a new one for each group was a tenth of the time. */
export class BlockEncoder {
  readonly #body = new ByteWriter();
  readonly #directory = new ByteWriter();

  /** Encodes a small block into one piece: the columns, the directory of their sizes, and the directory's size. */
  packed(columns: Columns): EncodedBlock {
    return this.packedOf(columnWriters(columns));
  }

  /** As `packed`, of columns that are already chosen. */
  packedOf(writers: readonly NamedColumn[]): EncodedBlock {
    const body = this.#body;
    const directory = this.#directory;
    body.clear();
    directory.clear();
    directory.unsigned(writers.length);
    for (const [name, write] of writers) {
      const start = body.length;
      write(body);
      directory.text(name);
      directory.unsigned(body.length - start);
    }
    body.raw(directory.view());
    body.uint32(directory.length);
    return { chunks: [compressChunk(PACKED_CHUNK, body.view())], rawBytes: body.length };
  }

  /** Encodes the columns of a merged block, a piece and a step each. No other block is encoded meanwhile. */
  *columnarSteps(writers: readonly NamedColumn[]): Generator<void, EncodedBlock> {
    const chunks: ColumnChunk[] = [];
    const writer = this.#body;
    let rawBytes = 0;
    for (const [name, write] of writers) {
      writer.clear();
      write(writer);
      rawBytes += writer.length;
      chunks.push(compressChunk(name, writer.view()));
      yield;
    }
    return { chunks, rawBytes };
  }
}
