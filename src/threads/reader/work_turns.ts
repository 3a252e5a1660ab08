// The work of the reader thread, which takes turns step by step. Queries report the memory that they hold or are about
// to take. While all together hold too much, only the oldest goes on and the others wait: so the memory is bounded, and
// none waits for ever. A query past its deadline goes first: its next step is its last. Work that waits for an answer from
// elsewhere takes no steps until it has it.

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
  /** Takes a step; whether it was the last, or what to wait for before the next. Does not throw, nor reject. */
  readonly step: (number: number, work: Work) => boolean | Promise<void>;
  /** Called when some work need not wait any more. */
  readonly onReady?: () => void;
}

/** The work of one thread, and whose turn it is. */
export class WorkTurns {
  readonly #options: WorkTurnsOptions;
  /** By number, in the order in which they came. */
  readonly #work = new Map<number, Work>();
  readonly #waiting = new Set<Work>();
  #round: Iterator<[number, Work]> | undefined;

  constructor(options: WorkTurnsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#work.size;
  }

  /** Whether some work can take a step. */
  get isAnyReady(): boolean {
    return this.#work.size > this.#waiting.size;
  }

  has(number: number): boolean {
    return this.#work.has(number);
  }

  set(number: number, work: Work): void {
    this.#work.set(number, work);
  }

  /** Ends some work in the middle of its steps; does nothing if there is none with this number. */
  end(number: number): void {
    const work = this.#work.get(number);
    if (work === undefined) return;
    this.#work.delete(number);
    this.#waiting.delete(work);
    work.steps.return();
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
    } while (this.isAnyReady && clock() < until);
  }

  #takeTurn(number: number, work: Work): void {
    // A step of other work may have ended it.
    if (this.#work.get(number) !== work || this.#waiting.has(work)) return;
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
      if (work.query === undefined || work.query.deadline > now || this.#waiting.has(work)) continue;
      this.#step(number, work);
    }
  }

  #step(number: number, work: Work): void {
    const result = this.#options.step(number, work);
    if (this.#work.get(number) !== work) return;
    if (result === true) this.#work.delete(number);
    else if (result !== false) void this.#wait(work, result);
  }

  async #wait(work: Work, settled: Promise<void>): Promise<void> {
    this.#waiting.add(work);
    await settled;
    if (this.#waiting.delete(work)) this.#options.onReady?.();
  }
}
