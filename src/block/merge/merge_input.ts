// The blocks that a merge takes, read one after the other into columns that hold them all. A block's bytes are held no longer than it
// takes to append them, so memory is bounded by what goes into the merged block.

import { METADATA_COLUMNS_MAX, METADATA_NAME_LENGTH_MAX } from "../../core/limits.ts";
import { ByteReader } from "../codec/bytes.ts";
import { type BlockPiece, forEachColumn, METADATA_PREFIX } from "../codec/column_chunks.ts";
import { BlockDamagedError, orDamaged } from "../codec/damage.ts";
import { KEY_TYPE_COLUMN, readKeyTypes } from "../codec/flags.ts";
import {
  addTold,
  endsByDuration,
  fromIdOrder,
  startsByDuration,
  startsByTime,
  TOLD,
} from "../codec/residual_numbers.ts";
import { TextMap } from "../codec/text_table.ts";
import { partOf } from "../filter/chunked_texts.ts";
import {
  GatheredBytes,
  GatheredNumbers,
  GatheredRows,
  GatheredTexts,
  GatheredValues,
  Scratch,
} from "./column_buffers.ts";

/** Columns of metadata fields that are kept for the next merge. */
const SPARE_COLUMNS_MAX = 64;

/** Texts of some rows. */
export interface GatheredSparseTexts {
  readonly rows: GatheredRows;
  readonly texts: GatheredTexts;
}

/** Numbers of some rows. */
export interface GatheredSparseNumbers {
  readonly rows: GatheredRows;
  readonly numbers: GatheredNumbers;
}

export class GatheredBlocks {
  readonly #scratch = new Scratch();
  #count = 0;
  #rawBytes = 0;
  readonly id = new GatheredNumbers();
  readonly time = new GatheredNumbers();
  readonly received = new GatheredNumbers();
  readonly flags = new GatheredBytes();
  readonly keyType = new GatheredBytes();
  readonly apiKey = new GatheredTexts(this.#scratch);
  readonly touchpoint = new GatheredTexts(this.#scratch);
  readonly message = new GatheredTexts(this.#scratch);
  readonly key: GatheredSparseTexts = this.#sparseTexts();
  readonly start: GatheredSparseNumbers = this.#sparseNumbers();
  readonly end: GatheredSparseNumbers = this.#sparseNumbers();
  readonly duration: GatheredSparseNumbers = this.#sparseNumbers();
  #metadata = new TextMap<GatheredValues>();
  /** What found no column of its own: a JSON object a row. */
  readonly rest: GatheredSparseTexts = this.#sparseTexts();
  readonly #spare: GatheredValues[] = [];

  /** By the field's name. */
  get metadata(): Pick<TextMap<GatheredValues>, "get" | "keys"> {
    return this.#metadata;
  }

  /** Records of all blocks. */
  get count(): number {
    return this.#count;
  }

  /** Inflated bytes of all blocks' columns. */
  get rawBytes(): number {
    return this.#rawBytes;
  }

  clear(): void {
    this.#count = 0;
    this.#rawBytes = 0;
    const { id, time, received, flags, keyType, apiKey, touchpoint, message } = this;
    for (const column of [id, time, received, flags, keyType, apiKey, touchpoint, message]) column.clear();
    for (const { rows, texts } of [this.key, this.rest]) [rows, texts].forEach((part) => part.clear());
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

  /** Appends a block of `count` records. Throws BlockDamagedError, and then only `clear` may follow. */
  add(pieces: readonly BlockPiece[], count: number): void {
    orDamaged(() => {
      forEachColumn(pieces, (name, bytes) => {
        this.#rawBytes += bytes.length;
        this.#append(name, new ByteReader(bytes), count);
      });
    });
    // Of an older format, or such ones merged.
    if (this.keyType.length === this.#count) this.keyType.appendZeros(count);
    this.#count += count;
    const { id, time, received, flags, keyType, apiKey, touchpoint, message } = this;
    for (const column of [id, time, received, flags, keyType, apiKey, touchpoint, message]) {
      if (column.length !== this.#count) throw new BlockDamagedError("a column is missing");
    }
  }

  #append(name: string, reader: ByteReader, count: number): void {
    const first = this.#count;
    const part = partOf(name);
    if (name.startsWith(METADATA_PREFIX)) {
      this.#field(name.slice(METADATA_PREFIX.length)).append(reader, count, first);
    } else if (name === "id" || name === "time" || name === "received") {
      this[name].append(reader, count);
    } else if (name === "flags") {
      this.flags.append(reader.raw(count));
    } else if (name === KEY_TYPE_COLUMN) {
      if (this.flags.length !== first + count) throw new RangeError("flags do not stand before the types of keys");
      this.keyType.append(readKeyTypes(reader, this.flags.view().subarray(first)));
    } else if (name === "apiKey" || name === "touchpoint") {
      this[name].appendDictionary(reader, count);
    } else if (name === "message") {
      this.message.append(reader, count);
    } else if (part !== undefined) {
      this.message.appendPart(reader, part, first + count);
    } else if (name === "key" || name === "rest") {
      this[name].texts.appendPlain(reader, this[name].rows.append(reader, count, first));
    } else if (name === "start" || name === "end" || name === "duration") {
      this.#appendTiming(this[name], reader, count);
    } else {
      this.#appendTold(name, reader, count);
    }
    if (reader.left > 0) throw new RangeError("column is longer than its block");
  }

  #appendTiming(column: GatheredSparseNumbers, reader: ByteReader, count: number): void {
    column.numbers.append(reader, column.rows.append(reader, count, this.#count));
  }

  /** Appends a column that is told by those that came before it. */
  #appendTold(name: string, reader: ByteReader, count: number): void {
    const time = this.time.view();
    if (name === TOLD.receivedById) {
      this.received.append(reader, count);
      const received = this.received.view(this.#count);
      received.set(fromIdOrder(received, this.id.view(this.#count)));
    } else if (name === TOLD.startByTime) {
      this.#appendTiming(this.start, reader, count);
      const { rows, values } = ofBlock(this.start, this.#count);
      addTold(values, startsByTime(rows, time));
    } else if (name === TOLD.startByDuration) {
      this.#appendTiming(this.start, reader, count);
      const { rows, values } = ofBlock(this.start, this.#count);
      addTold(values, startsByDuration(rows, time, ofBlock(this.duration, this.#count)));
    } else if (name === TOLD.endByDuration) {
      this.#appendTiming(this.end, reader, count);
      const { rows, values } = ofBlock(this.end, this.#count);
      addTold(
        values,
        endsByDuration(rows, time, ofBlock(this.start, this.#count), ofBlock(this.duration, this.#count)),
      );
    } else {
      throw new RangeError(`unknown column "${name}"`);
    }
  }

  #field(name: string): GatheredValues {
    let column = this.#metadata.get(name);
    if (column === undefined) {
      column = this.#spare.pop() ?? new GatheredValues(this.#scratch);
      this.#metadata.set(name, column);
    }
    return column;
  }

  #sparseTexts(): GatheredSparseTexts {
    return { rows: new GatheredRows(this.#scratch), texts: new GatheredTexts(this.#scratch) };
  }

  #sparseNumbers(): GatheredSparseNumbers {
    return { rows: new GatheredRows(this.#scratch), numbers: new GatheredNumbers() };
  }
}

/** Of a column the values from row `first` on. */
function ofBlock({ rows, numbers }: GatheredSparseNumbers, first: number) {
  const all = rows.view();
  let from = all.length;
  while (from > 0 && (all[from - 1] as number) >= first) from--;
  return { rows: all.subarray(from), values: numbers.view(from) };
}

/**
 * Names of the metadata fields that keep a column of their own, and of those that do not: the most frequent ones do, but long
 * ones, which older formats gave a column, too.
 */
export function metadataNames({ metadata }: Pick<GatheredBlocks, "metadata">): {
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
