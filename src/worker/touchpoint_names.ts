// The touchpoint names that each project's dictionary knows, so that the store hears of a new one once.

import { TOUCHPOINTS_MAX } from "../core/limits.ts";

export interface NewTouchpoint {
  readonly project: string;
  readonly name: string;
  /** Unix ms. */
  readonly firstSeen: number;
}

export class TouchpointNames {
  readonly #known = new Map<string, Set<string>>();
  #staged: NewTouchpoint[] = [];

  constructor(names: Iterable<{ readonly project: string; readonly name: string }>) {
    for (const { project, name } of names) this.#of(project).add(name);
  }

  /** Stages the names that are new; past TOUCHPOINTS_MAX a project they are left to the records alone. */
  see(project: string, touchpoints: readonly (string | undefined)[], now: number): void {
    const known = this.#of(project);
    for (const name of touchpoints) {
      if (name === undefined || known.has(name) || known.size >= TOUCHPOINTS_MAX) continue;
      known.add(name);
      this.#staged.push({ project, name, firstSeen: now });
    }
  }

  /** The list was changed by hand: the name stands in it now. */
  add(project: string, name: string): void {
    this.#of(project).add(name);
  }

  /** The list was changed by hand: the name is gone, and new again when a record carries it. */
  remove(project: string, name: string): void {
    this.#known.get(project)?.delete(name);
  }

  staged(): readonly NewTouchpoint[] {
    return this.#staged;
  }

  commit(): void {
    this.#staged = [];
  }

  #of(project: string): Set<string> {
    let known = this.#known.get(project);
    if (known === undefined) {
      known = new Set();
      this.#known.set(project, known);
    }
    return known;
  }
}
