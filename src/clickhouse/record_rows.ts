// Records as rows of the table, in ClickHouse's RowBinaryWithNamesAndTypes: the columns of RECORD_COLUMNS in their order,
// then each value as its type is written, without separators. In: records. Out: the body of an insert, bounded in bytes.
// Where somebody gave a column another type, the server refuses the body instead of reading it as something else.
// Source: ClickHouse's documentation, "RowBinary" and "RowBinaryWithNamesAndTypes".

import { assert } from "../core/errors.ts";
import { DAY_MS } from "../core/limits.ts";
import type { StoredRecord } from "../core/record.ts";
import { RECORD_COLUMNS } from "./schema.ts";

/** What a row has beside its record. */
export interface RowContext {
  readonly node: number;
  /** How long the project keeps its records, in ms. */
  readonly retentionMsOf: (project: string) => number;
}

/** The last day of ClickHouse's type DateTime, 2106-02-07: the TTL is one. */
const DAY_MAX = 49_710;
const KINDS: Readonly<Record<StoredRecord["kind"], number>> = {
  log: 0,
  completed: 1,
  started: 2,
  unfinished: 3,
  orphaned: 4,
};
const LEVELS = { debug: 1, info: 2, warn: 3, error: 4 } as const;
const SOURCES = { server: 1, client: 2 } as const;
const ABSENT = 0;

/** A body that grows row by row. */
export class RecordRows {
  readonly #context: RowContext;
  #bytes: Buffer<ArrayBuffer>;
  #at = 0;
  #node: number;

  constructor(context: RowContext, bytesAtFirst = 1 << 20) {
    this.#context = context;
    this.#node = context.node;
    this.#bytes = Buffer.allocUnsafe(bytesAtFirst);
  }

  /** Bytes so far. */
  get size(): number {
    return this.#at;
  }

  /** The body, once `clear` was called; valid until the next `clear`. */
  body(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Begins a body. @param node of its records. Default: that of the context. */
  clear(node: number = this.#context.node): void {
    this.#node = node;
    this.#at = 0;
    this.#count(RECORD_COLUMNS.length);
    for (const { name } of RECORD_COLUMNS) this.#text(name);
    for (const { type } of RECORD_COLUMNS) this.#text(type);
  }

  /** Appends the row of a record. */
  add(project: string, record: StoredRecord): void {
    const { retentionMsOf } = this.#context;
    this.#text(project);
    this.#room(64);
    this.#double(record.time);
    this.#at = this.#bytes.writeUInt16LE(this.#node, this.#at);
    this.#unsigned64(record.id);
    this.#double(record.receivedAt);
    this.#byte(KINDS[record.kind]);
    this.#byte(record.level === undefined ? ABSENT : LEVELS[record.level]);
    this.#byte(SOURCES[record.source]);
    this.#byte(record.keyType === undefined ? ABSENT : SOURCES[record.keyType]);
    this.#text(record.apiKey);
    this.#text(record.touchpoint ?? "");
    this.#text(record.key ?? "");
    this.#flag(record.message !== undefined);
    this.#text(record.message ?? "");
    this.#optionalDouble(record.startTime);
    this.#optionalDouble(record.endTime);
    this.#optionalDouble(record.duration);
    this.#flag(record.metadata !== undefined);
    this.#members(record.metadata ?? {});
    this.#room(2);
    this.#at = this.#bytes.writeUInt16LE(expiryDay(record.time, retentionMsOf(project)), this.#at);
  }

  #members(metadata: Readonly<Record<string, unknown>>): void {
    const names = Object.keys(metadata);
    this.#count(names.length);
    for (const name of names) {
      this.#text(name);
      const value = metadata[name];
      // As columns of a block have it: a half of a character is U+FFFD.
      this.#text(JSON.stringify(typeof value === "string" ? value.toWellFormed() : value));
    }
  }

  /** A text of n code units has at most 3n bytes in UTF-8. */
  #text(text: string): void {
    const most = 3 * text.length;
    this.#room(most + 10);
    // Its length comes first; where that takes one byte whatever the text, it is written afterwards.
    const isShort = most < 0x80;
    const length = isShort ? 0 : Buffer.byteLength(text, "utf8");
    if (!isShort) this.#count(length);
    const start = isShort ? this.#at + 1 : this.#at;
    const written = this.#bytes.write(text, start, "utf8");
    if (isShort) this.#bytes[this.#at] = written;
    this.#at = start + written;
  }

  /** A variable-length number: seven bits a byte, the lowest first. */
  #count(count: number): void {
    this.#room(10);
    let left = count;
    while (left >= 0x80) {
      this.#bytes[this.#at++] = (left % 0x80) | 0x80;
      left = Math.floor(left / 0x80);
    }
    this.#bytes[this.#at++] = left;
  }

  #byte(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  #flag(isSet: boolean): void {
    this.#room(1);
    this.#byte(isSet ? 1 : 0);
  }

  #double(value: number): void {
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  #optionalDouble(value: number | undefined): void {
    this.#room(9);
    this.#byte(value === undefined ? 1 : 0);
    if (value !== undefined) this.#double(value);
  }

  #unsigned64(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, "an id is a whole number");
    this.#at = this.#bytes.writeUInt32LE(value % 2 ** 32, this.#at);
    this.#at = this.#bytes.writeUInt32LE(Math.floor(value / 2 ** 32), this.#at);
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#at + bytes));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }
}

/** The first UTC day on which a record is not shown any more, counted from 1970. */
export function expiryDay(time: number, retentionMs: number): number {
  const day = Math.floor((time + retentionMs) / DAY_MS) + 1;
  return Math.min(Math.max(0, day), DAY_MAX);
}
