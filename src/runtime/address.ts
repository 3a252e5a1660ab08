// Who is at the other end of a request's connection. The application asks, the listener of the runtime in use knows.

type Lookup = (request: Request) => string | undefined;

/** What is said where the connection is gone or the runtime does not know. */
const UNKNOWN = "unknown";

/** Made before the listener, which then says how to look up. */
export class PeerAddresses {
  #lookup: Lookup = () => undefined;
  /** Requests that the listener replaced by another with the same sender. */
  readonly #known = new WeakMap<Request, string>();
  #isGone: (request: Request) => boolean = () => false;

  lookUpBy(lookup: Lookup): void {
    this.#lookup = lookup;
  }

  /** `isGone`: whether a request's connection has ended, as far as the event loop has looked. */
  lookForGoneBy(isGone: (request: Request) => boolean): void {
    this.#isGone = isGone;
  }

  isGone(request: Request): boolean {
    return this.#isGone(request);
  }

  remember(request: Request, address: string): void {
    this.#known.set(request, address);
  }

  of(request: Request): string {
    return this.#lookup(request) ?? this.#known.get(request) ?? UNKNOWN;
  }
}
