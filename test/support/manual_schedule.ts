// Timers that run when a test says so, in the order of their times.

interface Waiting {
  readonly at: number;
  readonly run: () => void;
}

export class ManualSchedule {
  nowMs = 0;
  readonly #waiting = new Set<Waiting>();

  readonly clock = (): number => this.nowMs;

  readonly schedule = (run: () => void, ms: number): (() => void) => {
    const waiting = { at: this.nowMs + ms, run };
    this.#waiting.add(waiting);
    return () => this.#waiting.delete(waiting);
  };

  /** In how many ms each timer runs, soonest first. */
  get waits(): number[] {
    return [...this.#waiting].map(({ at }) => at - this.nowMs).toSorted((a, b) => a - b);
  }

  /** Lets time pass, and runs what is due, one after the other. */
  pass(ms: number): void {
    const until = this.nowMs + ms;
    for (;;) {
      const [next] = [...this.#waiting].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#waiting.delete(next);
      this.nowMs = Math.max(this.nowMs, next.at);
      next.run();
    }
    this.nowMs = until;
  }
}
