// Requests whose answer takes longer than an idle connection is kept. The application names them, the listener of the runtime
// in use keeps their connections.

/** Made before the listener, which then says how a connection is kept. */
export class Patience {
  #keep: (request: Request) => void = () => undefined;
  /** Requests that the listener replaced by another, and those they came as. */
  readonly #originals = new WeakMap<Request, Request>();

  keepBy(keep: (request: Request) => void): void {
    this.#keep = keep;
  }

  remember(replaced: Request, original: Request): void {
    this.#originals.set(replaced, original);
  }

  /** The request's connection is not ended for idleness until it is answered. */
  keep(request: Request): void {
    this.#keep(this.#originals.get(request) ?? request);
  }
}
