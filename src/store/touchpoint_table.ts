// The list of touchpoints that people edit. In: one change, within a transaction of the caller's. Out: the row as it is
// now, or why there is none; a refusal has changed nothing.
//
// Records carry their touchpoint by name, so nothing here touches history: registering a name attaches what is stored
// under it, and a name that is deleted or renamed away leaves the list whole. Should records still come with it, it is
// new again and stands there unregistered, which is how one learns that something still sends it.

import type { ListedTouchpoint, TouchpointUpdate } from "../commit/group_write.ts";
import { foldText } from "../core/case_folding.ts";
import type { ChangeOutcome } from "../core/changes.ts";
import { TOUCHPOINTS_MAX } from "../core/limits.ts";
import type { Database, Statement } from "../runtime/contract/database.ts";

interface Row {
  readonly registered: number;
  readonly firstSeen: number;
}

/** A project by its row and its name. */
export interface ChangedProject {
  readonly id: number;
  readonly name: string;
}

/** What registering all seen names did. */
export interface SeenNames {
  /** The names that are registered now. */
  readonly names: readonly { readonly project: string; readonly name: string }[];
  /** How many more there are. */
  readonly left: number;
}

/** Whether only client keys sent a name. */
const IS_CLIENTS =
  "EXISTS (SELECT 1 FROM client_touchpoints AS clients " +
  "WHERE clients.project = touchpoints.project AND clients.name = touchpoints.name)";

const STATEMENTS = {
  select: "SELECT registered, first_seen AS firstSeen FROM touchpoints WHERE project = ? AND name = ?",
  count: "SELECT count(*) AS count FROM touchpoints WHERE project = ?",
  list: "INSERT OR IGNORE INTO touchpoints (project, name, registered, first_seen) VALUES (?, ?, 0, ?)",
  register:
    "INSERT INTO touchpoints (project, name, registered, first_seen) VALUES (?, ?, 1, ?) " +
    "ON CONFLICT (project, name) DO UPDATE SET registered = 1",
  delete: "DELETE FROM touchpoints WHERE project = ? AND name = ?",
  markClients: "INSERT OR IGNORE INTO client_touchpoints (project, name) VALUES (?, ?)",
  unmarkClients: "DELETE FROM client_touchpoints WHERE project = ? AND name = ?",
  // The one that is missed least: client keys' before others, the latest first.
  dispensable:
    "SELECT name FROM touchpoints WHERE project = ? AND registered = 0 " +
    `ORDER BY ${IS_CLIENTS} DESC, first_seen DESC, name DESC LIMIT 1`,
} as const;

export class TouchpointTable {
  readonly #database: Database;
  readonly #statements: Readonly<Record<keyof typeof STATEMENTS, Statement>>;

  constructor(database: Database) {
    this.#database = database;
    const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, database.prepare(sql)]);
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof STATEMENTS, Statement>;
  }

  /** All names, by project and in the order in which they were first seen. */
  listed(): ListedTouchpoint[] {
    const sql =
      `SELECT projects.name AS project, touchpoints.name AS name, ${IS_CLIENTS} AS isClientOnly ` +
      "FROM touchpoints JOIN projects ON projects.id = project ORDER BY projects.id, first_seen, touchpoints.name";
    const rows = this.#database.query(sql).all() as { project: string; name: string; isClientOnly: number }[];
    return rows.map(({ isClientOnly, ...row }) => (isClientOnly === 0 ? row : { ...row, isClientOnly: true }));
  }

  /** Makes a change that records make; within their transaction. */
  apply(project: number, { name, firstSeen, change }: TouchpointUpdate): void {
    if (change === "removed") {
      this.#remove(project, name);
      return;
    }
    this.#statements.list.run(project, name, firstSeen);
    if (change === "client") this.#statements.markClients.run(project, name);
    else this.#statements.unmarkClients.run(project, name);
  }

  /**
   * Registers a name, known or not; where the list is full, one that nobody registered leaves it. `now` in Unix ms.
   * Refusals: already_there, limit.
   */
  register(project: ChangedProject, name: string, now: number): ChangeOutcome {
    const row = this.#row(project, name);
    if (row?.registered === 1) return alreadyThere(project, name);
    const { count } = this.#statements.count.get(project.id) as { count: number };
    if (row !== null || count < TOUCHPOINTS_MAX) return this.#registered(project, name, row?.firstSeen ?? now);
    const dispensable = this.#statements.dispensable.get(project.id) as { name: string } | null;
    if (dispensable === null) {
      const message = `cannot register ${JSON.stringify(name)}: project ${JSON.stringify(project.name)} has ${count} registered touchpoints, the most it can have; delete some first`;
      return { ok: false, refusal: { code: "limit", message } };
    }
    this.#remove(project.id, dispensable.name);
    return { ...this.#registered(project, name, now), unlisted: dispensable.name };
  }

  /**
   * Registers the names that were seen and are not registered, `max` at most, by project and name.
   * @param project undefined: of every project
   * @param contains only names with this text in them, in any case
   */
  registerSeen(project: string | undefined, contains: string, max: number): SeenNames {
    const sql =
      "SELECT projects.id AS id, projects.name AS project, touchpoints.name AS name, first_seen AS firstSeen " +
      "FROM touchpoints JOIN projects ON projects.id = project " +
      "WHERE registered = 0 AND (?1 IS NULL OR projects.name = ?1) ORDER BY 2, 3";
    const rows = this.#database.query(sql).all(project ?? null) as {
      readonly id: number;
      readonly project: string;
      readonly name: string;
      readonly firstSeen: number;
    }[];
    const wanted = foldText(contains);
    const matching = wanted === "" ? rows : rows.filter(({ name }) => foldText(name).includes(wanted));
    const names = matching.slice(0, max);
    for (const { id, project, name, firstSeen } of names) this.#registered({ id, name: project }, name, firstSeen);
    return { names, left: matching.length - names.length };
  }

  /**
   * Gives a registered name in place of a known one, whether that was registered or not. Refusals: not_found,
   * already_there.
   */
  rename(project: ChangedProject, name: string, to: string): ChangeOutcome {
    const row = this.#row(project, name);
    if (row === null) return notFound(project, name);
    const target = name === to ? null : this.#row(project, to);
    if (target?.registered === 1) return alreadyThere(project, to);
    if (name !== to) this.#remove(project.id, name);
    return this.#registered(project, to, target?.firstSeen ?? row.firstSeen);
  }

  /** Takes a name from the list. Refusals: not_found. */
  delete(project: ChangedProject, name: string): ChangeOutcome {
    if (this.#row(project, name) === null) return notFound(project, name);
    this.#remove(project.id, name);
    return { ok: true };
  }

  #row(project: ChangedProject, name: string): Row | null {
    return this.#statements.select.get(project.id, name) as Row | null;
  }

  #remove(project: number, name: string): void {
    this.#statements.delete.run(project, name);
    this.#statements.unmarkClients.run(project, name);
  }

  #registered(project: ChangedProject, name: string, firstSeen: number) {
    this.#statements.register.run(project.id, name, firstSeen);
    this.#statements.unmarkClients.run(project.id, name);
    return { ok: true as const, touchpoint: { project: project.name, name, registered: true, firstSeen } };
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
