// The retention in force of each project, which the data file remembers. In: the configuration, each time it is read.
// Out: how long records stay on disk. Invariant: a retention that became shorter, in whatever way, deletes nothing
// before DELETION_DELAY_MS have passed. Readers follow the configuration at once, so what it hides can be shown again
// until then. The delay is measured by the steady clock, which nobody can set.

import { DELETION_DELAY_MS } from "../../core/limits.ts";
import type { Database } from "../../runtime/contract/database.ts";

/** Longer retentions of a project that still delay deletion; of more, the two shortest count as one. */
const FORMER_MAX = 8;

/** A longer retention from before. */
interface Former {
  readonly retentionMs: number;
  /** Until when it delays deletion, Unix ms by the steady clock. */
  readonly until: number;
}

interface InForce {
  readonly retentionMs: number;
  /** The longest first, each longer than the one in force. */
  readonly former: readonly Former[];
}

/** A retention that differs from the one before. */
export interface RetentionChange {
  readonly project: string;
  readonly fromMs: number;
  readonly toMs: number;
}

interface Row {
  readonly project: string;
  readonly retention_ms: number;
  readonly until: number | null;
}

export class RetentionInForce {
  readonly #database: Database;
  readonly #inForce = new Map<string, InForce>();
  #isSaved = true;

  /** Reads what the file has. `now`, here and below, is Unix ms by the steady clock. */
  constructor(database: Database, now: number) {
    this.#database = database;
    const rows = database
      .query("SELECT project, retention_ms, until FROM retention ORDER BY project, retention_ms DESC")
      .all() as Row[];
    for (const { project, retention_ms: retentionMs, until } of rows) {
      const { former } = this.#inForce.get(project) ?? { former: [] };
      if (until === null) {
        this.#inForce.set(project, { retentionMs, former });
        continue;
      }
      const one = { retentionMs, until: Math.min(until, now + DELETION_DELAY_MS) };
      this.#inForce.set(project, { retentionMs, former: [...former, one] });
    }
  }

  /** Whether the file says all that `save` would write. */
  get isSaved(): boolean {
    return this.#isSaved;
  }

  /** Projects that the file knew, or that were followed. */
  get projects(): readonly string[] {
    return [...this.#inForce.keys()];
  }

  /** How long a project's records stay on disk, in ms; `configuredMs` is what the configuration says. */
  storedMs(project: string, configuredMs: number): number {
    const inForce = this.#inForce.get(project);
    return Math.max(configuredMs, inForce?.former[0]?.retentionMs ?? 0);
  }

  /**
   * When the records are deleted that only an earlier, longer retention still protects; undefined where there is none.
   */
  deletedAt(project: string): number | undefined {
    return this.#inForce.get(project)?.former.at(-1)?.until;
  }

  /** Takes what is configured for these projects, and returns what changed. A new project has no earlier retention. */
  follow(projects: Iterable<string>, retentionMsOf: (project: string) => number, now: number): RetentionChange[] {
    const changes: RetentionChange[] = [];
    for (const project of projects) {
      const toMs = retentionMsOf(project);
      const before = this.#inForce.get(project);
      if (before === undefined) {
        this.#put(project, { retentionMs: toMs, former: [] });
      } else if (before.retentionMs !== toMs) {
        this.#put(project, { retentionMs: toMs, former: formerOf(before, toMs, now) });
        changes.push({ project, fromMs: before.retentionMs, toMs });
      }
    }
    return changes;
  }

  /** Drops earlier retentions whose delay is over. */
  expire(now: number): void {
    for (const [project, { retentionMs, former }] of this.#inForce) {
      const left = former.filter(({ until }) => until > now);
      if (left.length < former.length) this.#put(project, { retentionMs, former: left });
    }
  }

  /** Writes what is in force for these projects, and for no others; in a transaction, after which `saved` is called. */
  save(projects: ReadonlySet<string>): void {
    this.#database.run("DELETE FROM retention");
    const insert = this.#database.query("INSERT INTO retention (project, retention_ms, until) VALUES (?, ?, ?)");
    for (const [project, { retentionMs, former }] of this.#inForce) {
      if (!projects.has(project)) continue;
      insert.run(project, retentionMs, null);
      for (const { retentionMs: longerMs, until } of former) insert.run(project, longerMs, until);
    }
  }

  saved(): void {
    this.#isSaved = true;
  }

  #put(project: string, inForce: InForce): void {
    this.#inForce.set(project, inForce);
    this.#isSaved = false;
  }
}

/** The longer retentions that delay deletion after a change. */
function formerOf(before: InForce, toMs: number, now: number): Former[] {
  const longer = before.former.filter(({ retentionMs }) => retentionMs > toMs);
  if (before.retentionMs <= toMs) return longer;
  const last = { retentionMs: before.retentionMs, until: now + DELETION_DELAY_MS };
  const shortest = longer.length >= FORMER_MAX ? longer.pop() : undefined;
  return [...longer, shortest === undefined ? last : { ...last, retentionMs: shortest.retentionMs }];
}
