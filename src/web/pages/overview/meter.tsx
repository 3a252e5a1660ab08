// How full something is: a bar, with the numbers in words beside it.

import { formatShare } from "./traffic_figures.ts";

interface MeterProps {
  /** What is measured, read aloud: "Queue". */
  readonly label: string;
  /** 0 to 1; above 1 is full. */
  readonly share: number;
  /** From this share on it deserves attention, and from 1 on it is full. */
  readonly warnFrom?: number;
  /** A line on the bar, 0 to 1: where it would be by an even pace. */
  readonly mark?: number;
}

export function Meter({ label, share, warnFrom = 0.8, mark }: MeterProps) {
  const shown = Math.min(Math.max(share, 0), 1);
  const tone = share >= 1 ? "is-full" : share >= warnFrom ? "is-high" : "";
  return (
    <div
      class={`overview-meter ${tone}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(shown * 100)}
      aria-valuetext={formatShare(share)}
    >
      <span class="overview-meter-fill" style={{ width: `${shown * 100}%` }} />
      {mark === undefined ? null : <span class="overview-meter-mark" style={{ left: `${mark * 100}%` }} />}
    </div>
  );
}
