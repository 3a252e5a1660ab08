// A long column of plain texts, cut into parts of some thousand texts: a piece each, with a text filter each. Rows lie in the order of
// touchpoints, so the texts of a part are of a kind, and a search inflates the few parts that may contain its needle. The column's own
// piece is the head, which holds the filters; those of the block then leave this column out.
//
// Measured on 65,536 real lines with redrawn digits (4.6 MB, 980 KB compressed): parts of 4,096 texts are 1.8 % larger than the whole and
// their filters 10 KB, 0.37 bytes a record in all; of 2,048 texts 3.2 % and 13 KB, of 16,384 texts 1 % and 7 KB.
// A column of texts in parts as it is read: see text_chunks.ts. A part is loaded when it is first needed, and not at all for a search whose
// needle it cannot contain.

import { ByteReader, type ByteWriter } from "../codec/bytes.ts";
import type { NamedColumn } from "../codec/column_chunks.ts";
import type { OptionalText } from "../codec/dictionary.ts";
import { COLUMN_FORM, type PlainTexts, type TextColumn } from "../codec/text_column.ts";
import { type FilterVersion, type NgramFilter, NgramFilterBuilder, parseNgramFilter } from "./ngram_filter.ts";

/** TextColumn of a part; the last one may have less. */
export const CHUNK_TEXTS = 4_096;

/** Most bits of a part's bitmap, as a power of two: 4 KiB. */
const CHUNK_FILTER_BITS_LOG2_MAX = 15;

/** The column that may lie in parts. */
export const CHUNKED_COLUMN = "message";

/** Name of a part's piece. */
export function textChunkName(part: number): string {
  return `${CHUNKED_COLUMN}#${part}`;
}

/** The number of a part by its piece's name, or undefined where it is none. */
export function textChunkNumber(name: string): number | undefined {
  const prefix = `${CHUNKED_COLUMN}#`;
  return name.startsWith(prefix) ? Number(name.slice(prefix.length)) : undefined;
}

/** TextColumn on their way into parts, one behind the other: text n lies from `ends[n]` to `ends[n + 1]`. */
export interface ChunkedTextSource {
  /** UTF-16 units of each plus one, 0 for none. */
  readonly lengths: Uint32Array;
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
}

/** The head, and the parts in the plain form. */
export function chunkedTextColumns(source: ChunkedTextSource, partTexts: number): NamedColumn[] {
  const { lengths, bytes, ends } = source;
  const columns: NamedColumn[] = [[CHUNKED_COLUMN, (writer) => writeChunkHead(writer, source, partTexts)]];
  for (let from = 0, part = 0; from < lengths.length; from += partTexts, part++) {
    const to = Math.min(lengths.length, from + partTexts);
    columns.push([
      textChunkName(part),
      (writer) => {
        writer.unsignedAll(lengths.subarray(from, to));
        writer.raw(bytes.subarray(ends[from], ends[to]));
      },
    ]);
  }
  return columns;
}

/** The form, the texts of a part, and each part's filter behind its size; one of 0 bytes is none. */
export function writeChunkHead(
  writer: ByteWriter,
  { lengths, bytes, ends }: ChunkedTextSource,
  partTexts: number,
  version?: FilterVersion,
): void {
  writer.byte(COLUMN_FORM.chunks);
  writer.unsigned(partTexts);
  const builder = new NgramFilterBuilder(CHUNK_FILTER_BITS_LOG2_MAX, version);
  for (let from = 0; from < lengths.length; from += partTexts) {
    builder.clear();
    builder.addTexts(bytes, ends, from, Math.min(lengths.length, from + partTexts));
    const filter = builder.encode();
    writer.unsigned(filter?.length ?? 0);
    if (filter !== undefined) writer.raw(filter.view());
  }
}

/** What a head says. */
export interface ChunkHead {
  readonly chunkTexts: number;
  readonly filters: readonly (NgramFilter | undefined)[];
}

/** Reads the head of `count` texts, behind its form. Throws RangeError. */
export function readChunkHead(reader: ByteReader, count: number): ChunkHead {
  const partTexts = reader.unsigned();
  if (partTexts === 0) throw new RangeError("a part has no texts");
  const filters: (NgramFilter | undefined)[] = [];
  for (let from = 0; from < count; from += partTexts) {
    const size = reader.unsigned();
    filters.push(size === 0 ? undefined : parseNgramFilter(new ByteReader(reader.raw(size))));
  }
  return { chunkTexts: partTexts, filters };
}

export class ChunkedTexts implements TextColumn {
  readonly count: number;
  readonly #head: ChunkHead;
  readonly #load: (part: number, count: number) => PlainTexts;
  readonly #parts: (PlainTexts | undefined)[] = [];

  /** @param load gives a part, of so many texts; throws as it does. It is called once a part, when it is first needed. */
  constructor(head: ChunkHead, count: number, load: (part: number, count: number) => PlainTexts) {
    this.count = count;
    this.#head = head;
    this.#load = load;
  }

  asDictionary(): undefined {
    return undefined;
  }

  has(place: number): boolean {
    return this.#partOf(place).has(place % this.#head.chunkTexts);
  }

  value(place: number): OptionalText {
    return this.#partOf(place).value(place % this.#head.chunkTexts);
  }

  beginning(place: number, lengthMax: number): OptionalText {
    return this.#partOf(place).beginning(place % this.#head.chunkTexts, lengthMax);
  }

  /** Loads what the places need, so that `has` and `value` of them load nothing. */
  load(places: ArrayLike<number>): void {
    for (let index = 0; index < places.length; index++) this.#partOf(places[index] as number);
  }

  all(): OptionalText[] {
    const texts: OptionalText[] = [];
    this.#forEachPart((part) => {
      for (const text of this.#part(part).all()) texts.push(text);
    });
    return texts;
  }

  markContaining(needle: string, hits: Uint8Array, wanted?: Uint8Array): void {
    this.#forEachPart((part, from, to) => {
      if (wanted !== undefined && !wanted.subarray(from, to).includes(1)) return;
      if (this.#head.filters[part]?.mayContain(needle) === false) return;
      this.#part(part).markContaining(needle, hits.subarray(from, to));
    });
  }

  markWhere(test: (text: string) => boolean, hits: Uint8Array): void {
    this.#forEachPart((part, from, to) => this.#part(part).markWhere(test, hits.subarray(from, to)));
  }

  #forEachPart(visit: (part: number, from: number, to: number) => void): void {
    const { chunkTexts: partTexts, filters } = this.#head;
    for (let part = 0; part < filters.length; part++) {
      visit(part, part * partTexts, Math.min(this.count, (part + 1) * partTexts));
    }
  }

  #partOf(place: number): PlainTexts {
    return this.#part(Math.floor(place / this.#head.chunkTexts));
  }

  #part(part: number): PlainTexts {
    const known = this.#parts[part];
    if (known !== undefined) return known;
    const { chunkTexts: partTexts } = this.#head;
    const loaded = this.#load(part, Math.min(partTexts, this.count - part * partTexts));
    this.#parts[part] = loaded;
    return loaded;
  }
}
