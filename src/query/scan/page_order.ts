// The order of pages of records, either way: by time, then by id. A place in it is a record's time and id. A cursor
// names the place after which a page begins, whichever way the page goes. It is no offset, so records that come before
// or after it move nothing.

import type { EntriesOrder } from "../../core/queries.ts";
import type { QueryBlock } from "./source.ts";

/** Longest text that `parseCursor` looks at; a cursor is much shorter. */
const CURSOR_LENGTH_MAX = 128;

/** A place in the order of pages. */
export interface Place {
  /** Unix ms. */
  readonly time: number;
  readonly id: number;
}

const CURSOR = /^1\.(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\.(\d+|end)$/;
/** The place of a record as anyone can write it. */
const RECORD_PLACE = /^(\d{1,16}(?:\.\d{1,20})?):(\d{1,16})$/;

export function formatCursor({ time, id }: Place): string {
  return Buffer.from(`1.${time}.${id === Number.POSITIVE_INFINITY ? "end" : id}`).toString("base64url");
}

/** The place of a cursor that `formatCursor` wrote, or of a record's `time:id`; undefined for any other text. */
export function parseCursor(text: string): Place | undefined {
  if (text.length > CURSOR_LENGTH_MAX) return undefined;
  const match = RECORD_PLACE.exec(text) ?? (isBase64Url(text) ? CURSOR.exec(decoded(text)) : null);
  if (match === null) return undefined;
  const time = Number(match[1]);
  const id = match[2] === "end" ? Number.POSITIVE_INFINITY : Number(match[2]);
  return Number.isFinite(time) ? { time, id } : undefined;
}

function isBase64Url(text: string): boolean {
  return /^[A-Za-z0-9_-]+$/.test(text);
}

function decoded(text: string): string {
  return Buffer.from(text, "base64url").toString("latin1");
}

/** One of the two ways through the records. */
export interface PageOrder {
  /** Negative where the first place comes first. */
  readonly compare: (a: Place, b: Place) => number;
  /** Before every record. */
  readonly beginning: Place;
  /** The time of a block's first record. */
  readonly firstOf: (block: QueryBlock) => number;
  /** Whether a block may hold a record at the time of the place or after it. */
  readonly reaches: (block: QueryBlock, place: Place) => boolean;
  /** The place before all records of a time. */
  readonly before: (time: number) => Place;
  /** 1 where later times come later, −1 where they come first. */
  readonly direction: 1 | -1;
}

export const PAGE_ORDERS: Readonly<Record<EntriesOrder, PageOrder>> = {
  desc: {
    compare: (a, b) => b.time - a.time || b.id - a.id,
    beginning: { time: Number.POSITIVE_INFINITY, id: Number.POSITIVE_INFINITY },
    firstOf: ({ timeMax }) => timeMax,
    reaches: ({ timeMin }, { time }) => timeMin <= time,
    before: (time) => ({ time, id: Number.POSITIVE_INFINITY }),
    direction: -1,
  },
  asc: {
    compare: (a, b) => a.time - b.time || a.id - b.id,
    beginning: { time: Number.NEGATIVE_INFINITY, id: 0 },
    firstOf: ({ timeMin }) => timeMin,
    reaches: ({ timeMax }, { time }) => timeMax >= time,
    before: (time) => ({ time, id: 0 }),
    direction: 1,
  },
};

/**
 * The n first rows of a block in an order: a heap whose top is the last of them, so that most rows of a large block
 * cost one comparison.
 */
export class FirstRows {
  readonly #max: number;
  readonly #times: ArrayLike<number>;
  readonly #ids: ArrayLike<number>;
  readonly #direction: 1 | -1;
  readonly #heap: number[] = [];

  constructor(max: number, { direction }: PageOrder, times: ArrayLike<number>, ids: ArrayLike<number>) {
    this.#max = max;
    this.#direction = direction;
    this.#times = times;
    this.#ids = ids;
  }

  add(row: number): void {
    const heap = this.#heap;
    if (heap.length < this.#max) {
      heap.push(row);
      this.#siftUp(heap.length - 1);
    } else if (this.#isLater(heap[0] as number, row)) {
      heap[0] = row;
      this.#siftDown();
    }
  }

  /** In row order. */
  rows(): number[] {
    return [...this.#heap].sort((a, b) => a - b);
  }

  #isLater(a: number, b: number): boolean {
    const difference = (this.#times[a] as number) - (this.#times[b] as number);
    const order = difference !== 0 ? difference : (this.#ids[a] as number) - (this.#ids[b] as number);
    return this.#direction * order > 0;
  }

  #siftUp(from: number): void {
    const heap = this.#heap;
    const row = heap[from] as number;
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isLater(row, heap[parent] as number)) break;
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
      if (child + 1 < heap.length && this.#isLater(heap[child + 1] as number, heap[child] as number)) child++;
      if (!this.#isLater(heap[child] as number, row)) break;
      heap[place] = heap[child] as number;
      place = child;
    }
    heap[place] = row;
  }
}
