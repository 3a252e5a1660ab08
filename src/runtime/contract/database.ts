// What the store asks of a SQLite driver. The runtimes' own drivers stand behind it, in the twins of sqlite.ts; Bun's
// statements fit it as they are, so no call of one goes through a wrapper there.

/** What a statement takes. Columns and expressions answer the same, integers as numbers. */
export type SqlValue = string | number | bigint | null | Uint8Array;

/** A prepared statement; its values are bound by their place. Every call runs it to its end and leaves it reset. */
export interface Statement {
  /** Answers how many rows it changed. */
  run(...values: SqlValue[]): { readonly changes: number | bigint };
  /** The first row by its columns' names, or null. */
  get(...values: SqlValue[]): unknown;
  all(...values: SqlValue[]): unknown[];
  /** As `all`, each row an array in the order of its columns. */
  values(...values: SqlValue[]): unknown[][];
}

/** One connection. What fails throws the driver's error, for which the twins' `sqliteCode` has the code. */
export interface Database {
  readonly inTransaction: boolean;
  /** Runs all statements of a text. */
  run(sql: string): unknown;
  /** A statement that the connection keeps for the next time the same text is asked for. */
  query(sql: string): Statement;
  prepare(sql: string): Statement;
  /** Ends the connection, and its statements with it at the latest when they are collected. Again: nothing. */
  close(): void;
}
