// Whether the user is signed in. The page cannot read the cookie. The session's secret is in the storage of this
// origin, which all tabs share and no other port can read, so a sign-in or sign-out in one tab applies to all. A 401
// ends the session, unless another tab has signed in again in the meantime.

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { SESSION_HEADER } from "../../core/session.ts";

export type SessionState =
  /** There is a secret, and no response yet. */
  | "unknown"
  | "signed_in"
  /** Never signed in here, or signed out by the user. */
  | "signed_out"
  /** The session has ended: it expired, or the token was changed. */
  | "expired"
  /** No token is configured: nobody can read. */
  | "off";

/** A text that all tabs of the origin share. */
export interface SharedText {
  /** Undefined when absent, or when storage is blocked. */
  read(): string | undefined;
  write(text: string | undefined): void;
  /** Calls back after another tab has written. */
  watch(changed: () => void): void;
}

/** Replaces an invalid secret, so that other tabs know how the session ended. */
const ENDED = "ended";

/** The session of this browser. */
export class Session {
  readonly #shared: SharedText;
  readonly #state: Signal<SessionState>;
  #secret: string | undefined;

  constructor(isReadingOn: boolean, shared: SharedText) {
    this.#shared = shared;
    const text = shared.read();
    this.#secret = text === ENDED ? undefined : text;
    const state = text === undefined ? "signed_out" : text === ENDED ? "expired" : "unknown";
    this.#state = signal<SessionState>(isReadingOn ? state : "off");
    shared.watch(() => this.#follow(shared.read()));
  }

  get state(): ReadonlySignal<SessionState> {
    return this.#state;
  }

  /** Every request carries it. */
  get secret(): string | undefined {
    return this.#secret;
  }

  /** Begins a session after the server has accepted the token. */
  begin(secret: string): void {
    if (this.#state.peek() === "off") return;
    this.#secret = secret;
    this.#shared.write(secret);
    this.#state.value = "signed_in";
  }

  /** The server has accepted a request. A late response does not undo a sign-out. */
  confirm(): void {
    if (this.#state.peek() === "unknown") this.#state.value = "signed_in";
  }

  /** The server has responded with 401 to a request with this secret. */
  lose(secret: string | undefined): void {
    if (secret === undefined || secret !== this.#secret || this.#state.peek() === "off") return;
    this.#secret = undefined;
    this.#shared.write(ENDED);
    this.#state.value = "expired";
  }

  /** Ends the session for a user who signs out. */
  end(): void {
    if (this.#state.peek() === "off") return;
    this.#secret = undefined;
    this.#shared.write(undefined);
    this.#state.value = "signed_out";
  }

  /** Another tab has signed in or out, or its session has ended. */
  #follow(text: string | undefined): void {
    const secret = text === ENDED ? undefined : text;
    const state = this.#state.peek();
    if (state === "off") return;
    if (text === ENDED && state === "signed_out") {
      // The user signed out, and a request of another tab came too late for that: nothing has expired.
      this.#shared.write(undefined);
      return;
    }
    const isSignOut = state === "expired" && text === undefined;
    if (secret === this.#secret && !isSignOut) return;
    this.#secret = secret;
    this.#state.value = secret !== undefined ? "signed_in" : text === ENDED ? "expired" : "signed_out";
  }
}

export type Fetch = (path: string, init: RequestInit) => Promise<Response>;

/**
 * A fetch that adds the session's secret to every request, and reports each 401 to the session. Headers must be plain
 * objects.
 */
export function createSignedFetch(fetch: Fetch, session: Session): Fetch {
  return async function signedFetch(path, init): Promise<Response> {
    const { secret } = session;
    const headers = { ...(init.headers as Record<string, string> | undefined) };
    if (secret !== undefined) headers[SESSION_HEADER] = secret;
    const response = await fetch(path, { ...init, headers });
    if (response.status !== 401) return response;
    session.lose(secret);
    // Another tab has signed in again during the request.
    const isNewer = session.secret !== undefined && session.secret !== secret;
    return isNewer ? signedFetch(path, init) : response;
  };
}
