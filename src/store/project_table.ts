// Projects by name and by row id. A new project gets its row in the transaction that first needs it. Other transactions
// know it only after that one is committed.

import type { Database, Statement } from "../runtime/contract/database.ts";

export class ProjectTable {
  readonly #insert: Statement;
  readonly #ids = new Map<string, number>();
  readonly #names = new Map<number, string>();
  /** Inserted in the transaction that runs. */
  readonly #new = new Map<string, number>();

  constructor(database: Database) {
    this.#insert = database.prepare("INSERT INTO projects (id, name) VALUES (?, ?)");
    const rows = database.query("SELECT id, name FROM projects").all() as { id: number; name: string }[];
    for (const { id, name } of rows) this.#know(name, id);
  }

  /** The row of a project that has one. */
  idOf(name: string): number | undefined {
    return this.#ids.get(name) ?? this.#new.get(name);
  }

  /** The names of all that have a row. */
  names(): string[] {
    return [...this.#ids.keys()];
  }

  /** The name of a row; undefined for one that is not there, as a block's damaged zone map may have it. */
  knownName(id: number): string | undefined {
    return this.#names.get(id);
  }

  /** The name of a row. */
  nameOf(id: number): string {
    const name = this.#names.get(id);
    if (name === undefined) throw new Error(`invariant broken: project ${id} is known`);
    return name;
  }

  /** The row of a project, made where it has none; within a transaction. */
  ensure(name: string): number {
    const known = this.idOf(name);
    if (known !== undefined) return known;
    const id = this.#ids.size + this.#new.size + 1;
    this.#insert.run(id, name);
    this.#new.set(name, id);
    return id;
  }

  committed(): void {
    for (const [name, id] of this.#new) this.#know(name, id);
    this.#new.clear();
  }

  rolledBack(): void {
    this.#new.clear();
  }

  #know(name: string, id: number): void {
    this.#ids.set(name, id);
    this.#names.set(id, name);
  }
}
