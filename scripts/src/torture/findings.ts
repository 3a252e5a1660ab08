// The findings of one kind of torture: how much was done, and each broken promise with its first details.

import type { ShownRecord } from "../../../src/core/record.ts";
import { batchOf, closingGap, compare, type Load } from "../../../test/support/load.ts";
import type { TestServer } from "../../../test/support/server.ts";
import { pause } from "../command.ts";
import { markdownTable } from "../markdown_table.ts";

/** Promises that can be broken, in the order of the table's columns. */
export const FAULTS = ["lost", "twice", "torn", "unknown", "unpaired", "changed", "gap", "other"] as const;
export type Fault = (typeof FAULTS)[number];

/** Details that are printed of one fault at a time. */
const DETAILS_MAX = 3;

export class Findings {
  readonly name: string;
  rounds = 0;
  /** How long it took. */
  seconds = 0;
  /** A round has one or more. */
  kills = 0;
  /** Batches and entries that were answered 202. */
  batches = 0;
  entries = 0;
  /** Entries that were answered under `memory` and still waited at a kill: they may be lost. */
  lostWaiting = 0;
  readonly counts: Record<Fault, number> = {
    lost: 0,
    twice: 0,
    torn: 0,
    unknown: 0,
    unpaired: 0,
    changed: 0,
    gap: 0,
    other: 0,
  };
  /** One line a broken promise. */
  readonly broken: string[] = [];
  readonly notes: string[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** Counts a fault for each detail. */
  add(fault: Fault, where: string, details: readonly unknown[]): void {
    if (details.length === 0) return;
    this.counts[fault] += details.length;
    const some = details.slice(0, DETAILS_MAX).map((detail) => JSON.stringify(detail));
    const more = details.length > DETAILS_MAX ? ` and ${details.length - DETAILS_MAX} more` : "";
    this.broken.push(`${this.name}, ${where}: ${fault}: ${some.join(", ")}${more}`);
  }

  /** Counts `what` as a fault unless it holds. */
  expect(holds: boolean, where: string, what: string): void {
    if (!holds) this.add("other", where, [what]);
  }

  /** Adds what a load had answered. */
  count(load: Load): void {
    this.batches += load.deliveries.length + load.started.size + load.ended.size;
    this.entries += load.accepted.size + load.started.size + load.ended.size;
  }
}

export interface ExamineOptions {
  readonly findings: Findings;
  readonly where: string;
  /** Batches that may be missing: they waited when the process was killed, under memory. */
  readonly mayBeLost?: ReadonlySet<string> | undefined;
}

/** What the server holds of a load. */
export interface Stock {
  /** The batches that were answered 202 before. */
  readonly answered: ReadonlySet<string>;
  readonly records: readonly ShownRecord[];
  readonly metrics: ReadonlyMap<string, number>;
}

/** Reads every record and counter, also while the load goes on. */
export async function takeStock(server: TestServer, load: Load): Promise<Stock> {
  const answered = new Set(load.deliveries.map((delivery) => delivery.name));
  const records = (await server.export()).filter((record) => record.project === "default");
  return { answered, records, metrics: await server.metrics() };
}

/** Compares the records with what was sent. Open timings are compared at the end. */
export function examine(
  { answered, records, metrics }: Stock,
  load: Load,
  { findings, where, mayBeLost }: ExamineOptions,
): void {
  const { lost, twice, torn, unknown, isInOrder } = compare(load, records);
  const isLost = (message: string) => answered.has(batchOf(message)) && mayBeLost?.has(batchOf(message)) !== true;
  findings.add("lost", where, lost.filter(isLost));
  findings.add("twice", where, twice);
  findings.add("torn", where, torn);
  findings.add("unknown", where, unknown);
  findings.expect(isInOrder, where, "ids do not grow");
  const gap = closingGap(metrics);
  findings.add("gap", where, gap === 0 ? [] : [gap]);
}

/** As `examine`, once every client has its answers: everything that was ever sent is there, and every pair. */
export async function examineAtRest(server: TestServer, load: Load, options: ExamineOptions): Promise<void> {
  const { findings, where, mayBeLost } = options;
  const stock = await takeStock(server, load);
  examine(stock, load, options);
  findings.add("unpaired", where, compare(load, stock.records).unpaired);
  const missing = [...load.sent].filter((message) => !load.accepted.has(message));
  findings.expect(missing.length === 0, where, `${missing.length} entries were never answered 202`);
  // Everything that is sent is good.
  const isDrop = /_dropped_total\{reason="(?!duplicate")/;
  findings.add(
    "other",
    where,
    [...stock.metrics].filter(([name, count]) => isDrop.test(name) && count > 0),
  );
  if (mayBeLost !== undefined) return;
  const stored = stock.metrics.get("simplelogs_entries_stored_total") ?? Number.NaN;
  findings.expect(stored >= load.sent.size + 2 * load.ended.size, where, `only ${stored} entries count as stored`);
}

/** Compares the records with those that were there before. Returns those that are there now, by id. */
export function examineHistory(
  before: ReadonlyMap<number, string>,
  records: readonly ShownRecord[],
  findings: Findings,
  where: string,
): Map<number, string> {
  const now = new Map(records.map(({ id, message, key, status }) => [id, `${message} ${key} ${status}`]));
  findings.add(
    "changed",
    where,
    [...before]
      .filter(([id, text]) => now.get(id) !== text)
      .map(([id, text]) => `${id} was ${text}, is ${now.get(id)}`),
  );
  return now;
}

/** Each warning or error in the log is a fault, except `expected` ones. */
export function examineLog(server: TestServer, findings: Findings, where: string, expected?: RegExp): void {
  const wrong = server.logLines
    .filter((line) => /^(warn|warning|error|fatal)$/i.test(line.level) && expected?.test(line.message) !== true)
    .map((line) => line.message);
  findings.add("other", where, wrong);
}

/** Polls /readyz until it has the wanted status or the time is over. Returns the last status. */
export async function readiness(server: TestServer, wanted: number, limitMs: number): Promise<number> {
  const endAt = performance.now() + limitMs;
  for (;;) {
    const answer = await fetch(`${server.url}/readyz`);
    await answer.text();
    if (answer.status === wanted || performance.now() > endAt) return answer.status;
    await pause(25);
  }
}

/**
 * The table of what was found: one line a kind of torture, and 0 in every column of faults where the promises were
 * kept.
 */
export function findingsTable(all: readonly Findings[]): string {
  const titles = ["", "rounds", "kills", "batches", "entries", ...FAULTS, "s"];
  const rows = all.map((findings) => [
    findings.name,
    ...[findings.rounds, findings.kills, findings.batches, findings.entries].map((count) => count.toLocaleString("en")),
    ...FAULTS.map((fault) => String(findings.counts[fault])),
    findings.seconds.toFixed(0),
  ]);
  return markdownTable(titles, rows);
}
