// Columns into bytes. A small block is packed: all columns in one chunk, since a group is written as one row. A merged
// block has a chunk a column, so that a query inflates only what it needs.

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

/** The columns of a packed block that have any value, in the form that is cheapest to write. */
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
  const { overflow } = columns;
  if (overflow.rows.length > 0) writers.push(["rest", (writer) => writeSparseTexts(writer, overflow, count)]);
  return writers;
}

/** The column of key types, where any is known. It comes after the flags, which it is read by. */
export function keyTypeColumn({ keyType, flags }: Pick<Columns, "keyType" | "flags">): NamedColumn[] {
  return hasKeyTypes(keyType) ? [[KEY_TYPE_COLUMN, (writer) => writeKeyTypes(writer, keyType, flags)]] : [];
}

/** Names of API keys and touchpoints repeat, so they are always dictionary-encoded; readers rely on that. */
function writeCoded(writer: ByteWriter, values: readonly (string | undefined)[]): void {
  writeDictionary(writer, toDictionary(values));
}

/** Encodes blocks. It keeps its buffers, since new ones for each group took a tenth of the time. */
export class BlockEncoder {
  readonly #body = new ByteWriter();
  readonly #directory = new ByteWriter();

  /** Encodes a small block as one chunk: its columns, the directory of their sizes, and the size of the directory. */
  packed(columns: Columns): EncodedBlock {
    return this.packedOf(columnWriters(columns));
  }

  /** As `packed`, of columns that are chosen already. */
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

  /**
   * Encodes the columns of a merged block as a chunk each, a step for each. No other block may be encoded meanwhile.
   */
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
