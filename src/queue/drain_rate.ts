// How fast the writer empties the queue, for an honest Retry-After: a moving average of bytes a second over the time in
// which there was something to do.

/** Weight of the newest group; about the last ten groups count. */
const WEIGHT = 0.2;
const RETRY_SECONDS_MIN = 1;
const RETRY_SECONDS_MAX = 60;

export class DrainRate {
  #bytesPerSecond = 0;

  /** A group of so many bytes took so long from the moment that it was sent or its forerunner ended, in ms. */
  observe(bytes: number, elapsedMs: number): void {
    const seen = (bytes * 1000) / Math.max(elapsedMs, 0.1);
    this.#bytesPerSecond = this.#bytesPerSecond === 0 ? seen : this.#bytesPerSecond * (1 - WEIGHT) + seen * WEIGHT;
  }

  /** Whole seconds, 1 to 60, until so many bytes are drained; 1 as long as nothing was measured. */
  secondsFor(bytes: number): number {
    if (this.#bytesPerSecond === 0) return RETRY_SECONDS_MIN;
    const seconds = Math.ceil(bytes / this.#bytesPerSecond);
    return Math.min(RETRY_SECONDS_MAX, Math.max(RETRY_SECONDS_MIN, seconds));
  }
}
