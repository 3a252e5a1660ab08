// A running timing, as tables and sentences show it: how long it runs, how unusual that is, and when its time is out.
// All of it with a clock that ticks.

import { formatCount, formatDuration } from "../../core/format.ts";
import type { RunningTiming } from "../../core/responses.ts";
import { useNow } from "../state/use_now.ts";
import { Badge } from "./values.tsx";

const TICK_MS = 1_000;
/** From this many times its p99 on, a timing is not slow but stuck, most likely. */
const STUCK_TIMES = 10;

/** How long a timing runs already. Each has its own clock, so that a tick does not render what is around it. */
export function Elapsed({ startTime }: { readonly startTime: number }) {
  const now = useNow(TICK_MS);
  const seconds = Math.floor((now - startTime) / 1_000);
  return <span class="number timings-elapsed">{formatDuration(Math.max(0, seconds) * 1_000)}</span>;
}

/** "140 × its p99". Reads as unusual from twice the p99 on. */
export function TimesP99({ timing: { startTime, p99 = null } }: { readonly timing: RunningTiming }) {
  const now = useNow(TICK_MS);
  if (p99 === null) return <span class="muted">–</span>;
  const times = timesP99(now - startTime, p99);
  const isUnusual = times !== undefined;
  return (
    <span title={`Its p99 is ${formatDuration(p99)}`}>
      {isUnusual ? (
        <Badge tone={times >= STUCK_TIMES ? "error" : "warn"}>{formatCount(times)} × its p99</Badge>
      ) : (
        "within its p99"
      )}
    </span>
  );
}

/** How many times the p99 a timing runs, in whole numbers. Undefined below 2: that is nothing unusual. */
export function timesP99(elapsedMs: number, p99: number): number | undefined {
  const times = Math.floor(elapsedMs / Math.max(p99, 0.001));
  return times < 2 ? undefined : times;
}

/** The time until a start is stored as never finished. */
export function TimesOut({ timing: { timeoutAt } }: { readonly timing: RunningTiming }) {
  const now = useNow(TICK_MS);
  if (timeoutAt === undefined) return <span class="muted">–</span>;
  const left = Math.floor((timeoutAt - now) / 1_000) * 1_000;
  return <span class="number">{left <= 0 ? "now" : `in ${formatDuration(left)}`}</span>;
}
