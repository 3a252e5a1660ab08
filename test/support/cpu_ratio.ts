// How much more of the processor one piece of work takes than another: coarse, for work that must not be quadratic. Other processes take
// time, and none of this.

const ROUNDS = 5;

/** The least of some rounds each, by turns. */
export function cpuRatio(work: () => void, other: () => void): number {
  let [least, otherLeast] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < ROUNDS; round++) {
    least = Math.min(least, microsecondsOf(work));
    otherLeast = Math.min(otherLeast, microsecondsOf(other));
  }
  return least / Math.max(otherLeast, 100);
}

function microsecondsOf(work: () => void): number {
  const startedAt = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(startedAt);
  return user + system;
}
