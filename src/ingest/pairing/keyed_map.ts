// A map from clients' texts. JavaScriptCore hashes texts without a secret, so anybody can make thousands that meet in one place of a
// Map, where each is compared with all before it. Here a text is found by a keyed hash, and then compared: a value is never found
// under another text. Invariant: the caller gives the same hash for the same text.

/** A value that carries its text, and its way to another one whose text has the same hash. */
export interface Keyed<V> {
  readonly text: string;
  /** Belongs to the map. */
  next: V | undefined;
}

export class KeyedMap<V extends Keyed<V>> {
  readonly #values = new Map<number, V>();

  /** `hash` as TextHasher makes it of the text. */
  get(hash: number, text: string): V | undefined {
    let value = this.#values.get(hash);
    while (value !== undefined && value.text !== text) value = value.next;
    return value;
  }

  /** Adds a value whose text has none yet. */
  add(hash: number, value: V): void {
    value.next = this.#values.get(hash);
    this.#values.set(hash, value);
  }

  /** Takes out a value that was added. */
  remove(hash: number, value: V): void {
    const first = this.#values.get(hash);
    if (first === value) {
      if (value.next === undefined) this.#values.delete(hash);
      else this.#values.set(hash, value.next);
      return;
    }
    for (let before = first; before !== undefined; before = before.next) {
      if (before.next !== value) continue;
      before.next = value.next;
      return;
    }
  }
}
