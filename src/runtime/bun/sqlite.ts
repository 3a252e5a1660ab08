// SQLite on Bun: the driver that is built in. Its statements are used as they are. Put right here is the end of a
// connection: Bun would leave it open until its prepared statements are collected, with all its locks, and at the end
// of the process cut its log, even one whose data file has moved away.

import { Database as BunDatabase, constants, SQLiteError } from "bun:sqlite";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Database, Statement } from "../contract/database.ts";

/**
 * Opens a file for reading and writing; one that is not there is made only with `create`. Throws the driver's error.
 */
export function openDatabase(file: string, { create }: { readonly create: boolean }): Database {
  return new ClosingDatabase(new BunDatabase(file, { create, readwrite: true }));
}

/**
 * Opens a file that is there without changing it or its log. `isImmutable`: nobody writes it, and it has no log; then
 * nothing is made beside it either. Throws the driver's error.
 */
export function openReadOnly(file: string, { isImmutable }: { readonly isImmutable: boolean }): Database {
  if (!isImmutable) return new ClosingDatabase(new BunDatabase(file, { readonly: true }));
  const url = `${pathToFileURL(resolve(file)).href}?immutable=1`;
  return new ClosingDatabase(new BunDatabase(url, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI));
}

/** SQLite's name for what went wrong ("SQLITE_FULL", extended as "SQLITE_IOERR_WRITE"); undefined for other errors. */
export function sqliteCode(error: unknown): string | undefined {
  return error instanceof SQLiteError ? String(error.code) : undefined;
}

class ClosingDatabase implements Database {
  readonly #database: BunDatabase;
  /** Some tens at most: a connection prepares each once. The driver ends those of `query` by itself. */
  readonly #prepared: { finalize(): void }[] = [];

  constructor(database: BunDatabase) {
    this.#database = database;
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  run(sql: string): unknown {
    return this.#database.run(sql);
  }

  query(sql: string): Statement {
    return this.#database.query(sql);
  }

  prepare(sql: string): Statement {
    const statement = this.#database.prepare(sql);
    this.#prepared.push(statement);
    return statement;
  }

  close(): void {
    for (const statement of this.#prepared.splice(0)) statement.finalize();
    this.#database.close();
  }
}
