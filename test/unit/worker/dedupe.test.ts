import { describe, expect, test } from "bun:test";
import { DedupeMemory } from "../../../src/worker/dedupe.ts";
import { integer, type Random, runSeed, seededRandom } from "../../support/random.ts";

const WINDOW_MS = 1_000;

/** Sends a batch of digests (as small numbers) and answers, for each, whether it was a duplicate. */
function send(memory: DedupeMemory, receivedAt: number, names: readonly number[]): boolean[] {
  memory.beginBatch(receivedAt);
  return names.map((name) => {
    const isDuplicate = memory.isDuplicate(high(name), low(name));
    if (!isDuplicate) memory.admit();
    return isDuplicate;
  });
}

function high(name: number): number {
  return Math.imul(name + 1, 0x9e3779b1) >>> 0;
}

function low(name: number): number {
  return Math.imul(name + 7, 0x85ebca6b) >>> 0;
}

describe("a duplicate", () => {
  test("is an entry that an earlier batch had", () => {
    const memory = new DedupeMemory({ windowMs: WINDOW_MS, entries: 10 });
    expect(send(memory, 0, [1, 2, 3])).toEqual([false, false, false]);
    expect(send(memory, 1, [3, 4, 1])).toEqual([true, false, true]);
  });

  test("is found up to the end of the window", () => {
    const memory = new DedupeMemory({ windowMs: WINDOW_MS, entries: 10 });
    send(memory, 0, [1]);
    expect(send(memory, WINDOW_MS, [1])).toEqual([true]);
    expect(send(memory, WINDOW_MS + 1, [1])).toEqual([false]);
    expect(send(memory, WINDOW_MS + 2, [1])).toEqual([true]);
  });

  test("is found among the last entries and not before them", () => {
    const memory = new DedupeMemory({ windowMs: WINDOW_MS, entries: 3 });
    send(memory, 0, [1, 2, 3, 4]);
    expect(send(memory, 0, [2, 3, 4])).toEqual([true, true, true]);
    expect(send(memory, 0, [1])).toEqual([false]);
    expect(send(memory, 0, [2])).toEqual([false]);
  });

  test("is still found when the clock has jumped back", () => {
    const memory = new DedupeMemory({ windowMs: WINDOW_MS, entries: 10 });
    send(memory, 1e9, [1]);
    expect(send(memory, 5, [1, 2])).toEqual([true, false]);
    expect(send(memory, 6, [2])).toEqual([true]);
  });

  test("numbers equal entries: a retry matches as many as there were, also in other batches", () => {
    const memory = new DedupeMemory({ windowMs: WINDOW_MS, entries: 10 });
    expect(send(memory, 0, [1, 2, 1])).toEqual([false, false, false]);
    expect(send(memory, 1, [1, 2, 1])).toEqual([true, true, true]);
    expect(send(memory, 2, [1, 1, 1, 1])).toEqual([true, true, false, false]);
    expect(send(memory, 3, [1, 1, 1, 1, 1])).toEqual([true, true, true, true, false]);
    expect(send(memory, 4, [1])).toEqual([true]);
  });

  test("keeps its number when the first of its kind has had to leave in the middle of the batch", () => {
    const memory = new DedupeMemory({ windowMs: WINDOW_MS, entries: 3 });
    send(memory, 0, [1, 2]);
    expect(send(memory, 1, [1, 3, 4, 1])).toEqual([true, false, false, false]);
    // What is remembered is the second of its kind: one that comes alone is a first, and was not seen lately.
    expect(send(memory, 2, [1])).toEqual([false]);
  });

  test("is the same after a restart", () => {
    const memory = new DedupeMemory({ windowMs: WINDOW_MS, entries: 10 });
    send(memory, 5, [1, 2, 1]);
    send(memory, 7, [3]);
    const first = memory.takeAdded();
    send(memory, 9, [4, 3]);
    const second = memory.takeAdded();
    expect([first?.receivedAt, second?.receivedAt, memory.takeAdded()]).toEqual([7, 9, undefined]);
    const again = new DedupeMemory({ windowMs: WINDOW_MS, entries: 10 });
    for (const part of [first, second]) {
      // A view that begins anywhere, as SQLite's may.
      const shifted = new Uint8Array((part?.data.length ?? 0) + 1);
      shifted.set(part?.data ?? [], 1);
      again.load([{ data: shifted.subarray(1) }]);
    }
    expect(again.takeAdded()).toBeUndefined();
    expect(send(again, 10, [1, 1, 1, 2, 3, 4, 5])).toEqual([true, true, false, true, true, true, false]);
    expect(send(again, 5 + WINDOW_MS + 1, [2, 3])).toEqual([false, true]);
  });
});

describe("what is no duplicate", () => {
  test("two equal entries of one batch are two", () => {
    const memory = new DedupeMemory({ windowMs: WINDOW_MS, entries: 10 });
    expect(send(memory, 0, [1, 1, 1])).toEqual([false, false, false]);
  });

  test("an entry that was not admitted is not remembered", () => {
    const memory = new DedupeMemory({ windowMs: WINDOW_MS, entries: 10 });
    memory.beginBatch(0);
    expect([memory.isDuplicate(1, 1), memory.isDuplicate(1, 1)]).toEqual([false, false]);
    expect(memory.takeAdded()).toBeUndefined();
    memory.beginBatch(1);
    expect(memory.isDuplicate(1, 1)).toBe(false);
  });

  test("digests that differ in one half only are two", () => {
    const memory = new DedupeMemory({ windowMs: WINDOW_MS, entries: 10 });
    memory.beginBatch(0);
    for (const [one, other] of [
      [1, 1],
      [1, 2],
      [2, 1],
      [0, 0],
    ] as const) {
      expect(memory.isDuplicate(one, other)).toBe(false);
      memory.admit();
    }
  });

  test("a memory of no entries remembers nothing", () => {
    const memory = new DedupeMemory({ windowMs: WINDOW_MS, entries: 0 });
    expect([send(memory, 0, [1]), send(memory, 0, [1])]).toEqual([[false], [false]]);
    expect([memory.takeAdded(), memory.neededSince(5_000)]).toEqual([undefined, 4_000]);
  });
});

test("journal parts are needed as long as the window or the last entries reach back", () => {
  const memory = new DedupeMemory({ windowMs: WINDOW_MS, entries: 2 });
  send(memory, 100, [1]);
  send(memory, 200, [2]);
  expect([memory.neededSince(200), memory.neededSince(5_000)]).toEqual([100, 4_000]);
  send(memory, 300, [3]);
  expect(memory.neededSince(300)).toBe(200);
});

/** The contract's text: the numbered entries that were admitted last. */
class Model {
  #admitted: { readonly name: string; readonly at: number }[] = [];
  #counts = new Map<number, number>();
  #now = 0;
  readonly #entries: number;

  constructor(entries: number) {
    this.#entries = entries;
  }

  beginBatch(now: number): void {
    this.#now = now;
    this.#counts = new Map();
  }

  /** Admits unless told not to. */
  isDuplicate(name: number): boolean {
    const occurrence = this.#counts.get(name) ?? 0;
    this.#counts.set(name, occurrence + 1);
    const numbered = `${name}/${occurrence}`;
    const isDuplicate = this.#admitted.some((one) => one.name === numbered && this.#now - one.at <= WINDOW_MS);
    if (!isDuplicate) this.#admitted = [...this.#admitted, { name: numbered, at: this.#now }].slice(-this.#entries);
    return isDuplicate;
  }
}

function runScenario(random: Random): void {
  const entries = 40 + integer(random, 60);
  const model = new Model(entries);
  let memory = new DedupeMemory({ windowMs: WINDOW_MS, entries });
  const parts: { readonly receivedAt: number; readonly data: Uint8Array }[] = [];
  let now = 0;
  for (let step = 0; step < 60; step++) {
    now += integer(random, 1) * integer(random, 400);
    if (random() < 0.3) {
      const added = memory.takeAdded();
      if (added !== undefined) parts.push(added);
      memory = new DedupeMemory({ windowMs: WINDOW_MS, entries });
      memory.load(parts.map(({ data }) => ({ data })));
      continue;
    }
    memory.beginBatch(now);
    model.beginBatch(now);
    // Batches shorter than the memory: equal entries of one batch are numbered within it.
    for (let count = integer(random, 12); count > 0; count--) {
      const name = integer(random, 40);
      const isDuplicate = memory.isDuplicate(high(name), low(name));
      if (!isDuplicate) memory.admit();
      expect(isDuplicate).toBe(model.isDuplicate(name));
    }
    const added = memory.takeAdded();
    if (added !== undefined) parts.push(added);
    const needed = memory.neededSince(now);
    while ((parts[0]?.receivedAt ?? Number.POSITIVE_INFINITY) < needed) parts.shift();
  }
}

test("random batches, retries, windows and restarts agree with a list of what was admitted", () => {
  const seed = runSeed("dedupe");
  for (let scenario = 0; scenario < 300; scenario++) runScenario(seededRandom(seed + scenario));
});
