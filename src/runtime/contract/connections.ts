// What the application may ask about the connection of a request. The application makes the object before it starts the
// listener; the listener of the runtime in use then attaches its own ways to answer.

/** How a runtime's listener looks up the connection of a request that it received. */
export interface ConnectionLookups {
  /** Address of the peer; undefined where the connection is closed or the runtime does not know. */
  readonly address: (request: Request) => string | undefined;
  /** Whether the connection is closed, as far as the event loop knows. */
  readonly isClosed: (request: Request) => boolean;
  /** Lets the connection idle without limit until the request is answered. */
  readonly exemptFromIdleTimeout: (request: Request) => void;
}

const UNKNOWN_ADDRESS = "unknown";

/** The connections of one listener, by request. */
export class Connections {
  #lookups: ConnectionLookups = {
    address: () => undefined,
    isClosed: () => false,
    exemptFromIdleTimeout: () => undefined,
  };
  /** Requests that the listener replaced before it called the application. */
  readonly #replaced = new WeakMap<Request, { readonly original: Request; readonly address: string }>();

  /** Called by the listener when it starts. Until then no address is known and no connection is closed. */
  attach(lookups: ConnectionLookups): void {
    this.#lookups = lookups;
  }

  /** Notes that the application gets `replacement` in place of the request that the listener received. */
  replace(original: Request, replacement: Request): void {
    this.#replaced.set(replacement, { original, address: this.addressOf(original) });
  }

  /** Address of the peer, or "unknown". */
  addressOf(request: Request): string {
    return this.#lookups.address(request) ?? this.#replaced.get(request)?.address ?? UNKNOWN_ADDRESS;
  }

  /** Whether the connection is closed, as far as the event loop knows. */
  isClosed(request: Request): boolean {
    return this.#lookups.isClosed(request);
  }

  /**
   * For requests whose answer takes longer than the idle timeout: the connection stays open until they are answered.
   */
  exemptFromIdleTimeout(request: Request): void {
    this.#lookups.exemptFromIdleTimeout(this.#replaced.get(request)?.original ?? request);
  }
}
