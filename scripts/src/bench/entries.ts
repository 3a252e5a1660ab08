// As many different entries as wanted from a few real lines: every digit of messages and metadata is drawn again, so
// lines of one kind differ as they do in life, and each has a time of its own. The same seed gives the same entries.

import { readFileSync } from "node:fs";

interface Line {
  readonly touchpoint?: string;
  readonly message?: string;
  readonly level?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** One entry in this many has the rare word in its message. */
export const RARE_EVERY = 1_000_000;
export const RARE_WORD = "xylophone";

/** One entry in so many is a timing. */
const TIMING_EVERY = 5;

/** A small generator of numbers from 0 to 2^32 − 1 (xorshift). */
export function numbersFrom(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

export class EntryMaker {
  readonly #lines: readonly Line[];
  readonly #next: () => number;
  #count = 0;

  constructor(corpus: string, seed: number) {
    const lines = readFileSync(corpus, "utf8").split("\n");
    this.#lines = lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Line);
    this.#next = numbersFrom(seed);
  }

  /** The JSON of the next entry, with this time (Unix ms). */
  entry(time: number): string {
    const isTiming = this.#count % TIMING_EVERY === 0;
    return this.#made(() =>
      isTiming ? `,"startTime":${time},"duration":${this.#duration()}` : `,"timestamp":${time}`,
    );
  }

  /** The JSON of the next entry, a log without a time. */
  line(): string {
    return this.#made(() => "");
  }

  /** `timing` is asked after the digits are drawn. */
  #made(timing: () => string): string {
    const number = this.#count++;
    const line = this.#lines[this.#next() % this.#lines.length] as Line;
    const { touchpoint, level, message = "", metadata = {} } = line;
    const isRare = number % RARE_EVERY === RARE_EVERY / 2;
    const varied = JSON.stringify({ message: isRare ? `${message} ${RARE_WORD}` : message, metadata });
    const redrawn = varied.replaceAll(/\d/g, () => String(this.#next() % 10));
    return `{"touchpoint":${JSON.stringify(touchpoint)},"level":${JSON.stringify(level ?? "info")}${timing()},${redrawn.slice(1)}`;
  }

  /** Milliseconds with a long tail: most some tens, a few thousands. */
  #duration(): number {
    const uniform = (this.#next() + 1) / 2 ** 32;
    return Math.round(1000 * 20 * Math.exp(1.2 * Math.sqrt(-2 * Math.log(uniform)) * Math.cos(this.#next()))) / 1000;
  }
}
