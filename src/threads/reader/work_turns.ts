// The work of the reader thread, which takes turns step by step. Queries report the memory that they hold or are about
// to take. While all together hold too much, only the oldest goes on and the others wait: so the memory is bounded, and
// none waits for ever. A query past its deadline goes first: its next step is its last.

import type { Steps } from "../../core/steps.ts";
import type { QueryMemory } from "../../query/scan/query_memory.ts";

/** Something the thread does in steps. */
export interface Work {
  readonly steps: Steps<void>;
  /** Only of a query: other work never waits. */
  readonly query?: { readonly memory: QueryMemory; readonly deadline: number };
}

/** What a schedule needs. */
export interface WorkTurnsOptions {
  /** Bytes that all queries together may hold. */
  readonly bytesMax: number;
  /** How long `turn` takes steps before it returns, in ms. */
  readonly turnMs: number;
  /** Monotonic ms. */
  readonly clock: () => number;
  /** Takes a step; whether it was the last. Does not throw. */
  readonly step: (number: number, work: Work) => boolean;
}

/** The work of one thread, and whose turn it is. */
export class WorkTurns {
  readonly #options: WorkTurnsOptions;
  /** By number, in the order in which they came. */
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

  /** Ends some work in the middle of its steps; does nothing if there is none with this number. */
  end(number: number): void {
    this.#work.get(number)?.steps.return();
    this.#work.delete(number);
  }

  /** Takes steps for `turnMs`, from where the last turn stopped. Work that a step adds is served in the same round. */
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
    // A step of other work may have ended it.
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
