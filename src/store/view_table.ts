// The saved views. In: one change, within a transaction of the caller's. Out: the row as it is now, or why there is none;
// a refusal has changed nothing.

import type { ChangeOutcome } from "../core/changes.ts";
import { VIEWS_MAX } from "../core/limits.ts";
import type { SavedView, ViewChange } from "../core/views.ts";
import type { Database, Statement } from "../runtime/contract/database.ts";

interface Row {
  readonly id: number;
  readonly project: string;
  readonly name: string;
  readonly address: string;
  readonly changedAt: number;
}

/** Its rows, by name. */
export const SELECT_VIEWS = "SELECT id, project, name, address, changed_at AS changedAt FROM views";

const STATEMENTS = {
  select: `${SELECT_VIEWS} WHERE id = ?`,
  named: "SELECT id FROM views WHERE project = ? AND name = ?",
  counts: "SELECT count(*) AS count, coalesce(max(id), 0) AS last FROM views",
  put:
    "INSERT INTO views (id, project, name, address, changed_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE " +
    "SET project = excluded.project, name = excluded.name, address = excluded.address, changed_at = excluded.changed_at",
  delete: "DELETE FROM views WHERE id = ?",
} as const;

export class ViewTable {
  readonly #statements: Readonly<Record<keyof typeof STATEMENTS, Statement>>;

  constructor(database: Database) {
    const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, database.prepare(sql)]);
    this.#statements = Object.fromEntries(prepared) as Record<keyof typeof STATEMENTS, Statement>;
  }

  /** Makes a change. `now` in Unix ms. Refusals: not_found, already_there, limit. */
  change(change: ViewChange, now: number): ChangeOutcome {
    if (change.kind === "save_view") return this.#save(change, now);
    const row = this.#statements.select.get(change.id) as Row | null;
    if (row === null) return refuse("not_found", `there is no view ${change.id}`);
    if (change.kind === "change_view") {
      const { name = row.name, address = row.address } = change;
      const project = change.project === undefined ? row.project : (change.project ?? "");
      return this.#put({ id: row.id, project, name, address, changedAt: now });
    }
    this.#statements.delete.run(change.id);
    return { ok: true };
  }

  #save({ name, project, address }: Extract<ViewChange, { readonly kind: "save_view" }>, now: number): ChangeOutcome {
    const { count, last } = this.#statements.counts.get() as { count: number; last: number };
    if (count >= VIEWS_MAX) {
      return refuse("limit", `there are ${count} saved views, the most there can be; delete some first`);
    }
    // An id by the clock: an open page never means another view by the id of a deleted one.
    return this.#put({
      id: Math.max(Math.floor(now), last + 1),
      project: project ?? "",
      name,
      address,
      changedAt: now,
    });
  }

  #put(row: Row): ChangeOutcome {
    const { id, project, name, address, changedAt } = row;
    const other = this.#statements.named.get(project, name) as { id: number } | null;
    if (other !== null && other.id !== id) {
      const owner = project === "" ? "for everybody" : `of project ${JSON.stringify(project)}`;
      return refuse("already_there", `there is a view ${JSON.stringify(name)} ${owner} already: choose another name`);
    }
    this.#statements.put.run(id, project, name, address, changedAt);
    return { ok: true, view: shownView(row) };
  }
}

/** A row as it is shown. */
export function shownView({ project, ...row }: Row): SavedView {
  return { ...row, project: project === "" ? null : project };
}

function refuse(code: "not_found" | "already_there" | "limit", message: string): ChangeOutcome {
  return { ok: false, refusal: { code, message } };
}
