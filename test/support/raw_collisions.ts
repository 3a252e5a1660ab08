// Texts that the JavaScript engine hashes alike: rapidhash multiplies two parts of a short text, one of them mixed with
// a constant that everybody knows. A text with that constant in it makes the product zero, whatever else it has.

import type { Random } from "./random.ts";
import { integer } from "./random.ts";

/** Characters that are neither Latin-1 nor surrogates. */
const FIRST = 0x100;
const LAST = 0xd7ff;

/** Eight characters, of which four are free. */
export function collidingName(random: Random): string {
  const free = () => FIRST + integer(random, LAST - FIRST);
  return String.fromCharCode(0x4b93, 0x8bb8, free(), free(), free(), free(), 0xacc9, 0x962e);
}

/** One of at least 8 characters, which may begin with a given text; those of one length have one hash. */
export function collidingText(random: Random, length: number, beginning = ""): string {
  const free = (count: number) =>
    String.fromCharCode(...Array.from({ length: count }, () => FIRST + integer(random, LAST - FIRST)));
  if (length <= 8) return collidingName(random);
  return `${beginning}${free(length - beginning.length - 8)}${String.fromCharCode(0xacc9, 0x962e, 0x4b93, 0x8bb8)}${free(4)}`;
}

/** As long, of the same characters, with other hashes. */
export function ordinaryName(random: Random): string {
  return String.fromCharCode(...Array.from({ length: 8 }, () => FIRST + integer(random, LAST - FIRST)));
}

/** So many different ones. */
export function differentNames(count: number, make: () => string): string[] {
  const names = new Set<string>();
  while (names.size < count) names.add(make());
  return [...names];
}

/** JSON text of an object with these members. */
export function objectText(names: readonly string[]): string {
  return `{${names.map((name) => `${JSON.stringify(name)}:1`).join()}}`;
}
