// Rows of `blocks` for tests that need no file.

import type { BlockEntry } from "../../../src/store/catalog.ts";

/** A block of one project and day, small unless said otherwise. */
export function blockOf(id: number, fields: Partial<BlockEntry> = {}): BlockEntry {
  return {
    id,
    project: 1,
    day: 10,
    records: 1,
    timeMax: 0,
    idMin: id,
    idMax: id,
    bytes: 100,
    rawBytes: 200,
    ...fields,
  };
}
