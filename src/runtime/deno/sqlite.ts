// SQLite on Deno: node:sqlite made to fit the store's interface. What is put right here, all seen in Deno 2.9: only
// prepared statements say an error's code, and an open that fails says none; a text is read up to its first NUL;
// numbers beyond 2^53 throw where Bun rounds; no row is undefined, not null; and a connection does not keep its
// statements.

import assert from "node:assert";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import type { Database, SqlValue, Statement } from "../contract/database.ts";

/** Statements that a connection keeps; the one not asked for the longest goes first. */
const KEPT_STATEMENTS_MAX = 100;

/** SQLite's primary result codes (sqlite.org/rescode.html) that a statement can end with, by number. */
const CODE_NAMES: readonly string[] =
  "OK ERROR INTERNAL PERM ABORT BUSY LOCKED NOMEM READONLY INTERRUPT IOERR CORRUPT NOTFOUND FULL CANTOPEN PROTOCOL EMPTY SCHEMA TOOBIG CONSTRAINT MISMATCH MISUSE NOLFS AUTH FORMAT RANGE NOTADB"
    .split(" ")
    .map((name) => `SQLITE_${name}`);

/**
 * Opens a file for reading and writing; one that is not there is made only with `create`. Throws the driver's error.
 */
export function openDatabase(file: string, { create }: { readonly create: boolean }): Database {
  return new NodeDatabase(file, create);
}

/**
 * Opens a file that is there without changing it or its log. `isImmutable`: nobody writes it, and it has no log; then
 * nothing is made beside it either, which needs all permissions. Throws the driver's error.
 */
export function openReadOnly(file: string, { isImmutable }: { readonly isImmutable: boolean }): Database {
  return new NodeDatabase(file, false, isImmutable ? "immutable" : "read_only");
}

/** SQLite's name for what went wrong ("SQLITE_FULL"), never extended; undefined for other errors. */
export function sqliteCode(error: unknown): string | undefined {
  if (error instanceof MissingFileError) return "SQLITE_CANTOPEN";
  if (!(error instanceof Error) || !("code" in error) || error.code !== "ERR_SQLITE_ERROR") return undefined;
  // Everything but an open goes through prepared statements, whose errors have a number.
  if (!("errcode" in error) || typeof error.errcode !== "number") return "SQLITE_CANTOPEN";
  const primary = error.errcode & 0xff;
  return CODE_NAMES[primary] ?? `SQLITE_${primary}`;
}

/** What SQLite itself says of a file that is not there and must not be made. */
class MissingFileError extends Error {}

class NodeDatabase implements Database {
  readonly #database: DatabaseSync;
  readonly #kept = new Map<string, Statement>();
  #isOpen = true;

  constructor(file: string, create: boolean, access: "write" | "read_only" | "immutable" = "write") {
    // With permissions for some files only, Deno takes no URI, which could say "only if it is there". Absolute, or a
    // name could be taken for one.
    if (!create && !existsSync(file)) throw new MissingFileError(`unable to open database file: ${file}`);
    const url = `${pathToFileURL(resolve(file)).href}?immutable=1`;
    this.#database = new DatabaseSync(access === "immutable" ? url : resolve(file), {
      enableForeignKeyConstraints: false,
      readOnly: access !== "write",
    });
  }

  get inTransaction(): boolean {
    return this.#isOpen && this.#database.isTransaction;
  }

  run(sql: string): void {
    let rest = sql;
    while (!isBlank(rest)) {
      const statement = this.#database.prepare(rest);
      statement.run();
      // SQLite keeps of the text what the statement took: the first one of it.
      const taken = statement.sourceSQL.length;
      assert(taken > 0, "a statement has a text");
      rest = rest.slice(taken);
    }
  }

  query(sql: string): Statement {
    // Many pragmas work while they are compiled, so once for each statement.
    if (sql.startsWith("PRAGMA")) return this.prepare(sql);
    const statement = this.#kept.get(sql) ?? this.prepare(sql);
    this.#kept.delete(sql);
    this.#kept.set(sql, statement);
    if (this.#kept.size > KEPT_STATEMENTS_MAX) {
      const [oldest] = this.#kept.keys();
      if (oldest !== undefined) this.#kept.delete(oldest);
    }
    return statement;
  }

  prepare(sql: string): Statement {
    return new NodeStatement(this.#database, sql);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#kept.clear();
    this.#database.close();
  }
}

class NodeStatement implements Statement {
  readonly #database: DatabaseSync;
  readonly #sql: string;
  readonly #rows: StatementSync;
  /** The same statement, for rows as arrays: made when it is first needed. */
  #arrays: StatementSync | undefined;
  /** The columns that come as the bytes of a text. */
  readonly #texts: ReadonlySet<string>;
  readonly #textIndexes: readonly number[];

  constructor(database: DatabaseSync, sql: string) {
    this.#database = database;
    const plain = database.prepare(sql);
    const columns = /^\s*SELECT\b/i.test(sql) ? plain.columns() : [];
    const texts = columns.filter(({ type }) => type === "TEXT").map(({ name }) => name);
    this.#texts = new Set(texts);
    this.#textIndexes = columns.flatMap(({ name }, index) => (this.#texts.has(name) ? [index] : []));
    this.#sql =
      texts.length === 0
        ? sql
        : withTextAsBytes(
            sql,
            columns.map(({ name }) => name),
            this.#texts,
          );
    this.#rows = texts.length === 0 ? plain : database.prepare(this.#sql);
  }

  run(...values: SqlValue[]): { readonly changes: number | bigint } {
    return this.#rows.run(...values);
  }

  get(...values: SqlValue[]): unknown {
    const row = this.#rows.get(...values);
    return row === undefined ? null : this.#withTexts(row);
  }

  all(...values: SqlValue[]): unknown[] {
    const rows = this.#rows.all(...values);
    if (this.#texts.size > 0) for (const row of rows) this.#withTexts(row);
    return rows;
  }

  values(...values: SqlValue[]): unknown[][] {
    if (this.#arrays === undefined) {
      this.#arrays = this.#database.prepare(this.#sql);
      this.#arrays.setReturnArrays(true);
    }
    const rows = this.#arrays.all(...values) as unknown as SQLOutputValue[][];
    for (const row of rows) for (const index of this.#textIndexes) row[index] = textOf(row[index] ?? null);
    return rows;
  }

  #withTexts(row: Record<string, SQLOutputValue>): Record<string, SQLOutputValue> {
    for (const name of this.#texts) row[name] = textOf(row[name] ?? null);
    return row;
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function textOf(value: SQLOutputValue): SQLOutputValue {
  return value instanceof Uint8Array ? decoder.decode(value) : value;
}

/** A query whose text columns come as bytes, which are read whole. The order of its rows stays. */
function withTextAsBytes(sql: string, names: readonly string[], texts: ReadonlySet<string>): string {
  const columns = names.map((name) => (texts.has(name) ? `CAST("${name}" AS BLOB) AS "${name}"` : `"${name}"`));
  return `SELECT ${columns.join(", ")} FROM (${sql})`;
}

/** Whether nothing but space and comments is left. */
function isBlank(sql: string): boolean {
  return /^(?:\s|--[^\n]*(?:\n|$))*$/.test(sql);
}
