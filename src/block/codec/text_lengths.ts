// Where each text of a plain column begins, in UTF-16 units as it is stored, and in bytes of UTF-8 as it lies.

import { isAscii } from "node:buffer";
import { BlockDamagedError } from "../damage.ts";
import type { ByteReader } from "./bytes.ts";
import type { OptionalText } from "./strings.ts";

/** `starts` has one more than there are texts: where the last one ends. An absent text takes no room. */
export interface TextLengths {
  readonly isPresent: Uint8Array;
  /** In UTF-16 units. */
  readonly starts: Uint32Array;
}

/** Reads the lengths of `count` texts: 0 is absent, n is n − 1 units. */
export function readLengths(reader: ByteReader, count: number): TextLengths {
  const isPresent = new Uint8Array(count);
  const starts = new Uint32Array(count + 1);
  const lengths = reader.unsignedAll(count);
  let at = 0;
  for (let place = 0; place < count; place++) {
    const length = lengths[place] as number;
    if (length > 0) {
      isPresent[place] = 1;
      at += length - 1;
    }
    starts[place + 1] = at;
  }
  if (at > 0xffffffff) throw new RangeError("string column is too long");
  return { isPresent, starts };
}

/** The texts, all cut from one string. */
export function cutText(text: string, { isPresent, starts }: TextLengths): OptionalText[] {
  const values = new Array<OptionalText>(isPresent.length);
  for (let place = 0; place < isPresent.length; place++) {
    values[place] = isPresent[place] === 1 ? text.slice(starts[place], starts[place + 1]) : undefined;
  }
  return values;
}

/** Bytes that are looked at in one native call: where all are ASCII, nothing is counted. */
const CHUNK_BYTES = 1024;

/** The starts in bytes, of text that is UTF-8. Throws BlockDamagedError where the text does not have those units. */
export function byteStarts(bytes: Uint8Array, unitStarts: Uint32Array): Uint32Array {
  const starts = new Uint32Array(unitStarts.length);
  let at = 0;
  // Up to here the bytes are known: all ASCII, or not.
  let knownUntil = 0;
  let isPlain = true;
  for (let place = 1; place < unitStarts.length; place++) {
    let units = (unitStarts[place] as number) - (unitStarts[place - 1] as number);
    while (units > 0) {
      if (at >= knownUntil) {
        knownUntil = at + CHUNK_BYTES;
        isPlain = isAscii(bytes.subarray(at, knownUntil));
      }
      if (isPlain) {
        const step = Math.min(units, knownUntil - at);
        at += step;
        units -= step;
        continue;
      }
      const lead = bytes[at] as number;
      at += lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
      units -= lead < 0xf0 ? 1 : 2;
    }
    starts[place] = at;
  }
  if (at !== bytes.length) throw new BlockDamagedError("string column does not end where its text does");
  return starts;
}
