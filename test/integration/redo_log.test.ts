import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { RedoGroup } from "../../src/commit/redo_group.ts";
import { REDO_SLOT_BYTES, REDO_SLOTS } from "../../src/core/limits.ts";
import { openForReading } from "../../src/store/database.ts";
import { redoState } from "../../src/store/redo_log.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { withFolder } from "../support/folder.ts";
import { groupOf, NOTHING, recordOf } from "../support/groups.ts";

const PROJECT_RULES = { retentionMs: 1e9, overage: "drop" } as const;
const KEYS = [{ index: 3, project: "shop", name: "web shop", type: "server", rules: PROJECT_RULES }] as const;

function kept(lastBatch: number, text = `["groups of ${lastBatch}: ü, 漢, \\ud800"]`): Omit<RedoGroup, "run"> {
  return { lastBatch, keys: KEYS, text };
}

function stateOf(file: string) {
  const database = openForReading(file);
  const state = redoState(database);
  database.close();
  return state;
}

/** Gives `work` a store and a way to open it again, as after a crash: nothing is written at the end. */
async function withStore(work: (reopen: (run?: string) => StoreWriter, file: string) => void): Promise<void> {
  await withFolder((folder) => {
    const file = join(folder, "data.db");
    let store: StoreWriter | undefined;
    work((run = "run") => {
      store?.close();
      store = new StoreWriter(file, "write", run);
      return store;
    }, file);
    store?.close();
  });
}

describe("a group in the redo log", () => {
  test("is read after a crash, unchanged and in order", async () => {
    await withStore((reopen, file) => {
      const store = reopen();
      const groups = [kept(2), kept(3, "[]"), kept(9, `["${"x".repeat(10_000)}"]`)];
      expect(groups.map((group) => store.appendToRedoLog(group))).toEqual([true, true, true]);
      expect([store.redo.size, stateOf(file)]).toEqual([3, { done: 0, last: 3 }]);
      const again = reopen();
      expect(again.redo.unflushed()).toEqual(groups.map((group) => ({ run: "run", ...group })));
      expect([again.redo.size, again.lastBatch()]).toEqual([3, 9]);
    });
  });

  test("belongs to its own run only, since batch numbers begin again", async () => {
    await withStore((reopen) => {
      reopen("first").appendToRedoLog(kept(7));
      expect([reopen("second").lastBatch(), reopen("first").lastBatch()]).toEqual([0, 7]);
    });
  });

  test("is not read again once a transaction has flushed all groups", async () => {
    await withStore((reopen, file) => {
      const store = reopen();
      store.appendToRedoLog(kept(1));
      store.appendToRedoLog(kept(2));
      store.commit({ ...groupOf("shop", [recordOf(1, { time: 1, receivedAt: 1, message: "a" })]), lastBatch: 2 });
      expect([store.redo.size, store.redo.unflushed(), stateOf(file)]).toEqual([0, [], { done: 2, last: 2 }]);
      store.appendToRedoLog(kept(3));
      const again = reopen();
      expect(again.redo.unflushed().map((group) => group.lastBatch)).toEqual([3]);
      expect(again.lastBatch()).toBe(3);
    });
  });

  test("reuses the slot of a flushed group", async () => {
    await withStore((reopen) => {
      let store = reopen();
      const written = NOTHING;
      for (let batch = 1; batch <= 3 * REDO_SLOTS; batch++) {
        expect(store.appendToRedoLog(kept(batch))).toBe(true);
        if (batch % 10 === 0) store.commit({ ...written, lastBatch: batch });
        if (batch % 37 === 0) {
          store = reopen();
          const waiting = store.redo.unflushed().map((group) => group.lastBatch);
          expect(waiting).toEqual(Array.from({ length: batch % 10 }, (_, index) => batch - (batch % 10) + 1 + index));
        }
      }
    });
  });

  test("takes no room in the file once the log is cleared, and can be appended again", async () => {
    await withStore((reopen, file) => {
      const store = reopen();
      const rows = () => store.database.query("SELECT count(*) AS count FROM redo").get();
      store.appendToRedoLog(kept(1));
      expect(rows()).toEqual({ count: 1 });
      store.commit({ ...NOTHING, lastBatch: 1 });
      store.clearRedoLog();
      expect([rows(), stateOf(file)]).toEqual([{ count: 0 }, { done: 1, last: 1 }]);
      expect([store.appendToRedoLog(kept(2)), reopen().redo.unflushed().length]).toEqual([true, 1]);
    });
  });
});

describe("a group is not appended to the redo log", () => {
  test("when it is larger than a slot", async () => {
    await withStore((reopen) => {
      const store = reopen();
      for (const text of ["x".repeat(REDO_SLOT_BYTES), "漢".repeat(REDO_SLOT_BYTES / 3), "x".repeat(1e6)]) {
        expect(store.appendToRedoLog(kept(1, text))).toBe(false);
      }
      expect([store.redo.size, store.redo.unflushed()]).toEqual([0, []]);
      expect([store.appendToRedoLog(kept(1, "[]")), store.redo.unflushed().length]).toEqual([true, 1]);
    });
  });

  test("when no slot is free, and the unflushed groups stay unchanged", async () => {
    await withStore((reopen) => {
      const store = reopen();
      for (let batch = 1; batch <= REDO_SLOTS; batch++) expect(store.appendToRedoLog(kept(batch))).toBe(true);
      expect(store.appendToRedoLog(kept(100))).toBe(false);
      const waiting = reopen().redo.unflushed();
      expect(waiting.map((group) => group.lastBatch)).toEqual(Array.from({ length: REDO_SLOTS }, (_, n) => n + 1));
    });
  });
});

describe("a damaged slot", () => {
  test("is reported, and all other groups are read", async () => {
    await withStore((reopen) => {
      for (const at of [3, 8, 13, 17, 40, 90]) {
        const store = reopen();
        const before = store.redo.damaged;
        store.commit({ ...NOTHING, lastBatch: 1 });
        for (const batch of [2, 3, 4]) store.appendToRedoLog(kept(batch));
        const slot = (store.redo.last - 1) % REDO_SLOTS;
        const { data } = store.database.query("SELECT data FROM redo WHERE slot = ?").get(slot) as { data: Uint8Array };
        data[at] = (data[at] ?? 0) ^ 4;
        store.database.query("UPDATE redo SET data = ? WHERE slot = ?").run(data, slot);
        const { redo } = reopen();
        expect([at, redo.damaged, redo.unflushed().map((group) => group.lastBatch)]).toEqual([at, before + 1, [2, 4]]);
      }
    });
  });
});
