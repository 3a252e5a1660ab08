// What is drawn in a lane: a timing's bar, and logs as ticks. However many parts a bar has, it is a handful of elements.

import { LEVELS, type Level } from "../../../core/record.ts";
import { shareOf } from "./axis.ts";
import type { Item } from "./items.ts";
import { lengthOf, type Row, type Stretch } from "./layout.ts";

/** Units of a drawing's width. Finer than a pixel of any screen. */
const WIDTH = 10_000;

interface BarProps {
  readonly item: Item;
  readonly row: Row;
  readonly window: Stretch;
}

/** A timing's bar: pale where its parts ran, solid where it was alone, strongest on the longest path. */
export function Bar({ item, row, window }: BarProps) {
  const { start, end, state, level } = item;
  const from = clamp(shareOf(start, window));
  const to = clamp(shareOf(end, window));
  if (shareOf(end, window) < 0 || shareOf(start, window) > 1) return null;
  const visible: Stretch = { from: at(from, window), to: at(to, window) };
  const isFailed = level === "error" || level === "warn";
  return (
    <span
      class={`trace-bar trace-${state} ${isFailed ? `trace-${level}` : ""}`}
      style={{ left: `${from * 100}%`, width: `${(to - from) * 100}%` }}
    >
      <svg viewBox={`0 0 ${WIDTH} 1`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
        {lengthOf(row.own) === 0 && end > start ? null : (
          <path class="trace-own" d={areaOf(ownOf(item, row), visible)} />
        )}
        <path class="trace-path" d={areaOf(row.path, visible)} />
      </svg>
    </span>
  );
}

/** A timing without length is its own. */
function ownOf({ start, end }: Item, { own }: Row): readonly Stretch[] {
  return end > start ? own : [{ from: start, to: end }];
}

/** Just outside of the lane is enough. */
function clamp(share: number): number {
  return Math.min(Math.max(share, -0.01), 1.01);
}

function at(share: number, { from, to }: Stretch): number {
  return from + share * (to - from);
}

/** The area of several stretches. Those that look like one are one. */
export function areaOf(stretches: readonly Stretch[], visible: Stretch): string {
  const parts: [from: number, to: number][] = [];
  for (const { from, to } of stretches) {
    const left = Math.max(0, Math.round(shareOf(from, visible) * WIDTH));
    const right = Math.min(WIDTH, Math.round(shareOf(to, visible) * WIDTH));
    if (left > right || right < 0 || left > WIDTH) continue;
    const last = parts.at(-1);
    if (last !== undefined && left <= last[1] + 1) last[1] = Math.max(last[1], right);
    else parts.push([left, right]);
  }
  return parts.map(([left, right]) => `M${left} 0H${right}V1H${left}z`).join("");
}

interface TicksProps {
  readonly items: readonly Item[];
  readonly window: Stretch;
}

/** Places of ticks. More would not be told apart. */
const TICK_PLACES = 1_000;

/** Instants as ticks in the colour of their level, the worst on top. */
export function Ticks({ items, window }: TicksProps) {
  if (items.length === 0) return null;
  return (
    <svg class="trace-ticks" viewBox={`0 0 ${TICK_PLACES} 1`} preserveAspectRatio="none" aria-hidden="true">
      {[...ticksOf(items, window)].map(([level, places]) => (
        <path key={level} class={`trace-tick-${level}`} d={places.map((place) => `M${place} 0V1`).join("")} />
      ))}
    </svg>
  );
}

/** By level, least first: the places, each once. */
export function ticksOf(items: readonly Item[], window: Stretch): Map<Level | "timing", number[]> {
  const ticks = new Map<Level | "timing", number[]>();
  for (const level of ["timing", ...LEVELS] as const) {
    const places = items
      .filter((item) => (item.level ?? "timing") === level)
      .map(({ start }) => Math.round(shareOf(start, window) * TICK_PLACES))
      .filter((place) => place >= 0 && place <= TICK_PLACES);
    if (places.length > 0) ticks.set(level, [...new Set(places)]);
  }
  return ticks;
}
