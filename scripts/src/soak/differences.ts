// Compares what a soak sent with what the server answered, counted and showed. Each difference is a broken promise.

import { closingGap } from "../../../test/support/load.ts";
import type { LoadTotals } from "./load.ts";

type Metrics = ReadonlyMap<string, number>;

export interface SoakEnd {
  readonly totals: LoadTotals;
  /** Entries of probes, each answered 202. */
  readonly probes: number;
  readonly metrics: Metrics;
  /** How many of the load's numbered records the live tail has shown. */
  readonly tailSeen: number;
}

/** Every difference at the end, once nothing is open. */
export function differences({ totals, probes, metrics, tailSeen }: SoakEnd): string[] {
  const problems: string[] = [];
  const compare = (figure: string, expected: number, seen: number | undefined) => {
    if (seen !== expected) problems.push(`${figure}: expected ${expected}, got ${seen}`);
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
    else if (status.startsWith("5")) problems.push(`${count} requests were answered ${status}`);
    else {
      const expected = count + (status === "202" ? probes : 0);
      compare(`answers ${status}`, expected, metrics.get(`simplelogs_batches_total{status="${status}"}`));
    }
  }
  return [...problems, ...totals.surprises];
}
