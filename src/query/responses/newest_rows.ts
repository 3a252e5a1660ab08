// The n newest rows of a block, in row order: a heap of the best so far whose top is the worst of them, so most rows of a large block cost
// one comparison.

export class NewestRows {
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
      this.#up(heap.length - 1);
    } else if (this.#isOlder(heap[0] as number, row)) {
      heap[0] = row;
      this.#down();
    }
  }

  /** Rising. */
  rows(): number[] {
    return [...this.#heap].sort((a, b) => a - b);
  }

  #isOlder(a: number, b: number): boolean {
    const difference = (this.#times[a] as number) - (this.#times[b] as number);
    return difference !== 0 ? difference < 0 : (this.#ids[a] as number) < (this.#ids[b] as number);
  }

  #up(from: number): void {
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

  #down(): void {
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
