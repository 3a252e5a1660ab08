// How long to wait before a thread that died is started again: hardly at all, unless it dies again and again. A thread whose cause lasts must
// neither use up a processor nor fill the log.

import type { Clock } from "../../core/clock.ts";

/** The first waits, in ms: what waits for the thread waits so long. */
const DELAY_MS_MIN = 100;
/** In ms: when the cause has gone, at most this passes before it is noticed. */
const DELAY_MS_MAX = 5_000;
/** Deaths in a row that are answered with the shortest wait: a batch that brings the writer down takes two before it is set aside. */
const QUICK_DEATHS = 4;
/** A thread that has lived so long, in ms, has not died at once. */
const LIFE_MS_MIN = 30_000;

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

  /** The thread died: ms to wait before it is started again. */
  died(): number {
    const hasLived = this.#clock() - this.#startedAt >= LIFE_MS_MIN;
    this.#deathsInARow = hasLived ? 1 : this.#deathsInARow + 1;
    return Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** Math.max(0, this.#deathsInARow - QUICK_DEATHS));
  }
}
