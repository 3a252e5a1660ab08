// Tells when the wall clock was set: in, it and a clock that is never set; out, by how much it jumped, and how far it is
// not believed yet. Invariant: a jump of more than DOUBT_MS_MIN is believed only after DOUBT_FOR_MS, so that a server whose
// clock is decades ahead for a minute deletes nothing for it. A clock that jumps back to where it was is believed at once.

import type { Clock } from "./clock.ts";

/** A difference smaller than this between two looks is no jump, in ms: time servers move clocks by less all the time. */
const JUMP_MS_MIN = 1_000;
/** Jumps of no more than this are believed at once, in ms: nothing that is kept by age is kept so briefly. */
const DOUBT_MS_MIN = 3_600_000;
/** How long a larger jump is not believed, in ms by the clock that is never set: time for somebody to put it right. */
export const DOUBT_FOR_MS = 3_600_000;
/** Two readings of both clocks further apart than this say nothing about a jump, in ms: the thread was held between them. */
const READING_MS_MAX = 50;
/** So often it is tried at one look. */
const READINGS_MAX = 5;

export class ClockWatch {
  readonly #wall: Clock;
  readonly #steady: Clock;
  #wallAt: number;
  #steadyAt: number;
  #doubtMs = 0;
  #doubtUntil = Number.NEGATIVE_INFINITY;

  /** `wall` in Unix ms; `steady` counts ms from anywhere and never jumps. */
  constructor(wall: Clock, steady: Clock) {
    this.#wall = wall;
    this.#steady = steady;
    this.#wallAt = wall();
    this.#steadyAt = steady();
  }

  /** How far the wall clock jumped since the last look, in ms: 0 for not, below 0 for back. */
  look(): number {
    const reading = this.#read();
    if (reading === undefined) return 0;
    const { wallAt, steadyAt } = reading;
    const jumpMs = wallAt - this.#wallAt - (steadyAt - this.#steadyAt);
    this.#wallAt = wallAt;
    this.#steadyAt = steadyAt;
    if (Math.abs(jumpMs) < JUMP_MS_MIN) return 0;
    this.doubt(this.doubtMs + jumpMs);
    return jumpMs;
  }

  /** Both clocks at one moment; undefined while the thread is held again and again. */
  #read(): { readonly wallAt: number; readonly steadyAt: number } | undefined {
    for (let time = 0; time < READINGS_MAX; time++) {
      const steadyBefore = this.#steady();
      const wallAt = this.#wall();
      const steadyAt = this.#steady();
      if (steadyAt - steadyBefore <= READING_MS_MAX) return { wallAt, steadyAt };
    }
    return undefined;
  }

  /** Believes the wall clock only after a while, should it be so many ms off, below 0 for behind; a little is nothing. */
  doubt(ms: number): void {
    this.#doubtMs = Math.abs(ms) > DOUBT_MS_MIN ? ms : 0;
    this.#doubtUntil = this.#steady() + DOUBT_FOR_MS;
  }

  /** What the wall clock said at the last look, Unix ms. */
  get now(): number {
    return this.#wallAt;
  }

  /** How far the wall clock may be ahead, in ms, below 0 for behind; 0 while it is believed. */
  get doubtMs(): number {
    return this.#doubtMs === 0 || this.#steady() >= this.#doubtUntil ? 0 : this.#doubtMs;
  }
}
