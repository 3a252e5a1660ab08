// Whether a soak kept every promise: what was sent, answered, counted, shown and logged, each against the others.

import type { LoadTotals } from "./load.ts";

type Metrics = ReadonlyMap<string, number>;

/** By how much received = stored + queued + open + dropped does not close. */
export function closingGap(metrics: Metrics): number {
  let gap = metrics.get("simplelogs_entries_received_total") ?? Number.NaN;
  for (const name of ["stored_total", "queued", "open"]) gap -= metrics.get(`simplelogs_entries_${name}`) ?? Number.NaN;
  for (const [name, value] of metrics) if (name.startsWith("simplelogs_entries_dropped_total{")) gap -= value;
  return gap;
}

export interface SoakEnd {
  readonly totals: LoadTotals;
  /** Entries of probes, each answered 202. */
  readonly probes: number;
  readonly metrics: Metrics;
  /** How many different ones of the load's numbered records the live tail has shown. */
  readonly tailSeen: number;
}

/** What does not agree at the end, once nothing is open; empty when all does. */
export function judge({ totals, probes, metrics, tailSeen }: SoakEnd): string[] {
  const problems: string[] = [];
  const compare = (what: string, expected: number, seen: number | undefined) => {
    if (seen !== expected) problems.push(`${what}: expected ${expected}, got ${seen}`);
  };
  const entries = totals.entries + probes;
  let dropped = 0;
  for (const [reason, count] of Object.entries(totals.drops)) {
    compare(`entries dropped as ${reason}`, count, metrics.get(`simplelogs_entries_dropped_total{reason="${reason}"}`));
    dropped += count;
  }
  compare("entries received", entries, metrics.get("simplelogs_entries_received_total"));
  compare("entries stored", entries - dropped, metrics.get("simplelogs_entries_stored_total"));
  compare("what the sum of the counters is off by", 0, closingGap(metrics));
  compare("records that the live tail showed", totals.tailRecords, tailSeen);
  for (const [status, count] of Object.entries(totals.statuses)) {
    if (status === "lost") problems.push(`${count} requests got no answer`);
    else if (/^[5]/.test(status)) problems.push(`${count} requests were answered ${status}`);
    else {
      const expected = count + (status === "202" ? probes : 0);
      compare(`answers ${status}`, expected, metrics.get(`simplelogs_batches_total{status="${status}"}`));
    }
  }
  return [...problems, ...totals.surprises];
}
