// Time cut into buckets: each begins at a whole multiple of the interval since 1970 UTC, so buckets of two answers fit together.

import { BUCKETS_MAX, type QueryRefusal } from "../../core/queries.ts";
import type { Scope } from "../scan/scope.ts";
import type { QueryBlock } from "../scan/source.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What people read well, and what divides into one another, so that a block's notes often fit. */
const LADDER: readonly number[] = [1, 2, 5, 10, 30]
  .map((count) => count * SECOND)
  .concat(
    [1, 2, 5, 10, 20, 30].map((count) => count * MINUTE),
    [1, 2, 3, 6, 12].map((count) => count * HOUR),
    [1, 2, 7, 14, 28, 91, 364].map((count) => count * DAY),
  );
const LONGEST = 364 * DAY;

/** So many buckets, at most, where no interval was asked for. */
const BUCKETS_WANTED = 120;

/** The buckets of an answer. `count` of them, the first beginning at `start`. Unix ms. */
export interface Buckets {
  readonly interval: number;
  readonly start: number;
  readonly count: number;
}

/**
 * The times that an answer spans: the scope's own, and where it has no bound, those of the blocks, of what began at `others`, and
 * of now.
 */
export function spanOf(
  scope: Scope,
  blocks: readonly QueryBlock[],
  now: number,
  others: readonly number[] = [],
): { from: number; to: number } {
  let oldest = others.reduce((least, time) => Math.min(least, time), now);
  let newest = now;
  for (const { project, records, timeMin, timeMax } of blocks) {
    // Of a damaged one, nobody knows.
    if (records === 0) continue;
    oldest = Math.min(oldest, Math.max(timeMin, scope.shownFrom(project)));
    newest = Math.max(newest, timeMax);
  }
  // What begins in the future and has no end spans its first instant.
  const to = scope.to === Number.POSITIVE_INFINITY ? Math.floor(Math.max(newest, scope.from)) + 1 : scope.to;
  const from = scope.from === Number.NEGATIVE_INFINITY ? Math.min(oldest, to - 1) : scope.from;
  return { from, to };
}

/** Buckets over a span; an undefined interval chooses one. */
export function bucketsOf(from: number, to: number, intervalMs: number | undefined): Buckets | QueryRefusal {
  const interval = intervalMs ?? intervalFor(to - from);
  const start = Math.floor(from / interval) * interval;
  const count = Math.ceil((to - start) / interval);
  if (count > BUCKETS_MAX) {
    return {
      code: "bad_range",
      message: `interval ${interval} ms gives ${count} buckets between from and to, at most ${BUCKETS_MAX} are allowed: take a longer interval or a shorter time`,
    };
  }
  return { interval, start, count };
}

/** The shortest that people read well, and past the ladder a multiple of its longest. */
function intervalFor(spanMs: number): number {
  const step = LADDER.find((one) => spanMs / one <= BUCKETS_WANTED);
  return step ?? Math.ceil(spanMs / BUCKETS_WANTED / LONGEST) * LONGEST;
}

/** The bucket of a time that lies in the span. */
export function bucketOf({ start, interval }: Buckets, time: number): number {
  return Math.floor((time - start) / interval);
}
