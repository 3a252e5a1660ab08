// How much longer one piece of work takes than another: coarse, for work that must not be quadratic.

const ROUNDS = 5;

/** The best time of each of some rounds, one by the other. */
export function timeRatio(work: () => void, other: () => void): number {
  const [best, otherBest] = [bestOf(work), bestOf(other)];
  return best / Math.max(otherBest, 0.01);
}

function bestOf(work: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now();
    work();
    best = Math.min(best, performance.now() - startedAt);
  }
  return best;
}
