// Finds a live API key by its text. A key is known by its SHA-256 only, so how long a look-up takes says nothing that
// helps to guess it.

import { hash } from "node:crypto";

/** The keys of one configuration, each with a value of the caller's. A reload makes another. */
export class LiveKeys<T> {
  readonly #byDigest = new Map<string, T>();
  /** Keys that were presented before, by their text: no made-up text gets in here. */
  readonly #byText = new Map<string, T>();

  /** Each key's SHA-256 in hexadecimal, and its value. */
  constructor(keys: Iterable<readonly [sha256: string, value: T]>) {
    for (const [sha256, value] of keys) this.#byDigest.set(sha256.toLowerCase(), value);
  }

  /** The value of the key with this text; undefined if there is none. */
  find(text: string): T | undefined {
    const presented = this.#byText.get(text);
    if (presented !== undefined) return presented;
    const value = this.#byDigest.get(hash("sha256", text, "hex"));
    if (value !== undefined) this.#byText.set(text, value);
    return value;
  }
}
