// Bytes into columns and records. A column is inflated when it is first asked for, after its checksum was compared.

import { crc32, zstdDecompressSync } from "node:zlib";
import type { JsonObject } from "../core/entry.ts";
import type { StoredRecord } from "../core/record.ts";
import { ByteReader } from "./bytes.ts";
import { type Columns, emptySparse, type SparseColumn } from "./columns.ts";
import { type BlockPiece, METADATA_PREFIX, PACKED } from "./encode.ts";
import { hasMetadata, kindOf, levelOf, sourceOf } from "./flags.ts";
import { readNumbers } from "./numbers.ts";
import { fromDictionary, readDictionary } from "./strings.ts";
import { readSparseNumbers, readSparseStrings, readStrings, readValues } from "./values.ts";

/** A piece whose bytes are not what was written. */
export class BlockDamagedError extends Error {
  override readonly name = "BlockDamagedError";
}

function inflate(piece: BlockPiece): Uint8Array {
  const seen = crc32(piece.data);
  if (seen !== piece.checksum) {
    throw new BlockDamagedError(`column "${piece.name}" is damaged: checksum ${seen}, expected ${piece.checksum}`);
  }
  return zstdDecompressSync(piece.data);
}

/** Splits a packed block's inflated bytes into its columns: the directory and its size are at the end. */
function unpack(raw: Uint8Array): Map<string, Uint8Array> {
  if (raw.length < 4) throw new RangeError("packed block ends early");
  const sizeAt = raw.length - 4;
  const directorySize = new DataView(raw.buffer, raw.byteOffset).getUint32(sizeAt, true);
  if (directorySize > sizeAt) throw new RangeError("directory is larger than its block");
  const directory = new ByteReader(raw.subarray(sizeAt - directorySize, sizeAt));
  const body = new ByteReader(raw.subarray(0, sizeAt - directorySize));
  const columns = new Map<string, Uint8Array>();
  for (let count = directory.unsigned(); count > 0; count--) {
    const name = directory.text();
    columns.set(name, body.raw(directory.unsigned()));
  }
  return columns;
}

/** Decodes every column of a block of `count` records. Throws BlockDamagedError. */
export function decodeColumns(pieces: readonly BlockPiece[], count: number): Columns {
  const [first] = pieces;
  try {
    const raw =
      first?.name === PACKED ? unpack(inflate(first)) : new Map(pieces.map((piece) => [piece.name, inflate(piece)]));
    return readColumns(raw, count);
  } catch (error) {
    if (error instanceof BlockDamagedError) throw error;
    throw new BlockDamagedError(`block is damaged: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readColumns(raw: ReadonlyMap<string, Uint8Array>, count: number): Columns {
  const required = (name: string): ByteReader => {
    const bytes = raw.get(name);
    if (bytes === undefined) throw new RangeError(`column "${name}" is missing`);
    return new ByteReader(bytes);
  };
  function optional<T>(name: string, read: (reader: ByteReader, count: number) => SparseColumn<T>): SparseColumn<T> {
    const bytes = raw.get(name);
    return bytes === undefined ? emptySparse<T>() : read(new ByteReader(bytes), count);
  }
  const metadata = new Map<string, SparseColumn<unknown>>();
  for (const [name, bytes] of raw) {
    if (!name.startsWith(METADATA_PREFIX)) continue;
    metadata.set(name.slice(METADATA_PREFIX.length), readValues(new ByteReader(bytes), count));
  }
  return {
    count,
    id: readNumbers(required("id"), count),
    time: readNumbers(required("time"), count),
    received: readNumbers(required("received"), count),
    flags: required("flags").raw(count),
    apiKey: fromDictionary(readDictionary(required("apiKey"), count)) as string[],
    touchpoint: fromDictionary(readDictionary(required("touchpoint"), count)),
    message: readStrings(required("message"), count),
    key: optional("key", readSparseStrings),
    start: optional("start", readSparseNumbers),
    end: optional("end", readSparseNumbers),
    duration: optional("duration", readSparseNumbers),
    metadata,
    metadataRest: optional("rest", readSparseStrings),
  };
}

function setOwn(target: JsonObject, name: string, value: unknown): void {
  if (name !== "__proto__") target[name] = value;
  else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

function spread<T>(column: SparseColumn<T>, count: number): (T | undefined)[] {
  const values = new Array<T | undefined>(count).fill(undefined);
  forEachValue(column, (row, value) => {
    values[row] = value;
  });
  return values;
}

function forEachValue<T>({ rows, values }: SparseColumn<T>, visit: (row: number, value: T) => void): void {
  for (let index = 0; index < rows.length; index++) visit(rows[index] as number, values[index] as T);
}

function metadataOf(columns: Columns, isWanted: (row: number) => boolean): (JsonObject | undefined)[] {
  const objects = new Array<JsonObject | undefined>(columns.count).fill(undefined);
  for (let row = 0; row < columns.count; row++) {
    if (hasMetadata(columns.flags[row] as number) && isWanted(row)) objects[row] = {};
  }
  for (const [name, column] of columns.metadata) {
    forEachValue(column, (row, value) => {
      const object = objects[row];
      if (object !== undefined) setOwn(object, name, value);
    });
  }
  forEachValue(columns.metadataRest, (row, text) => {
    const object = objects[row];
    if (object === undefined) return;
    const rest = JSON.parse(text) as JsonObject;
    for (const name of Object.keys(rest)) setOwn(object, name, rest[name]);
  });
  return objects;
}

/** The block's records in row order, or those of the wanted rows. */
export function recordsOf(columns: Columns, isWanted: (row: number) => boolean = () => true): StoredRecord[] {
  const { count } = columns;
  const key = spread(columns.key, count);
  const start = spread(columns.start, count);
  const end = spread(columns.end, count);
  const duration = spread(columns.duration, count);
  const metadata = metadataOf(columns, isWanted);
  const records: StoredRecord[] = [];
  for (let row = 0; row < count; row++) {
    if (!isWanted(row)) continue;
    const flags = columns.flags[row] as number;
    records.push({
      id: columns.id[row] as number,
      kind: kindOf(flags),
      time: columns.time[row] as number,
      receivedAt: columns.received[row] as number,
      source: sourceOf(flags),
      apiKey: columns.apiKey[row] as string,
      touchpoint: columns.touchpoint[row],
      key: key[row],
      level: levelOf(flags),
      message: columns.message[row],
      startTime: start[row],
      endTime: end[row],
      duration: duration[row],
      metadata: metadata[row],
    });
  }
  return records;
}
