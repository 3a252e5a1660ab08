// Streamed responses of the live tail and the export. In: an async source of pieces. Out: a byte stream that takes the
// next piece only when the client has room, so memory stays bounded. The source is aborted when the client disconnects
// or the server stops. One timer pings all live tails, because proxies and idle timeouts end silent connections. It
// runs only while a tail is open.

/** Well below every usual idle timeout (60 s), the listener's own (120 s) included. */
export const PING_EVERY_MS = 15_000;

/** Calls every listener each `everyMs`; the timer runs only while there is a listener. */
export class PingTimer {
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

export interface ResponseStreamOptions<T> {
  readonly source: AsyncIterable<T>;
  /** A piece as text; "" sends nothing. */
  readonly textOf: (piece: T) => string;
  /** Sent first, at once. */
  readonly head?: string;
  /**
   * The source listens to its signal. Aborted here when the client disconnects; aborted elsewhere, it ends the body.
   */
  readonly work: AbortController;
  /** The source failed; "close" ends the body as if it were complete, "cut" so that the client sees that it is not. */
  readonly failed: (error: unknown) => "close" | "cut";
  /** Called once, whatever the end. */
  readonly ended?: () => void;
}

/** A streamed body: takes a piece from the source only when the client has room for it. */
export class ResponseStream<T> {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #options: ResponseStreamOptions<T>;
  readonly #pieces: AsyncIterator<T>;
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(options: ResponseStreamOptions<T>) {
    this.#options = options;
    this.#pieces = options.source[Symbol.asyncIterator]();
    // No piece is made ahead.
    const strategy = { highWaterMark: 0 };
    this.stream = new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller;
          if (options.head !== undefined) controller.enqueue(this.#encoder.encode(options.head));
        },
        pull: () => this.#pull(),
        cancel: () => this.#end(),
      },
      strategy,
    );
    options.work.signal.addEventListener("abort", this.#close, { once: true });
    if (options.work.signal.aborted) this.#close();
  }

  /** Sends a text between pieces, unless something still waits to be taken. */
  interject(text: string): void {
    if (this.#controller?.desiredSize === 0) this.#controller.enqueue(this.#encoder.encode(text));
  }

  /** Ends the body as if it were complete. */
  readonly #close = (): void => {
    const controller = this.#controller;
    this.#end();
    controller?.close();
  };

  async #pull(): Promise<void> {
    try {
      for (;;) {
        const next = await this.#pieces.next();
        if (this.#controller === undefined) return;
        if (next.done === true) return this.#close();
        const text = this.#options.textOf(next.value);
        if (text === "") continue;
        this.#controller.enqueue(this.#encoder.encode(text));
        return;
      }
    } catch (error) {
      const controller = this.#controller;
      // The client has disconnected; an aborted source may well end with an error.
      if (controller === undefined) return;
      const how = this.#options.failed(error);
      if (how === "close") return this.#close();
      this.#end();
      controller.error(new Error("the answer could not be completed"));
    }
  }

  /** Stops the source; nothing is sent after this. */
  #end(): void {
    if (this.#controller === undefined) return;
    this.#controller = undefined;
    const { work, ended } = this.#options;
    work.signal.removeEventListener("abort", this.#close);
    work.abort();
    // A waiting source returns after the abort ends its wait.
    this.#pieces.return?.().catch(() => undefined);
    ended?.();
  }
}

/** A controller that aborts when the request's client disconnects or `other` aborts; `release` ends its listening. */
export function abortWithClient(
  request: Request,
  other?: AbortSignal,
): { readonly work: AbortController; readonly release: () => void } {
  const work = new AbortController();
  const signals = other === undefined ? [request.signal] : [request.signal, other];
  const abort = () => work.abort();
  for (const signal of signals) {
    if (signal.aborted) work.abort();
    signal.addEventListener("abort", abort, { once: true });
  }
  return {
    work,
    release() {
      for (const signal of signals) signal.removeEventListener("abort", abort);
    },
  };
}
