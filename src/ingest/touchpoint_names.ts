// The touchpoint names of each project's list, so that each new name is written to the file once. In: the names of
// records, each with the type of the key that sent it. Out: updates of the list, for the transaction that writes the
// records.
//
// Clients choose names, so the list is bounded. A name that is too long is stored with its records only. Of
// TOUCHPOINTS_MAX names a project, those that only client keys sent are half at most; where the list is full, a
// server's new name replaces the latest of them. Names are found by a keyed hash of 53 bits, so that nobody can make
// two meet: two are mixed up with a chance of 10^-12.

import { keyTypeCodeOf } from "../block/codec/flags.ts";
import type { ListedTouchpoint, TouchpointUpdate } from "../commit/group_write.ts";
import { CLIENT_TOUCHPOINTS_MAX, TOUCHPOINTS_MAX } from "../core/limits.ts";
import { TOUCHPOINT_LENGTH_MAX } from "../core/touchpoint.ts";
import { TextHasher } from "./pairing/keyed_hash.ts";

/** A listed name. */
interface Listed {
  readonly name: string;
  isClientOnly: boolean;
}

const CLIENT = keyTypeCodeOf("client");

/** The names of all projects. */
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

  /**
   * Stages the updates for the names of some records. `keyTypes` are the records' codes (block/codec/flags.ts);
   * `firstSeen` is Unix ms.
   */
  addRecords(
    project: string,
    touchpoints: readonly (string | undefined)[],
    keyTypes: ArrayLike<number>,
    firstSeen: number,
  ): void {
    const names = this.#of(project);
    let previous: Listed | undefined;
    for (let row = 0; row < touchpoints.length; row++) {
      const name = touchpoints[row];
      if (name === undefined || name.length > TOUCHPOINT_LENGTH_MAX) continue;
      const isClientOnly = keyTypes[row] === CLIENT;
      if (previous?.name === name && previous.isClientOnly === isClientOnly) continue;
      previous = { name, isClientOnly };
      const hash = this.#hasher.hash(name);
      const known = names.get(hash);
      if (known === undefined ? !names.hasRoomFor(isClientOnly) : isClientOnly || !known.isClientOnly) continue;
      const replaced = known === undefined ? names.makeRoom() : undefined;
      if (replaced !== undefined) this.#staged.push({ project, name: replaced, firstSeen, change: "removed" });
      names.put(hash, { name, isClientOnly });
      this.#staged.push({ project, name, firstSeen, change: isClientOnly ? "client" : "server" });
    }
  }

  /** A person registered the name. */
  add(project: string, name: string): void {
    this.#of(project).put(this.#hasher.hash(name), { name, isClientOnly: false });
  }

  /** The name left the list: a record that carries it makes it new again. */
  remove(project: string, name: string): void {
    this.#projects.get(project)?.delete(this.#hasher.hash(name));
  }

  /** The updates since the last `commit`, in their order. */
  staged(): readonly TouchpointUpdate[] {
    return this.#staged;
  }

  /** The staged updates were written. */
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
  readonly #listed = new Map<number, Listed>();
  /** Hashes of names that only client keys sent, in order of arrival; some are removed, or a server's by now. */
  readonly #clients: number[] = [];
  #clientCount = 0;

  get(hash: number): Listed | undefined {
    return this.#listed.get(hash);
  }

  /** Whether a new name can be listed, perhaps in place of another. */
  hasRoomFor(isClientOnly: boolean): boolean {
    if (!isClientOnly) return this.#listed.size < TOUCHPOINTS_MAX || this.#clientCount > 0;
    return this.#listed.size < TOUCHPOINTS_MAX && this.#clientCount < CLIENT_TOUCHPOINTS_MAX;
  }

  /** Where the list is full, removes the latest name that only client keys sent, and returns it. */
  makeRoom(): string | undefined {
    if (this.#listed.size < TOUCHPOINTS_MAX) return undefined;
    for (let hash = this.#clients.pop(); hash !== undefined; hash = this.#clients.pop()) {
      const known = this.#listed.get(hash);
      if (known?.isClientOnly !== true) continue;
      this.delete(hash);
      return known.name;
    }
    return undefined;
  }

  put(hash: number, known: Listed): void {
    this.delete(hash);
    this.#listed.set(hash, known);
    if (!known.isClientOnly) return;
    this.#clients.push(hash);
    this.#clientCount++;
  }

  delete(hash: number): void {
    const known = this.#listed.get(hash);
    if (known === undefined) return;
    this.#listed.delete(hash);
    if (known.isClientOnly) this.#clientCount--;
  }
}
