// How much processor time a piece of work takes, and how much more than another. For work that must not be quadratic:
// other processes may take the processor meanwhile, so no clock on the wall would do.

/** The first rounds run code that is not compiled yet. */
const ROUNDS_MIN = 5;
const ROUNDS_MAX = 60;

/** Milliseconds of this process's processor time. */
export function cpuMsOf(work: () => void): number {
  const startedAt = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(startedAt);
  return (user + system) / 1000;
}

/**
 * The least of some rounds each, by turns; less than 0.1 ms counts as 0.1. The rounds end once the ratio is below
 * `bound`: what only noise made falls with more of them, and what the work itself costs stays.
 */
export function cpuRatio(work: () => void, other: () => void, bound: number): number {
  let [least, otherLeast] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let ratio = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS_MAX && (round < ROUNDS_MIN || ratio >= bound); round++) {
    least = Math.min(least, cpuMsOf(work));
    otherLeast = Math.min(otherLeast, cpuMsOf(other));
    ratio = least / Math.max(otherLeast, 0.1);
  }
  return ratio;
}
