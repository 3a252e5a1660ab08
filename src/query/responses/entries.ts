// The records of a scope, newest or oldest first, a page at a time. Blocks are visited from the one with the first
// record on, until no other block can hold a record that belongs on the page. If a block was merged away meanwhile, the
// blocks are listed again; a record that is met twice is taken once.

import { PAGE_LENGTH_MAX } from "../../core/limits.ts";
import type { EntriesOrder, QueryRefusal } from "../../core/queries.ts";
import { type ShownRecord, showRecord } from "../../core/record.ts";
import type { EntriesResponse } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { textLengthOf } from "../scan/query_memory.ts";
import { Coverage, candidateBlocks, type ScanContext, TimeOverError, visitBlock } from "../scan/scan.ts";
import { isMatch, type ScannedBlock } from "../scan/scanned_block.ts";
import type { Scope } from "../scan/scope.ts";
import type { QueryBlock } from "../scan/source.ts";
import { FirstRows, formatCursor, PAGE_ORDERS, type PageOrder, type Place, parseCursor } from "./page_order.ts";

/** Records of a block that are decoded first, to learn how long they are. */
const FIRST_RECORDS = 16;
/** Bytes of a record beside its texts, about. */
export const RECORD_BYTES = 500;
export interface PageRequest {
  /** The most records of the page, at least 1. Fewer where they are very long. */
  readonly limit: number;
  /** The `nextCursor` of the page before; undefined: the first page. */
  readonly cursor: string | undefined;
  /** "desc" is newest first, and what undefined means. */
  readonly order?: EntriesOrder | undefined;
  /** Bytes that the query holds beside the page, about; default 0. */
  readonly heldBytes?: number;
}

/** A page of records. At the deadline it is the part that is certain, with a cursor to go on. */
export function* entriesResponse(
  context: ScanContext,
  scope: Scope,
  { limit, cursor, order: wanted, heldBytes = 0 }: PageRequest,
): Steps<EntriesResponse | QueryRefusal> {
  const order = PAGE_ORDERS[wanted ?? "desc"];
  const after = cursor === undefined ? order.beginning : parseCursor(cursor);
  if (after === undefined) {
    const message = "cursor: pass a nextCursor back exactly as it was received, or a record's time:id";
    return { code: "bad_cursor", message };
  }
  const page = new Page(limit, order, after);
  const coverage = new Coverage();
  let blocks = unvisitedBlocks(context, scope, order, after, new Set());
  const visited = new Set<number>();
  let stoppedAt: number | undefined;
  for (let next = blocks.shift(); next !== undefined && page.wants(next); next = blocks.shift()) {
    if (context.clock() >= context.deadline) {
      stoppedAt = order.firstOf(next);
      break;
    }
    const block = next;
    context.source.begin();
    try {
      const isThere = yield* visitBlock(context, scope, block, coverage, (scanned) => page.add(scanned));
      if (isThere) visited.add(block.id);
      else blocks = unvisitedBlocks(context, scope, order, after, visited);
    } catch (error) {
      if (!(error instanceof TimeOverError)) throw error;
      stoppedAt = order.firstOf(block);
      break;
    } finally {
      context.source.end();
    }
    context.memory.setCollected(heldBytes + page.bytes);
    context.onProgress?.(visited.size, visited.size + blocks.length);
    yield undefined;
  }
  if (stoppedAt === undefined) return { ...page.response(), ...coverage.warnings() };
  const side = order.direction === 1 ? "from" : "up to";
  coverage.stoppedEarly = `the time limit was reached; records ${side} ${new Date(stoppedAt).toISOString()} were not searched yet: go on with nextCursor`;
  return { ...page.responseBefore(stoppedAt), ...coverage.warnings() };
}

/** The blocks that may hold a record of the page and were not visited yet, the one with the first record first. */
function unvisitedBlocks(
  context: ScanContext,
  scope: Scope,
  order: PageOrder,
  after: Place,
  visited: ReadonlySet<number>,
): QueryBlock[] {
  const { direction, firstOf, reaches } = order;
  return candidateBlocks(context, scope)
    .filter((block) => !visited.has(block.id) && reaches(block, after))
    .sort((a, b) => direction * (firstOf(a) - firstOf(b)) || direction * (a.idMax - b.idMax));
}

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

class Page {
  readonly #order: PageOrder;
  readonly #after: Place;
  #first: First;

  constructor(limit: number, order: PageOrder, after: Place) {
    this.#order = order;
    this.#after = after;
    this.#first = { limit, found: [], length: 0 };
  }

  /** Whether the block may hold a record that belongs on the page. */
  wants(block: QueryBlock): boolean {
    const last = lastOf(this.#first);
    return last === undefined || this.#order.direction * (this.#order.firstOf(block) - last.time) <= 0;
  }

  /** Memory of the records, about. */
  get bytes(): number {
    return 2 * this.#first.length + RECORD_BYTES * this.#first.found.length;
  }

  *add(scanned: ScannedBlock): Steps<void> {
    const matches = yield* scanned.matches();
    if (matches === "none") return;
    const block = yield* scanned.open();
    const ids = block.id();
    const times = block.time();
    const placeOf = (row: number): Place => ({ time: times[row] as number, id: ids[row] as number });
    const last = lastOf(this.#first);
    const firstRows = new FirstRows(this.#first.limit + 1, this.#order, times, ids);
    const { direction } = this.#order;
    for (let row = 0; row < block.count; row++) {
      if (!isMatch(matches, row)) continue;
      const time = times[row] as number;
      const id = ids[row] as number;
      if (!isAfter(direction, time, id, this.#after)) continue;
      if (last !== undefined && isAfter(direction, time, id, last)) continue;
      firstRows.add(row);
    }
    const known = new Set(this.#first.found.map(({ id }) => id));
    const rows = firstRows.rows().filter((row) => !known.has(ids[row] as number));
    rows.sort((a, b) => this.#order.compare(placeOf(a), placeOf(b)));
    // The first ones first and some at a time, since a record's length is unknown before it is decoded. The page is set
    // at the end, so that a block that turns out to be damaged is left out as a whole.
    let first = this.#first;
    const { project } = scanned.block;
    for (let next = 0, step = FIRST_RECORDS; next < rows.length; next += step, step *= 2) {
      yield undefined;
      const end = lastOf(first);
      if (end !== undefined && this.#order.compare(end, placeOf(rows[next] as number)) < 0) break;
      const portion = rows.slice(next, next + step).sort((a, b) => a - b);
      const records = block.records(portion).map((stored) => ({
        time: stored.time,
        id: stored.id,
        record: showRecord(project, stored),
      }));
      first = firstOf([...first.found, ...records], first.limit, this.#order);
    }
    this.#first = first;
  }

  response(): EntriesResponse {
    const { limit, found } = this.#first;
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    const hasMore = found.length > limit && last !== undefined;
    return { entries: shown.map(({ record }) => record), nextCursor: hasMore ? formatCursor(last) : null };
  }

  /** Only the records before `time` in the order: others may lie in blocks that were not visited. */
  responseBefore(time: number): EntriesResponse {
    const { direction, before } = this.#order;
    const found = this.#first.found.filter((one) => direction * (time - one.time) > 0);
    this.#first = { ...this.#first, found };
    const response = this.response();
    if (response.nextCursor !== null) return response;
    const next = direction * (time - this.#after.time) > 0 ? before(time) : this.#after;
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
