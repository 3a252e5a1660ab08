// Collects a thread's garbage once the thread is idle: after work in large portions the runtime itself collects late.

import { collectGarbage } from "#runtime/memory.ts";

/** A thread is idle after so many ms without work. */
const IDLE_AFTER_MS = 2_000;

/** The garbage collection of one thread. */
export class IdleGc {
  readonly #release: () => void;
  #workedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `release` drops what was held for more work; garbage is collected after it. */
  constructor(release: () => void = () => undefined) {
    this.#release = release;
  }

  /** How long the thread has been idle, in ms. */
  get idleMs(): number {
    return performance.now() - this.#workedAt;
  }

  /** The thread has worked. Cheap: it may be called at every group. */
  worked(): void {
    this.#workedAt = performance.now();
    this.#timer ??= setTimeout(() => this.#collectIfIdle(), IDLE_AFTER_MS);
  }

  /** Stops the timer. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #collectIfIdle(): void {
    const { idleMs } = this;
    if (idleMs < IDLE_AFTER_MS) {
      this.#timer = setTimeout(() => this.#collectIfIdle(), IDLE_AFTER_MS - idleMs);
      return;
    }
    this.#timer = undefined;
    this.#release();
    collectGarbage();
  }
}
