// How long a request may take, and who may end it before.

/** How long a request may take where nothing else is said, in ms. */
export const REQUEST_MS_MAX = 60_000;
/** How much later than the server the client itself gives up, in ms: a server that hangs ends nothing. */
export const HANG_GRACE_MS = 5_000;

/** What bounds a request. */
interface BoundOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeMsMax?: number | undefined;
}

/** The bounds of one request: `signal` ends it. Call `end` when it is over. */
export class Bounds {
  readonly timeMsMax: number;
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #cancel = () => this.#controller.abort();
  #isLate = false;

  constructor({ signal, timeMsMax = REQUEST_MS_MAX }: BoundOptions, graceMs: number) {
    this.timeMsMax = timeMsMax;
    this.#caller = signal;
    if (signal?.aborted) this.#controller.abort();
    signal?.addEventListener("abort", this.#cancel, { once: true });
    this.#timer = setTimeout(() => {
      this.#isLate = true;
      this.#controller.abort();
    }, timeMsMax + graceMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether the caller has ended it. */
  get isCancelled(): boolean {
    return this.#controller.signal.aborted && !this.#isLate;
  }

  /** Whether it was ended from here: the server may still be at work. */
  get isOver(): boolean {
    return this.#controller.signal.aborted;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener("abort", this.#cancel);
  }
}
