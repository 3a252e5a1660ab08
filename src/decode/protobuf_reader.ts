// Reads the fields of protobuf messages, strictly: each length within its message, integers of 64 bits exact, unknown
// fields skipped by their wire type, groups refused. After a problem every further read is harmless and the place is
// the end, so that loops over fields end; whoever reads looks at `problem` once, when all is read.
// Source: https://protobuf.dev/programming-guides/encoding/

/** A field's number and wire type as one number, as they are written. */
export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

const GROUP_BEGIN = 3;
const GROUP_END = 4;
/** A varint has so many bytes at most, and a tag or a length that fits 32 bits so many. */
const VARINT_BYTES_MAX = 10;
const SMALL_VARINT_BYTES_MAX = 5;
const TWO_POW_32 = 4_294_967_296;
const NS_PER_MS = 1_000_000;
/** 2^32 ns in whole ms, and the ns that are left. */
const HIGH_MS = 4_294;
const HIGH_NS = 967_296;

/** What a field's tag is: `number` from 1, `wire` one of the wire types. */
export function tagOf(number: number, wire: number): number {
  return number * 8 + wire;
}

export class ProtobufReader {
  readonly bytes: Buffer;
  readonly #view: DataView;
  readonly #length: number;
  /** The place of the next byte. */
  at = 0;
  /** What is wrong with the body, a sentence without its full stop. */
  problem: string | undefined;
  /** Of the last varint or fixed64, each an unsigned number of 32 bits. */
  low = 0;
  high = 0;
  /** The last instant: whole Unix ms, and the ns beyond them. */
  ms = 0;
  ns = 0;

  constructor(body: Uint8Array<ArrayBuffer>) {
    this.bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    this.#length = body.byteLength;
  }

  /** Ends all loops over fields. The first problem stays. */
  fail(problem: string): void {
    this.problem ??= problem;
    this.at = this.#length;
  }

  /** The tag of the next field. */
  tag(): number {
    const tag = this.#small();
    if (tag < 8) this.fail("A field of the body has no number");
    return tag;
  }

  /** Reads the length of a field in a message that ends at `outerEnd`, and gives the place where the field ends. */
  end(outerEnd: number): number {
    const length = this.#small();
    const end = this.at + length;
    if (end <= outerEnd) return end;
    this.fail("The body is cut off, or a length in it is wrong");
    return this.at;
  }

  /** After the last field of a message: whether it ended where the message does. */
  leave(end: number): void {
    if (this.at !== end) this.fail("A field of the body is longer than its message");
  }

  /** Skips a field in a message that ends at `outerEnd`. */
  skip(tag: number, outerEnd: number): void {
    const wire = tag & 7;
    if (wire === VARINT) this.varint();
    else if (wire === FIXED64) this.#forward(8);
    else if (wire === BYTES) this.at = this.end(outerEnd);
    else if (wire === FIXED32) this.#forward(4);
    else if (wire === GROUP_BEGIN || wire === GROUP_END) this.fail("The body has a group, which is not supported");
    else this.fail("A field of the body has no wire type");
  }

  /** A text; bytes that are not UTF-8 become U+FFFD. */
  text(outerEnd: number): string {
    const end = this.end(outerEnd);
    const from = this.at;
    this.at = end;
    return this.bytes.toString("utf8", from, end);
  }

  base64(outerEnd: number): string {
    const end = this.end(outerEnd);
    const from = this.at;
    this.at = end;
    return this.bytes.toString("base64", from, end);
  }

  /** Bytes as hexadecimal digits; "" for more than `bytesMax` of them. */
  hex(outerEnd: number, bytesMax: number): string {
    const end = this.end(outerEnd);
    const from = this.at;
    this.at = end;
    return end - from > bytesMax ? "" : this.bytes.toString("hex", from, end);
  }

  double(): number {
    const from = this.at;
    this.#forward(8);
    return this.problem === undefined ? this.#view.getFloat64(from, true) : 0;
  }

  /** Reads a varint; its bits are in `low` and `high`. */
  varint(): void {
    let low = 0;
    let high = 0;
    for (let count = 0; count < VARINT_BYTES_MAX; count++) {
      const byte = this.bytes[this.at];
      if (byte === undefined) break;
      this.at++;
      const bits = byte & 0x7f;
      if (count < 4) low |= bits << (7 * count);
      else if (count > 4) high |= bits << (7 * count - 32);
      else {
        low |= bits << 28;
        high |= bits >>> 4;
      }
      if (byte >= 0x80) continue;
      // Of the tenth byte one bit is left.
      if (count === VARINT_BYTES_MAX - 1 && bits > 1) break;
      this.low = low >>> 0;
      this.high = high >>> 0;
      return;
    }
    this.low = 0;
    this.high = 0;
    this.fail("The body is cut off, or a number in it is wrong");
  }

  /** The low 32 bits of a varint, unsigned. */
  uint32(): number {
    this.varint();
    return this.low;
  }

  /** A varint as a signed integer of 64 bits: a number where a double has it exactly, else its decimal digits. */
  int64(): number | string {
    this.varint();
    const { low, high } = this;
    if (high < 0x20_0000) return high * TWO_POW_32 + low;
    // Two's complement.
    const number = (high | 0) * TWO_POW_32 + low;
    if (Number.isSafeInteger(number)) return number;
    return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)).toString();
  }

  /** A fixed64 of nanoseconds; the instant is in `ms` and `ns`. */
  instant(): void {
    const from = this.at;
    this.#forward(8);
    if (this.problem !== undefined) return;
    const low = this.#view.getUint32(from, true);
    const high = this.#view.getUint32(from + 4, true);
    const ns = high * HIGH_NS + low;
    const ms = Math.floor(ns / NS_PER_MS);
    this.ms = high * HIGH_MS + ms;
    this.ns = ns - ms * NS_PER_MS;
  }

  #forward(count: number): void {
    this.at += count;
    if (this.at > this.#length) this.fail("The body is cut off");
  }

  /** A varint that has to fit 32 bits. */
  #small(): number {
    const byte = this.bytes[this.at] ?? 0x80;
    if (byte < 0x80) {
      this.at++;
      return byte;
    }
    let number = 0;
    let factor = 1;
    for (let count = 0; count < SMALL_VARINT_BYTES_MAX; count++) {
      const next = this.bytes[this.at];
      if (next === undefined) break;
      this.at++;
      number += (next & 0x7f) * factor;
      if (next < 0x80 && number < TWO_POW_32) return number;
      factor *= 128;
    }
    this.fail("The body is cut off, or a length in it is wrong");
    return 0;
  }
}
