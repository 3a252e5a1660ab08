// What a screen reader is told without moving to it: one polite region for the whole app.

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";

export class Announcer {
  readonly #message: Signal<string> = signal("");

  get message(): ReadonlySignal<string> {
    return this.#message;
  }

  /** The same sentence twice is told twice: an invisible difference makes it new. */
  say(message: string): void {
    this.#message.value = message === this.#message.peek() ? `${message}\u00A0` : message;
  }
}
