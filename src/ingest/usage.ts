// What became of entries, for people: counters by project and UTC month of receipt, and some of the dropped entries
// themselves. The counters go back to the creation of the data file. What a group adds to them is staged, and counts
// only once the group is committed, so received = stored + open + dropped holds at every moment.

import type { Rejection, UsageCounter } from "../commit/group_write.ts";
import { DROP_REASONS, type DropReason } from "../core/drop.ts";
import { jsonBeginning } from "../core/json.ts";
import { REJECTED_ENTRY_LENGTH_MAX, REJECTIONS_PER_COMMIT_MAX } from "../core/limits.ts";
import { maskKeysInJson } from "../core/secrets.ts";

/**
 * The names of counters, as the file has them. "admitted.client" is the part of "admitted" that client keys sent; files
 * from before 0.2 have none. "ambiguous" counts pairs by touchpoint for which more than one start would have fitted.
 */
type CounterName = "received" | "stored" | "admitted" | "admitted.client" | "ambiguous" | `dropped.${DropReason}`;

/** The sums over all projects and months. */
export interface UsageTotals {
  received: number;
  stored: number;
  readonly dropped: Record<DropReason, number>;
  /** Ambiguous pairs, by each project that has received anything. */
  readonly ambiguous: Map<string, number>;
}

/** Figures of one moment: received = stored + open + the sum of dropped. */
export interface IngestCounts extends Readonly<UsageTotals> {
  /** Entries that are neither stored nor dropped. */
  readonly open: number;
}

function noDrops(): Record<DropReason, number> {
  return Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<DropReason, number>;
}

/** The counters of one project and month. */
interface MonthUsage {
  readonly project: string;
  readonly month: string;
  /** As the file has them. */
  readonly values: Map<string, number>;
  /** New values that are not committed. */
  readonly staged: Map<string, number>;
}

/** The counters. */
export class Usage {
  readonly #months = new Map<string, MonthUsage>();
  readonly #staged = new Set<MonthUsage>();
  readonly #totals: UsageTotals = { received: 0, stored: 0, dropped: noDrops(), ambiguous: new Map() };
  /** The last one used: most batches are of the same project and month as the one before. */
  #last: MonthUsage | undefined;

  constructor(counters: Iterable<UsageCounter>) {
    for (const { project, month, name, value } of counters) this.#set(this.#of(project, month), name, value);
  }

  get totals(): Readonly<UsageTotals> {
    return this.#totals;
  }

  /** Adds to a counter. It counts in `totals` after `commit`, in `admitted` at once. */
  add(project: string, month: string, name: CounterName, count: number): void {
    if (count === 0) return;
    const usage = this.#of(project, month);
    usage.staged.set(name, valueOf(usage, name) + count);
    this.#staged.add(usage);
  }

  /** Entries admitted in a month, staged ones included: what a quota bounds. */
  admitted(project: string, month: string): number {
    return valueOf(this.#of(project, month), "admitted");
  }

  /** Those of them that client keys sent. */
  admittedFromClients(project: string, month: string): number {
    return valueOf(this.#of(project, month), "admitted.client");
  }

  /** The staged counters, with their new values. */
  staged(): UsageCounter[] {
    return [...this.#staged].flatMap(({ project, month, staged }) =>
      Array.from(staged, ([name, value]) => ({ project, month, name, value })),
    );
  }

  /** The staged values were written. */
  commit(): void {
    for (const usage of this.#staged) {
      for (const [name, value] of usage.staged) this.#set(usage, name, value);
      usage.staged.clear();
    }
    this.#staged.clear();
  }

  #of(project: string, month: string): MonthUsage {
    const last = this.#last;
    if (last !== undefined && last.project === project && last.month === month) return last;
    const key = `${project}\n${month}`;
    let usage = this.#months.get(key);
    if (usage === undefined) {
      usage = { project, month, values: new Map(), staged: new Map() };
      this.#months.set(key, usage);
    }
    this.#last = usage;
    return usage;
  }

  #set(usage: MonthUsage, name: string, value: number): void {
    const added = value - (usage.values.get(name) ?? 0);
    usage.values.set(name, value);
    if (name === "received" || name === "stored") this.#totals[name] += added;
    if (name === "received" || name === "ambiguous") {
      const before = this.#totals.ambiguous.get(usage.project) ?? 0;
      this.#totals.ambiguous.set(usage.project, before + (name === "ambiguous" ? added : 0));
    }
    for (const reason of DROP_REASONS) {
      if (name === `dropped.${reason}`) this.#totals.dropped[reason] += added;
    }
  }
}

function valueOf({ values, staged }: MonthUsage, name: CounterName): number {
  return staged.get(name) ?? values.get(name) ?? 0;
}

/** The batch of a dropped entry. */
export type RejectedBatch = Pick<Rejection, "project" | "apiKey" | "receivedAt">;

/** The dropped entries that people can look at: all are counted, and some of them are stored. */
export class Rejections {
  #staged: Rejection[] = [];
  readonly #counts = new Map<string, number>();

  /** Adds a dropped entry: parsed, or a text that is stored as it is. */
  add({ project, apiKey, receivedAt }: RejectedBatch, reason: DropReason, entry: unknown): void {
    const name = `${reason} ${project}`;
    const count = this.#counts.get(name) ?? 0;
    if (count >= REJECTIONS_PER_COMMIT_MAX) return;
    this.#counts.set(name, count + 1);
    this.#staged.push({ project, apiKey, receivedAt, reason, entry: shorten(entry) });
  }

  /** The rejections since the last call. */
  take(): Rejection[] {
    const staged = this.#staged;
    this.#staged = [];
    this.#counts.clear();
    return staged;
  }
}

function shorten(entry: unknown): string {
  const text = typeof entry === "string" ? entry : jsonBeginning(entry, REJECTED_ENTRY_LENGTH_MAX);
  const shortened = text.length <= REJECTED_ENTRY_LENGTH_MAX ? text : `${text.slice(0, REJECTED_ENTRY_LENGTH_MAX)}…`;
  return maskKeysInJson(shortened.toWellFormed());
}
