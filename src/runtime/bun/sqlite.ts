// SQLite on Bun: the driver that is built in, its classes as they are.

import { Database as BunDatabase, SQLiteError } from "bun:sqlite";
import type { Database } from "../driver.ts";

/** Opens a file for reading and writing; one that is not there is made only with `create`. Throws the driver's error. */
export function openDatabase(file: string, { create }: { readonly create: boolean }): Database {
  return new BunDatabase(file, { create, readwrite: true });
}

/** SQLite's name for what went wrong ("SQLITE_FULL", extended as "SQLITE_IOERR_WRITE"); undefined for other errors. */
export function sqliteCode(error: unknown): string | undefined {
  return error instanceof SQLiteError ? String(error.code) : undefined;
}
