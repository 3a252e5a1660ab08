// How long a thread has had nothing to do, in ticks of its owner: each is about a second. Ticks are counted, not time, so that a process
// that was stopped for long ends no thread.

export class IdleTicks {
  readonly #max: number;
  #ticks = 0;

  /** `max` is how many ticks a thread may be idle, 1 or more. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Called once a tick; answers whether the thread is to be ended. */
  tick(isIdle: boolean): boolean {
    this.#ticks = isIdle ? this.#ticks + 1 : 0;
    return this.#ticks > this.#max;
  }

  /** Something was asked for. */
  worked(): void {
    this.#ticks = 0;
  }
}
