// Every record in the order of ids, from the blocks, while they are being written and merged: a window of ids at a time,
// each from one consistent view. Which blocks hold an id may change between windows; which records there are does not.

import { decodeColumns, recordsOf } from "../block/decode.ts";
import type { BlockPiece } from "../block/encode.ts";
import { BLOCK_RECORDS_MAX } from "../core/limits.ts";
import { type ShownRecord, type StoredRecord, showRecord } from "../core/record.ts";

/** A block as the export needs it. Times in Unix ms. */
export interface ExportBlock {
  readonly id: number;
  readonly project: string;
  readonly records: number;
  readonly idMin: number;
  readonly idMax: number;
  readonly timeMin: number;
  readonly timeMax: number;
}

/** Where blocks come from. */
export interface ExportSource {
  nextRecordId(): number;
  visit(
    from: number,
    to: number,
    wants: (block: ExportBlock) => boolean,
    visit: (block: ExportBlock & { readonly pieces: readonly BlockPiece[] }) => void,
  ): void;
}

export interface ExportFilter {
  /** Undefined for all projects. */
  readonly project: string | undefined;
  /** Record times, Unix ms; `from` is included, `to` is not. */
  readonly from: number;
  readonly to: number;
  /** Records older than this are expired and not shown; Unix ms. */
  readonly expiredBefore: (project: string) => number;
}

/** Ids that one window spans: a merged block is inflated once or twice at the most when one project is written. */
const WINDOW_IDS = 2 * BLOCK_RECORDS_MAX;
/** Decoded blocks that are kept for the next window, in inflated rows: bounds memory to some hundred MB. */
const CACHED_RECORDS_MAX = 8 * BLOCK_RECORDS_MAX;

/** Yields the records of one window after the other, each in the order of ids. */
export function* exportRecords(source: ExportSource, filter: ExportFilter): Generator<ShownRecord[]> {
  const end = source.nextRecordId();
  const cache = new Map<number, StoredRecord[]>();
  for (let from = 1; from < end; from += WINDOW_IDS) {
    const to = Math.min(from + WINDOW_IDS, end);
    const shown: ShownRecord[] = [];
    const used = new Set<number>();
    const wants = (block: ExportBlock) =>
      (filter.project === undefined || block.project === filter.project) &&
      block.timeMax >= Math.max(filter.from, filter.expiredBefore(block.project)) &&
      block.timeMin < filter.to;
    source.visit(from, to, wants, (block) => {
      used.add(block.id);
      const records = cache.get(block.id) ?? recordsOf(decodeColumns(block.pieces, block.records));
      if (block.idMax >= to) cache.set(block.id, records);
      const timeFrom = Math.max(filter.from, filter.expiredBefore(block.project));
      for (const record of records) {
        if (record.id < from || record.id >= to || record.time < timeFrom || record.time >= filter.to) continue;
        shown.push(showRecord(block.project, record));
      }
    });
    trim(cache, used);
    shown.sort((a, b) => a.id - b.id);
    if (shown.length > 0) yield shown;
  }
}

/** Forgets blocks that the last window did not need, then the oldest ones above the bound. */
function trim(cache: Map<number, StoredRecord[]>, used: ReadonlySet<number>): void {
  let records = 0;
  for (const [id, block] of cache) {
    if (!used.has(id)) cache.delete(id);
    else records += block.length;
  }
  for (const [id, block] of cache) {
    if (records <= CACHED_RECORDS_MAX) return;
    cache.delete(id);
    records -= block.length;
  }
}
