// What lies in a file's bytes, whatever programs that read it say.

import { existsSync, readFileSync } from "node:fs";

/** Bytes of one slice: long enough that none is found by chance. */
const SLICE_BYTES = 24;

/** The slices that a text or some bytes consist of; what is left at the end makes none. */
export function slicesOf(data: Uint8Array): string[] {
  const text = Buffer.from(data).toString("latin1");
  const slices: string[] = [];
  for (let at = 0; at + SLICE_BYTES <= text.length; at += SLICE_BYTES) slices.push(text.slice(at, at + SLICE_BYTES));
  return slices;
}

/** Those of the slices that lie in some of the data, at any offset. */
export function slicesIn(slices: ReadonlySet<string>, ...data: readonly Uint8Array[]): Set<string> {
  const found = new Set<string>();
  for (const bytes of data) {
    const text = Buffer.from(bytes).toString("latin1");
    for (let at = 0; at + SLICE_BYTES <= text.length; at++) {
      const slice = text.slice(at, at + SLICE_BYTES);
      if (slices.has(slice)) found.add(slice);
    }
  }
  return found;
}

/** A data file and its log, as they lie on the disk. */
export function rawFiles(file: string): Buffer[] {
  return [file, `${file}-wal`].filter((path) => existsSync(path)).map((path) => readFileSync(path));
}
