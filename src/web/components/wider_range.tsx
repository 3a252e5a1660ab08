// Buttons for an empty result: the next wider time range, and the widest one.

import type { Clocks } from "../../core/format.ts";
import { useApp, useScope, useTimes } from "../state/app_context.ts";
import {
  isSameRange,
  lastOf,
  PRESETS,
  rangeLabel,
  rangeParameters,
  type TimeRange,
  widened,
} from "../state/time_range.ts";
import { Button } from "./button.tsx";

/** Offers wider ranges than the chosen one. Renders nothing where there is none. */
export function WiderRange() {
  const { router, environment } = useApp();
  const { range } = useScope();
  const { clocks } = useTimes();
  const ranges = widerRanges(range, environment.clock());
  if (ranges.length === 0) return null;
  return (
    <p class="wider-range">
      {ranges.map((wider) => (
        <Button key={rangeLabel(wider, clocks)} onPress={() => router.change(rangeParameters(wider))}>
          {`Show ${labelOf(wider, clocks)}`}
        </Button>
      ))}
    </p>
  );
}

/** The next wider range, and the longest preset where that is wider still. None for all time. `now` in Unix ms. */
export function widerRanges(range: TimeRange, now: number): readonly TimeRange[] {
  if (range.kind === "between" && range.from === undefined && range.to === undefined) return [];
  const next = widened(range, now);
  const longest = lastOf(PRESETS.at(-1)?.text ?? "30d");
  if (range.kind === "last")
    return next === undefined || isSameRange(next, longest) ? [next ?? []].flat() : [next, longest];
  return next === undefined ? [longest] : [next, longest];
}

function labelOf(range: TimeRange, clocks: Clocks): string {
  return range.kind === "last" ? `the ${rangeLabel(range, clocks).toLowerCase()}` : "three times this range";
}
