// A seeded generator for randomised tests: prints nothing itself, the test names its seed. SEED= repeats a run.

/** Numbers from 0 up to, not including, 1 (mulberry32). */
export type Random = () => number;

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The seed of this run, printed so that a failure can be repeated. */
export function runSeed(name: string): number {
  const seed = process.env["SEED"] === undefined ? (Math.random() * 2 ** 32) >>> 0 : Number(process.env["SEED"]);
  console.log(`${name}: SEED=${seed}`);
  return seed;
}

export function integer(random: Random, most: number): number {
  return Math.floor(random() * (most + 1));
}

export function pick<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T;
}
