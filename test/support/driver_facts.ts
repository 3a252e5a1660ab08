// What the store relies on in a SQLite driver, tried on a driver: each fact with what came of it, as JSON can say it.
// The same program for every driver, on every runtime.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Database, SqlValue } from "../../src/runtime/contract/database.ts";

export interface Driver {
  openDatabase(file: string, options: { readonly create: boolean }): Database;
  sqliteCode(error: unknown): string | undefined;
}

export type Facts = Readonly<Record<string, unknown>>;

/** Tries the driver in an empty folder. */
export function driverFacts(driver: Driver, folder: string): Facts {
  const open = (name: string) => driver.openDatabase(join(folder, name), { create: true });
  /** SQLite's primary code of what `work` throws. */
  const codeOf = (work: () => unknown): string => {
    try {
      work();
      return "no error";
    } catch (error) {
      return (driver.sqliteCode(error) ?? `not SQLite's: ${String(error)}`).split("_").slice(0, 2).join("_");
    }
  };
  return {
    ...valueFacts(open("values.db")),
    ...statementFacts(open("statements.db")),
    ...errorFacts(driver, folder, open, codeOf),
    ...closingFacts(open("closed.db"), join(folder, "closed.db-wal")),
  };
}

function closingFacts(database: Database, log: string): Facts {
  database.run("PRAGMA journal_mode = WAL");
  database.run("CREATE TABLE t (x)");
  database.prepare("INSERT INTO t VALUES (?)").run(1);
  database.query("SELECT x FROM t").all();
  const before = existsSync(log);
  database.close();
  return { "the last one that is closed leaves no log": [before, existsSync(log)] };
}

function valueFacts(database: Database): Facts {
  const echo = (value: SqlValue) => (database.query("SELECT ? AS value").get(value) as { value: unknown }).value;
  database.run("CREATE TABLE kept (id INTEGER PRIMARY KEY, name TEXT, data BLOB, at REAL, any ANY) STRICT");
  const insert = database.prepare("INSERT INTO kept (id, name, data, at, any) VALUES (?, ?, ?, ?, ?)");
  const bytes = new Uint8Array([9, 0, 1, 2, 255, 9]);
  insert.run(2 ** 53 - 1, "a\0b", bytes.subarray(1, 5), 1_795_449_657_997.25, 5);
  insert.run(2, "\ufeffGrüße 👍 \ud800", Buffer.from("xyz").subarray(1), -0.5, "text");
  insert.run(3, "", new Uint8Array(0), 1e300, null);
  insert.run(4, null, null, null, 2 ** 40);
  const shown = (rows: unknown[]) =>
    rows.map((row) =>
      Object.entries(row as Record<string, unknown>).map(([name, value]) => [
        name,
        value instanceof Uint8Array ? { bytes: [...value], isView: value.constructor.name } : value,
      ]),
    );
  const all = database.query("SELECT * FROM kept ORDER BY id").all();
  const facts = {
    "numbers come back as they went": [0, -1, 1.5, 2 ** 31, 2 ** 40, 2 ** 53 - 1, -(2 ** 53 - 1)].map(echo),
    "what is stored comes back": shown(all),
    "blobs are copies that stand alone": (all as { data: Uint8Array | null }[]).map(({ data }) => data?.byteOffset),
    "a stored text is whole": database
      .query("SELECT hex(name) AS name, length(data) AS bytes FROM kept ORDER BY id")
      .all(),
    "integers are kept as such": database
      .query("SELECT typeof(id) AS id, typeof(at) AS at FROM kept ORDER BY id")
      .values(),
    "a text with NUL is found": database.query("SELECT id FROM kept WHERE name = ?").values("a\0b"),
    "no row is null": database.query("SELECT * FROM kept WHERE id = ?").get(99),
    "no rows are none": database.query("SELECT * FROM kept WHERE id = ?").all(99),
  };
  database.close();
  return facts;
}

function statementFacts(database: Database): Facts {
  database.run(`-- Comments, and several statements of one text;
    CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
    CREATE TABLE b (c TEXT DEFAULT ';') STRICT; -- another
    INSERT INTO a (name) VALUES ('one'), ('two'), ('three');
    -- and nothing behind it
  `);
  const byName = database.query(
    "SELECT name, id FROM a WHERE ?1 IS NULL OR name = ?1 ORDER BY name LIMIT ?2 OFFSET ?3",
  );
  const before = [byName.all(null, 10, 0), byName.values(null, 2, 1), byName.get("two", 1, 0)];
  database.run("ALTER TABLE a ADD COLUMN later INTEGER");
  database.run("BEGIN IMMEDIATE");
  const during = database.inTransaction;
  database.query("INSERT INTO a (name) VALUES (?)").run("four");
  database.run("ROLLBACK");
  const facts = {
    "parameters by number, order and limits": before,
    "a statement outlives a change of the schema": byName.all("two", 1, 0),
    "transactions are known": [during, database.inTransaction],
    "a rollback undoes": database.query("SELECT count(*) AS count FROM a").get(),
    "pragmas are asked and set": [
      database.query("PRAGMA user_version").get(),
      database.run("PRAGMA user_version = 7") === null,
      database.query("PRAGMA user_version").get(),
      database.query("PRAGMA wal_checkpoint(TRUNCATE)").values(),
      database.query("PRAGMA foreign_keys").values(),
    ],
    "settings that are changed to and fro": [256, 4096, 256, 4096].map((pages) => {
      database.query(`PRAGMA wal_autocheckpoint = ${pages}`).all();
      return database.query("PRAGMA wal_autocheckpoint").values();
    }),
  };
  database.close();
  database.close();
  return facts;
}

function errorFacts(
  driver: Driver,
  folder: string,
  open: (name: string) => Database,
  codeOf: (work: () => unknown) => string,
): Facts {
  const [one, other] = [open("errors.db"), open("errors.db")];
  one.run("PRAGMA journal_mode = WAL; CREATE TABLE a (id INTEGER PRIMARY KEY, data BLOB) STRICT");
  one.run("INSERT INTO a (id) VALUES (1), (2), (3)");
  // A reader that took its first row only must not keep the log from being cut.
  other.query("SELECT id FROM a").get();
  const checkpoint = one.query("PRAGMA wal_checkpoint(TRUNCATE)").values();
  one.run("BEGIN IMMEDIATE");
  const busy = [codeOf(() => other.run("BEGIN IMMEDIATE")), codeOf(() => other.query("DELETE FROM a").run())];
  one.run("ROLLBACK");
  other.run("PRAGMA query_only = ON");
  const full = open("full.db");
  full.run("PRAGMA max_page_count = 3; CREATE TABLE a (data BLOB)");
  full.run("BEGIN");
  const fullCode = codeOf(() => full.query("INSERT INTO a (data) VALUES (zeroblob(100000))").run());
  const isStillOpen = full.inTransaction;
  writeFileSync(join(folder, "foreign.db"), "no database ".repeat(1_000));
  const foreign = open("foreign.db");
  const missing = join(folder, "missing.db");
  const facts = {
    "a finished read blocks nothing": checkpoint,
    busy: busy,
    "read-only": codeOf(() => other.query("DELETE FROM a").run()),
    full: [fullCode, isStillOpen, codeOf(() => full.run("INSERT INTO a (data) VALUES (zeroblob(100000))"))],
    "not a database": [
      codeOf(() => foreign.query("SELECT 1 FROM sqlite_schema").all()),
      codeOf(() => foreign.run("CREATE TABLE a (b)")),
    ],
    "cannot be opened": [
      codeOf(() => driver.openDatabase(missing, { create: false })),
      codeOf(() => driver.openDatabase(folder, { create: true })),
      codeOf(() => driver.openDatabase(join(missing, "a.db"), { create: true })),
    ],
    "a wrong statement": [
      codeOf(() => one.query("SELEKT 1")),
      codeOf(() => one.run("SELECT 1; SELEKT 1")),
      codeOf(() => one.query("SELECT * FROM nothing")),
    ],
    "a constraint": codeOf(() => one.query("INSERT INTO a (id) VALUES (?)").run(1)),
    "a wrong type": codeOf(() => one.query("INSERT INTO a (data) VALUES (?)").run("text")),
    "not SQLite's": driver.sqliteCode(new Error("SQLITE_FULL")) ?? "no code",
  };
  for (const database of [one, other, full, foreign]) database.close();
  return facts;
}
