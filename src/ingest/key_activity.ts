// When each key was first known to the server, and when it last sent an accepted batch. In: the keys of the
// configuration, and every batch. Out: rows for the file. A key is written at its first use and then once a minute at
// most, which costs ingestion nothing; a restart forgets the last minute.

import type { KeyActivity } from "../commit/group_write.ts";
import type { KeyIdentity } from "../core/batch.ts";
import { assert } from "../core/errors.ts";
import type { Source } from "../core/record.ts";

/** How often the last use of one key is written, in ms. */
const WRITE_EVERY_MS = 60_000;

type Key = Pick<KeyIdentity, "name" | "type">;

/** What is known of one key. Times in Unix ms. */
interface Activity {
  readonly name: string;
  readonly type: Source;
  readonly firstSeen: number;
  lastUsed: number | undefined;
  /** Unix ms. */
  writtenAt: number;
  /** Whether the file has any use of it: people wait for the first one. */
  isUseWritten: boolean;
}

/** The activity of all keys. */
export class KeyActivities {
  readonly #activities = new Map<string, Activity>();
  /** How many keys of the configuration are known. */
  #knownKeys = 0;
  readonly #unwritten = new Set<Activity>();
  /** The last one used: most batches come with the same key as the one before. */
  #lastKey: Key | undefined;
  #last: Activity | undefined;
  #staged: Activity[] = [];
  #stagedAt = 0;

  /** `rows` is what the file has. */
  constructor(rows: Iterable<KeyActivity>) {
    for (const { name, type, firstSeen, lastUsed } of rows) {
      const writtenAt = lastUsed ?? Number.NEGATIVE_INFINITY;
      const isUseWritten = lastUsed !== undefined;
      this.#activities.set(nameOf(name, type), { name, type, firstSeen, lastUsed, writtenAt, isUseWritten });
    }
  }

  /** Adds the new keys of the configuration; the list only grows. `now` in Unix ms. */
  addKeys(keys: readonly Key[], now: number): void {
    for (const key of keys.slice(this.#knownKeys)) {
      if (!this.#activities.has(nameOf(key.name, key.type))) this.#add(key, now);
    }
    this.#knownKeys = keys.length;
  }

  /** A batch of this key was accepted. `receivedAt` in Unix ms. */
  use(key: Key, receivedAt: number): void {
    if (key !== this.#lastKey) {
      // A key of a group of another process may have left the configuration since.
      this.#last = this.#activities.get(nameOf(key.name, key.type)) ?? this.#add(key, receivedAt);
      this.#lastKey = key;
    }
    const activity = this.#last;
    assert(activity !== undefined, "a used key has an activity");
    // Batches of one moment may come in any order. A much earlier receipt means that the clock was set back: it counts.
    const isEarlier = activity.lastUsed !== undefined && activity.lastUsed >= receivedAt;
    if (isEarlier && (activity.lastUsed as number) - receivedAt < WRITE_EVERY_MS) return;
    activity.lastUsed = receivedAt;
    this.#unwritten.add(activity);
  }

  /** Whether there is anything to write. `now` in Unix ms. */
  isDue(now: number): boolean {
    for (const activity of this.#unwritten) if (isDue(activity, now)) return true;
    return false;
  }

  /** The rows to write now; `commit` follows once they are written. */
  staged(now: number): KeyActivity[] {
    this.#stagedAt = now;
    this.#staged = [];
    for (const activity of this.#unwritten) if (isDue(activity, now)) this.#staged.push(activity);
    return this.#staged.map(({ name, type, firstSeen, lastUsed }) => ({ name, type, firstSeen, lastUsed }));
  }

  /** The staged rows were written. */
  commit(): void {
    for (const activity of this.#staged) {
      activity.writtenAt = this.#stagedAt;
      activity.isUseWritten = activity.lastUsed !== undefined;
      this.#unwritten.delete(activity);
    }
    this.#staged = [];
  }

  #add({ name, type }: Key, firstSeen: number): Activity {
    const activity = {
      name,
      type,
      firstSeen,
      lastUsed: undefined,
      writtenAt: Number.NEGATIVE_INFINITY,
      isUseWritten: false,
    };
    this.#activities.set(nameOf(name, type), activity);
    this.#unwritten.add(activity);
    return activity;
  }
}

function nameOf(name: string, type: Source): string {
  return `${type} ${name}`;
}

/** Whether it is time to write it. A clock that was set back does not delay that for long. */
function isDue(activity: Activity, now: number): boolean {
  if (!activity.isUseWritten && activity.lastUsed !== undefined) return true;
  return Math.abs(now - activity.writtenAt) >= WRITE_EVERY_MS;
}
