// Memory that a thread used while it worked is given back when it rests. The runtime collects late after work in large portions.

import { collectGarbage } from "#runtime/memory.ts";

/** How long nothing must have been done, in ms. */
const REST_AFTER_MS = 2_000;

export class Rest {
  readonly #tidy: () => void;
  #workedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `tidy` lets go of what was kept for more work; garbage is collected after it. */
  constructor(tidy: () => void = () => undefined) {
    this.#tidy = tidy;
  }

  /** How long nothing was done, in ms. */
  get restedMs(): number {
    return performance.now() - this.#workedAt;
  }

  /** Something was done. Cheap: it may be called at every group. */
  worked(): void {
    this.#workedAt = performance.now();
    this.#timer ??= setTimeout(() => this.#look(), REST_AFTER_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #look(): void {
    const { restedMs } = this;
    if (restedMs < REST_AFTER_MS) {
      this.#timer = setTimeout(() => this.#look(), REST_AFTER_MS - restedMs);
      return;
    }
    this.#timer = undefined;
    this.#tidy();
    collectGarbage();
  }
}
