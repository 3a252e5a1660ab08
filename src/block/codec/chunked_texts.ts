// A column of texts in parts as it is read: see text_chunks.ts. A part is loaded when it is first needed, and not at all for a search whose
// needle it cannot contain.

import { parseTextFilter, type TextFilter } from "../filter/ngram_filter.ts";
import { ByteReader } from "./bytes.ts";
import type { OptionalText } from "./strings.ts";
import type { PlainTexts, Texts } from "./text_column.ts";

/** What a head says. */
export interface PartsHead {
  readonly partTexts: number;
  readonly filters: readonly (TextFilter | undefined)[];
}

/** Reads the head of `count` texts, behind its form. Throws RangeError. */
export function readHead(reader: ByteReader, count: number): PartsHead {
  const partTexts = reader.unsigned();
  if (partTexts === 0) throw new RangeError("a part has no texts");
  const filters: (TextFilter | undefined)[] = [];
  for (let from = 0; from < count; from += partTexts) {
    const size = reader.unsigned();
    filters.push(size === 0 ? undefined : parseTextFilter(new ByteReader(reader.raw(size))));
  }
  return { partTexts, filters };
}

export class PartedTexts implements Texts {
  readonly count: number;
  readonly #head: PartsHead;
  readonly #load: (part: number, count: number) => PlainTexts;
  readonly #parts: (PlainTexts | undefined)[] = [];

  /** @param load gives a part, of so many texts; throws as it does. It is called once a part, when it is first needed. */
  constructor(head: PartsHead, count: number, load: (part: number, count: number) => PlainTexts) {
    this.count = count;
    this.#head = head;
    this.#load = load;
  }

  coded(): undefined {
    return undefined;
  }

  has(place: number): boolean {
    return this.#partOf(place).has(place % this.#head.partTexts);
  }

  value(place: number): OptionalText {
    return this.#partOf(place).value(place % this.#head.partTexts);
  }

  beginning(place: number, lengthMax: number): OptionalText {
    return this.#partOf(place).beginning(place % this.#head.partTexts, lengthMax);
  }

  /** Loads what the places need, so that `has` and `value` of them load nothing. */
  load(places: ArrayLike<number>): void {
    for (let index = 0; index < places.length; index++) this.#partOf(places[index] as number);
  }

  all(): OptionalText[] {
    const texts: OptionalText[] = [];
    this.#forEachPart((part) => {
      for (const text of this.#part(part).all()) texts.push(text);
    });
    return texts;
  }

  markContaining(needle: string, hits: Uint8Array, wanted?: Uint8Array): void {
    this.#forEachPart((part, from, to) => {
      if (wanted !== undefined && !wanted.subarray(from, to).includes(1)) return;
      if (this.#head.filters[part]?.mayContain(needle) === false) return;
      this.#part(part).markContaining(needle, hits.subarray(from, to));
    });
  }

  markWhere(test: (text: string) => boolean, hits: Uint8Array): void {
    this.#forEachPart((part, from, to) => this.#part(part).markWhere(test, hits.subarray(from, to)));
  }

  #forEachPart(visit: (part: number, from: number, to: number) => void): void {
    const { partTexts, filters } = this.#head;
    for (let part = 0; part < filters.length; part++) {
      visit(part, part * partTexts, Math.min(this.count, (part + 1) * partTexts));
    }
  }

  #partOf(place: number): PlainTexts {
    return this.#part(Math.floor(place / this.#head.partTexts));
  }

  #part(part: number): PlainTexts {
    const known = this.#parts[part];
    if (known !== undefined) return known;
    const { partTexts } = this.#head;
    const loaded = this.#load(part, Math.min(partTexts, this.count - part * partTexts));
    this.#parts[part] = loaded;
    return loaded;
  }
}
