// The items of one name, sorted by their instant: which is the earliest, which has a given instant, and which came
// first of those from an instant on. Chunks of bounded length keep every step short however many equal names someone
// sends: 100,000 items are at most 782 chunks.

/** An item: an instant in Unix ms, and a number that rises in order of arrival. */
export interface Arrived {
  readonly at: number;
  readonly id: number;
}

/** A chunk that has more items is split in two. */
const CHUNK_ITEMS_MAX = 256;

interface Chunk<T> {
  readonly items: T[];
  /** The item that came first; undefined until `firstFrom` needs it. */
  first: T | undefined;
}

/** Items, sorted by instant, then by order of arrival. Invariant: no chunk is empty. */
export class SortedItems<T extends Arrived> {
  readonly #chunks: Chunk<T>[] = [];

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  add(item: T): void {
    const index = Math.max(0, this.#chunkBefore(item.at, item.id));
    const chunk = this.#chunks[index];
    if (chunk === undefined) {
      this.#chunks.push({ items: [item], first: item });
      return;
    }
    chunk.items.splice(placeOf(chunk.items, item.at, item.id), 0, item);
    if (chunk.first !== undefined && item.id < chunk.first.id) chunk.first = item;
    if (chunk.items.length > CHUNK_ITEMS_MAX) {
      const upper = chunk.items.splice(chunk.items.length >> 1);
      chunk.first = undefined;
      this.#chunks.splice(index + 1, 0, { items: upper, first: undefined });
    }
  }

  copy(): this {
    const copy = new SortedItems<T>();
    for (const { items, first } of this.#chunks) copy.#chunks.push({ items: [...items], first });
    return copy as this;
  }

  /** Removes an item that was added. */
  remove(item: T): void {
    const index = this.#chunkBefore(item.at, item.id);
    const chunk = this.#chunks[index];
    if (chunk === undefined) return;
    const place = placeOf(chunk.items, item.at, item.id);
    if (chunk.items[place] !== item) return;
    chunk.items.splice(place, 1);
    if (chunk.items.length === 0) this.#chunks.splice(index, 1);
    else if (chunk.first === item) chunk.first = undefined;
  }

  /** The item with the earliest instant; of several, the first to arrive. */
  earliest(): T | undefined {
    return this.#chunks[0]?.items[0];
  }

  /** The first to arrive of the items with exactly this instant. */
  at(instant: number): T | undefined {
    const item = this.#next(instant, Number.NEGATIVE_INFINITY);
    return item?.at === instant ? item : undefined;
  }

  /** Whether there are two items up to an instant. */
  hasTwoUpTo(instant: number): boolean {
    const second = this.#chunks[0]?.items[1] ?? this.#chunks[1]?.items[0];
    return second !== undefined && second.at <= instant;
  }

  /** Whether there are two items with exactly this instant. */
  hasTwoAt(instant: number): boolean {
    const first = this.at(instant);
    return first !== undefined && this.#next(instant, first.id + 1)?.at === instant;
  }

  /** The first to arrive of the items whose instant is this one or later. */
  firstFrom(instant: number): T | undefined {
    const index = Math.max(0, this.#chunkBefore(instant, Number.NEGATIVE_INFINITY));
    const chunk = this.#chunks[index];
    if (chunk === undefined) return undefined;
    let first = firstArrived(chunk.items, placeOf(chunk.items, instant, Number.NEGATIVE_INFINITY));
    for (let next = index + 1; next < this.#chunks.length; next++) {
      const later = this.#chunks[next] as Chunk<T>;
      later.first ??= firstArrived(later.items, 0) as T;
      if (first === undefined || later.first.id < first.id) first = later.first;
    }
    return first;
  }

  /** The first item at or after this place in the order. */
  #next(at: number, id: number): T | undefined {
    const index = Math.max(0, this.#chunkBefore(at, id));
    const items = this.#chunks[index]?.items;
    return items?.[placeOf(items, at, id)] ?? this.#chunks[index + 1]?.items[0];
  }

  /** The last chunk that begins at or before this place in the order, or -1. */
  #chunkBefore(at: number, id: number): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore((this.#chunks[middle] as Chunk<T>).items[0] as T, at, id, true)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function isBefore(item: Arrived, at: number, id: number, orEqual: boolean): boolean {
  if (item.at !== at) return item.at < at;
  return item.id < id || (orEqual && item.id === id);
}

/** The index of the first of the sorted items at or after this place in the order. */
function placeOf(items: readonly Arrived[], at: number, id: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(items[middle] as Arrived, at, id, false)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function firstArrived<T extends Arrived>(items: readonly T[], from: number): T | undefined {
  let first = items[from];
  for (let place = from + 1; place < items.length; place++) {
    const item = items[place] as T;
    if (item.id < (first as T).id) first = item;
  }
  return first;
}
