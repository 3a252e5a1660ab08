// The searches that were run last, newest first, in the browser's storage. Bounded in number and length. Signing out
// forgets them, since they may name people.

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";

/** More would be a list to search in. */
export const SEARCHES_MAX = 20;
/** A longer search is not kept, in UTF-16 units. */
export const SEARCH_LENGTH_MAX = 500;

/** Where the searches are stored. */
export interface SearchStorage {
  readonly read: () => string | undefined;
  /** Undefined removes the text. */
  readonly write: (text: string | undefined) => void;
}

/** The recent searches of this browser. */
export class RecentSearches {
  readonly #storage: SearchStorage;
  readonly #all: Signal<readonly string[]>;

  constructor(storage: SearchStorage) {
    this.#storage = storage;
    this.#all = signal(parse(storage.read()));
  }

  /** Newest first. Reading it subscribes. */
  get all(): ReadonlySignal<readonly string[]> {
    return this.#all;
  }

  /** Puts a search first. Another tab's searches stay. */
  add(search: string): void {
    const text = search.trim();
    if (text === "" || text.length > SEARCH_LENGTH_MAX) return;
    const others = parse(this.#storage.read() ?? JSON.stringify(this.#all.peek())).filter((one) => one !== text);
    this.#all.value = [text, ...others].slice(0, SEARCHES_MAX);
    this.#storage.write(JSON.stringify(this.#all.peek()));
  }

  clear(): void {
    this.#all.value = [];
    this.#storage.write(undefined);
  }
}

/** What was stored, as far as it is a list of searches. */
function parse(text: string | undefined): readonly string[] {
  try {
    const value: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(value)) return [];
    const texts = value.filter((one): one is string => typeof one === "string" && one.length <= SEARCH_LENGTH_MAX);
    return texts.slice(0, SEARCHES_MAX);
  } catch {
    return [];
  }
}
