// The counters since the data file was made, a project and UTC month of receipt. What a group adds is staged and only
// becomes true with its commit, so received = stored + open + dropped holds at every moment.

import { DROP_REASONS, type DropReason } from "../core/drop.ts";

/** The names of counters as the store keeps them. */
type CounterName = "received" | "stored" | "admitted" | `dropped.${DropReason}`;

/** One counter's value, as it is kept. */
export interface UsageCounter {
  readonly project: string;
  /** UTC, "2026-11". */
  readonly month: string;
  readonly name: string;
  readonly value: number;
}

/** The sums over all projects and months. */
export interface UsageTotals {
  received: number;
  stored: number;
  readonly dropped: Record<DropReason, number>;
}

function noDrops(): Record<DropReason, number> {
  return Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<DropReason, number>;
}

export class Usage {
  readonly #values = new Map<string, UsageCounter>();
  readonly #staged = new Map<string, UsageCounter>();
  readonly #totals: UsageTotals = { received: 0, stored: 0, dropped: noDrops() };

  constructor(counters: Iterable<UsageCounter>) {
    for (const counter of counters) this.#keep(counter);
  }

  get totals(): Readonly<UsageTotals> {
    return this.#totals;
  }

  /** Adds to a counter; nothing is added until `commit`. */
  add(project: string, month: string, name: CounterName, count: number): void {
    if (count === 0) return;
    const key = `${project}\n${month}\n${name}`;
    const value = (this.#staged.get(key) ?? this.#values.get(key))?.value ?? 0;
    this.#staged.set(key, { project, month, name, value: value + count });
  }

  /** Entries admitted in a month, staged ones included: what a quota is compared with. */
  admitted(project: string, month: string): number {
    const key = `${project}\n${month}\nadmitted`;
    return (this.#staged.get(key) ?? this.#values.get(key))?.value ?? 0;
  }

  /** The new absolute values, for the group's transaction. */
  staged(): UsageCounter[] {
    return [...this.#staged.values()];
  }

  commit(): void {
    for (const counter of this.#staged.values()) this.#keep(counter);
    this.#staged.clear();
  }

  #keep(counter: UsageCounter): void {
    const key = `${counter.project}\n${counter.month}\n${counter.name}`;
    const added = counter.value - (this.#values.get(key)?.value ?? 0);
    this.#values.set(key, counter);
    if (counter.name === "received" || counter.name === "stored") this.#totals[counter.name] += added;
    for (const reason of DROP_REASONS) {
      if (counter.name === `dropped.${reason}`) this.#totals.dropped[reason] += added;
    }
  }
}
