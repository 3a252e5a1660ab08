// Whoever reads waits until what was answered is written in full, for readers see no more than that. In: what the writer tells of
// groups. Out: one request to it for all who wait.

/** How long a reader waits at most, in ms: with a writer that hangs it reads what there is. */
const WAIT_MS_MAX = 2_000;

export class Settling {
  readonly #ask: () => void;
  #isBehind = false;
  #waiting: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `ask` has the writer write in full and tell so. */
  constructor(ask: () => void) {
    this.#ask = ask;
  }

  /** A group was made durable, but not written in full. */
  kept(): void {
    this.#isBehind = true;
  }

  /** Resolves when all groups that are durable now are written in full; undefined: they are. */
  settled(): Promise<void> | undefined {
    if (!this.#isBehind) return undefined;
    if (this.#waiting === undefined) {
      this.#waiting = Promise.withResolvers<void>();
      this.#timer = setTimeout(() => this.giveUp(), WAIT_MS_MAX);
      this.#ask();
    }
    return this.#waiting.promise;
  }

  /** Everything of which the writer has told before is written in full. */
  settle(): void {
    this.#isBehind = false;
    this.giveUp();
  }

  /** Whoever waits reads what there is. */
  giveUp(): void {
    if (this.#waiting === undefined) return;
    clearTimeout(this.#timer);
    this.#waiting.resolve();
    this.#waiting = undefined;
  }
}
