// Runs in, one row a batch size out: medians over the rounds, as Markdown for people or JSON for programs.

import type { LoadResult } from "./bench_load.ts";

/** One run against the server. */
export interface ServerRun {
  readonly load: LoadResult;
  /** Entries of this load: what was stored when the queue was empty again. */
  readonly storedAtTop: number;
  /** About half as many requests a second, behind it on the same server, while it compacts and checkpoints. */
  readonly half: LoadResult;
  /** From the first request until the queue was empty. */
  readonly elapsedMs: number;
  /** By the server's own counters. */
  readonly received: number;
  readonly stored: number;
  readonly records: number;
  /** Lines of an export; undefined in runs that were not exported. */
  readonly exported: number | undefined;
  readonly memoryPeakBytes: number | undefined;
  readonly memoryIdleBytes: number | undefined;
  /** Of the data file, compacted and closed. */
  readonly diskBytes: number;
  readonly writtenBytes: number;
  readonly receivedBytes: number;
}

/** What was measured with one batch size. */
export interface BatchRuns {
  /** Entries a request. */
  readonly batch: number;
  readonly bare: readonly LoadResult[];
  readonly server: readonly ServerRun[];
}

const MEBIBYTE = 2 ** 20;

/** The median; the mean of the middle two where there is an even number. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** One row of the report. Rates in entries a second, latencies in ms. */
export interface Row {
  readonly batch: number;
  readonly storedPerSecond: number;
  readonly barePerSecond: number;
  /** Median over the rounds of stored / bare of the same round. */
  readonly ratio: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** What the half rate came to, of the top rate. */
  readonly halfShare: number;
  readonly halfP99Ms: number;
  readonly memoryPeakBytes: number;
  readonly memoryIdleBytes: number;
  readonly diskBytesPerEntry: number;
  readonly writtenPerReceivedByte: number;
  /** Of the last run. */
  readonly receivedBytesPerEntry: number;
}

/** Entries a second that the bare handler answered 202. */
function bareRate(run: LoadResult, batch: number): number {
  return ((run.requests - run.refused) * batch * 1e6) / run.durationUs;
}

function serverRate(run: ServerRun): number {
  return (run.storedAtTop * 1000) / run.elapsedMs;
}

/** Boils the rounds down. */
export function summarise({ batch, bare, server }: BatchRuns): Row {
  const of = (figure: (run: ServerRun) => number) => median(server.map(figure));
  const ratios = server.map((run, round) => {
    const beside = bare[round];
    return beside === undefined ? Number.NaN : serverRate(run) / bareRate(beside, batch);
  });
  return {
    batch,
    storedPerSecond: of(serverRate),
    barePerSecond: median(bare.map((run) => bareRate(run, batch))),
    ratio: median(ratios),
    p50Ms: of((run) => run.load.p50Us / 1000),
    p99Ms: of((run) => run.load.p99Us / 1000),
    halfShare: of((run) => bareRate(run.half, batch) / bareRate(run.load, batch)),
    halfP99Ms: of((run) => run.half.p99Us / 1000),
    memoryPeakBytes: of((run) => run.memoryPeakBytes ?? Number.NaN),
    memoryIdleBytes: of((run) => run.memoryIdleBytes ?? Number.NaN),
    diskBytesPerEntry: of((run) => run.diskBytes / run.stored),
    writtenPerReceivedByte: of((run) => run.writtenBytes / run.receivedBytes),
    receivedBytesPerEntry: of((run) => run.receivedBytes / run.received),
  };
}

const COLUMNS: readonly (readonly [title: string, cell: (row: Row) => string])[] = [
  ["entries a request", ({ batch }) => batch.toLocaleString("en")],
  ["stored entries/s", (row) => Math.round(row.storedPerSecond).toLocaleString("en")],
  ["bare handler entries/s", (row) => Math.round(row.barePerSecond).toLocaleString("en")],
  ["ratio", ({ ratio }) => ratio.toFixed(2)],
  ["p50 ms", ({ p50Ms }) => p50Ms.toFixed(1)],
  ["p99 ms", ({ p99Ms }) => p99Ms.toFixed(1)],
  ["half rate: of the top", ({ halfShare }) => halfShare.toFixed(2)],
  ["its p99 ms", ({ halfP99Ms }) => halfP99Ms.toFixed(1)],
  ["RSS peak MiB", ({ memoryPeakBytes }) => (memoryPeakBytes / MEBIBYTE).toFixed(0)],
  ["RSS idle after MiB", ({ memoryIdleBytes }) => (memoryIdleBytes / MEBIBYTE).toFixed(0)],
  ["bytes received/entry", (row) => row.receivedBytesPerEntry.toFixed(0)],
  ["bytes on disk/entry", (row) => row.diskBytesPerEntry.toFixed(1)],
  ["bytes written/byte received", (row) => row.writtenPerReceivedByte.toFixed(2)],
];

/** A Markdown table, columns aligned. */
export function markdownTable(rows: readonly Row[]): string {
  const columns = COLUMNS.map(([title, cell]) => [title, ...rows.map(cell)]);
  const widths = columns.map((column) => Math.max(...column.map((text) => text.length)));
  const line = (at: number) =>
    `| ${columns.map((column, index) => (column[at] ?? "").padStart(widths[index] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => `${"-".repeat(width + 1)}:`).join("|")}|`;
  return [line(0), rule, ...rows.map((_, index) => line(index + 1))].join("\n");
}
