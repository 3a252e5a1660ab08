// Whose time is up next: a binary heap by deadline, then order of arrival. Each item knows its place in the heap, so one
// that pairs leaves it in O(log n).

/** Something with a deadline in Unix ms. `heapPlace` belongs to the heap. */
export interface Expiring {
  readonly id: number;
  readonly deadline: number;
  heapPlace: number;
}

export class Deadlines<T extends Expiring> {
  readonly #heap: T[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The item with the earliest deadline. */
  next(): T | undefined {
    return this.#heap[0];
  }

  add(item: T): void {
    this.#heap.push(item);
    this.#rise(item, this.#heap.length - 1);
  }

  /** Takes out an item that was added. */
  remove(item: T): void {
    const last = this.#heap.pop() as T;
    if (last === item) return;
    if (isBefore(last, item)) this.#rise(last, item.heapPlace);
    else this.#sink(last, item.heapPlace);
  }

  #rise(item: T, from: number): void {
    let place = from;
    while (place > 0) {
      const parent = this.#heap[(place - 1) >> 1] as T;
      if (!isBefore(item, parent)) break;
      this.#put(parent, place);
      place = (place - 1) >> 1;
    }
    this.#put(item, place);
  }

  #sink(item: T, from: number): void {
    let place = from;
    for (;;) {
      const left = this.#heap[2 * place + 1];
      const right = this.#heap[2 * place + 2];
      if (left === undefined) break;
      const child = right !== undefined && isBefore(right, left) ? right : left;
      if (!isBefore(child, item)) break;
      const childPlace = child.heapPlace;
      this.#put(child, place);
      place = childPlace;
    }
    this.#put(item, place);
  }

  #put(item: T, place: number): void {
    this.#heap[place] = item;
    item.heapPlace = place;
  }
}

function isBefore(one: Expiring, other: Expiring): boolean {
  return one.deadline === other.deadline ? one.id < other.id : one.deadline < other.deadline;
}
