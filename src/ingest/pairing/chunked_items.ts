// Items under one name, and of these the ones with a given part: a sender, a touchpoint, whether they have a key. Parts are kept
// apart once there are two, so that most names cost no more than their items. A part is a number: a keyed hash of its text.

import { type Arrived, SortedItems } from "./sorted_items.ts";

/** The part of what has none, or whose part is not known: no hash is below 0. */
export const NO_PART = -1;

/** What the index needs to know of an item to find it again. */
export interface Hashed extends Arrived {
  /** Of who sent it; NO_PART where an older version did not write that down. */
  readonly sender: number;
  readonly touchpointHash: number;
  readonly keyHash: number;
}

interface Items<T> {
  readonly isEmpty: boolean;
  add(item: T): void;
  remove(item: T): void;
  copy(): this;
}

abstract class PartedItems<T, C extends Items<T>> {
  readonly all: C;
  /** Of every item, while there are no #parts. */
  #solePart = NO_PART;
  #parts: Map<number, C> | undefined;

  constructor(all: C) {
    this.all = all;
  }

  protected abstract partOf(item: T): number;
  protected abstract emptyPart(): C;

  get isEmpty(): boolean {
    return this.all.isEmpty;
  }

  /** The items with this part; undefined where there are none. */
  part(part: number): C | undefined {
    if (this.#parts !== undefined) return this.#parts.get(part);
    return part === this.#solePart ? this.all : undefined;
  }

  add(item: T): void {
    const part = this.partOf(item);
    if (this.#parts === undefined) {
      if (this.all.isEmpty) this.#solePart = part;
      else if (part !== this.#solePart) this.#parts = new Map([[this.#solePart, this.all.copy()]]);
    }
    this.all.add(item);
    if (this.#parts === undefined) return;
    let items = this.#parts.get(part);
    if (items === undefined) {
      items = this.emptyPart();
      this.#parts.set(part, items);
    }
    items.add(item);
  }

  remove(item: T): void {
    this.all.remove(item);
    if (this.#parts === undefined) return;
    const part = this.partOf(item);
    const items = this.#parts.get(part);
    items?.remove(item);
    if (items?.isEmpty === true) this.#parts.delete(part);
  }

  /** Gives another one what this one has beside `all`. */
  protected copyParts(copy: PartedItems<T, C>): void {
    copy.#solePart = this.#solePart;
    if (this.#parts === undefined) return;
    copy.#parts = new Map(Array.from(this.#parts, ([part, items]) => [part, items.copy()]));
  }
}

/** Chooses among candidates, or finds that none of them fits. */
export type Pick<T extends Arrived> = (candidates: SortedItems<T>) => T | undefined;

/** Items, and those of one sender. */
export class SenderItems<T extends Hashed> extends PartedItems<T, SortedItems<T>> {
  constructor(all = new SortedItems<T>()) {
    super(all);
  }

  /** Of this sender's items the one that is picked, else of all. */
  pick(sender: number, pick: Pick<T>): T | undefined {
    const own = this.part(sender);
    const found = own && pick(own);
    return found !== undefined || own === this.all ? found : pick(this.all);
  }

  copy(): this {
    const copy = new SenderItems<T>(this.all.copy());
    this.copyParts(copy);
    return copy as this;
  }

  protected override partOf(item: T): number {
    return item.sender;
  }

  protected override emptyPart(): SortedItems<T> {
    return new SortedItems();
  }
}

/** Items with one text, which is a key or a touchpoint, and those with one touchpoint, or with a key, of them. */
export class NamedItems<T extends Hashed> extends PartedItems<T, SenderItems<T>> {
  readonly text: string;
  next: NamedItems<T> | undefined;
  readonly #isKey: boolean;

  /** `isKey`: the text is a key, and the parts are touchpoints. */
  constructor(text: string, isKey: boolean) {
    super(new SenderItems());
    this.text = text;
    this.#isKey = isKey;
  }

  protected override partOf(item: T): number {
    if (this.#isKey) return item.touchpointHash;
    return item.keyHash === NO_PART ? NO_PART : 0;
  }

  protected override emptyPart(): SenderItems<T> {
    return new SenderItems();
  }
}
