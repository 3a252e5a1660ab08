// The bound values of a statement, numbered as they come; equal ones are one. A statement is made of fixed text and of
// these alone: nothing that a person wrote stands in it.

import { VALUE_BYTES_MAX } from "./form_body.ts";

/** A value of a parameter. */
export type BoundValue = string | number | readonly string[] | readonly number[];

/** Bytes of a listed number and what stands around it, at most. */
const NUMBER_BYTES = 30;
/** Bytes around a listed text. */
const QUOTES_BYTES = 3;

export class SqlParameters {
  readonly #values: Record<string, BoundValue> = {};
  readonly #names = new Map<string, string>();

  /** By name, as the client takes them. */
  get values(): Readonly<Record<string, BoundValue>> {
    return this.#values;
  }

  text(value: string): string {
    return this.#add("String", value);
  }

  texts(values: readonly string[]): string {
    return this.#addList("Array(String)", values, (value) => 2 * Buffer.byteLength(value) + QUOTES_BYTES);
  }

  /** A finite number. */
  double(value: number): string {
    return this.#add("Float64", value);
  }

  /** Finite numbers. */
  doubles(values: readonly number[]): string {
    return this.#addList("Array(Float64)", values, () => NUMBER_BYTES);
  }

  /** Whole numbers from 0 up to 2^32 − 1. */
  wholes(values: readonly number[]): string {
    return this.#addList("Array(UInt32)", values, () => NUMBER_BYTES);
  }

  /** A whole number from 0 up to 2^53. */
  unsigned(value: number): string {
    return this.#add("UInt64", value);
  }

  /** Whole numbers from 0 up to 2^53. */
  unsigneds(values: readonly number[]): string {
    return this.#addList("Array(UInt64)", values, () => NUMBER_BYTES);
  }

  /** A list that is too long for one parameter is put together in the statement. */
  #addList<T extends string | number>(type: string, values: readonly T[], bytesOf: (value: T) => number): string {
    const lists: T[][] = [[]];
    let bytes = 0;
    for (const value of values) {
      const more = bytesOf(value);
      if (bytes + more > VALUE_BYTES_MAX && bytes > 0) {
        lists.push([]);
        bytes = 0;
      }
      lists.at(-1)?.push(value);
      bytes += more;
    }
    const names = lists.map((list) => this.#add(type, list as readonly string[] | readonly number[]));
    return names.length === 1 ? (names[0] as string) : `arrayConcat(${names.join(", ")})`;
  }

  #add(type: string, value: BoundValue): string {
    const identity = `${type} ${JSON.stringify(value)}`;
    const known = this.#names.get(identity);
    if (known !== undefined) return known;
    const name = `p${this.#names.size}`;
    const written = `{${name}:${type}}`;
    this.#names.set(identity, written);
    this.#values[name] = value;
    return written;
  }
}
