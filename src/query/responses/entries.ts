// The newest records of a scope, a page at a time. Blocks are visited from the one with the newest record on, until no
// other block can hold a record that belongs on the page. If a block was merged away meanwhile, the blocks are listed
// again; a record that is met twice is taken once.
//
// A cursor names the time and id after which a page begins. It is no offset, so new records in front of it move
// nothing.

import { PAGE_LENGTH_MAX } from "../../core/limits.ts";
import type { QueryRefusal } from "../../core/queries.ts";
import { type ShownRecord, showRecord } from "../../core/record.ts";
import type { EntriesResponse } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { textLengthOf } from "../scan/query_memory.ts";
import { Coverage, candidateBlocks, type ScanContext, TimeOverError, visitBlock } from "../scan/scan.ts";
import { isMatch, type ScannedBlock } from "../scan/scanned_block.ts";
import type { Scope } from "../scan/scope.ts";
import type { QueryBlock } from "../scan/source.ts";

/** Records of a block that are decoded first, to learn how long they are. */
const FIRST_RECORDS = 16;
/** Bytes of a record beside its texts, about. */
const RECORD_BYTES = 500;
/** Longest text that `parseCursor` looks at; a cursor is much shorter. */
const CURSOR_LENGTH_MAX = 128;

/** A place in the order of pages: latest time first, and of one time the highest id first. */
interface Place {
  /** Unix ms. */
  readonly time: number;
  readonly id: number;
}

/** Before every record. */
const NEWEST: Place = { time: Number.POSITIVE_INFINITY, id: Number.POSITIVE_INFINITY };

const CURSOR = /^1\.(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\.(\d+|end)$/;

function formatCursor({ time, id }: Place): string {
  return Buffer.from(`1.${time}.${id === Number.POSITIVE_INFINITY ? "end" : id}`).toString("base64url");
}

/** Undefined for a text that `formatCursor` did not write. */
function parseCursor(text: string): Place | undefined {
  if (text.length > CURSOR_LENGTH_MAX || !/^[A-Za-z0-9_-]+$/.test(text)) return undefined;
  const match = CURSOR.exec(Buffer.from(text, "base64url").toString("latin1"));
  if (match === null) return undefined;
  const time = Number(match[1]);
  const id = match[2] === "end" ? Number.POSITIVE_INFINITY : Number(match[2]);
  return Number.isFinite(time) ? { time, id } : undefined;
}

/** Whether a record comes after the place. */
function isAfter(time: number, id: number, place: Place): boolean {
  return time < place.time || (time === place.time && id < place.id);
}

function newestFirst(a: Place, b: Place): number {
  return b.time - a.time || b.id - a.id;
}

export interface PageRequest {
  /** The most records of the page, at least 1. Fewer where they are very long. */
  readonly limit: number;
  /** The `nextCursor` of the page before; undefined: the first page. */
  readonly cursor: string | undefined;
}

/** A page of records, newest first. At the deadline it is the part that is certain, with a cursor to go on. */
export function* entriesResponse(
  context: ScanContext,
  scope: Scope,
  { limit, cursor }: PageRequest,
): Steps<EntriesResponse | QueryRefusal> {
  const after = cursor === undefined ? NEWEST : parseCursor(cursor);
  if (after === undefined) {
    return { code: "bad_cursor", message: "cursor: pass a nextCursor back exactly as it was received" };
  }
  const page = new Page(limit, after);
  const coverage = new Coverage();
  let blocks = unvisitedBlocks(context, scope, after, new Set());
  const visited = new Set<number>();
  let stoppedAt: number | undefined;
  for (let next = blocks.shift(); next !== undefined && page.wants(next); next = blocks.shift()) {
    if (context.clock() >= context.deadline) {
      stoppedAt = next.timeMax;
      break;
    }
    const block = next;
    context.source.begin();
    try {
      const isThere = yield* visitBlock(context, scope, block, coverage, (scanned) => page.add(scanned));
      if (isThere) visited.add(block.id);
      else blocks = unvisitedBlocks(context, scope, after, visited);
    } catch (error) {
      if (!(error instanceof TimeOverError)) throw error;
      stoppedAt = block.timeMax;
      break;
    } finally {
      context.source.end();
    }
    context.memory.setCollected(page.bytes);
    context.onProgress?.(visited.size, visited.size + blocks.length);
    yield undefined;
  }
  if (stoppedAt === undefined) return { ...page.response(), ...coverage.warnings() };
  coverage.stoppedEarly = `the time limit was reached; records up to ${new Date(stoppedAt).toISOString()} were not searched yet: go on with nextCursor`;
  return { ...page.responseAbove(stoppedAt), ...coverage.warnings() };
}

/** The blocks that may hold a record of the page and were not visited yet, newest first. */
function unvisitedBlocks(context: ScanContext, scope: Scope, after: Place, visited: ReadonlySet<number>): QueryBlock[] {
  return candidateBlocks(context, scope)
    .filter((block) => !visited.has(block.id) && block.timeMin <= after.time)
    .sort((a, b) => b.timeMax - a.timeMax || b.idMax - a.idMax);
}

interface Found extends Place {
  readonly record: ShownRecord;
}

/** The newest records found so far: one more than the limit, to know whether there is another page. */
interface Newest {
  /** Lower than the requested limit where records are long. */
  readonly limit: number;
  readonly found: readonly Found[];
  /** Characters of their texts. */
  readonly length: number;
}

class Page {
  readonly #after: Place;
  #newest: Newest;

  constructor(limit: number, after: Place) {
    this.#after = after;
    this.#newest = { limit, found: [], length: 0 };
  }

  /** Whether the block may hold a record that belongs on the page. */
  wants(block: QueryBlock): boolean {
    const last = lastOf(this.#newest);
    return last === undefined || block.timeMax >= last.time;
  }

  /** Memory of the records, about. */
  get bytes(): number {
    return 2 * this.#newest.length + RECORD_BYTES * this.#newest.found.length;
  }

  *add(scanned: ScannedBlock): Steps<void> {
    const matches = yield* scanned.matches();
    if (matches === "none") return;
    const block = yield* scanned.open();
    const ids = block.id();
    const times = block.time();
    const placeOf = (row: number): Place => ({ time: times[row] as number, id: ids[row] as number });
    const last = lastOf(this.#newest);
    const newestRows = new NewestRows(this.#newest.limit + 1, times, ids);
    for (let row = 0; row < block.count; row++) {
      if (!isMatch(matches, row)) continue;
      const time = times[row] as number;
      const id = ids[row] as number;
      if (!isAfter(time, id, this.#after)) continue;
      if (last !== undefined && !isAfter(last.time, last.id, { time, id })) continue;
      newestRows.add(row);
    }
    const known = new Set(this.#newest.found.map(({ id }) => id));
    const rows = newestRows.rows().filter((row) => !known.has(ids[row] as number));
    rows.sort((a, b) => newestFirst(placeOf(a), placeOf(b)));
    // The newest first and some at a time, since a record's length is unknown before it is decoded. The page is set at
    // the end, so that a block that turns out to be damaged is left out as a whole.
    let newest = this.#newest;
    const { project } = scanned.block;
    for (let next = 0, step = FIRST_RECORDS; next < rows.length; next += step, step *= 2) {
      yield undefined;
      const end = lastOf(newest);
      if (end !== undefined && newestFirst(end, placeOf(rows[next] as number)) < 0) break;
      const portion = rows.slice(next, next + step).sort((a, b) => a - b);
      const records = block.records(portion).map((stored) => ({
        time: stored.time,
        id: stored.id,
        record: showRecord(project, stored),
      }));
      newest = newestOf([...newest.found, ...records], newest.limit);
    }
    this.#newest = newest;
  }

  response(): EntriesResponse {
    const { limit, found } = this.#newest;
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    const hasMore = found.length > limit && last !== undefined;
    return { entries: shown.map(({ record }) => record), nextCursor: hasMore ? formatCursor(last) : null };
  }

  /** Only the records newer than `time`: older ones may lie in blocks that were not visited. */
  responseAbove(time: number): EntriesResponse {
    this.#newest = { ...this.#newest, found: this.#newest.found.filter((found) => found.time > time) };
    const response = this.response();
    if (response.nextCursor !== null) return response;
    const next = time < this.#after.time ? { time, id: Number.POSITIVE_INFINITY } : this.#after;
    return { ...response, nextCursor: formatCursor(next) };
  }
}

/** The newest of the records, as many as fit on a page. */
function newestOf(all: Found[], limit: number): Newest {
  const found = all.sort(newestFirst).slice(0, limit + 1);
  let length = 0;
  for (const [index, { record }] of found.entries()) {
    length += textLengthOf(record);
    if (length <= PAGE_LENGTH_MAX || index >= limit) continue;
    const fitting = Math.max(1, index);
    return { limit: fitting, found: found.slice(0, fitting + 1), length };
  }
  return { limit, found, length };
}

/** The record that a newer one pushes out, once the page is full. */
function lastOf({ limit, found }: Newest): Found | undefined {
  return found.length > limit ? found[limit] : undefined;
}

/**
 * The n newest rows of a block: a heap whose top is the oldest of them, so that most rows of a large block cost one
 * comparison.
 */
class NewestRows {
  readonly #max: number;
  readonly #times: ArrayLike<number>;
  readonly #ids: ArrayLike<number>;
  readonly #heap: number[] = [];

  constructor(max: number, times: ArrayLike<number>, ids: ArrayLike<number>) {
    this.#max = max;
    this.#times = times;
    this.#ids = ids;
  }

  add(row: number): void {
    const heap = this.#heap;
    if (heap.length < this.#max) {
      heap.push(row);
      this.#siftUp(heap.length - 1);
    } else if (this.#isOlder(heap[0] as number, row)) {
      heap[0] = row;
      this.#siftDown();
    }
  }

  /** In row order. */
  rows(): number[] {
    return [...this.#heap].sort((a, b) => a - b);
  }

  #isOlder(a: number, b: number): boolean {
    const difference = (this.#times[a] as number) - (this.#times[b] as number);
    return difference !== 0 ? difference < 0 : (this.#ids[a] as number) < (this.#ids[b] as number);
  }

  #siftUp(from: number): void {
    const heap = this.#heap;
    const row = heap[from] as number;
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isOlder(row, heap[parent] as number)) break;
      heap[place] = heap[parent] as number;
      place = parent;
    }
    heap[place] = row;
  }

  #siftDown(): void {
    const heap = this.#heap;
    const row = heap[0] as number;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#isOlder(heap[child + 1] as number, heap[child] as number)) child++;
      if (!this.#isOlder(heap[child] as number, row)) break;
      heap[place] = heap[child] as number;
      place = child;
    }
    heap[place] = row;
  }
}
