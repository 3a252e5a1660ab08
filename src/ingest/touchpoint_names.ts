// The touchpoint names that each project's list has, so that the store hears of a new one once. In: the names of records, each with
// the type of the key that sent it. Out: notes of what becomes of the list, for the transaction of the records.
//
// Clients choose names, so they are bounded: a name that is too long stays with its records, and of TOUCHPOINTS_MAX names a project
// those that only client keys sent are at most half. They give way: a server's new name takes the place of the latest of them. Names
// are found by a keyed hash of 53 bits, so that none can be made to meet others: two are mixed up with a chance of 10^-12.

import { keyTypeCodeOf } from "../block/codec/flags.ts";
import type { ListedTouchpoint, TouchpointUpdate } from "../commit/group_write.ts";
import { CLIENT_TOUCHPOINTS_MAX, TOUCHPOINTS_MAX } from "../core/limits.ts";
import { TOUCHPOINT_LENGTH_MAX } from "../core/touchpoint.ts";
import { TextHasher } from "./pairing/keyed_hash.ts";

interface Known {
  readonly name: string;
  isClientOnly: boolean;
}

const CLIENT = keyTypeCodeOf("client");

export class TouchpointNames {
  readonly #hasher: TextHasher;
  readonly #projects = new Map<string, ProjectNames>();
  #staged: TouchpointUpdate[] = [];

  /** `seed` is two u32 that nobody else knows. */
  constructor(listed: Iterable<ListedTouchpoint>, seed: readonly [number, number]) {
    this.#hasher = new TextHasher(seed);
    for (const { project, name, isClientOnly = false } of listed) {
      this.#of(project).put(this.#hasher.hash(name), { name, isClientOnly });
    }
  }

  /** Stages the notes of names as records bring them; `keyTypes` are the records' codes (block/codec/flags.ts). */
  see(
    project: string,
    touchpoints: readonly (string | undefined)[],
    keyTypes: ArrayLike<number>,
    firstSeen: number,
  ): void {
    const names = this.#of(project);
    let previous: Known | undefined;
    for (let row = 0; row < touchpoints.length; row++) {
      const name = touchpoints[row];
      if (name === undefined || name.length > TOUCHPOINT_LENGTH_MAX) continue;
      const isClientOnly = keyTypes[row] === CLIENT;
      if (previous?.name === name && previous.isClientOnly === isClientOnly) continue;
      previous = { name, isClientOnly };
      const hash = this.#hasher.hash(name);
      const known = names.get(hash);
      if (known === undefined ? !names.hasRoomFor(isClientOnly) : isClientOnly || !known.isClientOnly) continue;
      const gone = known === undefined ? names.makeRoom() : undefined;
      if (gone !== undefined) this.#staged.push({ project, name: gone, firstSeen, change: "removed" });
      names.put(hash, { name, isClientOnly });
      this.#staged.push({ project, name, firstSeen, change: isClientOnly ? "client" : "server" });
    }
  }

  /** The list was changed by hand: the name stands in it now, registered. */
  add(project: string, name: string): void {
    this.#of(project).put(this.#hasher.hash(name), { name, isClientOnly: false });
  }

  /** The list was changed by hand: the name is gone, and new again when a record carries it. */
  remove(project: string, name: string): void {
    this.#projects.get(project)?.delete(this.#hasher.hash(name));
  }

  staged(): readonly TouchpointUpdate[] {
    return this.#staged;
  }

  commit(): void {
    this.#staged = [];
  }

  #of(project: string): ProjectNames {
    let names = this.#projects.get(project);
    if (names === undefined) {
      names = new ProjectNames();
      this.#projects.set(project, names);
    }
    return names;
  }
}

/** The names of one project, by their hashes. */
class ProjectNames {
  readonly #known = new Map<number, Known>();
  /** Hashes of client keys' names in the order in which they came; some are gone or others' by now. */
  readonly #clients: number[] = [];
  #clientCount = 0;

  get(hash: number): Known | undefined {
    return this.#known.get(hash);
  }

  /** Whether a new name may be listed, perhaps in another one's place. */
  hasRoomFor(isClientOnly: boolean): boolean {
    if (!isClientOnly) return this.#known.size < TOUCHPOINTS_MAX || this.#clientCount > 0;
    return this.#known.size < TOUCHPOINTS_MAX && this.#clientCount < CLIENT_TOUCHPOINTS_MAX;
  }

  /** Forgets the latest of the client keys' names where the list is full; answers which one that was. */
  makeRoom(): string | undefined {
    if (this.#known.size < TOUCHPOINTS_MAX) return undefined;
    for (let hash = this.#clients.pop(); hash !== undefined; hash = this.#clients.pop()) {
      const known = this.#known.get(hash);
      if (known?.isClientOnly !== true) continue;
      this.delete(hash);
      return known.name;
    }
    return undefined;
  }

  put(hash: number, known: Known): void {
    this.delete(hash);
    this.#known.set(hash, known);
    if (!known.isClientOnly) return;
    this.#clients.push(hash);
    this.#clientCount++;
  }

  delete(hash: number): void {
    const known = this.#known.get(hash);
    if (known === undefined) return;
    this.#known.delete(hash);
    if (known.isClientOnly) this.#clientCount--;
  }
}
