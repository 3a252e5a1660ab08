// Compresses to one block of Snappy, simply: copies of four or more bytes that came before, literals for all else.

const OFFSET_MAX = 65_535;
const COPY_MAX = 64;
const LITERAL_MAX = 65_536;

/** The block for these bytes. */
export function snappy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const out: number[] = varint(bytes.length);
  const places = new Map<number, number>();
  let literalFrom = 0;
  for (let at = 0; at < bytes.length; ) {
    const word = at + 4 <= bytes.length ? wordAt(bytes, at) : undefined;
    const before = word === undefined ? undefined : places.get(word);
    if (word !== undefined) places.set(word, at);
    if (before === undefined || at - before > OFFSET_MAX) {
      at++;
      continue;
    }
    let length = 4;
    while (length < COPY_MAX && at + length < bytes.length && bytes[before + length] === bytes[at + length]) length++;
    pushLiterals(out, bytes.subarray(literalFrom, at));
    pushCopy(out, at - before, length);
    at += length;
    literalFrom = at;
  }
  pushLiterals(out, bytes.subarray(literalFrom));
  return Uint8Array.from(out);
}

/** A number as Protocol Buffers and Snappy write it. */
export function varint(number: number): number[] {
  const bytes: number[] = [];
  let left = number;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) + 0x80);
  return [...bytes, left];
}

function wordAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true);
}

function pushLiterals(out: number[], bytes: Uint8Array): void {
  for (let from = 0; from < bytes.length; from += LITERAL_MAX) {
    const literal = bytes.subarray(from, from + LITERAL_MAX);
    const last = literal.length - 1;
    if (last < 60) out.push(last << 2);
    else if (last < 256) out.push(60 << 2, last);
    else out.push(61 << 2, last & 0xff, last >> 8);
    for (const byte of literal) out.push(byte);
  }
}

function pushCopy(out: number[], offset: number, length: number): void {
  if (length <= 11 && offset < 2_048) out.push(((offset >> 8) << 5) | ((length - 4) << 2) | 1, offset & 0xff);
  else out.push(((length - 1) << 2) | 2, offset & 0xff, offset >> 8);
}
