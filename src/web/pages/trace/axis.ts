// The time axis of a trace: where its marks are, and places of instants as shares of the visible stretch.

import type { Stretch } from "./layout.ts";

const STEPS = [1, 2, 5, 10] as const;
const MINUTE_MS = 60_000;
/** Steps that are round in minutes, hours and days, in ms. */
const LONG_STEPS_MS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440].map((minutes) => minutes * MINUTE_MS);

/** The distances from the start at which the axis has marks, in ms: round numbers, `countMax` marks at most. */
export function axisMarks({ from, to }: Stretch, start: number, countMax: number): number[] {
  const step = stepOf((to - from) / countMax);
  const first = Math.ceil((from - start) / step);
  const count = Math.floor((to - start) / step) - first + 1;
  return Array.from({ length: Math.max(0, Math.min(count, countMax + 1)) }, (_, index) =>
    rounded((first + index) * step),
  );
}

/** The next round number from this on, in ms. */
function stepOf(least: number): number {
  if (!(least > 0)) return 1;
  const long = LONG_STEPS_MS.find((step) => step >= least);
  if (least > MINUTE_MS / 2 && long !== undefined) return long;
  const unit = 10 ** Math.floor(Math.log10(least));
  return (STEPS.find((step) => step * unit >= least * (1 - 1e-9)) ?? 10) * unit;
}

/** Without the noise of binary fractions. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}

/** An instant's place in a stretch: 0 at its beginning, 1 at its end. Beyond them for instants outside of it. */
export function shareOf(time: number, { from, to }: Stretch): number {
  return to > from ? (time - from) / (to - from) : 0;
}

/** A stretch in the address, with fractions of milliseconds: "1718900000000-1718900000500". Undefined for other texts. */
export function parseStretch(text: string): Stretch | undefined {
  const [, from, to] = /^(\d{1,16}(?:\.\d{1,6})?)-(\d{1,16}(?:\.\d{1,6})?)$/.exec(text) ?? [];
  const stretch = { from: Number(from ?? 0), to: Number(to ?? 0) };
  return stretch.from < stretch.to ? stretch : undefined;
}

/** The inverse of parseStretch. */
export function formatStretch({ from, to }: Stretch): string {
  return `${Number(from.toFixed(3))}-${Number(to.toFixed(3))}`;
}
