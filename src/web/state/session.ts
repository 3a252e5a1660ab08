// Whether somebody is signed in. The cookie cannot be read here, so the state follows the server's answers: any 401 ends it,
// wherever it comes, and the first answer confirms a session that was there before.

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";

export type SessionState =
  /** Nothing was asked yet. */
  | "unknown"
  | "signed_in"
  /** Never signed in here, or signed out by hand. */
  | "signed_out"
  /** Was signed in; the session ended by time, by a restart, or by another token. */
  | "expired"
  /** No token is configured: nobody can read. */
  | "off";

export class Session {
  readonly #state: Signal<SessionState>;

  constructor(isReadingOn: boolean) {
    this.#state = signal<SessionState>(isReadingOn ? "unknown" : "off");
  }

  get state(): ReadonlySignal<SessionState> {
    return this.#state;
  }

  /** The token was right. */
  begin(): void {
    if (this.#state.peek() !== "off") this.#state.value = "signed_in";
  }

  /** The server answered a question. An answer that is late does not undo a sign-out. */
  confirm(): void {
    if (this.#state.peek() === "unknown") this.#state.value = "signed_in";
  }

  /** The server answered 401. */
  lose(): void {
    const state = this.#state.peek();
    if (state === "signed_in") this.#state.value = "expired";
    if (state === "unknown") this.#state.value = "signed_out";
  }

  /** By hand. */
  end(): void {
    if (this.#state.peek() !== "off") this.#state.value = "signed_out";
  }
}
