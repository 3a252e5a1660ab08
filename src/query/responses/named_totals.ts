// Figures of timings by touchpoint: of the most frequent touchpoints, and how many more there are. Exact for data with any number of
// touchpoints; where one that came late is among the most frequent, a second pass makes the figures of those that are listed.

import { cutTouchpoint, TOUCHPOINT_LENGTH_MAX } from "../../core/touchpoint.ts";
import type { Steps } from "../scan/scan.ts";
import { type FrequentBounds, FrequentTexts, mostFrequent, type WantedTexts } from "./frequent_texts.ts";

export interface NamedBounds {
  /** Touchpoints that are listed, and that are kept. */
  readonly listedMax: number;
  readonly keptMax: number;
}

/** Where a pass adds timings: `make` gives what a touchpoint starts with. */
export class TotalsByName<T> {
  readonly #names: FrequentTexts;
  readonly #make: () => T;
  readonly #kept: T[] = [];

  constructor(keptMax: number, make: () => T, wanted?: WantedTexts) {
    const bounds: FrequentBounds = { textsMax: keptMax, lengthMax: keptMax * (TOUCHPOINT_LENGTH_MAX + 1) };
    this.#names = new FrequentTexts(bounds, wanted);
    this.#make = make;
  }

  get names(): FrequentTexts {
    return this.#names;
  }

  /** Counts so many timings of a name; its number, −1 where nothing is kept of it. */
  count(name: string, timings: number): number {
    const number = this.#names.add(cutTouchpoint(name), timings);
    if (number === this.#kept.length) this.#kept.push(this.#make());
    return number;
  }

  at(number: number): T {
    return this.#kept[number] as T;
  }

  listed(numbers: readonly number[]): [string, T][] {
    return numbers.map((number) => [this.#names.text(number), this.at(number)]);
  }
}

/** The most frequent touchpoints, what is kept of each, and how many more there are. `pass` adds every timing. */
export function* mostFrequentTotals<T>(
  { listedMax, keptMax }: NamedBounds,
  make: () => T,
  pass: (totals: TotalsByName<T>) => Steps<void>,
): Steps<{ readonly listed: readonly (readonly [name: string, kept: T])[]; readonly more: number }> {
  const totals = new TotalsByName(keptMax, make);
  yield* pass(totals);
  const { numbers, more, wanted } = mostFrequent([totals.names], listedMax);
  if (wanted === undefined) return { listed: totals.listed(numbers[0] ?? []), more };
  const second = new TotalsByName(keptMax, make, wanted[0]);
  yield* pass(second);
  const { numbers: all } = mostFrequent([second.names], listedMax);
  return { listed: second.listed(all[0] ?? []), more };
}
