// The blocks that a merge takes, appended to buffers one after the other. A block's bytes are held only while they are
// appended, so memory is bounded by the merged block.

import { METADATA_COLUMNS_MAX, METADATA_NAME_LENGTH_MAX } from "../../core/limits.ts";
import { ByteReader } from "../codec/bytes.ts";
import { type ColumnChunk, forEachColumn, METADATA_PREFIX } from "../codec/column_chunks.ts";
import { BlockDamagedError, orDamaged } from "../codec/damage.ts";
import { KEY_TYPE_COLUMN, readKeyTypes } from "../codec/flags.ts";
import {
  addPredicted,
  fromIdOrder,
  predictEndsByDuration,
  predictStartsByDuration,
  predictStartsByTime,
  RESIDUAL_COLUMNS,
} from "../codec/residual_numbers.ts";
import { TextMap } from "../codec/text_table.ts";
import { textChunkNumber } from "../filter/chunked_texts.ts";
import { ByteBuffer, NumberBuffer, RowBuffer, ScratchBuffer, TextBuffer, ValueBuffer } from "./column_buffers.ts";

/** Buffers of metadata fields that are kept for the next merge at most. */
const SPARE_COLUMNS_MAX = 64;

/** Texts of some rows. */
export interface SparseTextBuffer {
  readonly rows: RowBuffer;
  readonly texts: TextBuffer;
}

/** Numbers of some rows. */
export interface SparseNumberBuffer {
  readonly rows: RowBuffer;
  readonly numbers: NumberBuffer;
}

/** The columns of all blocks of a merge. */
export class MergeInput {
  readonly #scratch = new ScratchBuffer();
  #count = 0;
  #rawBytes = 0;
  readonly id = new NumberBuffer();
  readonly time = new NumberBuffer();
  readonly received = new NumberBuffer();
  readonly flags = new ByteBuffer();
  readonly keyType = new ByteBuffer();
  readonly apiKey = new TextBuffer(this.#scratch);
  readonly touchpoint = new TextBuffer(this.#scratch);
  readonly message = new TextBuffer(this.#scratch);
  readonly key: SparseTextBuffer = this.#sparseTexts();
  readonly start: SparseNumberBuffer = this.#sparseNumbers();
  readonly end: SparseNumberBuffer = this.#sparseNumbers();
  readonly duration: SparseNumberBuffer = this.#sparseNumbers();
  #metadata = new TextMap<ValueBuffer>();
  /** Metadata without a column of its own: a JSON object a row. */
  readonly overflow: SparseTextBuffer = this.#sparseTexts();
  readonly #spare: ValueBuffer[] = [];

  /** Metadata columns by name of the field. */
  get metadata(): Pick<TextMap<ValueBuffer>, "get" | "keys"> {
    return this.#metadata;
  }

  /** Records of all blocks. */
  get count(): number {
    return this.#count;
  }

  /** Inflated bytes of the columns of all blocks. */
  get rawBytes(): number {
    return this.#rawBytes;
  }

  clear(): void {
    this.#count = 0;
    this.#rawBytes = 0;
    const { id, time, received, flags, keyType, apiKey, touchpoint, message } = this;
    for (const column of [id, time, received, flags, keyType, apiKey, touchpoint, message]) column.clear();
    for (const { rows, texts } of [this.key, this.overflow]) [rows, texts].forEach((part) => part.clear());
    for (const { rows, numbers } of [this.start, this.end, this.duration]) {
      rows.clear();
      numbers.clear();
    }
    for (const column of this.#metadata.values()) {
      if (this.#spare.length === SPARE_COLUMNS_MAX) break;
      column.clear();
      this.#spare.push(column);
    }
    this.#metadata = new TextMap();
  }

  /** Appends a block of `count` records. Throws BlockDamagedError; only `clear` may follow then. */
  add(chunks: readonly ColumnChunk[], count: number): void {
    orDamaged(() => {
      forEachColumn(chunks, (name, bytes) => {
        this.#rawBytes += bytes.length;
        this.#append(name, new ByteReader(bytes), count);
      });
    });
    // Blocks of older formats have no key types.
    if (this.keyType.length === this.#count) this.keyType.appendZeros(count);
    this.#count += count;
    const { id, time, received, flags, keyType, apiKey, touchpoint, message } = this;
    for (const column of [id, time, received, flags, keyType, apiKey, touchpoint, message]) {
      if (column.length !== this.#count) throw new BlockDamagedError("a column is missing");
    }
  }

  #append(name: string, reader: ByteReader, count: number): void {
    const first = this.#count;
    const part = textChunkNumber(name);
    if (name.startsWith(METADATA_PREFIX)) {
      this.#field(name.slice(METADATA_PREFIX.length)).append(reader, count, first);
    } else if (name === "id" || name === "time" || name === "received") {
      this[name].append(reader, count);
    } else if (name === "flags") {
      this.flags.append(reader.raw(count));
    } else if (name === KEY_TYPE_COLUMN) {
      if (this.flags.length !== first + count) throw new RangeError("flags do not come before the key types");
      this.keyType.append(readKeyTypes(reader, this.flags.view().subarray(first)));
    } else if (name === "apiKey" || name === "touchpoint") {
      this[name].appendDictionary(reader, count);
    } else if (name === "message") {
      this.message.append(reader, count);
    } else if (part !== undefined) {
      this.message.appendChunk(reader, part, first + count);
    } else if (name === "key" || name === "rest") {
      const column = name === "key" ? this.key : this.overflow;
      column.texts.appendPlain(reader, column.rows.append(reader, count, first));
    } else if (name === "start" || name === "end" || name === "duration") {
      this.#appendTiming(this[name], reader, count);
    } else {
      this.#appendResidual(name, reader, count);
    }
    if (reader.left > 0) throw new RangeError("column is longer than its block");
  }

  #appendTiming(column: SparseNumberBuffer, reader: ByteReader, count: number): void {
    column.numbers.append(reader, column.rows.append(reader, count, this.#count));
  }

  /** Appends a residual column; the columns that predict it came before. Throws RangeError. */
  #appendResidual(name: string, reader: ByteReader, count: number): void {
    const time = this.time.view();
    if (name === RESIDUAL_COLUMNS.receivedById) {
      this.received.append(reader, count);
      const received = this.received.view(this.#count);
      received.set(fromIdOrder(received, this.id.view(this.#count)));
    } else if (name === RESIDUAL_COLUMNS.startByTime) {
      this.#appendTiming(this.start, reader, count);
      const { rows, values } = ofBlock(this.start, this.#count);
      addPredicted(values, predictStartsByTime(rows, time));
    } else if (name === RESIDUAL_COLUMNS.startByDuration) {
      this.#appendTiming(this.start, reader, count);
      const { rows, values } = ofBlock(this.start, this.#count);
      addPredicted(values, predictStartsByDuration(rows, time, ofBlock(this.duration, this.#count)));
    } else if (name === RESIDUAL_COLUMNS.endByDuration) {
      this.#appendTiming(this.end, reader, count);
      const { rows, values } = ofBlock(this.end, this.#count);
      addPredicted(
        values,
        predictEndsByDuration(rows, time, ofBlock(this.start, this.#count), ofBlock(this.duration, this.#count)),
      );
    } else {
      throw new RangeError(`unknown column "${name}"`);
    }
  }

  #field(name: string): ValueBuffer {
    let column = this.#metadata.get(name);
    if (column === undefined) {
      column = this.#spare.pop() ?? new ValueBuffer(this.#scratch);
      this.#metadata.set(name, column);
    }
    return column;
  }

  #sparseTexts(): SparseTextBuffer {
    return { rows: new RowBuffer(this.#scratch), texts: new TextBuffer(this.#scratch) };
  }

  #sparseNumbers(): SparseNumberBuffer {
    return { rows: new RowBuffer(this.#scratch), numbers: new NumberBuffer() };
  }
}

/** The rows and values of a column from row `first` on. */
function ofBlock({ rows, numbers }: SparseNumberBuffer, first: number) {
  const all = rows.view();
  let from = all.length;
  while (from > 0 && (all[from - 1] as number) >= first) from--;
  return { rows: all.subarray(from), values: numbers.view(from) };
}

/**
 * The names of metadata fields that keep a column of their own (the most frequent ones) and of those that move to the
 * overflow metadata. Long names move too; older formats gave them a column.
 */
export function metadataNames({ metadata }: Pick<MergeInput, "metadata">): {
  readonly kept: readonly string[];
  readonly moved: readonly string[];
} {
  const isLong = (name: string) => name.length > METADATA_NAME_LENGTH_MAX;
  const names = metadata.keys().filter((name) => !isLong(name));
  const long = metadata.keys().filter(isLong);
  if (names.length <= METADATA_COLUMNS_MAX) return { kept: names, moved: long };
  const rowsOf = (name: string) => metadata.get(name)?.rows.length ?? 0;
  names.sort((a, b) => rowsOf(b) - rowsOf(a));
  return { kept: names.slice(0, METADATA_COLUMNS_MAX), moved: [...names.slice(METADATA_COLUMNS_MAX), ...long] };
}
