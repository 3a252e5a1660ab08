// A stream of bytes to messages. In: the pieces that a connection delivers, however they are cut. Out: messages in
// their order. The form of each frame is seen at its beginning (RFC 6587): digits, a space and "<" count octets; any
// other frame ends with a line feed or a NUL, which some senders write instead. A message longer than the bound is cut
// there, and the rest of its frame is skipped, so a connection never holds more.

import { SYSLOG_MESSAGE_BYTES_MAX } from "../core/limits.ts";

/** What reads a connection's messages. */
export interface MessageSink {
  /** `isCut`: its end is missing. */
  readonly message: (text: string, isCut: boolean) => void;
}

/** Bytes of messages that are not complete, of all connections of a listener together. */
export class PartialBytes {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Whether there is room for so many more, which are held then. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#bytesMax) return false;
    this.#bytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
  }
}

const NUL = 0;
const LINE_FEED = 10;
const RETURN = 13;
const SPACE = 32;
const LESS_THAN = 60;
const ZERO = 48;
const NINE = 57;
/** Digits of a count; more are text. */
const COUNT_DIGITS_MAX = 10;
/** A frame's form is known after so many bytes. */
const HEAD_BYTES_MAX = COUNT_DIGITS_MAX + 2;

const BUFFER_BYTES_MIN = 512;
const EMPTY = new Uint8Array(0);

/** Where the next byte belongs. */
type State = "head" | "counted" | "line" | "skip_counted" | "skip_line";

/** The frames of one connection. */
export class SyslogFraming {
  readonly #sink: MessageSink;
  readonly #partial: PartialBytes;
  #state: State = "head";
  /** The first bytes of a frame whose form is not known yet. */
  #head: number[] = [];
  /** Of a counted frame: bytes that are still to come. */
  #left = 0;
  /** The message so far is its first `#length` bytes. */
  #buffer: Uint8Array = EMPTY;
  #length = 0;

  constructor(sink: MessageSink, partial: PartialBytes) {
    this.#sink = sink;
    this.#partial = partial;
  }

  /** Takes the next bytes; they may be reused afterwards. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === "head") at = this.#readHead(bytes, at);
      else if (this.#state === "counted" || this.#state === "skip_counted") at = this.#readCounted(bytes, at);
      else at = this.#readLine(bytes, at);
    }
  }

  /** The connection has ended: what is there of a message is one. */
  end(): void {
    if (this.#state === "head") this.#append(Uint8Array.from(this.#head));
    if (this.#state === "counted") this.#finish(true);
    else if (this.#state === "line" || this.#state === "head") this.#finish(false);
    this.#drop();
  }

  #readHead(bytes: Uint8Array, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      const { length } = this.#head;
      if (length === 0 && (byte === LINE_FEED || byte === NUL || byte === RETURN)) continue;
      const isDigit = byte >= ZERO && byte <= NINE;
      const isAfterDigits = length > 0 && this.#head[length - 1] !== SPACE;
      if (byte === LESS_THAN && this.#head[length - 1] === SPACE) {
        this.#state = "counted";
        this.#left = Number(String.fromCharCode(...this.#head));
        this.#head = [];
        return at;
      }
      const mayCount = (isDigit && (length === 0 || isAfterDigits)) || (byte === SPACE && isAfterDigits);
      if (!mayCount || length === HEAD_BYTES_MAX - 1) {
        this.#state = "line";
        const head = Uint8Array.from(this.#head);
        this.#head = [];
        this.#append(head);
        return at;
      }
      this.#head.push(byte);
    }
    return bytes.length;
  }

  #readCounted(bytes: Uint8Array, from: number): number {
    const end = Math.min(bytes.length, from + this.#left);
    this.#left -= end - from;
    if (this.#state === "counted") this.#add(bytes.subarray(from, end), this.#left === 0, "skip_counted");
    if (this.#left === 0) this.#state = "head";
    return end;
  }

  #readLine(bytes: Uint8Array, from: number): number {
    const end = endOfLine(bytes, from);
    const isLast = end < bytes.length;
    if (this.#state === "line") this.#add(bytes.subarray(from, end), isLast, "skip_line");
    if (!isLast) return end;
    this.#state = "head";
    return end + 1;
  }

  /** Adds to the message, which is complete then if `isLast`. Where it becomes too long, its rest is skipped. */
  #add(bytes: Uint8Array, isLast: boolean, skipping: State): void {
    const room = SYSLOG_MESSAGE_BYTES_MAX - this.#length;
    if (isLast && this.#length === 0 && bytes.length <= room) {
      this.#emit(bytes, false);
    } else if (!this.#append(bytes.subarray(0, room)) || bytes.length > room) {
      this.#finish(true);
      this.#state = skipping;
    } else if (isLast) this.#finish(false);
  }

  /** Copies bytes to the message; false where all connections together hold too many. */
  #append(bytes: Uint8Array): boolean {
    const length = this.#length + bytes.length;
    if (length > this.#buffer.length) {
      const size = Math.max(BUFFER_BYTES_MIN, 2 ** Math.ceil(Math.log2(length)));
      if (!this.#partial.take(size - this.#buffer.length)) return false;
      const buffer = new Uint8Array(size);
      buffer.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = buffer;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = length;
    return true;
  }

  #finish(isCut: boolean): void {
    const message = this.#buffer.subarray(0, this.#length);
    this.#drop();
    this.#emit(message, isCut);
  }

  #emit(message: Uint8Array, isCut: boolean): void {
    if (message.length > 0) this.#sink.message(textOf(message, isCut), isCut);
  }

  #drop(): void {
    this.#partial.release(this.#buffer.length);
    this.#buffer = EMPTY;
    this.#length = 0;
    this.#head = [];
  }
}

function endOfLine(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) if (bytes[at] === LINE_FEED || bytes[at] === NUL) return at;
  return bytes.length;
}

/** The text of a message: what is not UTF-8 becomes U+FFFD. Where it was cut, no half of a character is left. */
export function textOf(bytes: Uint8Array, isCut: boolean): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return isCut ? text.replace(/\u{fffd}$/u, "") : text;
}
