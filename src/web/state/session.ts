// Whether somebody is signed in. The cookie cannot be read here; its other half, the secret, lies in the storage of this origin, which
// all tabs share and no other port sees. So a sign-in or sign-out in one tab is seen in all. A 401 ends the session, wherever it
// comes, unless another tab has signed in again meanwhile.

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { SESSION_HEADER } from "../../core/session.ts";

export type SessionState =
  /** There is a secret, and nothing was asked yet. */
  | "unknown"
  | "signed_in"
  /** Never signed in here, or signed out by hand. */
  | "signed_out"
  /** Was signed in; the session ended by time, or by another token. */
  | "expired"
  /** No token is configured: nobody can read. */
  | "off";

/** One text that all tabs of the origin share. */
export interface SharedText {
  /** Undefined where there is none, or nothing can be kept. */
  read(): string | undefined;
  write(text: string | undefined): void;
  /** Calls back when another tab has written. */
  watch(changed: () => void): void;
}

/** In place of a secret that is no longer good, so that other tabs know how the session ended. */
const ENDED = "ended";

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

  /** What each request has to carry. */
  get secret(): string | undefined {
    return this.#secret;
  }

  /** The token was right. */
  begin(secret: string): void {
    if (this.#state.peek() === "off") return;
    this.#secret = secret;
    this.#shared.write(secret);
    this.#state.value = "signed_in";
  }

  /** The server answered a question. An answer that is late does not undo a sign-out. */
  confirm(): void {
    if (this.#state.peek() === "unknown") this.#state.value = "signed_in";
  }

  /** The server answered 401 to a request with this secret. */
  lose(secret: string | undefined): void {
    if (secret === undefined || secret !== this.#secret || this.#state.peek() === "off") return;
    this.#secret = undefined;
    this.#shared.write(ENDED);
    this.#state.value = "expired";
  }

  /** By hand. */
  end(): void {
    if (this.#state.peek() === "off") return;
    this.#secret = undefined;
    this.#shared.write(undefined);
    this.#state.value = "signed_out";
  }

  /** Another tab has signed in or out, or was told that the session has ended. */
  #follow(text: string | undefined): void {
    const secret = text === ENDED ? undefined : text;
    if (this.#state.peek() === "off" || secret === this.#secret) return;
    this.#secret = secret;
    this.#state.value = secret !== undefined ? "signed_in" : text === ENDED ? "expired" : "signed_out";
  }
}

export type Fetch = (path: string, init: RequestInit) => Promise<Response>;

/** `fetch` is the browser's own. Headers are given as plain objects. */
export function createSignedFetch(fetch: Fetch, session: Session): Fetch {
  return async function signedFetch(path, init): Promise<Response> {
    const { secret } = session;
    const headers = { ...(init.headers as Record<string, string> | undefined) };
    if (secret !== undefined) headers[SESSION_HEADER] = secret;
    const response = await fetch(path, { ...init, headers });
    if (response.status !== 401) return response;
    session.lose(secret);
    // Another tab has signed in again while this was under way.
    const isNewer = session.secret !== undefined && session.secret !== secret;
    return isNewer ? signedFetch(path, init) : response;
  };
}
