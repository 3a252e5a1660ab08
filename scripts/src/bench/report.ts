// Runs in, tables out: medians over the rounds, with what is aimed at beside them.

import { markdownTable } from "../markdown_table.ts";
import type { LoadResult, PacedResult } from "./load.ts";

/** One run against a server that stores. Bytes, seconds; NaN where the system does not say. */
export interface StoredRun {
  /** As many requests as were answered. */
  readonly top: LoadResult;
  /** Entries of it that are in the rate, and the time they took. */
  readonly entriesAtTop: number;
  readonly elapsedMs: number;
  /** Half as many requests a second, after it on the same server, while that merges. */
  readonly half: PacedResult;
  /** During the first load. */
  readonly cpuSeconds: number;
  readonly cpuSecondsByThread: Readonly<Record<string, number>>;
  /** At its end; empty, and undefined, where the server does not say. */
  readonly heapBytesByThread: Readonly<Record<string, number>>;
  readonly unmerged: { readonly blocks: number; readonly records: number } | undefined;
  /** By the server's own counters, of both loads. */
  readonly received: number;
  readonly stored: number;
  readonly residentBytesMax: number;
  /** Until merging had come to rest. */
  readonly writtenBytes: number;
  readonly handedBytes: number;
  /** Of the data, merged and closed. */
  readonly diskBytes: number;
  /** Of the first round only: after the rest, and of an export. */
  readonly rested: Rested | undefined;
  readonly exported: number | undefined;
}

/** What a server holds some time after its load. */
export interface Rested {
  readonly residentBytes: number;
  readonly heapBytesByThread: Readonly<Record<string, number>>;
}

/** What was measured with one size of batch. */
export interface BatchRuns {
  /** Entries a request. */
  readonly batch: number;
  readonly bare: readonly LoadResult[];
  readonly simpleLogs: readonly StoredRun[];
  /** None where it was not measured. */
  readonly victoriaLogs: readonly StoredRun[];
}

/** How long starts took until the server was ready. */
export interface ReadyRuns {
  readonly records: number;
  readonly startsMs: readonly number[];
}

/** By entries a request: ratios to the bare handler and to VictoriaLogs, and the p99 at half of the top rate. */
const AIMS = new Map([
  [1, { bare: 0.4, victoriaLogs: 3.5, p99Ms: 10 }],
  [100, { bare: 0.5, victoriaLogs: 2, p99Ms: 10 }],
  [1_000, { bare: 0.55, victoriaLogs: 1.6, p99Ms: 40 }],
]);
const RESIDENT_MIB_AIM = 350;
const RESTED_MIB_AIM = 110;
const WRITTEN_AIM = 0.5;
const READY_MS_AIM = 300;

const MEBIBYTE = 2 ** 20;

/**
 * Throws unless everything that was answered 202 is stored, and nothing else but what was on its way when wrk stopped.
 */
export function checkCounts(run: StoredRun, batch: number, connections: number): void {
  const answered = [run.top, run.half].reduce((sum, load) => sum + (load.requests - load.refused) * batch, 0);
  const isStored = run.stored >= answered && run.stored <= answered + connections * batch;
  if (answered === 0 || !isStored || run.stored !== run.received || run.stored !== (run.exported ?? run.stored)) {
    throw new Error(`the counts do not agree (${answered} entries were answered 202): ${JSON.stringify(run)}`);
  }
}

/** The median; the mean of the middle two where there is an even number. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Entries a second that were answered 202, without what was left when the load ended. */
export function answeredRate(run: LoadResult, batch: number): number {
  return ((run.requests - run.refused) * batch * 1e6) / run.durationUs;
}

function receivedBytes({ half, received }: StoredRun, batch: number): number {
  return (half.bytes / half.requests / batch) * received;
}

/** Entries a second. */
export function storedRate(run: StoredRun): number {
  return (run.entriesAtTop * 1_000) / run.elapsedMs;
}

/** The median over the rounds of `of` / `to` of the same round. */
export function ratio(of: readonly number[], to: readonly number[]): number {
  return median(of.map((rate, round) => rate / (to[round] ?? Number.NaN)));
}

type Cells = readonly string[];

function decimals(value: number | undefined, digits: number): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A figure of a run: the column's title, its decimals, and the figure. Cells are medians over the rounds. */
type Column = readonly [title: string, digits: number, figure: (run: StoredRun, batch: number) => number | undefined];

const TIME_COLUMNS: readonly Column[] = [
  ["entries/s", 0, (run, batch) => answeredRate(run.half, batch)],
  ["p50 ms", 1, ({ half }) => half.p50Us / 1_000],
  ["p99 ms", 1, ({ half }) => half.p99Us / 1_000],
  ["max ms", 1, ({ half }) => half.maxUs / 1_000],
  ["p99 ms at the top", 1, ({ top }) => top.p99Us / 1_000],
];

const COST_COLUMNS: readonly Column[] = [
  ["CPU µs/entry", 2, (run) => (run.cpuSeconds * 1e6) / run.entriesAtTop],
  [`RSS peak MiB (aim ${RESIDENT_MIB_AIM})`, 0, (run) => run.residentBytesMax / MEBIBYTE],
  [`rested (aim ${RESTED_MIB_AIM})`, 0, ({ rested }) => rested && rested.residentBytes / MEBIBYTE],
  ["bytes received/entry", 0, (run, batch) => receivedBytes(run, batch) / run.received],
  ["on disk/entry", 1, (run) => run.diskBytes / run.stored],
  [`written/received (aim ${WRITTEN_AIM})`, 2, (run, batch) => run.writtenBytes / receivedBytes(run, batch)],
  ["handed to write/received", 2, (run, batch) => run.handedBytes / receivedBytes(run, batch)],
  ["unmerged blocks", 0, ({ unmerged }) => unmerged?.blocks],
  ["their records", 0, ({ unmerged }) => unmerged?.records],
];

function threadColumns(thread: string): readonly Column[] {
  return [
    ["CPU µs/entry", 2, (run) => ((run.cpuSecondsByThread[thread] ?? 0) * 1e6) / run.entriesAtTop],
    ["heap MiB", 0, (run) => mebibytes(run.heapBytesByThread[thread])],
    ["rested", 0, ({ rested }) => mebibytes(rested?.heapBytesByThread[thread])],
  ];
}

function mebibytes(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : bytes / MEBIBYTE;
}

/** Medians; of those runs only that have the figure. */
function cellsOf(columns: readonly Column[], runs: readonly StoredRun[], batch: number): Cells {
  return columns.map(([, digits, figure]) => {
    const figures = runs.map((run) => figure(run, batch)).filter((value) => value !== undefined);
    return decimals(median(figures), digits);
  });
}

/** A line for each size of batch and each server that was measured. */
function tableOf(columns: readonly Column[], all: readonly BatchRuns[]): string {
  const rows = all.flatMap(({ batch, simpleLogs, victoriaLogs }) =>
    [["SimpleLogs", simpleLogs] as const, ["VictoriaLogs", victoriaLogs] as const]
      .filter(([, runs]) => runs.length > 0)
      .map(([name, runs]) => [decimals(batch, 0), name, ...cellsOf(columns, runs, batch)]),
  );
  return markdownTable(["entries a request", "", ...columns.map(([title]) => title)], rows);
}

function threadTable(all: readonly BatchRuns[]): string {
  const rows = all.flatMap(({ batch, simpleLogs }) => {
    const threads = Object.keys(simpleLogs[0]?.cpuSecondsByThread ?? {});
    return threads.map((name) => [decimals(batch, 0), name, ...cellsOf(threadColumns(name), simpleLogs, batch)]);
  });
  return markdownTable(["entries a request", "thread", ...threadColumns("").map(([title]) => title)], rows);
}

function rateTable(all: readonly BatchRuns[]): string {
  const titles = ["entries a request", "SimpleLogs", "bare handler", "ratio", "aim", "VictoriaLogs", "times", "aim"];
  const rows = all.map(({ batch, bare, simpleLogs, victoriaLogs }) => {
    const stored = simpleLogs.map(storedRate);
    const cells = [bare.map((run) => answeredRate(run, batch)), victoriaLogs.map(storedRate)].map((others) => {
      return [decimals(median(others), 0), decimals(ratio(stored, others), 2)];
    });
    const aims = [AIMS.get(batch)?.bare, AIMS.get(batch)?.victoriaLogs].map((aim) => decimals(aim, 2));
    return [decimals(batch, 0), decimals(median(stored), 0), ...cells.flatMap((both, at) => [...both, aims[at] ?? ""])];
  });
  return markdownTable(titles, rows);
}

/** The whole report, as Markdown. `restSeconds`: how long the first round's servers had rested. */
export function report(all: readonly BatchRuns[], ready: ReadyRuns, durability: string, restSeconds: number): string {
  const rounds = all[0]?.simpleLogs.length ?? 0;
  const stored = all.flatMap(({ simpleLogs }) => simpleLogs).reduce((sum, run) => sum + run.stored, 0);
  const hasOther = all.some(({ victoriaLogs }) => victoriaLogs.length > 0);
  const aims = all.map(({ batch }) => `${decimals(AIMS.get(batch)?.p99Ms, 0)} with ${decimals(batch, 0)}`);
  const { records, startsMs } = ready;
  return `Medians of ${rounds} round(s); SimpleLogs stored ${decimals(stored, 0)} entries (${durability}): answers, counters, records and exports agree.
${hasOther ? "VictoriaLogs answers before an entry is durable; its rate is of what it answered." : "VictoriaLogs is left out: --victorialogs names its executable."}

## Entries a second

${rateTable(all)}

## Answers at half of that rate, sent steadily while the server merges

${tableOf(TIME_COLUMNS, all)}

From when a request was due. Aims, p99 in ms: ${aims.join(", ")} a request.

## Costs

${tableOf(COST_COLUMNS, all)}

CPU: of the first load. Unmerged: when it ended. Written: with merging, until it had come to rest. Disk: merged and closed.
Rested: ${restSeconds} s later, of the first round, while the others were measured.

## By thread of SimpleLogs

${threadTable(all)}

Heap: what JavaScript held by the thread's last collection, when the first load ended, and rested. SQLite's memory is in none. "runtime": compilers and collectors.

Ready with ${decimals(records, 0)} records: ${decimals(median(startsMs), 0)} ms (aim ${READY_MS_AIM}), at most ${decimals(Math.max(...startsMs), 0)} in ${startsMs.length} starts.
`;
}
