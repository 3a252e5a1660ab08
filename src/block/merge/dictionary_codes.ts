// Which of many texts are equal, without a string of any: a table of different texts by a hash of their bytes. The hash has a secret,
// as the table of strings has, so texts cannot be crafted to meet.

import { newSecret } from "../codec/text_table.ts";

/** Texts that are equal have one code: `codes[n]` is text n's, from 1 on; `texts[code - 1]` is the first text that has it. */
export interface TextCodes {
  readonly codes: Uint32Array;
  readonly texts: readonly number[];
}

/**
 * Codes of texts 1 to `count`, of which text n lies from `starts[n - 1]` to `starts[n]`; undefined when more than `differentMax`
 * differ.
 */
export function findCodes(
  bytes: Uint8Array,
  starts: Uint32Array,
  count: number,
  differentMax: number,
): TextCodes | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const slotCount = 2 ** Math.ceil(Math.log2(2 * Math.min(differentMax, count) + 2));
  const slots = new Uint32Array(slotCount);
  const codes = new Uint32Array(count + 1);
  const texts: number[] = [];
  const [first, second, start] = newSecret();
  for (let text = 1; text <= count; text++) {
    const from = starts[text - 1] as number;
    const to = starts[text] as number;
    let slot = hashOf(view, from, to, first, second, start) & (slotCount - 1);
    let code = slots[slot] as number;
    while (code !== 0) {
      const known = texts[code - 1] as number;
      const knownFrom = starts[known - 1] as number;
      if ((starts[known] as number) - knownFrom === to - from && areEqual(view, from, to, knownFrom)) break;
      slot = (slot + 1) & (slotCount - 1);
      code = slots[slot] as number;
    }
    if (code === 0) {
      if (texts.length === differentMax) return undefined;
      code = texts.push(text);
      slots[slot] = code;
    }
    codes[text] = code;
  }
  return { codes, texts };
}

/** As the table of strings does it: a second multiplication keeps the next bytes from undoing what these changed. */
function hashOf(view: DataView, from: number, to: number, first: number, second: number, start: number): number {
  let hash = start ^ (to - from);
  let at = from;
  for (; at + 4 <= to; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), first);
    hash = Math.imul(hash ^ (hash >>> 15), second);
  }
  for (; at < to; at++) {
    hash = Math.imul(hash ^ view.getUint8(at), first);
    hash = Math.imul(hash ^ (hash >>> 15), second);
  }
  return hash ^ (hash >>> 16);
}

/** Whether there are the same bytes at `from` and at `otherFrom`. */
function areEqual(view: DataView, from: number, to: number, otherFrom: number): boolean {
  let at = from;
  let other = otherFrom;
  for (; at + 4 <= to; at += 4, other += 4) {
    if (view.getInt32(at, true) !== view.getInt32(other, true)) return false;
  }
  for (; at < to; at++, other++) if (view.getUint8(at) !== view.getUint8(other)) return false;
  return true;
}
