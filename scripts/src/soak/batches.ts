// Makes the soak's batches, each with what the server must make of it: log lines, complete timings, starts and ends,
// entries that must be dropped, and batches that are sent again. The same seed gives the same sequence, except for the
// times.

import { EntryMaker, numbersFrom } from "../bench/entries.ts";

/**
 * Entries a request, each with its share of the requests, in percent: so 85 % of the entries come by the hundred, and 3
 * % alone.
 */
const SIZES = [
  { size: 100, percent: 19 },
  { size: 20, percent: 14 },
  { size: 1, percent: 67 },
] as const;
/** Different lines that entries are taken from: enough that blocks do not consist of one line. */
const LINES = 40_000;
/** Stands for the time while a line is made. Digits after it are drawn anew, its own are not. */
const TIME_MARK = 1_234_567_890_123;
/** One batch in so many is a browser's. */
const CLIENT_EVERY = 10;
/** One batch in so many is sent a second time. */
const AGAIN_EVERY = 100;
/**
 * What one entry in a thousand, or several, are instead of a line. The rest are lines, of which every fifth is a
 * complete timing.
 */
const PER_MILLE = {
  start: 50,
  forgotten: 1,
  nameless: 1,
  orphan: 1,
  tail: 5,
  empty: 1,
  negative: 1,
  future: 1,
  old: 1,
} as const;
/** How long a start waits for its end at most, in ms. */
const END_MS_MAX = 5_000;
const FUTURE_MS = 48 * 3_600_000;
const OLD_MS = 400 * 86_400_000;

/** Records with this touchpoint have numbers as messages: a live tail shows that none is missing. */
export const TAIL_TOUCHPOINT = "soak/tail";

/** Entries that the server drops, by reason. */
export type Drops = Record<"empty" | "negative_duration" | "in_future" | "too_old" | "duplicate", number>;

export interface SoakBatch {
  readonly entries: readonly string[];
  readonly isClient: boolean;
  readonly drops: Drops;
  /** Whether it is to be sent again later, and then is all duplicates. */
  readonly comesAgain: boolean;
}

export function noDrops(): Drops {
  return { empty: 0, negative_duration: 0, in_future: 0, too_old: 0, duplicate: 0 };
}

/** The drops of a batch that was stored before: every entry is a duplicate. */
export function dropsOfAgain({ entries }: SoakBatch): Drops {
  return { ...noDrops(), duplicate: entries.length };
}

export class BatchMaker {
  readonly #random: () => number;
  readonly #lines: (readonly [head: string, tail: string])[];
  /** Ends that are to come, in the order of their starts. */
  readonly #ends: { readonly at: number; readonly key: string }[] = [];
  readonly #index: number;
  readonly #makers: number;
  #nextKey = 1;
  #tailCount = 0;
  #batchCount = 0;

  /** Several makers share the numbers of records for the tail: this one takes index, index + makers, and so on. */
  constructor(corpus: string, seed: number, index: number, makers: number) {
    this.#index = index;
    this.#makers = makers;
    this.#random = numbersFrom(seed);
    const maker = new EntryMaker(corpus, seed);
    this.#lines = Array.from({ length: LINES }, () => {
      const [head = "", tail = ""] = maker.entry(TIME_MARK).split(String(TIME_MARK));
      return [head, tail.slice(0, -1)];
    });
  }

  /** The count of records for the tail so far. */
  get tailCount(): number {
    return this.#tailCount;
  }

  /** The next batch, at this time (Unix ms). */
  batch(now: number): SoakBatch {
    const drawn = this.#random() % 100;
    const { size } = SIZES.find(({ percent }, at) => drawn < percent + (SIZES[at - 1]?.percent ?? 0)) ?? SIZES[2];
    const drops = noDrops();
    const entries = Array.from({ length: size }, () => this.#entry(now, drops));
    const number = ++this.#batchCount;
    return { entries, drops, isClient: number % CLIENT_EVERY === 0, comesAgain: number % AGAIN_EVERY === 7 };
  }

  /** A batch of ends for starts that are still open; undefined when none is. */
  lastEnds(now: number): SoakBatch | undefined {
    const entries = this.#ends.splice(0, 1_000).map(({ key }) => `{"key":"${key}","endTime":${now}}`);
    if (entries.length === 0) return undefined;
    return { entries, isClient: false, drops: noDrops(), comesAgain: false };
  }

  #entry(now: number, drops: Drops): string {
    const due = this.#ends[0];
    if (due !== undefined && due.at <= now) {
      this.#ends.shift();
      return `{"key":"${due.key}","endTime":${now}}`;
    }
    const key = `k${this.#nextKey++}`;
    let drawn = this.#random() % 1_000;
    const isDrawn = (share: number) => {
      drawn -= share;
      return drawn < 0;
    };
    if (isDrawn(PER_MILLE.start)) {
      this.#ends.push({ at: now + 100 + (this.#random() % (END_MS_MAX - 100)), key });
      return `{"key":"${key}","touchpoint":"soak/pairs","startTime":${now}}`;
    }
    if (isDrawn(PER_MILLE.forgotten)) return `{"key":"${key}","touchpoint":"soak/forgotten","startTime":${now}}`;
    if (isDrawn(PER_MILLE.nameless)) return `{"startTime":${now},"message":"a start that never ends ${key}"}`;
    if (isDrawn(PER_MILLE.orphan)) return `{"key":"${key}","touchpoint":"soak/orphans","endTime":${now}}`;
    if (isDrawn(PER_MILLE.tail)) {
      const number = this.#index + this.#makers * this.#tailCount++;
      return `{"touchpoint":"${TAIL_TOUCHPOINT}","timestamp":${now},"message":"${number}"}`;
    }
    if (isDrawn(PER_MILLE.empty)) {
      drops.empty++;
      return "{}";
    }
    if (isDrawn(PER_MILLE.negative)) {
      drops.negative_duration++;
      return `{"key":"${key}","startTime":${now},"endTime":${now - 1}}`;
    }
    if (isDrawn(PER_MILLE.future)) {
      drops.in_future++;
      return `{"key":"${key}","timestamp":${now + FUTURE_MS}}`;
    }
    if (isDrawn(PER_MILLE.old)) {
      drops.too_old++;
      return `{"key":"${key}","timestamp":${now - OLD_MS}}`;
    }
    const [head, tail] = this.#lines[this.#random() % this.#lines.length] as readonly [string, string];
    return `${head}${now}${tail},"key":"${key}"}`;
  }
}
