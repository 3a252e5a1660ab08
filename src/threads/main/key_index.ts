// Keys that the writer knows by index. The list only grows, so a batch in the ring never loses its key.

import type { KeyIdentity } from "../../core/batch.ts";

export class KeyIndex {
  readonly #keys: KeyIdentity[] = [];
  readonly #indexes = new Map<string, number>();
  /** The same few key objects come again and again. */
  readonly #known = new WeakMap<KeyIdentity, number>();

  of(key: KeyIdentity): number {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { project, name, type } = key;
    const text = JSON.stringify([project, name, type]);
    let index = this.#indexes.get(text);
    if (index === undefined) {
      index = this.#keys.length;
      this.#keys.push({ project, name, type });
      this.#indexes.set(text, index);
    }
    this.#known.set(key, index);
    return index;
  }

  all(): readonly KeyIdentity[] {
    return [...this.#keys];
  }
}
