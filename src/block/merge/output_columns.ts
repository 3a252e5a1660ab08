// The columns of a merged block as bytes, each in the smallest of the forms that readers know.

import { ByteWriter, COPY_SLACK_BYTES } from "../codec/bytes.ts";
import type { NamedColumn } from "../codec/column_chunks.ts";
import { METADATA_PREFIX } from "../codec/column_chunks.ts";
import { codeBytes, dictionarySizeMax } from "../codec/dictionary.ts";
import { writeNumbers } from "../codec/numbers.ts";
import { receivedColumn, timingColumns } from "../codec/residual_numbers.ts";
import { rowsByNumbers, sparseOrder } from "../codec/row_order.ts";
import { writeRows, writeSparseTexts } from "../codec/sparse_column.ts";
import { COLUMN_FORM } from "../codec/text_column.ts";
import { VALUE_TYPE } from "../codec/value_column.ts";
import { keyTypeColumn } from "../encode.ts";
import { CHUNKED_COLUMN, type ChunkedTextSource, chunkedTextColumns } from "../filter/chunked_texts.ts";
import type { TextBuffer, ValueBuffer } from "./column_buffers.ts";
import type { SparseTextBuffer } from "./merge_input.ts";
import { type ArenaDictionary, bytesInOrder, dictionaryInOrder, inOrder, type MergeOutput } from "./merge_output.ts";

/** The columns that have any value. Messages lie in chunks of `chunkTexts`; undefined: in one. */
export function outputColumns(output: MergeOutput, chunkTexts: number | undefined): NamedColumn[] {
  const { input: blocks, rows } = output;
  const id = inOrder(blocks.id.view(), rows);
  const numbers = {
    count: blocks.count,
    time: output.time,
    received: inOrder(blocks.received.view(), rows),
    // The ids of blocks mostly rise already.
    receivedById: inOrder(blocks.received.view(), rowsByNumbers(blocks.id.view())),
    start: output.sparseNumbers(blocks.start),
    end: output.sparseNumbers(blocks.end),
    duration: output.duration,
  };
  const columns: NamedColumn[] = [
    ["id", (writer) => writeNumbers(writer, id)],
    ["time", (writer) => writeNumbers(writer, output.time)],
    receivedColumn(numbers),
    ["flags", (writer) => writer.raw(output.flags)],
    ...keyTypeColumn(output),
    ["apiKey", (writer) => writeCoded(writer, output.apiKey)],
    ["touchpoint", (writer) => writeCoded(writer, output.touchpoint)],
    ...(chunkTexts === undefined
      ? [[CHUNKED_COLUMN, (writer: ByteWriter) => writeTexts(writer, blocks.message, rows)] as const]
      : chunkedTextColumns(chunkedMessages(output), chunkTexts)),
  ];
  if (blocks.key.rows.length > 0) {
    columns.push(["key", (writer) => writeSparseBuffer(writer, blocks.key, output.newRows)]);
  }
  columns.push(...timingColumns(numbers));
  for (const name of output.metadataNames) {
    const column = blocks.metadata.get(name) as ValueBuffer;
    columns.push([METADATA_PREFIX + name, (writer) => writeField(writer, column, output.newRows)]);
  }
  if (output.overflow.rows.length > 0)
    columns.push(["rest", (writer) => writeSparseTexts(writer, output.overflow, blocks.count)]);
  return columns;
}

/** Writes dictionary-encoded texts. */
function writeCoded(writer: ByteWriter, { arena, texts, codes }: ArenaDictionary): void {
  writer.unsigned(texts.length);
  for (const text of texts) {
    const bytes = arena.bytesOf(text);
    writer.unsigned(bytes.length);
    writer.raw(bytes);
  }
  const width = codeBytes(texts.length);
  for (let plane = 0; plane < width; plane++) writer.lowBytes(codes, plane * 8);
}

/** Writes texts in the plain form. */
function writePlain(writer: ByteWriter, column: TextBuffer, places: Uint32Array): void {
  const { arena } = column;
  const texts = placed(column.view(), places);
  writer.unsignedAll(arena.lengths(texts));
  arena.writeBytes(writer, texts);
}

/**
 * The messages in the order of rows, to be cut into chunks. Copied in order once: reading each where it lies made
 * filters twice as slow.
 */
export function chunkedMessages({ input: blocks, rows }: MergeOutput): ChunkedTextSource {
  const { arena } = blocks.message;
  const texts = placed(blocks.message.view(), rows);
  const ends = arena.endsOf(texts);
  const ordered = new ByteWriter((ends.at(-1) as number) + COPY_SLACK_BYTES);
  arena.writeBytes(ordered, texts);
  return { lengths: arena.lengths(texts), bytes: ordered.view(), ends };
}

/** Writes texts in the smaller form, after its byte. `places[place]` is the former place of each new one. */
function writeTexts(writer: ByteWriter, column: TextBuffer, places: Uint32Array): void {
  const codes = column.arena.codes(dictionarySizeMax(places.length));
  if (codes === undefined) {
    writer.byte(COLUMN_FORM.plain);
    writePlain(writer, column, places);
    return;
  }
  writer.byte(COLUMN_FORM.dictionary);
  writeCoded(writer, dictionaryInOrder({ arena: column.arena, texts: column.view() }, codes, places));
}

function writeSparseBuffer(writer: ByteWriter, { rows, texts }: SparseTextBuffer, newRows: Uint32Array): void {
  const order = sparseOrder(rows.view(), newRows);
  writeRows(writer, order.rows, newRows.length);
  writePlain(writer, texts, order.places);
}

/** Writes the JSON values of a metadata field. */
function writeField(writer: ByteWriter, column: ValueBuffer, newRows: Uint32Array): void {
  const order = sparseOrder(column.rows.view(), newRows);
  writeRows(writer, order.rows, newRows.length);
  if (column.areAllStrings) {
    writeTexts(writer, column.texts, order.places);
    return;
  }
  const types = column.types.view();
  // For each former place the index of its number or its text.
  const indexes = new Uint32Array(types.length);
  let [numberCount, textCount] = [0, 0];
  for (let place = 0; place < types.length; place++) {
    const type = types[place];
    if (type === VALUE_TYPE.number) indexes[place] = numberCount++;
    else if (type === VALUE_TYPE.string || type === VALUE_TYPE.json) indexes[place] = textCount++;
  }
  const isText = (place: number) => types[place] === VALUE_TYPE.string || types[place] === VALUE_TYPE.json;
  const numbers = order.places.filter((place) => types[place] === VALUE_TYPE.number);
  const texts = order.places.filter(isText);
  writer.byte(COLUMN_FORM.typed);
  writer.raw(bytesInOrder(types, order.places));
  writeNumbers(writer, inOrder(column.numbers.view(), placed(indexes, numbers)));
  writePlain(writer, column.texts, placed(indexes, texts));
}

function placed(values: Uint32Array, places: Uint32Array): Uint32Array {
  const moved = new Uint32Array(places.length);
  for (let place = 0; place < moved.length; place++) moved[place] = values[places[place] as number] as number;
  return moved;
}
