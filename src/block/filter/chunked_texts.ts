// A long column of plain texts in chunks of some thousand texts, each a column chunk with an n-gram filter of its own.
// Rows are ordered by touchpoint, so the texts of a chunk are alike, and a search inflates only the few chunks that may
// contain its needle. The column's own chunk is the head, which holds the filters; the filter of the block then leaves
// this column out.
//
// Measured on 65,536 real lines with redrawn digits (4.6 MB, 980 KB compressed): chunks of 4,096 texts are 1.8 % larger
// than one of all, and their filters take 10 KB, 0.37 bytes a record in all; of 2,048 texts 3.2 % and 13 KB, of 16,384
// texts 1 % and 7 KB.

import { ByteReader, type ByteWriter } from "../codec/bytes.ts";
import type { NamedColumn } from "../codec/column_chunks.ts";
import type { OptionalText } from "../codec/dictionary.ts";
import { COLUMN_FORM, type PlainTexts, type TextColumn } from "../codec/text_column.ts";
import { type FilterVersion, type NgramFilter, NgramFilterBuilder, parseNgramFilter } from "./ngram_filter.ts";

/** Texts of a chunk; the last one may have fewer. */
export const CHUNK_TEXTS = 4_096;

/** Most bits of a chunk's filter, as a power of two: 4 KiB. */
const CHUNK_FILTER_BITS_LOG2_MAX = 15;

/** The column that may lie in chunks. */
export const CHUNKED_COLUMN = "message";

/** Name of the column chunk that holds text chunk `chunk`, from 0 on. */
export function textChunkName(chunk: number): string {
  return `${CHUNKED_COLUMN}#${chunk}`;
}

/** The number of a text chunk by the name of its column chunk; undefined for any other name. */
export function textChunkNumber(name: string): number | undefined {
  const prefix = `${CHUNKED_COLUMN}#`;
  return name.startsWith(prefix) ? Number(name.slice(prefix.length)) : undefined;
}

/** Texts in the order of rows, to be cut into chunks: text n lies from `ends[n]` to `ends[n + 1]`. */
export interface ChunkedTextSource {
  /** Length of each text in UTF-16 units plus 1, 0 for none. */
  readonly lengths: Uint32Array;
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
}

/** The columns to write: the head, then the chunks in the plain form. */
export function chunkedTextColumns(source: ChunkedTextSource, chunkTexts: number): NamedColumn[] {
  const { lengths, bytes, ends } = source;
  const columns: NamedColumn[] = [[CHUNKED_COLUMN, (writer) => writeChunkHead(writer, source, chunkTexts)]];
  for (let from = 0, chunk = 0; from < lengths.length; from += chunkTexts, chunk++) {
    const to = Math.min(lengths.length, from + chunkTexts);
    columns.push([
      textChunkName(chunk),
      (writer) => {
        writer.unsignedAll(lengths.subarray(from, to));
        writer.raw(bytes.subarray(ends[from], ends[to]));
      },
    ]);
  }
  return columns;
}

/**
 * Writes the head: the form, the number of texts in a chunk, and for each chunk the size of its filter (0 for none) and
 * the filter.
 */
export function writeChunkHead(
  writer: ByteWriter,
  { lengths, bytes, ends }: ChunkedTextSource,
  chunkTexts: number,
  version?: FilterVersion,
): void {
  writer.byte(COLUMN_FORM.chunks);
  writer.unsigned(chunkTexts);
  const builder = new NgramFilterBuilder(CHUNK_FILTER_BITS_LOG2_MAX, version);
  for (let from = 0; from < lengths.length; from += chunkTexts) {
    builder.clear();
    builder.addTexts(bytes, ends, from, Math.min(lengths.length, from + chunkTexts));
    const filter = builder.encode();
    writer.unsigned(filter?.length ?? 0);
    if (filter !== undefined) writer.raw(filter.view());
  }
}

/** The head of a column in chunks. */
export interface ChunkHead {
  readonly chunkTexts: number;
  /** By chunk; undefined: the chunk may contain anything. */
  readonly filters: readonly (NgramFilter | undefined)[];
}

/** Reads the head of `count` texts, after the byte of the form. Throws RangeError. */
export function readChunkHead(reader: ByteReader, count: number): ChunkHead {
  const chunkTexts = reader.unsigned();
  if (chunkTexts === 0) throw new RangeError("a chunk has no texts");
  const filters: (NgramFilter | undefined)[] = [];
  for (let from = 0; from < count; from += chunkTexts) {
    const size = reader.unsigned();
    filters.push(size === 0 ? undefined : parseNgramFilter(new ByteReader(reader.raw(size))));
  }
  return { chunkTexts, filters };
}

/**
 * A column in chunks as it is read. A chunk is loaded when it is first needed, and never for a needle that it cannot
 * contain.
 */
export class ChunkedTexts implements TextColumn {
  readonly count: number;
  readonly #head: ChunkHead;
  readonly #load: (chunk: number, count: number) => PlainTexts;
  readonly #chunks: (PlainTexts | undefined)[] = [];

  /** @param load loads a chunk of `count` texts. It is called once for each chunk; what it throws passes. */
  constructor(head: ChunkHead, count: number, load: (chunk: number, count: number) => PlainTexts) {
    this.count = count;
    this.#head = head;
    this.#load = load;
  }

  asDictionary(): undefined {
    return undefined;
  }

  has(place: number): boolean {
    return this.#chunkOf(place).has(place % this.#head.chunkTexts);
  }

  value(place: number): OptionalText {
    return this.#chunkOf(place).value(place % this.#head.chunkTexts);
  }

  beginning(place: number, lengthMax: number): OptionalText {
    return this.#chunkOf(place).beginning(place % this.#head.chunkTexts, lengthMax);
  }

  /** Loads the chunks of these places, so that `has` and `value` of them load nothing. */
  load(places: ArrayLike<number>): void {
    for (let index = 0; index < places.length; index++) this.#chunkOf(places[index] as number);
  }

  all(): OptionalText[] {
    const texts: OptionalText[] = [];
    this.#forEachChunk((chunk) => {
      for (const text of this.#chunk(chunk).all()) texts.push(text);
    });
    return texts;
  }

  markContaining(needle: string, hits: Uint8Array, wanted?: Uint8Array): void {
    this.#forEachChunk((chunk, from, to) => {
      if (wanted !== undefined && !wanted.subarray(from, to).includes(1)) return;
      if (this.#head.filters[chunk]?.mayContain(needle) === false) return;
      this.#chunk(chunk).markContaining(needle, hits.subarray(from, to));
    });
  }

  markWhere(test: (text: string) => boolean, hits: Uint8Array): void {
    this.#forEachChunk((chunk, from, to) => this.#chunk(chunk).markWhere(test, hits.subarray(from, to)));
  }

  #forEachChunk(visit: (chunk: number, from: number, to: number) => void): void {
    const { chunkTexts, filters } = this.#head;
    for (let chunk = 0; chunk < filters.length; chunk++) {
      visit(chunk, chunk * chunkTexts, Math.min(this.count, (chunk + 1) * chunkTexts));
    }
  }

  #chunkOf(place: number): PlainTexts {
    return this.#chunk(Math.floor(place / this.#head.chunkTexts));
  }

  #chunk(chunk: number): PlainTexts {
    const known = this.#chunks[chunk];
    if (known !== undefined) return known;
    const { chunkTexts } = this.#head;
    const loaded = this.#load(chunk, Math.min(chunkTexts, this.count - chunk * chunkTexts));
    this.#chunks[chunk] = loaded;
    return loaded;
  }
}
