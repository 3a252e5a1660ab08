// The counters since the data file was made, a project and UTC month of receipt. What a group adds is staged and only
// becomes true with its commit, so received = stored + open + dropped holds at every moment.

import type { UsageCounter } from "../commit/group_write.ts";
import { DROP_REASONS, type DropReason } from "../core/drop.ts";

/**
 * The names of counters as the store keeps them. "admitted.client" is the part of "admitted" that client keys sent: files of before
 * 0.2 have none. "ambiguous" counts pairs by touchpoint for which more than one start would have done.
 */
type CounterName = "received" | "stored" | "admitted" | "admitted.client" | "ambiguous" | `dropped.${DropReason}`;

/** The sums over all projects and months. */
export interface UsageTotals {
  received: number;
  stored: number;
  readonly dropped: Record<DropReason, number>;
  /** Ambiguous pairs by project: of every project that has received anything. */
  readonly ambiguous: Map<string, number>;
}

/** Figures that always belong together: received = stored + open + the sum of dropped. */
export interface IngestCounts extends Readonly<UsageTotals> {
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

export class Usage {
  readonly #months = new Map<string, MonthUsage>();
  readonly #staged = new Set<MonthUsage>();
  readonly #totals: UsageTotals = { received: 0, stored: 0, dropped: noDrops(), ambiguous: new Map() };
  /** The one asked for last: most batches are of the same project and month as the one before. */
  #last: MonthUsage | undefined;

  constructor(counters: Iterable<UsageCounter>) {
    for (const { project, month, name, value } of counters) this.#keep(this.#of(project, month), name, value);
  }

  get totals(): Readonly<UsageTotals> {
    return this.#totals;
  }

  /** Adds to a counter; nothing is added until `commit`. */
  add(project: string, month: string, name: CounterName, count: number): void {
    if (count === 0) return;
    const usage = this.#of(project, month);
    usage.staged.set(name, valueOf(usage, name) + count);
    this.#staged.add(usage);
  }

  /** Entries admitted in a month, staged ones included: what a quota is compared with. */
  admitted(project: string, month: string): number {
    return valueOf(this.#of(project, month), "admitted");
  }

  /** Of these, what client keys sent. */
  admittedFromClients(project: string, month: string): number {
    return valueOf(this.#of(project, month), "admitted.client");
  }

  /** The new absolute values, for the group's transaction. */
  staged(): UsageCounter[] {
    return [...this.#staged].flatMap(({ project, month, staged }) =>
      Array.from(staged, ([name, value]) => ({ project, month, name, value })),
    );
  }

  commit(): void {
    for (const usage of this.#staged) {
      for (const [name, value] of usage.staged) this.#keep(usage, name, value);
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

  #keep(usage: MonthUsage, name: string, value: number): void {
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
