// Single values: badges, instants, durations, shares, meters and sparklines.

import type { ComponentChildren } from "preact";
import type { Level } from "../../core/entry.ts";
import { formatDuration } from "../../core/format.ts";
import type { TimingStatus } from "../../core/record.ts";
import { useTimes } from "../state/app_context.ts";

export type Tone = "neutral" | "info" | "good" | "warn" | "error" | "timing";

interface BadgeProps {
  readonly tone?: Tone;
  readonly title?: string;
  readonly children: ComponentChildren;
}

/** A small label. A tone never stands alone: the word says the same. */
export function Badge({ tone = "neutral", title, children }: BadgeProps) {
  return (
    <span class={`badge tone-${tone}`} title={title}>
      {children}
    </span>
  );
}

const LEVEL_TONES: Readonly<Record<Level, Tone>> = { debug: "neutral", info: "info", warn: "warn", error: "error" };

/** The level of a log. */
export function LevelBadge({ level }: { readonly level: Level }) {
  return <Badge tone={LEVEL_TONES[level]}>{level}</Badge>;
}

const STATUS_TONES: Readonly<Record<TimingStatus, Tone>> = {
  completed: "timing",
  started: "neutral",
  unfinished: "warn",
  orphaned: "warn",
};

/** The status of a timing. */
export function StatusBadge({ status }: { readonly status: TimingStatus }) {
  return <Badge tone={STATUS_TONES[status]}>{status}</Badge>;
}

/** An instant in the chosen clocks, with UTC in the tooltip. `time` in Unix ms. */
export function Instant({ time }: { readonly time: number }) {
  const times = useTimes();
  const exact = new Date(time).toISOString();
  return (
    <time class="number" dateTime={exact} title={`${exact} UTC`}>
      {times.instant(time)}
    </time>
  );
}

/** A duration. Null is shown as a dash. */
export function Duration({ ms }: { readonly ms: number | null | undefined }) {
  if (ms === null || ms === undefined) return <span class="muted">–</span>;
  return (
    <span class="number" title={`${ms} ms`}>
      {formatDuration(ms)}
    </span>
  );
}

/** A share from 0 to 1: "0 %", "<0.1 %", "2.3 %", "45 %"; never 0 % or 100 % unless it is. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.1) return "<0.1 %";
  if (percent > 99.9 && percent < 100) return ">99.9 %";
  const decimals = percent < 9.95 || (percent > 99 && percent < 100) ? 1 : 0;
  return `${Number(percent.toFixed(decimals)).toLocaleString("en")} %`;
}

interface MeterProps {
  /** What is measured, read aloud: "Queue". */
  readonly label: string;
  readonly value: number;
  /** Above 0. */
  readonly max: number;
  /** The value as text: "12 of 100 entries". */
  readonly text: string;
  /** From this share on, the bar warns. Above 1: never. */
  readonly warnFrom?: number;
  /** Draws a line at this share, 0 to 1. */
  readonly mark?: number;
  /** The value is a part of a whole: a full bar is no problem. */
  readonly isPart?: boolean;
}

/** A bar that shows how much of a limit is used. The numbers stand beside it as text. */
export function Meter({ label, value, max, text, warnFrom = 0.9, mark, isPart = false }: MeterProps) {
  const share = Math.min(1, Math.max(0, value / max));
  const state = isPart || value < max * warnFrom ? "normal" : value < max ? "high" : "full";
  return (
    <div
      class={`meter meter-${state}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={max}
      aria-valuenow={Math.min(value, max)}
      aria-valuetext={text}
    >
      <span class="meter-fill" style={{ width: `${share * 100}%` }} />
      {mark === undefined ? null : <span class="meter-mark" style={{ left: `${mark * 100}%` }} />}
    </div>
  );
}

interface SparklineProps {
  /** Values at equal distances. Null: a gap. */
  readonly values: readonly (number | null)[];
  /** Accessible name: "p95 over the last hour". */
  readonly label: string;
  readonly widthPx?: number;
  readonly heightPx?: number;
}

/** A line without axes, as large as a word. The numbers stand beside it. */
export function Sparkline({ values, label, widthPx = 96, heightPx = 20 }: SparklineProps) {
  return (
    <svg class="sparkline" role="img" aria-label={label} width={widthPx} height={heightPx}>
      <path d={sparklinePath(values, widthPx, heightPx)} />
    </svg>
  );
}

/** Space at the top and the bottom for the line's own width, in px. */
const MARGIN_PX = 1.5;

/**
 * The SVG path of a sparkline, from zero at the bottom to the largest value at the top. A value between gaps becomes a
 * dot; no values give "".
 */
export function sparklinePath(values: readonly (number | null)[], widthPx: number, heightPx: number): string {
  const max = values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  const step = values.length > 1 ? widthPx / (values.length - 1) : 0;
  const parts: string[] = [];
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    const share = max === 0 ? 0 : Math.max(0, value) / max;
    const at = `${round(index * step)} ${round(heightPx - MARGIN_PX - share * (heightPx - 2 * MARGIN_PX))}`;
    const hasBefore = index > 0 && values[index - 1] !== null;
    const hasNext = index + 1 < values.length && values[index + 1] !== null;
    parts.push(hasBefore ? `L${at}` : hasNext ? `M${at}` : `M${at}h0.01`);
  }
  return parts.join("");
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
