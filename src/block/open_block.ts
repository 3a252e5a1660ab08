// A stored block opened for reading. A column is loaded, checked, inflated and decoded when it is first asked for, and
// only once, so a query that needs times and levels never touches a message. A packed block is one chunk and inflates
// as a whole.

import type { StoredRecord } from "../core/record.ts";
import { ByteReader } from "./codec/bytes.ts";
import {
  type ChunkSource,
  type ColumnChunk,
  chunksInMemory,
  inflate,
  METADATA_PREFIX,
  PACKED_CHUNK,
  unpack,
} from "./codec/column_chunks.ts";
import { BlockDamagedError, orDamaged } from "./codec/damage.ts";
import { type DictionaryColumn, fromDictionary, readDictionary } from "./codec/dictionary.ts";
import { hasMetadata, KEY_TYPE_COLUMN, readKeyTypes } from "./codec/flags.ts";
import { readNumbers } from "./codec/numbers.ts";
import { OverflowMembers } from "./codec/overflow_metadata.ts";
import {
  addPredicted,
  fromIdOrder,
  predictEndsByDuration,
  predictStartsByDuration,
  predictStartsByTime,
  RESIDUAL_COLUMNS,
} from "./codec/residual_numbers.ts";
import { emptySparse, readSparseNumbers, type SparseColumn, SparseTextColumn } from "./codec/sparse_column.ts";
import { COLUMN_FORM, PlainTexts, readTexts, type TextColumn } from "./codec/text_column.ts";
import { readValues, type ValueColumn } from "./codec/value_column.ts";
import type { Columns } from "./columns.ts";
import { CHUNKED_COLUMN, ChunkedTexts, readChunkHead, textChunkName } from "./filter/chunked_texts.ts";
import { type PlacedValues, recordsAt } from "./records.ts";

/** Opens a block of `count` records whose chunks are in memory, packed or columnar. @param idOffset added to its ids */
export function openBlock(chunks: readonly ColumnChunk[], count: number, idOffset = 0): OpenBlock {
  return new OpenBlock(chunksInMemory(chunks), count, idOffset);
}

/**
 * A stored block, read column by column. Row i of every column belongs to the same record.
 *
 * Units: times and durations in ms, times since 1970.
 * Errors: every method throws BlockDamagedError where the bytes are not what was written, and whatever the source
 * throws.
 */
export class OpenBlock {
  readonly count: number;
  readonly #source: ChunkSource;
  #names: readonly string[] | undefined;
  #packed: ReadonlyMap<string, Uint8Array> | undefined;
  readonly #columns = new Map<string, unknown>();
  readonly #idOffset: number;

  /** @param idOffset added to the ids that are stored */
  constructor(source: ChunkSource, count: number, idOffset = 0) {
    this.#source = source;
    this.count = count;
    this.#idOffset = idOffset;
  }

  id(): Float64Array {
    const stored = this.#required("id", readNumbers);
    const offset = this.#idOffset;
    return offset === 0 ? stored : this.#once("shown ids", () => stored.map((id) => id + offset));
  }

  time(): Float64Array {
    return this.#required("time", readNumbers);
  }

  received(): Float64Array {
    if (!this.#columnNames().includes(RESIDUAL_COLUMNS.receivedById)) return this.#required("received", readNumbers);
    const id = this.id();
    const values = this.#required(RESIDUAL_COLUMNS.receivedById, readNumbers);
    return this.#once("received", () => fromIdOrder(values, id));
  }

  /** Kind, level, source and whether there is metadata, a byte a record: see flags.ts. */
  flags(): Uint8Array {
    return this.#required("flags", (reader, count) => reader.raw(count));
  }

  /** Codes of key types (keyTypeOfCode); 0 where the type is unknown. */
  keyType(): Uint8Array {
    if (!this.#columnNames().includes(KEY_TYPE_COLUMN))
      return this.#once(KEY_TYPE_COLUMN, () => new Uint8Array(this.count));
    const flags = this.flags();
    return this.#required(KEY_TYPE_COLUMN, (reader) => readKeyTypes(reader, flags));
  }

  apiKey(): DictionaryColumn {
    return this.#required("apiKey", readDictionary);
  }

  touchpoint(): DictionaryColumn {
    return this.#required("touchpoint", readDictionary);
  }

  message(): TextColumn {
    return this.#required(CHUNKED_COLUMN, (reader, count) => {
      const form = reader.byte();
      return form === COLUMN_FORM.chunks ? this.#chunkedTexts(reader, count) : readTexts(form, reader, count);
    });
  }

  #chunkedTexts(reader: ByteReader, count: number): ChunkedTexts {
    return new ChunkedTexts(readChunkHead(reader, count), count, (part, texts) => {
      const bytes = this.#bytesOf(textChunkName(part));
      if (bytes === undefined) throw new BlockDamagedError(`chunk ${part} of its messages is missing`);
      return orDamaged(() => readAll(bytes, texts, (partReader) => new PlainTexts(partReader, texts)));
    });
  }

  key(): SparseTextColumn | undefined {
    return this.#optional("key", (reader, count) => new SparseTextColumn(reader, count));
  }

  start(): SparseColumn<number> | undefined {
    const { startByTime, startByDuration } = RESIDUAL_COLUMNS;
    return (
      this.#residual(startByTime, (rows) => predictStartsByTime(rows, this.time())) ??
      this.#residual(startByDuration, (rows) => predictStartsByDuration(rows, this.time(), this.duration())) ??
      this.#optional("start", readSparseNumbers)
    );
  }

  end(): SparseColumn<number> | undefined {
    return (
      this.#residual(RESIDUAL_COLUMNS.endByDuration, (rows) =>
        predictEndsByDuration(rows, this.time(), this.start(), this.duration()),
      ) ?? this.#optional("end", readSparseNumbers)
    );
  }

  duration(): SparseColumn<number> | undefined {
    return this.#optional("duration", readSparseNumbers);
  }

  /** Names of the metadata fields that have a column of their own. */
  metadataNames(): readonly string[] {
    return this.#columnNames()
      .filter((name) => name.startsWith(METADATA_PREFIX))
      .map((name) => name.slice(METADATA_PREFIX.length));
  }

  /** A metadata field that has a column of its own, else undefined. */
  metadata(name: string): ValueColumn | undefined {
    return this.#optional(METADATA_PREFIX + name, readValues);
  }

  /** Metadata without a column of its own: a JSON object a row, as text. */
  overflow(): SparseColumn<string> | undefined {
    const texts = this.overflowTexts();
    return texts === undefined ? undefined : { rows: texts.rows, values: texts.all() as string[] };
  }

  /** The members of these objects, found by name or row; the text is scanned once. */
  overflowMembers(): OverflowMembers | undefined {
    const texts = this.overflowTexts();
    if (texts === undefined) return undefined;
    return this.#once("members of rest", () => orDamaged(() => new OverflowMembers(texts.whole())));
  }

  /** As `overflow`, undecoded. */
  overflowTexts(): SparseTextColumn | undefined {
    return this.#optional("rest", (reader, count) => new SparseTextColumn(reader, count));
  }

  /** The records of these rows, in this order. */
  records(rows: ArrayLike<number>): StoredRecord[] {
    const apiKey = textOf(this.apiKey());
    const touchpoint = textOf(this.touchpoint());
    const message = this.message();
    if (message instanceof ChunkedTexts) message.load(rows);
    const flags = this.flags();
    const source = {
      id: this.id(),
      time: this.time(),
      received: this.received(),
      flags,
      keyType: this.keyType(),
      apiKey,
      touchpoint,
      message: (row: number) => message.value(row),
      key: this.key(),
      start: placed(this.start()),
      end: placed(this.end()),
      duration: placed(this.duration()),
      // Load every column here: what the chunk source throws is not damage.
      metadata: hasAnyMetadata(rows, flags) ? this.#metadataColumns() : [],
      overflow: this.overflowTexts(),
    };
    return orDamaged(() => recordsAt(rows, source));
  }

  #metadataColumns(): [string, ValueColumn][] {
    const columns: [string, ValueColumn][] = [];
    for (const name of this.metadataNames()) {
      const column = this.metadata(name);
      if (column !== undefined) columns.push([name, column]);
    }
    return columns;
  }

  #columnNames(): readonly string[] {
    this.#names ??= this.#source.names();
    if (!this.#names.includes(PACKED_CHUNK)) return this.#names;
    return [...this.#unpacked().keys()];
  }

  #unpacked(): ReadonlyMap<string, Uint8Array> {
    if (this.#packed === undefined) {
      const chunk = this.#source.chunk(PACKED_CHUNK);
      if (chunk === undefined) throw new BlockDamagedError("packed block has no chunk");
      this.#packed = unpack(chunk);
    }
    return this.#packed;
  }

  #bytesOf(name: string): Uint8Array | undefined {
    this.#names ??= this.#source.names();
    if (this.#names.includes(PACKED_CHUNK)) return this.#unpacked().get(name);
    if (!this.#names.includes(name)) return undefined;
    const chunk = this.#source.chunk(name);
    return chunk === undefined ? undefined : inflate(chunk);
  }

  #optional<T>(name: string, read: (reader: ByteReader, count: number) => T): T | undefined {
    if (this.#columns.has(name)) return this.#columns.get(name) as T | undefined;
    const bytes = this.#bytesOf(name);
    const column = bytes === undefined ? undefined : orDamaged(() => readAll(bytes, this.count, read));
    this.#columns.set(name, column);
    return column;
  }

  /** A residual column of this name with the predicted values added, or undefined where the block has none. */
  #residual(name: string, predict: (rows: ArrayLike<number>) => Float64Array): SparseColumn<number> | undefined {
    const column = this.#optional(name, readSparseNumbers);
    if (column === undefined) return undefined;
    return this.#once(`${name} + predicted`, () => {
      const values = Float64Array.from(column.values);
      addPredicted(values, predict(column.rows));
      return { rows: column.rows, values };
    });
  }

  #once<T>(name: string, make: () => T): T {
    if (!this.#columns.has(name)) this.#columns.set(name, make());
    return this.#columns.get(name) as T;
  }

  #required<T>(name: string, read: (reader: ByteReader, count: number) => T): T {
    const column = this.#optional(name, read);
    if (column === undefined) throw new BlockDamagedError(`column "${name}" is missing`);
    return column;
  }
}

/** Reads a column to its end. Throws RangeError where bytes are left. */
function readAll<T>(bytes: Uint8Array, count: number, read: (reader: ByteReader, count: number) => T): T {
  const reader = new ByteReader(bytes);
  const column = read(reader, count);
  if (reader.left > 0) throw new RangeError("column is longer than its block");
  return column;
}

function hasAnyMetadata(rows: ArrayLike<number>, flags: Uint8Array): boolean {
  for (let index = 0; index < rows.length; index++) {
    if (hasMetadata(flags[rows[index] as number] as number)) return true;
  }
  return false;
}

function textOf({ dictionary, codes }: DictionaryColumn): (row: number) => string | undefined {
  return (row) => dictionary[(codes[row] as number) - 1];
}

function placed(column: SparseColumn<number> | undefined): PlacedValues<number> | undefined {
  if (column === undefined) return undefined;
  const { rows, values } = column;
  return { rows, value: (place) => values[place] as number };
}

/**
 * Decodes every column of a block of `count` records, packed or columnar. Throws BlockDamagedError.
 * @param idOffset added to its ids
 */
export function decodeColumns(chunks: readonly ColumnChunk[], count: number, idOffset = 0): Columns {
  const block = openBlock(chunks, count, idOffset);
  const metadata = new Map<string, SparseColumn<unknown>>();
  for (const name of block.metadataNames()) metadata.set(name, decoded(block.metadata(name)));
  return {
    count,
    id: block.id(),
    time: block.time(),
    received: block.received(),
    flags: block.flags(),
    keyType: block.keyType(),
    apiKey: fromDictionary(block.apiKey()) as string[],
    touchpoint: fromDictionary(block.touchpoint()),
    message: block.message().all(),
    key: decoded(block.key()) as SparseColumn<string>,
    start: block.start() ?? emptySparse<number>(),
    end: block.end() ?? emptySparse<number>(),
    duration: block.duration() ?? emptySparse<number>(),
    metadata,
    overflow: decoded(block.overflowTexts()) as SparseColumn<string>,
  };
}

function decoded<T>(column: { readonly rows: ArrayLike<number>; all(): ArrayLike<T> } | undefined): SparseColumn<T> {
  return column === undefined ? emptySparse<T>() : { rows: column.rows, values: column.all() };
}
