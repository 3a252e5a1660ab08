// What the reader thread works on, each a step in its turn. Queries say what they hold, or are about to: the oldest always goes on, and the
// others wait while all together hold too much, so what they hold is bounded, and none waits for ever. One whose time is over goes
// first: its next step is its last.

import type { QueryMemory } from "../../query/scan/query_memory.ts";
import type { Steps } from "../../query/scan/scan.ts";

export interface Work {
  readonly steps: Steps<void>;
  /** Of a query; other work never waits. */
  readonly query?: { readonly memory: QueryMemory; readonly deadline: number };
}

export interface WorkTurnsOptions {
  /** Bytes that all queries hold. */
  readonly bytesMax: number;
  /** How long the work goes on before others of the thread have their turn, in ms. */
  readonly turnMs: number;
  /** Monotonic ms. */
  readonly clock: () => number;
  /** Takes a step; answers whether it was the last. Does not throw. */
  readonly step: (number: number, work: Work) => boolean;
}

export class WorkTurns {
  readonly #options: WorkTurnsOptions;
  /** In the order in which they came. */
  readonly #work = new Map<number, Work>();
  #round: Iterator<[number, Work]> | undefined;

  constructor(options: WorkTurnsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#work.size;
  }

  has(number: number): boolean {
    return this.#work.has(number);
  }

  set(number: number, work: Work): void {
    this.#work.set(number, work);
  }

  /** Ends it; its steps are left in the middle. */
  end(number: number): void {
    this.#work.get(number)?.steps.return();
    this.#work.delete(number);
  }

  /** Goes on where the last turn stopped. What a step adds has its turn in the same round. */
  turn(): void {
    const { clock, turnMs } = this.#options;
    const until = clock() + turnMs;
    do {
      this.#round ??= this.#work.entries();
      const next = this.#round.next();
      if (next.done === true) this.#round = undefined;
      else {
        this.#takeTurn(...next.value);
        this.#finishOverdue();
      }
    } while (this.#work.size > 0 && clock() < until);
  }

  #takeTurn(number: number, work: Work): void {
    // A step of another one may have ended it.
    if (this.#work.get(number) !== work) return;
    if (work.query === undefined || this.#mayGoOn(work)) this.#step(number, work);
  }

  #mayGoOn(work: Work): boolean {
    let bytes = 0;
    let oldest: Work | undefined;
    for (const other of this.#work.values()) {
      if (other.query === undefined) continue;
      oldest ??= other;
      bytes += other.query.memory.bytes;
    }
    return oldest === work || bytes <= this.#options.bytesMax;
  }

  #finishOverdue(): void {
    const now = this.#options.clock();
    for (const [number, work] of this.#work) {
      if (work.query !== undefined && work.query.deadline <= now) this.#step(number, work);
    }
  }

  #step(number: number, work: Work): void {
    const isLast = this.#options.step(number, work);
    if (isLast && this.#work.get(number) === work) this.#work.delete(number);
  }
}
