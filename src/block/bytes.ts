// A growing byte buffer to write columns into, and a cursor to read them back. Little-endian; integers as LEB128 with the
// sign folded into the lowest bit. Reading past the end throws, so a damaged column is an error and never nonsense.

/** Largest magnitude that the folded sign and a difference of two values leave exact in a double. */
export const EXACT_INTEGER_MAX = 2 ** 51;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** The bytes written so far: a view that the next write may change. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.view());
    this.#bytes = grown;
  }

  byte(value: number): void {
    this.reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** A whole number from 0 to 2^53 − 1. */
  unsigned(value: number): void {
    this.reserve(8);
    const bytes = this.#bytes;
    let at = this.#length;
    let rest = value;
    while (rest > 0x7fffffff) {
      bytes[at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      bytes[at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.#length = at;
  }

  /** A whole number within ±2^52. */
  signed(value: number): void {
    this.unsigned(value < 0 ? -2 * value - 1 : 2 * value);
  }

  double(value: number): void {
    this.reserve(8);
    new DataView(this.#bytes.buffer).setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** The text as UTF-8, without its length. */
  utf8(text: string): void {
    this.reserve(text.length);
    let result = encoder.encodeInto(text, this.#bytes.subarray(this.#length));
    if (result.read < text.length) {
      this.reserve(text.length * 3);
      result = encoder.encodeInto(text, this.#bytes.subarray(this.#length));
    }
    this.#length += result.written;
  }

  /** The text as UTF-8 behind its length in bytes. */
  text(text: string): void {
    const encoded = encoder.encode(text);
    this.unsigned(encoded.length);
    this.raw(encoded);
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new RangeError("column ends early");
    return value;
  }

  unsigned(): number {
    let byte = this.byte();
    if (byte < 128) return byte;
    let value = byte & 127;
    let scale = 128;
    do {
      byte = this.byte();
      value += (byte & 127) * scale;
      scale *= 128;
    } while (byte > 127);
    return value;
  }

  signed(): number {
    const folded = this.unsigned();
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
  }

  double(): number {
    const bytes = this.raw(8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
  }

  /** A view of the next `count` bytes. */
  raw(count: number): Uint8Array {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw new RangeError("column ends early");
    const view = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return view;
  }

  rest(): Uint8Array {
    return this.raw(this.#bytes.length - this.#at);
  }

  utf8(byteCount: number): string {
    return decoder.decode(this.raw(byteCount));
  }

  text(): string {
    return this.utf8(this.unsigned());
  }
}
