import { Database } from "bun:sqlite";
import { describe, expect, spyOn, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Entry } from "../../../../src/core/entry.ts";
import { DAY_MS } from "../../../../src/core/limits.ts";
import type { StoreSnapshot } from "../../../../src/core/telemetry.ts";
import { openForReading } from "../../../../src/store/database.ts";
import { eraseRecords } from "../../../../src/store/erase/erase.ts";
import { lockData } from "../../../../src/store/lock.ts";
import { redoState } from "../../../../src/store/redo_log.ts";
import { StoreWriter } from "../../../../src/store/store_writer.ts";
import { flushFile } from "../../../../src/threads/writer/flush_file.ts";
import { NOTHING } from "../../../support/groups.ts";
import { messagesIn } from "../../../support/messages_in.ts";
import { RULES, type WriterStage, withWriter } from "./writer_stage.ts";

const NOW = Date.now();
const FLUSH_RULES = {
  timings: { timeoutMs: 1e6, orphanGraceMs: 1e5, openMax: 100, openBytesMax: 1e6 },
  dedupe: { windowMs: 1e5, requests: 100 },
};

function log(message: string): Entry {
  return { message, timestamp: NOW };
}

/** Groups that are in the redo log only. */
function waiting(stage: WriterStage): number {
  const database = openForReading(stage.file);
  const { done, last } = redoState(database);
  database.close();
  return last - done;
}

function gapOf({ received, stored, open, dropped }: StoreSnapshot): number {
  return received - stored - open - Object.values(dropped).reduce((sum, count) => sum + count, 0);
}

/**
 * A writer whose clock stands still: however slow the machine is, groups come quickly, and it flushes nothing by
 * itself.
 */
async function withHeldWriter(work: (stage: WriterStage) => void | Promise<void>): Promise<void> {
  const now = performance.now();
  const clock = spyOn(performance, "now").mockImplementation(() => now);
  try {
    await withWriter(work);
  } finally {
    clock.mockRestore();
  }
}

/** Groups that come quickly one after the other: all but the first stay in the redo log. */
function keepAll(stage: WriterStage, batches: readonly (readonly Entry[])[], key = 0): void {
  for (const entries of batches) expect(stage.sendUnflushed(entries, key)).toBe(true);
  expect(waiting(stage)).toBe(batches.length - 1);
}

describe("groups that come quickly", () => {
  test("are appended to the redo log: not readable and in no figure until they are flushed", async () => {
    await withHeldWriter((stage) => {
      keepAll(stage, [[log("a")], [log("b"), log("c")], [log("d")]]);
      expect([messagesIn(stage.file), stage.snapshot().received]).toEqual([["a"], 1]);
      stage.writer.receive({ kind: "flush" });
      expect([messagesIn(stage.file), waiting(stage)]).toEqual([["a", "b", "c", "d"], 0]);
      expect([stage.snapshot(), gapOf(stage.snapshot())]).toMatchObject([{ received: 4, stored: 4 }, 0]);
    });
  });

  test("are flushed before a person's change", async () => {
    await withHeldWriter(async (stage) => {
      keepAll(stage, [[log("a")], [{ ...log("b"), touchpoint: "api/x" }]]);
      await stage.change({ kind: "delete_touchpoint", project: "shop", name: "api/x" });
      expect([messagesIn(stage.file), waiting(stage)]).toEqual([["a", "b"], 0]);
    });
  });

  test("are flushed, and the redo log is cleared, when the server stops", async () => {
    await withHeldWriter((stage) => {
      keepAll(stage, [[log("a")], [log("b")]]);
      stage.writer.receive({ kind: "stop" });
      expect([messagesIn(stage.file), waiting(stage)]).toEqual([["a", "b"], 0]);
    });
  });
});

describe("after a crash, the groups of the redo log", () => {
  test.each(["first", "second"])("are stored once, in their order, with their effects (run %s)", async (run) => {
    await withHeldWriter((stage) => {
      keepAll(stage, [
        [log("a")],
        [{ key: "k", touchpoint: "t", startTime: NOW - 50 }, log("b")],
        [{ key: "k", endTime: NOW, message: "paired" }, log("c"), log("c")],
        [{ key: "open", startTime: NOW }],
      ]);
      stage.crash(run);
      expect([messagesIn(stage.file), waiting(stage)]).toEqual([["a", "b", "paired", "c", "c"], 0]);
      expect([stage.snapshot(), gapOf(stage.snapshot())]).toMatchObject([{ received: 7, stored: 6, open: 1 }, 0]);
      // Pending timings include them: an end finds its start.
      stage.send([{ key: "open", endTime: NOW + 1, message: "closed" }]);
      expect(messagesIn(stage.file)).toEqual(["a", "b", "paired", "c", "c", "closed"]);
      // Requests of another process may be unanswered: each that comes again is a repetition.
      const isOther = run === "second";
      for (let sent = 0; sent < 2; sent++) stage.send([{ key: "open", startTime: NOW }]);
      expect([stage.snapshot().dropped.duplicate, gapOf(stage.snapshot())]).toEqual([isOther ? 1 : 0, 0]);
    });
  });

  test("count as committed for their own run, and for no other", async () => {
    await withHeldWriter((stage) => {
      const lastBatches = () => stage.said.flatMap((message) => (message.kind === "started" ? message.lastBatch : []));
      keepAll(stage, [[log("a")], [log("b")], [log("c")]]);
      stage.crash("first");
      stage.crash("second");
      expect(lastBatches()).toEqual([0, 3, 0]);
    });
  });

  test("have the names of keys that have left the configuration", async () => {
    await withHeldWriter((stage) => {
      keepAll(stage, [[log("a")], [log("b")]], 2);
      stage.crash("second");
      expect(messagesIn(stage.file, "other")).toEqual(["a", "b"]);
    });
  });

  test("are flushed by a command that reads the file without a server", async () => {
    await withHeldWriter(async (stage) => {
      keepAll(stage, [[log("a")], [log("b")], [log("c")]]);
      stage.writer.close();
      await flushFile(stage.file, FLUSH_RULES);
      expect([messagesIn(stage.file), waiting(stage)]).toEqual([["a", "b", "c"], 0]);
      await flushFile(stage.file, FLUSH_RULES);
      await flushFile(`${stage.file}.absent`, FLUSH_RULES);
      expect(messagesIn(stage.file)).toEqual(["a", "b", "c"]);
    });
  });

  test("are handled by the clock of their time, however the clock was set since", async () => {
    await withHeldWriter(async (stage) => {
      const yearsMs = 73 * 365 * DAY_MS;
      const wall = spyOn(Date, "now").mockImplementation(() => NOW + yearsMs);
      try {
        // By the trusted time they are neither old nor in the future.
        keepAll(stage, [[log("a")], [log("b")], [{ message: "c", timestamp: NOW + yearsMs + DAY_MS }]]);
        stage.writer.close();
        const trusted = JSON.stringify({ wall: NOW + yearsMs, steady: NOW, trusted: NOW + yearsMs });
        const database = new Database(stage.file);
        database.query("UPDATE meta SET value = ? WHERE name = 'clock'").run(trusted);
        database.close();
        await flushFile(stage.file, FLUSH_RULES);
        expect(messagesIn(stage.file).toSorted()).toEqual(["a", "b", "c"]);
      } finally {
        wall.mockRestore();
      }
    });
  });

  test("are handled by the rules of their time, whatever rules hold now", async () => {
    await withHeldWriter(async (stage) => {
      const old = { message: "old", timestamp: NOW - 60 * DAY_MS };
      const forYears = { ...RULES.defaultProject, retentionMs: 365 * DAY_MS };
      stage.writer.receive({ kind: "rules", rules: { ...RULES, defaultProject: forYears } });
      keepAll(stage, [[log("a")], [old], [log("b"), { ...old, message: "older" }]]);
      stage.writer.close();
      await flushFile(stage.file, FLUSH_RULES);
      expect(messagesIn(stage.file).toSorted()).toEqual(["a", "b", "old", "older"]);
    });
  });
});

describe("a command does not flush the redo log", () => {
  test("while a server has the file by another path: it waits for the server", async () => {
    await withHeldWriter(async (stage) => {
      const lock = lockData(stage.file);
      const link = join(dirname(stage.file), "link.db");
      symlinkSync(stage.file, link);
      keepAll(stage, [[log("a")], [log("b")]]);
      const settled = flushFile(link, FLUSH_RULES);
      await new Promise((wake) => setImmediate(wake));
      expect([messagesIn(stage.file), waiting(stage)]).toEqual([["a"], 1]);
      stage.writer.receive({ kind: "flush" });
      await settled;
      lock.release();
      expect(messagesIn(stage.file)).toEqual(["a", "b"]);
    });
  });

  test("where another connection has written since it read the file", async () => {
    await withHeldWriter((stage) => {
      keepAll(stage, [[log("a")], [log("b")]]);
      const other = new StoreWriter(stage.file, "write", "other");
      other.expectNoOtherWriter();
      stage.writer.receive({ kind: "flush" });
      expect(() => other.commit(NOTHING)).toThrow("another process writes the data file");
      other.close();
      expect(messagesIn(stage.file)).toEqual(["a", "b"]);
    });
  });

  test("and an erasure of the file is refused until it is flushed", async () => {
    await withHeldWriter((stage) => {
      keepAll(stage, [[log("a")], [log("b")]]);
      stage.writer.close();
      const scope = { project: "shop", from: undefined, to: undefined, matchRows: undefined };
      expect(() => eraseRecords({ file: stage.file, scope })).toThrow("the latest batches could not be written");
      expect(waiting(stage)).toBe(1);
    });
  });
});
