// When each key of a pair was first known to the server and when it last sent an accepted batch. In: the keys of the
// configuration, and every batch. Out: notes for the file, of one key at its first use and then once a minute at most, so
// that they cost ingestion nothing; a restart forgets the last minute.

import type { Source } from "../core/entry.ts";
import { assert } from "../core/errors.ts";

/** How often the use of one key is written down, in ms. */
const WRITE_EVERY_MS = 60_000;

/** What the file keeps of a key. Times in Unix ms. */
export interface KeyNote {
  /** Name of the pair. */
  readonly name: string;
  readonly type: Source;
  readonly firstSeen: number;
  /** Undefined: never. */
  readonly lastUsed: number | undefined;
}

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
  /** By the index that batches carry. */
  readonly #byIndex: Noted[] = [];
  readonly #unwritten = new Set<Noted>();
  #staged: Noted[] = [];
  #stagedAt = 0;

  /** `notes` is what the file has. */
  constructor(notes: Iterable<KeyNote>) {
    for (const { name, type, firstSeen, lastUsed } of notes) {
      const writtenAt = lastUsed ?? Number.NEGATIVE_INFINITY;
      const isUseWritten = lastUsed !== undefined;
      this.#known.set(nameOf(name, type), { name, type, firstSeen, lastUsed, writtenAt, isUseWritten });
    }
  }

  /** Takes up the keys of the configuration: those before keep their index. */
  know(keys: readonly { readonly name: string; readonly type: Source }[], now: number): void {
    for (const { name, type } of keys.slice(this.#byIndex.length)) {
      let noted = this.#known.get(nameOf(name, type));
      if (noted === undefined) {
        noted = {
          name,
          type,
          firstSeen: now,
          lastUsed: undefined,
          writtenAt: Number.NEGATIVE_INFINITY,
          isUseWritten: false,
        };
        this.#known.set(nameOf(name, type), noted);
        this.#unwritten.add(noted);
      }
      this.#byIndex.push(noted);
    }
  }

  /** A batch of this key was accepted. */
  use(index: number, receivedAt: number): void {
    const noted = this.#byIndex[index];
    assert(noted !== undefined, "a batch's key is known");
    if (noted.lastUsed !== undefined && noted.lastUsed >= receivedAt) return;
    noted.lastUsed = receivedAt;
    this.#unwritten.add(noted);
  }

  /** Whether `staged` has anything. */
  isDue(now: number): boolean {
    for (const noted of this.#unwritten) if (isDue(noted, now)) return true;
    return false;
  }

  /** The notes to write now. */
  staged(now: number): KeyNote[] {
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
}

function nameOf(name: string, type: Source): string {
  return `${type} ${name}`;
}

/** A clock that was set back must not keep a key from being written for long. */
function isDue(noted: Noted, now: number): boolean {
  if (!noted.isUseWritten && noted.lastUsed !== undefined) return true;
  return Math.abs(now - noted.writtenAt) >= WRITE_EVERY_MS;
}
