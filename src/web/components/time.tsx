// Instants and lengths of time: short in the text, exact in the title.

import { formatDuration, formatInstant } from "../../core/amounts.ts";

/** Local time, with UTC when the pointer rests on it. `time` in Unix ms. */
export function Instant({ time }: { readonly time: number }) {
  const exact = new Date(time).toISOString();
  return (
    <time class="number" dateTime={exact} title={`${exact} UTC`}>
      {formatInstant(time)}
    </time>
  );
}

/** `ms` in ms; null is shown as a dash. */
export function Duration({ ms }: { readonly ms: number | null | undefined }) {
  if (ms === null || ms === undefined) return <span class="muted">–</span>;
  return (
    <span class="number" title={`${ms} ms`}>
      {formatDuration(ms)}
    </span>
  );
}
