// Bounds how many pieces of memory-hungry work run at once. The rest waits, first come, first served.

export class Semaphore {
  readonly #atOnce: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** So much runs at a time, 1 or more. */
  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Does the work when it is its turn; ends as it does. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      return await work();
    } finally {
      // Whoever waits takes the place over.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
