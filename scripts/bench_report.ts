// Runs in, tables out: medians over the rounds, with what is aimed at beside them.

import type { LoadResult } from "./bench_load.ts";

/** One run against a server that stores. Bytes, seconds; NaN where the system does not say. */
export interface StoredRun {
  /** As many requests as were answered. */
  readonly top: LoadResult;
  /** Entries of it that are in the rate, and the time they took. */
  readonly entriesAtTop: number;
  readonly elapsedMs: number;
  /** Half as many requests a second, after it on the same server, while that merges. */
  readonly half: LoadResult;
  /** During the first load. */
  readonly cpuSeconds: number;
  readonly cpuSecondsByThread: Readonly<Record<string, number>>;
  /** At its end; empty, and undefined, where the server does not say. */
  readonly heapBytesByThread: Readonly<Record<string, number>>;
  readonly unmerged: { readonly blocks: number; readonly records: number } | undefined;
  /** By the server's own counters, of both loads. */
  readonly received: number;
  readonly stored: number;
  readonly receivedBytes: number;
  readonly residentBytesMax: number;
  /** Until merging had come to rest. */
  readonly writtenBytes: number;
  readonly handedBytes: number;
  /** Of the data, merged and closed. */
  readonly diskBytes: number;
  /** Of the last round only: after the rest, and of an export. */
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

function mebibytes(bytes: number | undefined): string {
  return decimals(bytes === undefined ? undefined : bytes / MEBIBYTE, 0);
}

/** Both servers' runs, those of the second left out where there are none. */
function systemsOf({ simpleLogs, victoriaLogs }: BatchRuns): (readonly [name: string, runs: readonly StoredRun[]])[] {
  const both = [["SimpleLogs", simpleLogs] as const, ["VictoriaLogs", victoriaLogs] as const];
  return both.filter(([, runs]) => runs.length > 0);
}

const RATE_TITLES: Cells = [
  "entries a request",
  "SimpleLogs entries/s",
  "bare handler",
  "ratio",
  "aim",
  "VictoriaLogs",
  "times",
  "aim",
];

function rateRow({ batch, bare, simpleLogs, victoriaLogs }: BatchRuns): Cells {
  const aims = AIMS.get(batch);
  const [stored, bareRates] = [simpleLogs.map(storedRate), bare.map((run) => answeredRate(run, batch))];
  const others = victoriaLogs.map(storedRate);
  return [
    decimals(batch, 0),
    decimals(median(stored), 0),
    decimals(median(bareRates), 0),
    decimals(ratio(stored, bareRates), 2),
    decimals(aims?.bare, 2),
    decimals(median(others), 0),
    decimals(ratio(stored, others), 2),
    decimals(aims?.victoriaLogs, 1),
  ];
}

const TIME_TITLES: Cells = [
  "entries a request",
  "",
  "entries/s",
  "p50 ms",
  "p99 ms",
  "aim",
  "max ms",
  "p99 at the top",
];

function timeRows(runs: BatchRuns): Cells[] {
  const { batch } = runs;
  return systemsOf(runs).map(([name, measured]) => {
    const half = (figure: (run: LoadResult) => number) => median(measured.map((run) => figure(run.half)));
    return [
      decimals(batch, 0),
      name,
      decimals(
        half((run) => answeredRate(run, batch)),
        0,
      ),
      decimals(half(({ p50Us }) => p50Us) / 1_000, 1),
      decimals(half(({ p99Us }) => p99Us) / 1_000, 1),
      decimals(name === "SimpleLogs" ? AIMS.get(batch)?.p99Ms : undefined, 0),
      decimals(half(({ maxUs }) => maxUs) / 1_000, 1),
      decimals(median(measured.map(({ top }) => top.p99Us)) / 1_000, 1),
    ];
  });
}

const COST_TITLES: Cells = [
  "entries a request",
  "",
  "CPU µs/entry",
  `RSS peak MiB (aim ${RESIDENT_MIB_AIM})`,
  `after the rest (aim ${RESTED_MIB_AIM})`,
  "bytes received/entry",
  "on disk/entry",
  `written/received (aim ${WRITTEN_AIM})`,
  "handed to write/received",
  "unmerged blocks",
  "records in them",
];

function costRows(runs: BatchRuns): Cells[] {
  return systemsOf(runs).map(([name, measured]) => {
    const of = (figure: (run: StoredRun) => number) => median(measured.map(figure));
    return [
      decimals(runs.batch, 0),
      name,
      decimals(
        of((run) => (run.cpuSeconds * 1e6) / run.entriesAtTop),
        2,
      ),
      mebibytes(of((run) => run.residentBytesMax)),
      mebibytes(measured.at(-1)?.rested?.residentBytes),
      decimals(
        of((run) => run.receivedBytes / run.received),
        0,
      ),
      decimals(
        of((run) => run.diskBytes / run.stored),
        1,
      ),
      decimals(
        of((run) => run.writtenBytes / run.receivedBytes),
        2,
      ),
      decimals(
        of((run) => run.handedBytes / run.receivedBytes),
        2,
      ),
      decimals(
        of(({ unmerged }) => unmerged?.blocks ?? Number.NaN),
        0,
      ),
      decimals(
        of(({ unmerged }) => unmerged?.records ?? Number.NaN),
        0,
      ),
    ];
  });
}

const THREAD_TITLES: Cells = ["entries a request", "thread", "CPU µs/entry", "heap MiB", "heap after the rest"];

function threadRows({ batch, simpleLogs }: BatchRuns): Cells[] {
  const last = simpleLogs.at(-1);
  const names = new Set(
    simpleLogs.flatMap((run) => [run.cpuSecondsByThread, run.heapBytesByThread].flatMap(Object.keys)),
  );
  return [...names].map((name) => {
    const of = (figure: (run: StoredRun) => number | undefined) =>
      median(simpleLogs.map((run) => figure(run) ?? Number.NaN));
    return [
      decimals(batch, 0),
      name,
      decimals(
        of((run) => ((run.cpuSecondsByThread[name] ?? 0) * 1e6) / run.entriesAtTop),
        2,
      ),
      mebibytes(of((run) => run.heapBytesByThread[name])),
      mebibytes(last?.rested?.heapBytesByThread[name]),
    ];
  });
}

/** The whole report, as Markdown. `restSeconds`: how long the servers of the last round had rested. */
export function report(runs: readonly BatchRuns[], ready: ReadyRuns, durability: string, restSeconds: number): string {
  const rounds = runs[0]?.simpleLogs.length ?? 0;
  const entries = runs.flatMap(({ simpleLogs }) => simpleLogs.map(({ stored }) => stored));
  const hasOther = runs.some(({ victoriaLogs }) => victoriaLogs.length > 0);
  const { records, startsMs } = ready;
  return [
    `Medians of ${rounds} round(s), ${decimals(
      entries.reduce((sum, count) => sum + count, 0),
      0,
    )} entries stored (${durability}); answers, counters, records and exports agree.`,
    hasOther
      ? "VictoriaLogs answers before what it takes is durable; its rate is of what it answered."
      : "VictoriaLogs is left out: --victorialogs names its executable.",
    `\n## Top rate\n\n${markdownTable(RATE_TITLES, runs.map(rateRow))}`,
    `\n## Answers at half of the top rate, sent at a steady rate while the server merges\n\n${markdownTable(TIME_TITLES, runs.flatMap(timeRows))}`,
    "\nTimes are from when a request was due.",
    `\n## Cost\n\n${markdownTable(COST_TITLES, runs.flatMap(costRows))}`,
    `\nCPU: of the first load. Written: with merging, until it had come to rest. Disk: merged and closed. Unmerged: when the first load ended. Rest: ${restSeconds} s after the loads, last round.`,
    `\n## By thread of SimpleLogs\n\n${markdownTable(THREAD_TITLES, runs.flatMap(threadRows))}`,
    "\nHeap: when the first load ended. JavaScript's only: SQLite and buffers are in no heap.",
    `\nReady with ${decimals(records, 0)} records: ${decimals(median(startsMs), 0)} ms (aim ${READY_MS_AIM}), at most ${decimals(Math.max(...startsMs), 0)} ms in ${startsMs.length} starts.\n`,
  ].join("\n");
}

/** A Markdown table, columns aligned. */
export function markdownTable(titles: Cells, rows: readonly Cells[]): string {
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: Cells) =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padStart(width)).join(" | ")} |`;
  const rule = `|${widths.map((width) => `${"-".repeat(width + 1)}:`).join("|")}|`;
  return [line(titles), rule, ...rows.map(line)].join("\n");
}
