// The server's clock. In: the wall clock, which can be set; a monotonic one, which cannot; and what the data file kept. Out: one reading
// for everything that is done at one moment.
//
// Three times make a reading. `wall` is what the machine says, for what is shown. `steady` passes as time passes: what waits, or is
// remembered, is measured by it. `trusted` follows the wall clock, but gains or loses at most a day an hour: by it records expire. While
// nobody sets the wall clock, the three are equal.
//
// Invariant: however the wall clock is set, a record grows old at most 1 + CATCH_UP_RATE times as fast as time passes, until no clock was
// set for TRUST_AFTER_MS. A wall clock that is set back to where it was is trusted at once, by what was made up at most behind.

import { type Clock, systemClock } from "./clock.ts";
import { DAY_MS } from "./limits.ts";

/** The three times of one moment, Unix ms. */
export interface ClockReading {
  /** What the machine's clock says. */
  readonly wall: number;
  /** Only ever compared with itself: after a jump it may be far from the wall clock. */
  readonly steady: number;
  /** The wall clock less its suspected offset. */
  readonly trusted: number;
}

/**
 * What `trusted` makes up in a time, as a multiple of that time: a day an hour. A server that was off for three days has deleted what expired
 * meanwhile after three hours; one whose clock is wrong for an hour has deleted at most what would have gone in the day to come.
 */
const CATCH_UP_RATE = 24;
/** The same for `steady`: about what good clocks drift apart, 9 s a day, and too little to matter for what waits. */
const DRIFT_RATE = 0.0001;
/** A wall clock that was not set for so long is right, in ms: what it says has expired must be gone from disk within a day. */
export const TRUST_AFTER_MS = DAY_MS;
/** A time away of up to this counts, in ms; a longer one may as well be a wrong clock, and counts as none at first. */
export const AWAY_MS_MAX = DAY_MS;
/** A smaller difference between the clocks is no jump, in ms. */
const JUMP_MS_MIN = 1_000;
/** Offsets from this on are worth a word on deletion, in ms. */
const OFFSET_SAID_MS_MIN = 3_600_000;
/** Two readings of the monotonic clock further apart than this say nothing about the wall clock between them, in ms. */
const READING_MS_MAX = 50;
/** So often it is tried at one moment. */
const READINGS_MAX = 5;
const CATCH_UP_TEXT = "deletion by age follows by a day an hour";

export interface AgeClockOptions {
  /** The last reading that the data file has; undefined for none. */
  readonly saved: ClockReading | undefined;
  readonly log?: (level: "info" | "warn", message: string) => void;
  /** Default: the machine's. */
  readonly wall?: Clock;
  /** Counts ms from anywhere. Default: this thread's. */
  readonly monotonic?: Clock;
}

export class AgeClock {
  readonly #wall: Clock;
  readonly #monotonic: Clock;
  readonly #log: (level: "info" | "warn", message: string) => void;
  #reading: ClockReading;
  /** Of the reading, by the monotonic clock. */
  #readAt: number;
  /** When `trusted` and the wall clock were equal last, or the latter was set, by the monotonic clock. */
  #agreedAt: number;
  /** Whether the suspected offset is a long time away and nothing else. */
  #isOnlyAway = false;

  constructor({ saved, log, wall = systemClock, monotonic = () => performance.now() }: AgeClockOptions) {
    this.#wall = wall;
    this.#monotonic = monotonic;
    this.#log = log ?? (() => undefined);
    const now = this.#readBoth();
    this.#readAt = now.monotonic;
    this.#agreedAt = now.monotonic;
    const { wall: lastWall, steady, trusted } = saved ?? { wall: now.wall, steady: now.wall, trusted: now.wall };
    const awayMs = now.wall - lastWall;
    const isCounted = awayMs >= 0 && awayMs <= AWAY_MS_MAX;
    const passedMs = isCounted ? awayMs : 0;
    this.#reading = { wall: now.wall, steady: steady + passedMs, trusted: trusted + passedMs };
    this.#isOnlyAway = awayMs > AWAY_MS_MAX && Math.abs(trusted - lastWall) < JUMP_MS_MIN;
    if (awayMs > AWAY_MS_MAX && this.#offsetMs > 0)
      this.#log("info", `nothing was written for ${lengthOf(awayMs)}; in case the clock is wrong, ${CATCH_UP_TEXT}`);
    if (awayMs <= -JUMP_MS_MIN && this.#offsetMs < 0)
      this.#log("warn", `the data was last written ${lengthOf(-awayMs)} after now: is the clock behind?`);
  }

  /** The last reading: everything that is done at one moment uses the same. */
  get reading(): ClockReading {
    return this.#reading;
  }

  /** Reads the clocks. */
  read(): ClockReading {
    const { wall, monotonic } = this.#readBoth();
    const before = this.#reading;
    const passedMs = monotonic - this.#readAt;
    this.#readAt = monotonic;
    const steady = follow(before.steady, wall, passedMs, DRIFT_RATE);
    const trusted = follow(before.trusted, wall, passedMs, CATCH_UP_RATE);
    const jumpMs = wall - before.wall - passedMs;
    const hasJumped = Math.abs(jumpMs) >= JUMP_MS_MIN;
    if (hasJumped || Math.abs(wall - trusted) < JUMP_MS_MIN) this.#agreedAt = monotonic;
    const isTrusted = monotonic - this.#agreedAt >= TRUST_AFTER_MS;
    this.#reading = { wall, steady, trusted: isTrusted ? wall : trusted };
    if (hasJumped) this.#jumped(jumpMs);
    return this.#reading;
  }

  /** Trusts the wall clock where it is suspected only because the server was away: on a full disk, age must make room. */
  trustStart(): void {
    if (this.#isOnlyAway) this.#reading = { ...this.#reading, trusted: this.#reading.wall };
  }

  get #offsetMs(): number {
    return this.#reading.wall - this.#reading.trusted;
  }

  #jumped(jumpMs: number): void {
    this.#isOnlyAway = false;
    const way = jumpMs > 0 ? "ahead, or the machine slept" : "back";
    const catchUp = this.#offsetMs >= OFFSET_SAID_MS_MIN ? `; ${CATCH_UP_TEXT}` : "";
    this.#log("warn", `the machine's clock was set ${lengthOf(Math.abs(jumpMs))} ${way}${catchUp}`);
  }

  /** Both clocks at one moment, as near as this thread gets to it. */
  #readBoth(): { readonly wall: number; readonly monotonic: number } {
    for (let reading = 1; ; reading++) {
      const before = this.#monotonic();
      const wall = this.#wall();
      const monotonic = this.#monotonic();
      if (monotonic - before <= READING_MS_MAX || reading === READINGS_MAX) return { wall, monotonic };
    }
  }
}

/** The earliest time that it may be now, Unix ms: what is older than a retention by it has expired. */
export function earliestNow({ wall, trusted }: ClockReading): number {
  return Math.min(wall, trusted);
}

/** The latest time that it may be now, Unix ms. */
export function latestNow({ wall, trusted }: ClockReading): number {
  return Math.max(wall, trusted);
}

/** Where a clock is after `passedMs` that draws near to the wall clock, by at most so many ms a ms. */
function follow(from: number, wall: number, passedMs: number, rate: number): number {
  const reachMs = passedMs * rate;
  return Math.min(from + passedMs + reachMs, Math.max(from + passedMs - reachMs, wall));
}

/** "3 days", "2 hours" or "40 seconds". */
function lengthOf(ms: number): string {
  const [count, unit] =
    ms >= 2 * DAY_MS
      ? [ms / DAY_MS, "days"]
      : ms >= 7_200_000
        ? [ms / 3_600_000, "hours"]
        : ms >= 120_000
          ? [ms / 60_000, "minutes"]
          : [ms / 1000, "seconds"];
  return `${Math.round(count)} ${unit}`;
}
