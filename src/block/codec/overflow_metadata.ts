// Metadata that has no column of its own: JSON objects, one a row. They are scanned once; then each member is found by
// its name or its row. A member takes 12 bytes beside the text, a name at most 24, and no string is made before it is
// asked for.

import { forEachLeaf, forEachMember, isContainerAt, leafTextAt, stringAt, valueAt } from "./json_text.ts";
import { TextHash } from "./text_table.ts";

/**
 * JSON objects in one text: object n lies from `starts[n]` to `starts[n + 1]` and belongs to row `rows[n]`, rows
 * rising.
 */
export interface OverflowTexts {
  readonly rows: Uint32Array;
  readonly text: string;
  readonly starts: Uint32Array;
}

/** The members of all these objects. A member is a number, from 0 on. */
export class OverflowMembers {
  readonly rows: Uint32Array;
  readonly #text: string;
  readonly #starts: Uint32Array;
  readonly #names: NameTable;
  /** Of each object its first member's number; one more than there are objects. */
  readonly #firsts: Uint32Array;
  /** By member: its name's code, and where its value lies. */
  #codes = new Uint32Array(64);
  #from = new Uint32Array(64);
  #to = new Uint32Array(64);
  #count = 0;

  /** Scans the text once. Throws RangeError where it is not what JSON.stringify wrote. */
  constructor({ rows, text, starts }: OverflowTexts) {
    this.rows = rows;
    this.#text = text;
    this.#starts = starts;
    this.#names = new NameTable(text);
    this.#firsts = new Uint32Array(rows.length + 1);
    for (let place = 0; place < rows.length; place++) {
      forEachMember(text, starts[place] as number, starts[place + 1] as number, (nameFrom, nameTo, from, to) => {
        this.#add(this.#names.add(nameFrom, nameTo), from, to);
      });
      this.#firsts[place + 1] = this.#count;
    }
  }

  get nameCount(): number {
    return this.#names.size;
  }

  /** The name of a code, from 0 up to `nameCount` − 1. */
  name(code: number): string {
    return this.#names.text(code);
  }

  /** By code of a name: how many objects of wanted rows have it. */
  countNames(isWanted: (row: number) => boolean): Uint32Array {
    const counts = new Uint32Array(this.#names.size);
    for (let place = 0; place < this.rows.length; place++) {
      if (!isWanted(this.rows[place] as number)) continue;
      const end = this.#firsts[place + 1] as number;
      for (let member = this.#firsts[place] as number; member < end; member++) {
        (counts[this.#codes[member] as number] as number)++;
      }
    }
    return counts;
  }

  /** Calls `visit` with each row that has a member of this name, and the member. */
  forEachOf(name: string, visit: (row: number, member: number) => void): void {
    const code = this.#names.find(name);
    if (code === -1) return;
    for (let place = 0; place < this.rows.length; place++) {
      const end = this.#firsts[place + 1] as number;
      for (let member = this.#firsts[place] as number; member < end; member++) {
        if (this.#codes[member] === code) visit(this.rows[place] as number, member);
      }
    }
  }

  /** Calls `visit` with each member of the object at a place, and the code of its name. */
  forEachAt(place: number, visit: (member: number, code: number) => void): void {
    const end = this.#firsts[place + 1] as number;
    for (let member = this.#firsts[place] as number; member < end; member++)
      visit(member, this.#codes[member] as number);
  }

  value(member: number): unknown {
    return valueAt(this.#text, this.#from[member] as number, this.#to[member] as number);
  }

  /** The value's JSON where it is an object or an array, else undefined. */
  jsonOf(member: number): string | undefined {
    const from = this.#from[member] as number;
    return isContainerAt(this.#text, from) ? this.#text.slice(from, this.#to[member]) : undefined;
  }

  /** The whole object at a place, as JSON. */
  object(place: number): string {
    return this.#text.slice(this.#starts[place], this.#starts[place + 1]);
  }

  /** Whether the test accepts the text of any leaf of the object at a place. */
  someLeaf(place: number, test: (text: string) => boolean): boolean {
    const text = this.#text;
    const end = this.#firsts[place + 1] as number;
    for (let member = this.#firsts[place] as number; member < end; member++) {
      const from = this.#from[member] as number;
      const to = this.#to[member] as number;
      if (!isContainerAt(text, from)) {
        if (test(leafTextAt(text, from, to))) return true;
        continue;
      }
      let isFound = false;
      forEachLeaf(text, from, to, (leafFrom, leafTo) => {
        isFound ||= test(leafTextAt(text, leafFrom, leafTo));
      });
      if (isFound) return true;
    }
    return false;
  }

  #add(code: number, from: number, to: number): void {
    const member = this.#count++;
    if (member === this.#codes.length) {
      this.#codes = doubled(this.#codes);
      this.#from = doubled(this.#from);
      this.#to = doubled(this.#to);
    }
    this.#codes[member] = code;
    this.#from[member] = from;
    this.#to[member] = to;
  }
}

function doubled(values: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * values.length);
  larger.set(values);
  return larger;
}

/** Distinct names, as they lie in the text with their quotes. JSON.stringify writes equal names alike. */
class NameTable {
  readonly #text: string;
  readonly #hash = new TextHash();
  #from = new Uint32Array(64);
  #to = new Uint32Array(64);
  /** Codes plus one; 0 is free. */
  #slots = new Uint32Array(128);
  #size = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get size(): number {
    return this.#size;
  }

  text(code: number): string {
    return stringAt(this.#text, this.#from[code] as number, this.#to[code] as number);
  }

  /** The code of a name, −1 where it has none. */
  find(name: string): number {
    const written = JSON.stringify(name);
    return (this.#slots[this.#slotOf(written, 0, written.length)] as number) - 1;
  }

  /** The code of the name that lies there. */
  add(from: number, to: number): number {
    const slot = this.#slotOf(this.#text, from, to);
    const known = (this.#slots[slot] as number) - 1;
    if (known !== -1) return known;
    const code = this.#size++;
    if (code === this.#from.length) {
      this.#from = doubled(this.#from);
      this.#to = doubled(this.#to);
    }
    this.#from[code] = from;
    this.#to[code] = to;
    this.#slots[slot] = code + 1;
    if (2 * this.#size > this.#slots.length) this.#grow();
    return code;
  }

  /** The slot of the name that lies in the text there, or a free slot. */
  #slotOf(text: string, from: number, to: number): number {
    const mask = this.#slots.length - 1;
    let slot = this.#hash.of(text, from, to) & mask;
    for (;;) {
      const code = (this.#slots[slot] as number) - 1;
      if (code === -1 || this.#isEqual(code, text, from, to)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #isEqual(code: number, text: string, from: number, to: number): boolean {
    const own = this.#from[code] as number;
    if ((this.#to[code] as number) - own !== to - from) return false;
    for (let at = 0; at < to - from; at++) {
      if (this.#text.charCodeAt(own + at) !== text.charCodeAt(from + at)) return false;
    }
    return true;
  }

  #grow(): void {
    this.#slots = new Uint32Array(2 * this.#slots.length);
    const mask = this.#slots.length - 1;
    for (let code = 0; code < this.#size; code++) {
      let slot = this.#hash.of(this.#text, this.#from[code], this.#to[code]) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = code + 1;
    }
  }
}
