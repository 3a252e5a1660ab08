// The columns of a merged block as bytes, each in the smaller of the forms that readers know.

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

/** The columns that have any value; messages in parts of so many, or undefined for one piece. */
export function outputColumns(merged: MergeOutput, partTexts: number | undefined): NamedColumn[] {
  const { input: blocks, rows } = merged;
  const id = inOrder(blocks.id.view(), rows);
  const numbers = {
    count: blocks.count,
    time: merged.time,
    received: inOrder(blocks.received.view(), rows),
    // As blocks come, their ids mostly rise already.
    receivedById: inOrder(blocks.received.view(), rowsByNumbers(blocks.id.view())),
    start: merged.sparseNumbers(blocks.start),
    end: merged.sparseNumbers(blocks.end),
    duration: merged.duration,
  };
  const columns: NamedColumn[] = [
    ["id", (writer) => writeNumbers(writer, id)],
    ["time", (writer) => writeNumbers(writer, merged.time)],
    receivedColumn(numbers),
    ["flags", (writer) => writer.raw(merged.flags)],
    ...keyTypeColumn(merged),
    ["apiKey", (writer) => writeCoded(writer, merged.apiKey)],
    ["touchpoint", (writer) => writeCoded(writer, merged.touchpoint)],
    ...(partTexts === undefined
      ? [[CHUNKED_COLUMN, (writer: ByteWriter) => writeTexts(writer, blocks.message, rows)] as const]
      : chunkedTextColumns(chunkedMessages(merged), partTexts)),
  ];
  if (blocks.key.rows.length > 0) {
    columns.push(["key", (writer) => writeSparseBuffer(writer, blocks.key, merged.newRows)]);
  }
  columns.push(...timingColumns(numbers));
  for (const name of merged.metadataNames) {
    const column = blocks.metadata.get(name) as ValueBuffer;
    columns.push([METADATA_PREFIX + name, (writer) => writeField(writer, column, merged.newRows)]);
  }
  if (merged.overflow.rows.length > 0)
    columns.push(["rest", (writer) => writeSparseTexts(writer, merged.overflow, blocks.count)]);
  return columns;
}

/** Entries, then codes by planes of a byte each. */
function writeCoded(writer: ByteWriter, { arena: pool, texts, codes }: ArenaDictionary): void {
  writer.unsigned(texts.length);
  for (const text of texts) {
    const bytes = pool.bytesOf(text);
    writer.unsigned(bytes.length);
    writer.raw(bytes);
  }
  const width = codeBytes(texts.length);
  for (let plane = 0; plane < width; plane++) writer.lowBytes(codes, plane * 8);
}

/** Lengths in UTF-16 units plus one, 0 for none; then all text. */
function writePlain(writer: ByteWriter, column: TextBuffer, places: Uint32Array): void {
  const { arena: pool } = column;
  const texts = placed(column.view(), places);
  writer.unsignedAll(pool.lengths(texts));
  pool.writeBytes(writer, texts);
}

/** The messages on their way into parts. Put in order once: to look for each where it lies took twice as long for their filters. */
export function chunkedMessages({ input: blocks, rows }: MergeOutput): ChunkedTextSource {
  const { arena: pool } = blocks.message;
  const texts = placed(blocks.message.view(), rows);
  const ends = pool.endsOf(texts);
  const ordered = new ByteWriter((ends.at(-1) as number) + COPY_SLACK_BYTES);
  pool.writeBytes(ordered, texts);
  return { lengths: pool.lengths(texts), bytes: ordered.view(), ends };
}

/** Either form, behind a byte that says which. `places` says for each new place which one it was. */
function writeTexts(writer: ByteWriter, column: TextBuffer, places: Uint32Array): void {
  const codes = column.arena.codes(dictionarySizeMax(places.length));
  if (codes === undefined) {
    writer.byte(COLUMN_FORM.plain);
    writePlain(writer, column, places);
    return;
  }
  writer.byte(COLUMN_FORM.dictionary);
  writeCoded(writer, dictionaryInOrder({ pool: column.arena, texts: column.view() }, codes, places));
}

function writeSparseBuffer(writer: ByteWriter, { rows, texts }: SparseTextBuffer, newRows: Uint32Array): void {
  const order = sparseOrder(rows.view(), newRows);
  writeRows(writer, order.rows, newRows.length);
  writePlain(writer, texts, order.places);
}

/** A metadata field: any JSON values. */
function writeField(writer: ByteWriter, column: ValueBuffer, newRows: Uint32Array): void {
  const order = sparseOrder(column.rows.view(), newRows);
  writeRows(writer, order.rows, newRows.length);
  if (column.areAllStrings) {
    writeTexts(writer, column.texts, order.places);
    return;
  }
  const types = column.types.view();
  // For each old place where its number or its text is.
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
