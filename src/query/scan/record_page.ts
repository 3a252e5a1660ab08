// A page of records while it is made: the first ones that were found so far, in its order, however they come. In: blocks
// or records, each any number of times. Out: the page, with a cursor where there are more.

import { PAGE_LENGTH_MAX } from "../../core/limits.ts";
import { type ShownRecord, showRecord } from "../../core/record.ts";
import type { EntriesResponse } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { FirstRows, formatCursor, type PageOrder, type Place } from "./page_order.ts";
import { textLengthOf } from "./query_memory.ts";
import { isMatch, type ScannedBlock } from "./scanned_block.ts";

/** Records of a block that are decoded first, to learn how long they are. */
const FIRST_RECORDS = 16;
/** Bytes of a record beside its texts, about. */
export const RECORD_BYTES = 500;

interface Found extends Place {
  readonly record: ShownRecord;
}

/** The first records found so far: one more than the limit, to know whether there is another page. */
interface First {
  /** Lower than the requested limit where records are long. */
  readonly limit: number;
  readonly found: readonly Found[];
  /** Characters of their texts. */
  readonly length: number;
}

export class RecordPage {
  readonly order: PageOrder;
  /** The page begins after this place. */
  readonly after: Place;
  readonly #heldBytes: number;
  #first: First;

  /** @param limit the most records, at least 1. @param heldBytes that the query holds beside the page, about. */
  constructor(limit: number, order: PageOrder, after: Place, heldBytes = 0) {
    this.order = order;
    this.after = after;
    this.#heldBytes = heldBytes;
    this.#first = { limit, found: [], length: 0 };
  }

  /** Whether a record of this time, Unix ms, may belong on the page. */
  wants(time: number): boolean {
    const last = lastOf(this.#first);
    return last === undefined || this.order.direction * (time - last.time) <= 0;
  }

  /** Whether a record after this place, in the page's order, may belong on the page. */
  reaches(place: Place): boolean {
    const last = lastOf(this.#first);
    return last === undefined || this.order.compare(place, last) < 0;
  }

  /** One more than the records that fit: to know whether there is another page. */
  get wanted(): number {
    return this.#first.limit + 1;
  }

  /** Memory of the query, about. */
  get bytes(): number {
    return this.#heldBytes + 2 * this.#first.length + RECORD_BYTES * this.#first.found.length;
  }

  /** Adds records of the scope, in any order. */
  addRecords(records: readonly ShownRecord[]): void {
    const known = new Set(this.#first.found.map(({ id }) => id));
    const { direction } = this.order;
    const others = records.filter(({ time, id }) => !known.has(id) && isAfter(direction, time, id, this.after));
    const found = others.map((record) => ({ time: record.time, id: record.id, record }));
    this.#first = firstOf([...this.#first.found, ...found], this.#first.limit, this.order);
  }

  /** Adds the matching records of a block. */
  *add(scanned: ScannedBlock): Steps<void> {
    const matches = yield* scanned.matches();
    if (matches === "none") return;
    const block = yield* scanned.open();
    const ids = block.id();
    const times = block.time();
    const placeOf = (row: number): Place => ({ time: times[row] as number, id: ids[row] as number });
    const last = lastOf(this.#first);
    const firstRows = new FirstRows(this.#first.limit + 1, this.order, times, ids);
    const { direction } = this.order;
    for (let row = 0; row < block.count; row++) {
      if (!isMatch(matches, row)) continue;
      const time = times[row] as number;
      const id = ids[row] as number;
      if (!isAfter(direction, time, id, this.after)) continue;
      if (last !== undefined && isAfter(direction, time, id, last)) continue;
      firstRows.add(row);
    }
    const known = new Set(this.#first.found.map(({ id }) => id));
    const rows = firstRows.rows().filter((row) => !known.has(ids[row] as number));
    rows.sort((a, b) => this.order.compare(placeOf(a), placeOf(b)));
    // The first ones first and some at a time, since a record's length is unknown before it is decoded. The page is set
    // at the end, so that a block that turns out to be damaged is left out as a whole.
    let first = this.#first;
    const { project } = scanned.block;
    for (let next = 0, step = FIRST_RECORDS; next < rows.length; next += step, step *= 2) {
      yield undefined;
      const end = lastOf(first);
      if (end !== undefined && this.order.compare(end, placeOf(rows[next] as number)) < 0) break;
      const portion = rows.slice(next, next + step).sort((a, b) => a - b);
      const records = block.records(portion).map((stored) => ({
        time: stored.time,
        id: stored.id,
        record: showRecord(project, stored),
      }));
      first = firstOf([...first.found, ...records], first.limit, this.order);
    }
    this.#first = first;
  }

  /** The page. */
  response(): EntriesResponse {
    const { limit, found } = this.#first;
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    const hasMore = found.length > limit && last !== undefined;
    return { entries: shown.map(({ record }) => record), nextCursor: hasMore ? formatCursor(last) : null };
  }

  /** Only the records before `time` in the order: others may lie in blocks that were not visited. */
  responseBefore(time: number): EntriesResponse {
    const { direction, before } = this.order;
    const found = this.#first.found.filter((one) => direction * (time - one.time) > 0);
    this.#first = { ...this.#first, found };
    const response = this.response();
    if (response.nextCursor !== null) return response;
    const next = direction * (time - this.after.time) > 0 ? before(time) : this.after;
    return { ...response, nextCursor: formatCursor(next) };
  }
}

/** Whether a record comes after the place. */
function isAfter(direction: 1 | -1, time: number, id: number, place: Place): boolean {
  return time === place.time ? direction * (id - place.id) > 0 : direction * (time - place.time) > 0;
}

/** The first of the records, as many as fit on a page. */
function firstOf(all: Found[], limit: number, { compare }: PageOrder): First {
  const found = all.sort(compare).slice(0, limit + 1);
  let length = 0;
  for (const [index, { record }] of found.entries()) {
    length += textLengthOf(record);
    if (length <= PAGE_LENGTH_MAX || index >= limit) continue;
    const fitting = Math.max(1, index);
    return { limit: fitting, found: found.slice(0, fitting + 1), length };
  }
  return { limit, found, length };
}

/** The record that an earlier one pushes out, once the page is full. */
function lastOf({ limit, found }: First): Found | undefined {
  return found.length > limit ? found[limit] : undefined;
}
