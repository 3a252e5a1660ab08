// A request's body as text, within the limit before and after decompression. A declared length over the limit is
// refused unread; a body without one is read piece by piece and left at the limit. Its characters are what Content-Type
// says, UTF-8 where that says nothing known, with or without a byte order mark; bytes that are none of them become
// U+FFFD, as in every JSON endpoint of the web platform (request.json() does the same).

import { CHARSET_REFUSED, ENCODING_UNKNOWN, type FixedResponse, INVALID_JSON, TOO_LARGE } from "../base/responses.ts";
import type { BodyRoom } from "./body_room.ts";
import { type Charset, charsetOf } from "./charset.ts";
import { type Decompress, Decompressor, parseCodings } from "./decompress.ts";

/** Why there is no text: 413, 415 (twice) or 400; or 503, because too much of other bodies is in memory. */
export type BodyRefusal = "too_large" | "unknown_encoding" | "utf16" | "unreadable" | "no_room";

/** The response for each body that was not read. */
export const BODY_RESPONSES: Readonly<Record<Exclude<BodyRefusal, "no_room">, FixedResponse>> = {
  too_large: TOO_LARGE,
  unknown_encoding: ENCODING_UNKNOWN,
  utf16: CHARSET_REFUSED,
  unreadable: INVALID_JSON,
};

export interface BodyText {
  readonly text: string;
  /** Of the decompressed body. */
  readonly bytes: number;
}

/**
 * The declared length of a body that is UTF-8 and not compressed, which request.text() reads as it is; -1 for every
 * other body.
 */
export function plainLength(headers: Headers): number {
  if (headers.has("content-encoding") || charsetOf(headers.get("content-type")) !== "utf-8") return -1;
  return declaredLength(headers.get("content-length"));
}

/** As readBytes, as text, in the charset that Content-Type names. */
export async function readText(
  request: Request,
  bytesMax: number,
  room: BodyRoom,
  decompress: Decompress = new Decompressor().decompress,
): Promise<BodyText | BodyRefusal> {
  const charset = charsetOf(request.headers.get("content-type"));
  const decoded = await readBytes(request, bytesMax, room, decompress, charset === "utf-16" ? "utf16" : undefined);
  return typeof decoded === "string" ? decoded : { text: textOf(decoded, charset), bytes: decoded.byteLength };
}

/**
 * Reads the body; `bytesMax` bounds it as it came and each form of it on the way to the bytes. `room` bounds it
 * together with all others that are being read. `refusal`: it is refused so, unless it is too large. `encoding`: its
 * Content-Encoding, as far as it is undone here.
 */
export async function readBytes(
  request: Request,
  bytesMax: number,
  room: BodyRoom,
  decompress: Decompress = new Decompressor().decompress,
  refusal?: BodyRefusal,
  encoding = request.headers.get("content-encoding"),
): Promise<Uint8Array<ArrayBuffer> | BodyRefusal> {
  const declaredBytes = declaredLength(request.headers.get("content-length"));
  if (declaredBytes > bytesMax) return "too_large";
  const codings = parseCodings(encoding);
  const unread = codings === undefined ? "unknown_encoding" : refusal;
  // A body without a declared length may be too large, and 413 has precedence.
  if (unread !== undefined && declaredBytes >= 0) return unread;
  const received = await receive(request, declaredBytes, bytesMax, room);
  if (typeof received === "string") return received;
  if (unread !== undefined || codings === undefined) return unread ?? "unknown_encoding";
  const begun = decompress(received, codings, bytesMax);
  const decoded = begun instanceof Promise ? await whileCounted(begun, received.byteLength, room) : begun;
  return decoded as Uint8Array<ArrayBuffer> | BodyRefusal;
}

/** Waits for the decompression. Meanwhile the received bytes count like a body that is read in pieces. */
async function whileCounted<T>(decoded: Promise<T>, bytes: number, room: BodyRoom): Promise<T | "no_room"> {
  const held = room.begin(() => undefined);
  room.add(held, bytes);
  try {
    const result = await decoded;
    return held.isEvicted ? "no_room" : result;
  } finally {
    room.end(held);
  }
}

/** A byte order mark says more than any header, and is left out. */
function textOf(bytes: Uint8Array, charset: Charset): string {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return new TextDecoder(hasMark ? "utf-8" : charset).decode(bytes);
}

/**
 * The length, or -1 where it is not declared, or in a form (two equal headers) that only the HTTP parser understands.
 */
function declaredLength(header: string | null): number {
  if (header === null) return -1;
  const length = Number(header);
  return Number.isInteger(length) ? length : -1;
}

async function receive(
  request: Request,
  declaredBytes: number,
  bytesMax: number,
  room: BodyRoom,
): Promise<Uint8Array | BodyRefusal> {
  const isWhole = declaredBytes >= 0 && room.reserve(declaredBytes);
  try {
    return isWhole ? new Uint8Array(await request.arrayBuffer()) : await readPieces(request, bytesMax, room);
  } catch {
    return "unreadable";
  } finally {
    if (isWhole) room.release(declaredBytes);
  }
}

async function readPieces(request: Request, bytesMax: number, room: BodyRoom): Promise<Uint8Array | BodyRefusal> {
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  // Once it is cancelled, the server discards what still comes. Nobody waits for that, nor for how it ends.
  const stop = () => void reader.cancel().catch(() => undefined);
  const read = room.begin(stop);
  try {
    const pieces: Uint8Array[] = [];
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      room.add(read, part.value.byteLength);
      if (read.isEvicted) break;
      if (read.bytes > bytesMax) {
        stop();
        return "too_large";
      }
      pieces.push(part.value);
    }
    return read.isEvicted ? "no_room" : Buffer.concat(pieces, read.bytes);
  } finally {
    room.end(read);
  }
}
