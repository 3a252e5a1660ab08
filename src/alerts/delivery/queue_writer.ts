// Writes changes of the queue to the data file: all that gathered since the last write in one transaction, in order. A
// write that fails is tried again with what came meanwhile, since what is told must not be told forever.

import type { Schedule } from "./outcome.ts";
import type { QueuedDelivery, QueueStore } from "./queue.ts";

const AGAIN_MS = 5_000;

/** The one writer of a queue. */
export class QueueWriter {
  readonly #store: QueueStore;
  readonly #schedule: Schedule;
  readonly #failed: (error: unknown) => void;
  #removed = new Set<string>();
  #put = new Map<string, QueuedDelivery>();
  #waiters: (() => void)[] = [];
  #isWriting = false;
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(store: QueueStore, schedule: Schedule, failed: (error: unknown) => void) {
    this.#store = store;
    this.#schedule = schedule;
    this.#failed = failed;
  }

  /** Ends once this is committed, and everything before it. */
  write(removed: readonly string[], put: readonly QueuedDelivery[]): Promise<void> {
    for (const id of removed) {
      this.#removed.add(id);
      this.#put.delete(id);
    }
    for (const delivery of put) this.#put.set(delivery.id, delivery);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.push(resolve);
    this.#begin();
    return promise;
  }

  /** Writes nothing more; what waits is told again after the next start. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #begin(): void {
    if (!this.#isWriting && !this.#isStopped && this.#cancel === undefined) void this.#write();
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    const [removed, put, waiters] = [this.#removed, this.#put, this.#waiters];
    this.#removed = new Set();
    this.#put = new Map();
    this.#waiters = [];
    try {
      await this.#store.change({ removed: [...removed], put: [...put.values()] });
      for (const resolve of waiters) resolve();
    } catch (error) {
      this.#keep(removed, put, waiters);
      this.#failed(error);
      this.#later();
    }
    this.#isWriting = false;
    if (this.#waiters.length > 0) this.#begin();
  }

  #later(): void {
    if (this.#isStopped) return;
    this.#cancel = this.#schedule(() => {
      this.#cancel = undefined;
      this.#begin();
    }, AGAIN_MS);
  }

  /** Takes back what was not written, under what came since. */
  #keep(removed: ReadonlySet<string>, put: ReadonlyMap<string, QueuedDelivery>, waiters: (() => void)[]): void {
    for (const [id, delivery] of put) {
      if (!this.#removed.has(id) && !this.#put.has(id)) this.#put.set(id, delivery);
    }
    for (const id of removed) this.#removed.add(id);
    this.#waiters.unshift(...waiters);
  }
}
