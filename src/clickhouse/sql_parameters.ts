// The bound values of a statement, numbered as they come. A statement is made of fixed text and of these alone: nothing
// that a person wrote stands in it.

/** A value of a parameter. */
export type BoundValue = string | number | readonly string[] | readonly number[];

export class SqlParameters {
  readonly #values: Record<string, BoundValue> = {};
  #next = 0;

  /** By name, as the client takes them. */
  get values(): Readonly<Record<string, BoundValue>> {
    return this.#values;
  }

  text(value: string): string {
    return this.#add("String", value);
  }

  texts(values: readonly string[]): string {
    return this.#add("Array(String)", values);
  }

  /** A finite number. */
  double(value: number): string {
    return this.#add("Float64", value);
  }

  /** Finite numbers. */
  doubles(values: readonly number[]): string {
    return this.#add("Array(Float64)", values);
  }

  /** Whole numbers from 0 up to 2^32 − 1. */
  wholes(values: readonly number[]): string {
    return this.#add("Array(UInt32)", values);
  }

  /** A whole number from 0 up to 2^53. */
  unsigned(value: number): string {
    return this.#add("UInt64", value);
  }

  /** Whole numbers from 0 up to 2^53. */
  unsigneds(values: readonly number[]): string {
    return this.#add("Array(UInt64)", values);
  }

  #add(type: string, value: BoundValue): string {
    const name = `p${this.#next++}`;
    this.#values[name] = value;
    return `{${name}:${type}}`;
  }
}
