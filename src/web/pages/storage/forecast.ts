// When the data file will be full, at the pace of what is stored: each project grows evenly until its retention takes
// away as much as comes.

import type { FileSpace, ProjectStorage } from "../../../core/account_responses.ts";
import { DAY_MS } from "../../../core/limits.ts";

/** A project whose newest record is older than this sends nothing any more, in ms. */
const IDLE_MS = 2 * DAY_MS;
/** Data of less time says nothing about the pace, in ms. */
const SPAN_MS_MIN = DAY_MS / 4;
/** A later end is not foreseen, in ms. */
const FORESEEN_MS_MAX = 365 * DAY_MS;

/** When the file is full, and the oldest record that is there then: its day goes first. Unix ms. */
export interface DiskForecast {
  readonly fullAt: number;
  readonly oldest: number;
}

interface Growth {
  readonly bytesPerMs: number;
  /** Until its retention takes away as much as comes. */
  readonly untilMs: number;
  readonly oldest: number;
  readonly retentionMs: number;
}

/** Undefined: it is full already, will not be within a year, or there is too little data to tell. `now` in Unix ms. */
export function foreseeDisk(
  { bytesOnDisk, bytesMax }: Pick<FileSpace, "bytesOnDisk" | "bytesMax">,
  projects: readonly ProjectStorage[],
  now: number,
): DiskForecast | undefined {
  const growths = projects.flatMap((project) => growthOf(project, now));
  let left = bytesMax - bytesOnDisk;
  if (left <= 0) return undefined;
  let passedMs = 0;
  for (const untilMs of [...growths.map((growth) => growth.untilMs), FORESEEN_MS_MAX].toSorted((a, b) => a - b)) {
    const stepMs = Math.min(untilMs, FORESEEN_MS_MAX) - passedMs;
    if (stepMs <= 0) continue;
    const pace = growths.reduce((sum, growth) => sum + (growth.untilMs > passedMs ? growth.bytesPerMs : 0), 0);
    if (pace * stepMs >= left) {
      const fullAt = now + passedMs + left / pace;
      return { fullAt, oldest: Math.min(...projects.map((project) => oldestAt(project, fullAt))) };
    }
    left -= pace * stepMs;
    passedMs += stepMs;
  }
  return undefined;
}

function growthOf({ oldest, newest, bytes, retentionMs }: ProjectStorage, now: number): readonly Growth[] {
  if (oldest === null || newest === null || now - newest > IDLE_MS || now - oldest < SPAN_MS_MIN) return [];
  const age = now - oldest;
  return [{ bytesPerMs: bytes / age, untilMs: Math.max(0, retentionMs - age), oldest, retentionMs }];
}

/** The time of a project's oldest record at an instant; Infinity where none is left. */
function oldestAt({ oldest, newest, retentionMs }: ProjectStorage, at: number): number {
  if (oldest === null || newest === null) return Number.POSITIVE_INFINITY;
  return Math.max(oldest, at - retentionMs);
}
