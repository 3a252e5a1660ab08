// The two clocks of alerts: notices when somebody has set the wall clock, and when this process stood still, and keeps
// what the rules must know of it for as long as a window may reach back.

import type { Clock } from "../core/clock.ts";
import type { Continuity, Gap } from "./rules/observe.ts";

/** Clocks that differ by less have not jumped, in ms; a process that stood still for less has not. */
const GAP_MS_MIN = 2_000;
/** What is kept of each kind; past it, the two oldest count as one. */
const GAPS_MAX = 32;

export interface ClockWatchOptions {
  /** Unix ms. */
  readonly clock: Clock;
  /** Ms of a clock that nobody sets. */
  readonly monotonic: Clock;
  /** How often it looks, in ms. */
  readonly everyMs: number;
}

/** What was found by a look. */
export interface Look {
  /** By how much the wall clock was set, in ms; 0: not. */
  readonly jumpMs: number;
  /** What the wall clock said before that, Unix ms. */
  readonly before: number;
}

export class ClockWatch {
  readonly #options: ClockWatchOptions;
  #wall: number;
  #monotonic: number;
  #continuity: Continuity;

  constructor(options: ClockWatchOptions) {
    this.#options = options;
    this.#wall = options.clock();
    this.#monotonic = options.monotonic();
    this.#continuity = { startedAt: this.#wall, jump: undefined };
  }

  get continuity(): Continuity {
    return this.#continuity;
  }

  /** Called each `everyMs`. A jump counts once `jumped` was called. */
  look(): Look {
    const { clock, monotonic, everyMs } = this.#options;
    const [before, wall, steady] = [this.#wall, clock(), monotonic()];
    const passedMs = steady - this.#monotonic;
    this.#wall = wall;
    this.#monotonic = steady;
    const jumpMs = wall - before - passedMs;
    const stillMs = passedMs - everyMs;
    if (stillMs >= GAP_MS_MIN) this.#add({ stalls: [...(this.#continuity.stalls ?? []), { at: wall, ms: stillMs }] });
    return { jumpMs: Math.abs(jumpMs) < GAP_MS_MIN ? 0 : jumpMs, before: before + passedMs };
  }

  /** The wall clock was set by so many ms, and says `at` since: instants before are counted by it. */
  jumped(ms: number, at: number): void {
    const { startedAt, jump, earlierJumps = [], stalls = [] } = this.#continuity;
    const moved = (gap: Gap): Gap => ({ at: gap.at + ms, ms: gap.ms });
    this.#add({
      startedAt: startedAt + ms,
      jump: { at, ms },
      earlierJumps: [...earlierJumps, ...(jump === undefined ? [] : [jump])].map(moved),
      stalls: stalls.map(moved),
    });
  }

  /** Records of before the clock was set back, to `now`, are there until then; those since have ids from `fromId` on. */
  replays(until: number, fromId: number, now: number): void {
    const { jump } = this.#continuity;
    // Between two lives of the server nobody saw it jump.
    this.#add({ replay: { until, fromId }, jump: jump?.at === now ? jump : { at: now, ms: now - until } });
  }

  #add(changes: Partial<Continuity>): void {
    const next = { ...this.#continuity, ...changes };
    this.#continuity = {
      ...next,
      earlierJumps: bounded(next.earlierJumps ?? []),
      stalls: bounded(next.stalls ?? []),
    };
  }
}

function bounded(gaps: readonly Gap[]): readonly Gap[] {
  const [first, second, ...others] = gaps;
  if (gaps.length <= GAPS_MAX || first === undefined || second === undefined) return gaps;
  return [{ at: Math.max(first.at, second.at), ms: Math.abs(first.ms) + Math.abs(second.ms) }, ...others];
}
