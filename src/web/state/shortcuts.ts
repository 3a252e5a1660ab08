// Every key that the app listens to, in one list: what a key does can be shown, and no two pages fight over one. Keys are
// never taken from somebody who types, nor from the browser's own combinations.

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";

export interface Shortcut {
  /** What is pressed, one after the other: "/", "g l", "Escape". */
  readonly keys: string;
  readonly label: string;
  /** Heading in the list of shortcuts. */
  readonly group: string;
  readonly run: () => void;
}

/** What the registry needs of a keyboard event. */
export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly defaultPrevented: boolean;
  preventDefault(): void;
}

/** The second key of "g l" has to follow within this time, in ms. */
const SEQUENCE_MS_MAX = 1_500;

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

  /** Single keys can be switched off, for those whose speech input or keyboard presses them by accident. */
  get areOn(): Signal<boolean> {
    return this.#areOn;
  }

  /** Adds a shortcut and gives what removes it. The latest of two with the same keys is the one that runs. */
  add(shortcut: Shortcut): () => void {
    this.#all.value = [...this.#all.peek(), shortcut];
    return () => {
      this.#all.value = this.#all.peek().filter((one) => one !== shortcut);
    };
  }

  /** Runs what the key means. `isTyping`: the key goes into a field. */
  press(event: KeyPress, isTyping: boolean): void {
    const { key } = event;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping || !this.#areOn.peek()) {
      this.#first = "";
      return;
    }
    // Shift alone is on its way to "?".
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
