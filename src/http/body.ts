// A request's body as text, within the limit before and after decompression. A declared length over the limit is refused
// unread; a body without one is read piece by piece and left at the limit. UTF-8, with or without a byte order mark; bytes
// that are no UTF-8 become U+FFFD, as in every JSON endpoint of the web platform (request.json() does the same).

import { decompress, parseCodings } from "./decompress.ts";

/** Why there is no text: 413, 415 or 400. */
export type BodyRefusal = "too_large" | "unknown_encoding" | "unreadable";

export interface BodyText {
  readonly text: string;
  /** Of the decompressed body. */
  readonly bytes: number;
}

/** The declared length of a body that is not compressed, which request.text() reads as it is; -1 for every other body. */
export function plainLength(headers: Headers): number {
  return headers.has("content-encoding") ? -1 : declaredLength(headers.get("content-length"));
}

/** Reads the body; `bytesMax` bounds it as it came and each form of it on the way to the text. */
export async function readBody(request: Request, bytesMax: number): Promise<BodyText | BodyRefusal> {
  const { headers } = request;
  const declaredBytes = declaredLength(headers.get("content-length"));
  if (declaredBytes > bytesMax) return "too_large";
  const codings = parseCodings(headers.get("content-encoding"));
  if (codings === undefined && declaredBytes >= 0) return "unknown_encoding";
  const received = await readBytes(request, declaredBytes, bytesMax);
  if (typeof received === "string") return received;
  if (codings === undefined) return "unknown_encoding";
  const decoded = decompress(received, codings, bytesMax);
  if (typeof decoded === "string") return decoded;
  return { text: new TextDecoder().decode(decoded), bytes: decoded.byteLength };
}

/** The length, or -1 where it is not declared, or in a form (two equal headers) that only the HTTP parser understands. */
function declaredLength(header: string | null): number {
  if (header === null) return -1;
  const length = Number(header);
  return Number.isInteger(length) ? length : -1;
}

async function readBytes(
  request: Request,
  declaredBytes: number,
  bytesMax: number,
): Promise<Uint8Array | "too_large" | "unreadable"> {
  try {
    if (declaredBytes >= 0) return new Uint8Array(await request.arrayBuffer());
    return await readPieces(request, bytesMax);
  } catch {
    return "unreadable";
  }
}

async function readPieces(request: Request, bytesMax: number): Promise<Uint8Array | "too_large"> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels the stream, and the server discards what still comes.
  for await (const piece of request.body ?? []) {
    bytes += piece.byteLength;
    if (bytes > bytesMax) return "too_large";
    pieces.push(piece);
  }
  return Buffer.concat(pieces, bytes);
}
