// One timer for all live tails: proxies and idle timeouts end connections on which nothing moves. None runs when nobody listens.

/** Well below every usual idle timeout (60 s), the listener's own (120 s) included. */
export const PING_EVERY_MS = 15_000;

export class Pings {
  readonly #everyMs: number;
  readonly #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(everyMs: number = PING_EVERY_MS) {
    this.#everyMs = everyMs;
  }

  get count(): number {
    return this.#listeners.size;
  }

  get isRunning(): boolean {
    return this.#timer !== undefined;
  }

  add(listener: () => void): void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => {
      // A listener may leave while it is called.
      for (const one of this.#listeners) one();
    }, this.#everyMs);
  }

  remove(listener: () => void): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
