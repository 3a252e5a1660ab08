// When a thread is ended because it is idle, and when one that died is started again. An idle thread is ended since its
// memory is its own. Ticks are counted for that, not time, so a process that was stopped for long ends no thread. A
// thread that dies again and again, since the cause lasts, must neither use up a processor nor fill the log: each
// restart waits longer.

import type { Clock } from "../../core/clock.ts";

/** The delay of the first restarts, in ms: requests that need the thread wait so long. */
const DELAY_MS_MIN = 100;
/** The longest delay, in ms: so long a thread stays away after the cause of its deaths has gone. */
const DELAY_MS_MAX = 5_000;
/** Deaths in a row with the shortest delay: a batch that brings the writer down takes two before it is set aside. */
const QUICK_DEATHS = 4;
/** After a life of so many ms, a death counts as the first in a row. */
const LIFE_MS_MIN = 30_000;

/** How long a thread that died is kept away before it is started again. */
export class RestartDelay {
  readonly #clock: Clock;
  #startedAt: number;
  #deathsInARow = 0;

  /** `clock` gives monotonic ms. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock();
  }

  /** The thread was started. */
  started(): void {
    this.#startedAt = this.#clock();
  }

  /** The thread died. Returns the ms to wait before it is started again. */
  died(): number {
    const hasLived = this.#clock() - this.#startedAt >= LIFE_MS_MIN;
    this.#deathsInARow = hasLived ? 1 : this.#deathsInARow + 1;
    return Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** Math.max(0, this.#deathsInARow - QUICK_DEATHS));
  }
}

/** Counts the ticks of its owner, about one a second, during which a thread has had nothing to do. */
export class IdleTicks {
  readonly #max: number;
  #ticks = 0;

  /** `max` is the number of ticks that a thread may be idle, 1 or more. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Called once a tick. Whether the thread has been idle for longer than it may. */
  tick(isIdle: boolean): boolean {
    this.#ticks = isIdle ? this.#ticks + 1 : 0;
    return this.#ticks > this.#max;
  }

  /** The thread got work. */
  worked(): void {
    this.#ticks = 0;
  }
}
