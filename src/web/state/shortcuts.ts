// The registry of keyboard shortcuts. One list, so that the app can show it and no two pages use one key. Keys are
// ignored while the user types, and in the browser's own combinations.

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";

/** A shortcut of one key, or of a sequence of two. */
export interface Shortcut {
  /** The keys in order: "/", "g l", "Escape". */
  readonly keys: string;
  readonly label: string;
  /** The heading in the list of shortcuts. */
  readonly group: string;
  readonly run: () => void;
}

/** The part of a keyboard event that the registry uses. */
export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly defaultPrevented: boolean;
  preventDefault(): void;
}

/** The longest pause between two keys of a sequence, in ms. */
const SEQUENCE_MS_MAX = 1_500;

/** All shortcuts that are active now. */
export class Shortcuts {
  readonly #clock: () => number;
  readonly #all: Signal<readonly Shortcut[]> = signal([]);
  readonly #areOn: Signal<boolean>;
  #first = "";
  #firstAt = 0;

  /** `clock` in ms. */
  constructor(clock: () => number, areOn = true) {
    this.#clock = clock;
    this.#areOn = signal(areOn);
  }

  get all(): ReadonlySignal<readonly Shortcut[]> {
    return this.#all;
  }

  /** Whether shortcuts of a single key are on. Speech input and some keyboards press them by accident. */
  get areOn(): Signal<boolean> {
    return this.#areOn;
  }

  /** Adds a shortcut. Returns a function that removes it. Of two with the same keys, the later one runs. */
  add(shortcut: Shortcut): () => void {
    this.#all.value = [...this.#all.peek(), shortcut];
    return () => {
      this.#all.value = this.#all.peek().filter((one) => one !== shortcut);
    };
  }

  /** Runs the shortcut of a key. `isTyping`: the key goes into a field. */
  press(event: KeyPress, isTyping: boolean): void {
    const { key } = event;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping || !this.#areOn.peek()) {
      this.#first = "";
      return;
    }
    // Shift alone may begin a "?".
    if (key === "Shift") return;
    const isInTime = this.#first !== "" && this.#clock() - this.#firstAt <= SEQUENCE_MS_MAX;
    const found = (isInTime ? this.#find(`${this.#first} ${key}`) : undefined) ?? this.#find(key);
    this.#first = "";
    if (found !== undefined) {
      event.preventDefault();
      found.run();
    } else if (this.#all.peek().some((shortcut) => shortcut.keys.startsWith(`${key} `))) {
      this.#first = key;
      this.#firstAt = this.#clock();
    }
  }

  #find(keys: string): Shortcut | undefined {
    return this.#all.peek().findLast((shortcut) => shortcut.keys === keys);
  }
}
