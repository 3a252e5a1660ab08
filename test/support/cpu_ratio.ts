// How much processor time a piece of work takes, and how much more than another. For work that must not be quadratic:
// other processes may take the processor meanwhile, so no clock on the wall would do.

const ROUNDS = 5;

/** Milliseconds of this process's processor time. */
export function cpuMsOf(work: () => void): number {
  const startedAt = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(startedAt);
  return (user + system) / 1000;
}

/** The least of some rounds each, by turns; less than 0.1 ms counts as 0.1. */
export function cpuRatio(work: () => void, other: () => void): number {
  let [least, otherLeast] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < ROUNDS; round++) {
    least = Math.min(least, cpuMsOf(work));
    otherLeast = Math.min(otherLeast, cpuMsOf(other));
  }
  return least / Math.max(otherLeast, 0.1);
}
