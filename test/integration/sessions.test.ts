// The app's sessions in the data file: kept by the one connection that writes, there at the next start, and in no
// backup.

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { StoredSession } from "../../src/core/session.ts";
import { backupTo } from "../../src/store/backup.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { withFolder } from "../support/folder.ts";

const session = (id: string): StoredSession => ({ id, proof: `proof of ${id}`, expiresAt: 1_800_000_000_000.5 });

describe("sessions", () => {
  test("replace the stored ones, and are loaded at the next start", () =>
    withFolder(async (folder) => {
      const file = join(folder, "x.db");
      const writer = new StoreWriter(file, "sync", "run 1");
      expect(writer.sessions()).toEqual([]);
      writer.saveSessions([session("a"), session("b")]);
      writer.saveSessions([session("b"), session("c")]);
      writer.close();
      const next = new StoreWriter(file, "sync", "run 2");
      expect(next.sessions()).toEqual([session("b"), session("c")]);
      next.saveSessions([]);
      expect(next.sessions()).toEqual([]);
      next.close();
    }));

  test("are not in a backup, which has an empty table for them", () =>
    withFolder(async (folder) => {
      const file = join(folder, "x.db");
      const writer = new StoreWriter(file, "sync", "run 1");
      writer.saveSessions([session("a")]);
      await backupTo(file, join(folder, "copy.db"));
      writer.close();
      const copy = new Database(join(folder, "copy.db"), { readonly: true });
      expect(copy.query("SELECT * FROM sessions").all()).toEqual([]);
      copy.close();
    }));
});
