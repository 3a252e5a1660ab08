// Those who wait until the batches that were taken before them have left the queue. In: the number of the last such batch; and, as
// batches leave, the number of the oldest that is still there. Each is told once.

export class DrainWaits {
  #waits: { readonly upTo: number; readonly resolve: () => void }[] = [];

  get isEmpty(): boolean {
    return this.#waits.length === 0;
  }

  /** Resolves once no batch up to this number is left. */
  wait(upTo: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waits.push({ upTo, resolve });
    return promise;
  }

  /** `oldest`: Infinity when none is left. */
  tell(oldest: number): void {
    for (const { upTo, resolve } of this.#waits) if (upTo < oldest) resolve();
    this.#waits = this.#waits.filter(({ upTo }) => upTo >= oldest);
  }
}
