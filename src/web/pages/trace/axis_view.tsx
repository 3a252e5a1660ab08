// The time axis above the bars: distances from the start, gaps, and the instant that the trace was opened at.

import { useSignal } from "@preact/signals";
import { formatDuration } from "../../../core/format.ts";
import { shareOf } from "./axis.ts";
import type { Stretch } from "./layout.ts";
import { formatOffset } from "./sentence.tsx";

/** Shorter gaps are not drawn, as a share of what is shown. */
const GAP_SHARE_MIN = 0.02;

/** From here on a mark's label stands before it, as a share of what is shown. */
const LABEL_SHARE_MAX = 0.9;

interface AxisProps {
  readonly window: Stretch;
  /** When the trace began, in Unix ms. */
  readonly start: number;
  /** Distances from the start, in ms. */
  readonly marks: readonly number[];
  readonly gaps: readonly Stretch[];
  readonly around: number | undefined;
  /** Called with what was dragged over. */
  readonly onSelect: (stretch: Stretch) => void;
}

/** The axis. A drag over it chooses a stretch; the keyboard has keys for the same. */
export function Axis({ window, start, marks, gaps, around, onSelect }: AxisProps) {
  const drag = useSignal<Stretch | undefined>(undefined);
  const timeAt = (event: PointerEvent & { readonly currentTarget: HTMLElement }) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - left) / width, 0), 1);
    return window.from + share * (window.to - window.from);
  };
  const shown = (stretch: Stretch) => ({
    left: `${Math.max(0, shareOf(stretch.from, window)) * 100}%`,
    right: `${(1 - Math.min(1, shareOf(stretch.to, window))) * 100}%`,
  });
  const chosen = drag.value === undefined ? undefined : ordered(drag.value);
  const minimum = (window.to - window.from) * GAP_SHARE_MIN;
  return (
    <span
      class="trace-axis"
      title="Drag to zoom"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.value = { from: timeAt(event), to: timeAt(event) };
      }}
      onPointerMove={(event) => {
        if (drag.value !== undefined) drag.value = { from: drag.value.from, to: timeAt(event) };
      }}
      onPointerUp={() => {
        drag.value = undefined;
        if (chosen !== undefined) onSelect(chosen);
      }}
      onPointerCancel={() => {
        drag.value = undefined;
      }}
    >
      {gaps
        .filter((gap) => gap.to - gap.from >= minimum && gap.to > window.from && gap.from < window.to)
        .map((gap) => (
          <span
            key={gap.from}
            class="trace-gap"
            style={shown(gap)}
            title={`Nothing ran for ${formatDuration(gap.to - gap.from)}`}
          />
        ))}
      {marks.map((mark) => (
        <span
          key={mark}
          class="trace-mark"
          data-end={shareOf(start + mark, window) > LABEL_SHARE_MAX}
          style={{ left: `${shareOf(start + mark, window) * 100}%` }}
        >
          <span>{formatOffset(mark)}</span>
        </span>
      ))}
      {around === undefined || !(around >= window.from && around <= window.to) ? null : (
        <span class="trace-here" style={{ left: `${shareOf(around, window) * 100}%` }} title="Opened from here" />
      )}
      {chosen === undefined ? null : <span class="trace-drag" style={shown(chosen)} />}
    </span>
  );
}

function ordered({ from, to }: Stretch): Stretch {
  return from <= to ? { from, to } : { from: to, to: from };
}
