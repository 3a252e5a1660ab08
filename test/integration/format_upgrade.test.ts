import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { openForReading, openForWriting } from "../../src/store/database.ts";
import { APPLICATION_ID, FORMAT_VERSION } from "../../src/store/schema.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { withFolder } from "../support/folder.ts";
import { groupOf, NOTHING, NOW, recordOf } from "../support/groups.ts";

/** The tables as the first version made them. */
const FORMAT_1 = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE projects (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE blocks (
  id INTEGER PRIMARY KEY, project INTEGER NOT NULL, day INTEGER NOT NULL, records INTEGER NOT NULL,
  id_min INTEGER NOT NULL, id_max INTEGER NOT NULL, time_min REAL NOT NULL, time_max REAL NOT NULL,
  received_min REAL NOT NULL, received_max REAL NOT NULL,
  debug INTEGER NOT NULL, info INTEGER NOT NULL, warn INTEGER NOT NULL, error INTEGER NOT NULL,
  completed INTEGER NOT NULL, started INTEGER NOT NULL, unfinished INTEGER NOT NULL, orphaned INTEGER NOT NULL,
  bytes INTEGER NOT NULL, raw_bytes INTEGER NOT NULL, checksum INTEGER NOT NULL
) STRICT;
CREATE TABLE pieces (key INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum INTEGER NOT NULL, data BLOB NOT NULL) STRICT;
CREATE TABLE touchpoints (
  project INTEGER NOT NULL, name TEXT NOT NULL, registered INTEGER NOT NULL, first_seen REAL NOT NULL,
  PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE usage (
  project INTEGER NOT NULL, month TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,
  PRIMARY KEY (project, month, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE waiting (id INTEGER PRIMARY KEY, item TEXT NOT NULL) STRICT;
CREATE TABLE journal (id INTEGER PRIMARY KEY, received_at REAL NOT NULL, kind TEXT NOT NULL, data BLOB NOT NULL) STRICT;
CREATE TABLE rejections (
  id INTEGER PRIMARY KEY, project INTEGER NOT NULL, api_key TEXT NOT NULL, received_at REAL NOT NULL,
  reason TEXT NOT NULL, entry TEXT NOT NULL
) STRICT;
CREATE TABLE set_aside (
  id INTEGER PRIMARY KEY, project INTEGER NOT NULL, api_key TEXT NOT NULL, received_at REAL NOT NULL,
  entries INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
INSERT INTO meta VALUES ('seed', '1,2');
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = 1;
`;

/** A file of format 1 with two records in a block and a touchpoint, as the first version left it. */
function makeFormat1(file: string): void {
  const old = `${file}.new`;
  const store = new StoreWriter(old, "write", "run");
  store.commit(
    groupOf("shop", [recordOf(1), recordOf(2)], {
      touchpoints: [{ project: "shop", name: "a/b", firstSeen: NOW, change: "server" }],
      usage: [{ project: "shop", month: "2026-11", name: "received", value: 2 }],
    }),
  );
  store.close();
  const database = new Database(file);
  database.run("PRAGMA auto_vacuum = INCREMENTAL");
  database.run("PRAGMA journal_mode = WAL");
  database.run(FORMAT_1);
  database.run("ATTACH ? AS made", [old]);
  for (const table of ["projects", "blocks", "pieces", "touchpoints", "usage"]) {
    database.run(`INSERT INTO main.${table} SELECT * FROM made.${table}`);
  }
  database.run("INSERT INTO main.meta SELECT * FROM made.meta WHERE name = 'next_record_id'");
  database.close();
}

function stateOf(file: string): unknown {
  const database = openForReading(file);
  const tables = database.query("SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  const version = database.query("PRAGMA user_version").get();
  database.close();
  return { tables, version };
}

describe("a data file of format 1", () => {
  test("is upgraded when it is opened for writing, and then has the tables of a new file", async () => {
    await withFolder((folder) => {
      const [file, fresh] = [join(folder, "old.db"), join(folder, "fresh.db")];
      makeFormat1(file);
      openForWriting(fresh, "write").close();
      openForWriting(file, "write").close();
      const written = (state: unknown) => JSON.stringify(state).replaceAll(/--[^"]*?\\n|\s|\\n/g, "");
      expect(written(stateOf(file))).toBe(written(stateOf(fresh)));
      expect(stateOf(file)).toMatchObject({ version: { user_version: FORMAT_VERSION } });
    });
  });

  test("has the clock of its newest record, less the suspected offset", async () => {
    await withFolder((folder) => {
      const seen = [undefined, 5_000, -5_000].map((doubtMs, index) => {
        const file = join(folder, `old ${index}.db`);
        makeFormat1(file);
        if (doubtMs !== undefined) {
          const database = new Database(file);
          database.query("INSERT INTO meta VALUES ('clock_doubt', ?)").run(doubtMs);
          database.close();
        }
        const store = new StoreWriter(file, "write", "run");
        const clock = store.clock();
        store.close();
        return clock;
      });
      const received = { wall: NOW, steady: NOW, trusted: NOW };
      expect(seen).toEqual([received, { ...received, trusted: NOW - 5_000 }, received]);
    });
  });

  test("keeps its records and accepts new ones", async () => {
    await withFolder((folder) => {
      const file = join(folder, "old.db");
      makeFormat1(file);
      const store = new StoreWriter(file, "write", "run");
      expect(store.restore()).toMatchObject({
        nextRecordId: 3,
        touchpoints: [{ project: "shop", name: "a/b" }],
        usage: [{ project: "shop", month: "2026-11", name: "received", value: 2 }],
        keys: [],
      });
      const note = { name: "web shop", type: "server", firstSeen: 5, lastUsed: undefined } as const;
      store.commit(groupOf("shop", [recordOf(3)], { keys: [note] }));
      store.commit({ ...NOTHING, nextRecordId: 4, keys: [{ ...note, firstSeen: 9, lastUsed: 7 }] });
      expect([store.catalog.records, store.restore().keys]).toEqual([3, [{ ...note, lastUsed: 7 }]]);
      store.close();
      const database = openForReading(file);
      expect(database.query("SELECT id_min, id_max FROM blocks ORDER BY id").values()).toEqual([
        [1, 2],
        [3, 3],
      ]);
      database.close();
    });
  });
});

describe("a data file of another format is refused", () => {
  test("for reading when it is older, and stays unchanged", async () => {
    await withFolder((folder) => {
      const file = join(folder, "old.db");
      makeFormat1(file);
      expect(() => openForReading(file)).toThrow(`it has the older format 1; start the server on it once`);
    });
  });

  test("when it is newer", async () => {
    await withFolder((folder) => {
      const file = join(folder, "new.db");
      const database = openForWriting(file, "write");
      database.run(`PRAGMA user_version = ${FORMAT_VERSION + 1}`);
      database.close();
      const message = `it has format ${FORMAT_VERSION + 1}, this program knows formats up to ${FORMAT_VERSION}`;
      expect(() => openForWriting(file, "write")).toThrow(message);
      expect(() => openForReading(file)).toThrow(message);
    });
  });
});
