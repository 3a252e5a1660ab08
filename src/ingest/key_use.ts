// When each key of a pair was first known to the server and when it last sent an accepted batch. In: the keys of the
// configuration, and every batch. Out: notes for the file, of one key at its first use and then once a minute at most, so
// that they cost ingestion nothing; a restart forgets the last minute.

import type { KeyActivity } from "../commit/group_write.ts";
import type { KeyIdentity } from "../core/batch.ts";
import { assert } from "../core/errors.ts";
import type { Source } from "../core/record.ts";

/** How often the use of one key is written down, in ms. */
const WRITE_EVERY_MS = 60_000;

/** Which half of which pair. */
type Key = Pick<KeyIdentity, "name" | "type">;

interface Noted {
  readonly name: string;
  readonly type: Source;
  readonly firstSeen: number;
  lastUsed: number | undefined;
  /** When it was last written. */
  writtenAt: number;
  /** Whether the file knows of any use: the first one is what people wait for. */
  isUseWritten: boolean;
}

export class KeyUse {
  readonly #known = new Map<string, Noted>();
  /** Keys of the configuration that are taken up. */
  #taken = 0;
  readonly #unwritten = new Set<Noted>();
  /** The one used last: most batches come with the same key as the one before. */
  #usedKey: Key | undefined;
  #used: Noted | undefined;
  #staged: Noted[] = [];
  #stagedAt = 0;

  /** `notes` is what the file has. */
  constructor(notes: Iterable<KeyActivity>) {
    for (const { name, type, firstSeen, lastUsed } of notes) {
      const writtenAt = lastUsed ?? Number.NEGATIVE_INFINITY;
      const isUseWritten = lastUsed !== undefined;
      this.#known.set(nameOf(name, type), { name, type, firstSeen, lastUsed, writtenAt, isUseWritten });
    }
  }

  /** Takes up the keys of the configuration, to which new ones are only ever added. */
  know(keys: readonly Key[], now: number): void {
    for (const key of keys.slice(this.#taken)) {
      if (!this.#known.has(nameOf(key.name, key.type))) this.#add(key, now);
    }
    this.#taken = keys.length;
  }

  /** A batch of this key was accepted. */
  use(key: Key, receivedAt: number): void {
    if (key !== this.#usedKey) {
      // One that another process knew may be gone from the configuration.
      this.#used = this.#known.get(nameOf(key.name, key.type)) ?? this.#add(key, receivedAt);
      this.#usedKey = key;
    }
    const noted = this.#used;
    assert(noted !== undefined, "a key that is used is known");
    // Batches of one moment may come in any order; a clock that was set back is believed.
    const isEarlier = noted.lastUsed !== undefined && noted.lastUsed >= receivedAt;
    if (isEarlier && (noted.lastUsed as number) - receivedAt < WRITE_EVERY_MS) return;
    noted.lastUsed = receivedAt;
    this.#unwritten.add(noted);
  }

  /** Whether `staged` has anything. */
  isDue(now: number): boolean {
    for (const noted of this.#unwritten) if (isDue(noted, now)) return true;
    return false;
  }

  /** The notes to write now. */
  staged(now: number): KeyActivity[] {
    this.#stagedAt = now;
    this.#staged = [];
    for (const noted of this.#unwritten) if (isDue(noted, now)) this.#staged.push(noted);
    return this.#staged.map(({ name, type, firstSeen, lastUsed }) => ({ name, type, firstSeen, lastUsed }));
  }

  commit(): void {
    for (const noted of this.#staged) {
      noted.writtenAt = this.#stagedAt;
      noted.isUseWritten = noted.lastUsed !== undefined;
      this.#unwritten.delete(noted);
    }
    this.#staged = [];
  }

  #add({ name, type }: Key, firstSeen: number): Noted {
    const noted = {
      name,
      type,
      firstSeen,
      lastUsed: undefined,
      writtenAt: Number.NEGATIVE_INFINITY,
      isUseWritten: false,
    };
    this.#known.set(nameOf(name, type), noted);
    this.#unwritten.add(noted);
    return noted;
  }
}

function nameOf(name: string, type: Source): string {
  return `${type} ${name}`;
}

/** A clock that was set back must not keep a key from being written for long. */
function isDue(noted: Noted, now: number): boolean {
  if (!noted.isUseWritten && noted.lastUsed !== undefined) return true;
  return Math.abs(now - noted.writtenAt) >= WRITE_EVERY_MS;
}
