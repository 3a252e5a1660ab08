// SQLite on Bun: the driver that is built in. Its classes are used as they are, but for the end of a connection: Bun would leave it open
// until its prepared statements are collected, with all its locks, and at the end of the process cut its log, even one whose
// data file has moved away. (Statements of `query` it ends by itself.)

import { Database as BunDatabase, constants, SQLiteError, type SQLQueryBindings, type Statement } from "bun:sqlite";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Database } from "../driver.ts";

/** Opens a file for reading and writing; one that is not there is made only with `create`. Throws the driver's error. */
export function openDatabase(file: string, { create }: { readonly create: boolean }): Database {
  return new ClosingDatabase(file, { create, readwrite: true });
}

/**
 * Opens a file that is there without changing it or its log. `isImmutable`: nobody writes it, and it has no log; then nothing is made
 * beside it either. Throws the driver's error.
 */
export function openReadOnly(file: string, { isImmutable }: { readonly isImmutable: boolean }): Database {
  if (!isImmutable) return new BunDatabase(file, { readonly: true });
  const url = `${pathToFileURL(resolve(file)).href}?immutable=1`;
  return new BunDatabase(url, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI);
}

/** SQLite's name for what went wrong ("SQLITE_FULL", extended as "SQLITE_IOERR_WRITE"); undefined for other errors. */
export function sqliteCode(error: unknown): string | undefined {
  return error instanceof SQLiteError ? String(error.code) : undefined;
}

class ClosingDatabase extends BunDatabase {
  /** Some tens at most: they are prepared once a connection. */
  readonly #prepared: { finalize(): void }[] = [];

  override prepare<Row, Values extends SQLQueryBindings | SQLQueryBindings[]>(
    sql: string,
    values?: Values,
  ): Statement<Row, Values extends unknown[] ? Values : [Values]> {
    const statement = super.prepare<Row, Values>(sql, values);
    this.#prepared.push(statement);
    return statement;
  }

  override close(): void {
    for (const statement of this.#prepared.splice(0)) statement.finalize();
    super.close();
  }
}
