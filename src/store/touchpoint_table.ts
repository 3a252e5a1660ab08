// The list of touchpoints that people edit. In: one change, within a transaction of the caller's. Out: the row as it is now,
// or why there is none; a refusal has changed nothing.
//
// Records carry their touchpoint by name, so nothing here touches history: registering a name attaches what is stored under
// it, and a name that is deleted or renamed away leaves the list whole. Should records still come with it, it is new again
// and stands there unregistered, which is how one learns that something still sends it.

import type { ChangeOutcome } from "../core/changing.ts";
import { TOUCHPOINTS_MAX } from "../core/limits.ts";
import type { Database, Statement } from "../runtime/driver.ts";

interface Row {
  readonly registered: number;
  readonly firstSeen: number;
}

/** A project by its row and its name. */
export interface ChangedProject {
  readonly id: number;
  readonly name: string;
}

export class TouchpointTable {
  readonly #select: Statement;
  readonly #count: Statement;
  readonly #put: Statement;
  readonly #delete: Statement;

  constructor(database: Database) {
    this.#select = database.prepare(
      "SELECT registered, first_seen AS firstSeen FROM touchpoints WHERE project = ? AND name = ?",
    );
    this.#count = database.prepare("SELECT count(*) AS count FROM touchpoints WHERE project = ?");
    this.#put = database.prepare(
      "INSERT INTO touchpoints (project, name, registered, first_seen) VALUES (?, ?, 1, ?) " +
        "ON CONFLICT (project, name) DO UPDATE SET registered = 1",
    );
    this.#delete = database.prepare("DELETE FROM touchpoints WHERE project = ? AND name = ?");
  }

  /** Registers a name, known or not. `now` in Unix ms. Refusals: already_there, limit. */
  register(project: ChangedProject, name: string, now: number): ChangeOutcome {
    const row = this.#row(project, name);
    if (row?.registered === 1) return alreadyThere(project, name);
    if (row === null) {
      const { count } = this.#count.get(project.id) as { count: number };
      if (count >= TOUCHPOINTS_MAX) {
        const message = `cannot register ${JSON.stringify(name)}: project ${JSON.stringify(project.name)} has ${count} touchpoints, the most it can have; delete some first`;
        return { ok: false, refusal: { code: "limit", message } };
      }
    }
    return this.#registered(project, name, row?.firstSeen ?? now);
  }

  /** Gives a registered name in place of a known one, whether that was registered or not. Refusals: not_found, already_there. */
  rename(project: ChangedProject, name: string, to: string): ChangeOutcome {
    const row = this.#row(project, name);
    if (row === null) return notFound(project, name);
    const target = name === to ? null : this.#row(project, to);
    if (target?.registered === 1) return alreadyThere(project, to);
    if (name !== to) this.#delete.run(project.id, name);
    return this.#registered(project, to, target?.firstSeen ?? row.firstSeen);
  }

  /** Takes a name from the list. Refusals: not_found. */
  delete(project: ChangedProject, name: string): ChangeOutcome {
    if (this.#row(project, name) === null) return notFound(project, name);
    this.#delete.run(project.id, name);
    return { ok: true };
  }

  #row(project: ChangedProject, name: string): Row | null {
    return this.#select.get(project.id, name) as Row | null;
  }

  #registered(project: ChangedProject, name: string, firstSeen: number): ChangeOutcome {
    this.#put.run(project.id, name, firstSeen);
    return { ok: true, touchpoint: { project: project.name, name, registered: true, firstSeen } };
  }
}

function alreadyThere(project: ChangedProject, name: string): ChangeOutcome {
  const message = `touchpoint ${JSON.stringify(name)} is registered in project ${JSON.stringify(project.name)} already`;
  return { ok: false, refusal: { code: "already_there", message } };
}

function notFound(project: ChangedProject, name: string): ChangeOutcome {
  const message = `there is no touchpoint ${JSON.stringify(name)} in project ${JSON.stringify(project.name)}`;
  return { ok: false, refusal: { code: "not_found", message } };
}
