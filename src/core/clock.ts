// The server's clocks. A reading is made of the wall clock, which people can set, a monotonic clock, which nobody can,
// and the last reading in the data file. Everything that happens at one moment uses one reading.
//
// - `wall` is the machine's time: it is what people are shown.
// - `steady` passes evenly: timeouts and memories are measured by it.
// - `trusted` follows the wall clock, but gains or loses at most one day an hour: records expire by it.
//
// While nobody sets the wall clock, all three are equal.
//
// Invariant: however the wall clock is set, a record ages at most 1 + CATCH_UP_RATE times as fast as real time. A wall
// clock that stays unset for TRUST_AFTER_MS is trusted in full. One that is set back to its old time is trusted at
// once, except for what `trusted` gained.

import { DAY_MS } from "./limits.ts";

/** Returns the present in Unix milliseconds. Tests pass a manual clock. */
export type Clock = () => number;

/** The machine's wall clock. */
export const systemClock: Clock = () => Date.now();

/** The three times of one moment, Unix ms. */
export interface ClockReading {
  /** The machine's clock. */
  readonly wall: number;
  /** Compare it only with itself: after a jump it may be far from the wall clock. */
  readonly steady: number;
  /** The wall clock minus its suspected offset. */
  readonly trusted: number;
}

/**
 * How fast `trusted` catches up with the wall clock, in ms a ms: one day an hour. After three days off, a server has
 * deleted the records that expired meanwhile three hours after its start. A clock that is wrong for an hour deletes at
 * most the records of one day too many.
 */
const CATCH_UP_RATE = 24;
/**
 * How fast `steady` catches up: 9 s a day, about the drift between good clocks, and too little to matter for a timeout.
 */
const DRIFT_RATE = 0.0001;
/** A wall clock that was not set for this long is trusted, in ms: expired records must leave the disk within a day. */
export const TRUST_AFTER_MS = DAY_MS;
/**
 * How long a server may be off, in ms. After a longer gap the clock may be wrong, so the gap does not count at first.
 */
export const AWAY_MS_MAX = DAY_MS;
/** Clocks that differ by less have not jumped, in ms. */
const JUMP_MS_MIN = 1_000;
/** The log mentions deletion from this offset on, in ms. */
const OFFSET_SAID_MS_MIN = 3_600_000;
/**
 * The wall clock is read between two monotonic readings. If they are further apart than this, the reading is taken
 * again, in ms.
 */
const READING_MS_MAX = 50;
/** Readings at one moment, at most. */
const READINGS_MAX = 5;
const CATCH_UP_TEXT = "deletion by age follows by a day an hour";

/** How to make an AgeClock. */
export interface AgeClockOptions {
  /** The last reading in the data file; undefined: none. */
  readonly saved: ClockReading | undefined;
  readonly log?: (level: "info" | "warn", message: string) => void;
  /** Default: the machine's. */
  readonly wall?: Clock;
  /** Milliseconds from any start. Default: this thread's. */
  readonly monotonic?: Clock;
}

/** Takes readings, and logs when the wall clock was set. One a process, on the writer thread. */
export class AgeClock {
  readonly #wall: Clock;
  readonly #monotonic: Clock;
  readonly #log: (level: "info" | "warn", message: string) => void;
  #reading: ClockReading;
  /** When the reading was taken, by the monotonic clock. */
  #readAt: number;
  /** When `trusted` last equalled the wall clock, or the wall clock was last set; by the monotonic clock. */
  #agreedAt: number;
  /** Whether the suspected offset comes only from a long time off. */
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

  /** The last reading. */
  get reading(): ClockReading {
    return this.#reading;
  }

  /** Takes a new reading. */
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

  /**
   * Trusts the wall clock if it is suspected only because the server was off: on a full disk, deletion by age must make
   * room.
   */
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

  /** Both clocks at one moment, as closely as this thread can. */
  #readBoth(): { readonly wall: number; readonly monotonic: number } {
    for (let reading = 1; ; reading++) {
      const before = this.#monotonic();
      const wall = this.#wall();
      const monotonic = this.#monotonic();
      if (monotonic - before <= READING_MS_MAX || reading === READINGS_MAX) return { wall, monotonic };
    }
  }
}

/** The earliest time it may be now, Unix ms. Retention counts from it. */
export function earliestNow({ wall, trusted }: ClockReading): number {
  return Math.min(wall, trusted);
}

/** The latest time it may be now, Unix ms. */
export function latestNow({ wall, trusted }: ClockReading): number {
  return Math.max(wall, trusted);
}

/** Moves a clock on by `passedMs` and towards the wall clock, by at most `rate` ms a ms. */
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
