// The data file or its log goes away while the writer runs. Entries that were answered 202 must be where the next start
// finds them.

import { Database } from "bun:sqlite";
import { describe, expect, spyOn, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { OperatingError } from "../../../../src/core/errors.ts";
import { OpenedFiles } from "../../../../src/store/opened_files.ts";
import { StoreWriter } from "../../../../src/store/store_writer.ts";
import { untilTrue } from "../../../support/condition.ts";
import { withFolder } from "../../../support/folder.ts";
import { groupOf, recordOf } from "../../../support/groups.ts";
import { WriterStage, withWriter } from "./writer_stage.ts";

const SUFFIXES = ["", "-wal", "-shm"] as const;

function moveAll(from: string, to: string): void {
  for (const suffix of SUFFIXES) if (existsSync(from + suffix)) renameSync(from + suffix, to + suffix);
}

/** The health that the writer reported last: "ready", or the reason without paths. */
function health({ said }: WriterStage): string {
  const last = said.findLast((message) => message.kind === "health");
  if (last?.kind !== "health") return "unknown";
  return last.isHealthy ? "ready" : `${last.isDataGone ? "gone" : "failed"}: ${last.reason.replace(/ \(.*?\)/, "")}`;
}

function errorsOf({ said }: WriterStage): number {
  return said.filter((message) => message.kind === "log" && message.level === "error").length;
}

/** What a new start finds at a path. */
function messagesAt(file: string): number {
  const store = new StoreWriter(file, "write", "another run");
  // Each group in the redo log has one.
  const records = store.catalog.records + store.redo.size;
  store.close();
  return records;
}

const WAYS: readonly [name: string, reason: string, go: (file: string) => void][] = [
  [
    "removed, and all beside it",
    "the data file is gone",
    (file) => SUFFIXES.forEach((suffix) => rmSync(file + suffix)),
  ],
  ["removed alone", "the data file is gone", (file) => rmSync(file)],
  ["moved away", "the data file is gone", (file) => renameSync(file, `${file}.moved`)],
  ["moved away, and all beside it", "the data file is gone", (file) => moveAll(file, `${file}.moved`)],
  ["replaced by another file that was moved over it", "the data file was replaced by another one", replaceByBackup],
  ["still there without its log", "the data file's log is gone", (file) => rmSync(`${file}-wal`)],
  ["still there with another log", "the data file's log was replaced by another one", replaceLog],
];

function replaceByBackup(file: string): void {
  new StoreWriter(`${file}.backup`, "write", "backup").close();
  renameSync(`${file}.backup`, file);
}

function replaceLog(file: string): void {
  writeFileSync(`${file}.log`, "");
  renameSync(`${file}.log`, `${file}-wal`);
}

describe("a data file that is", () => {
  for (const [name, reason, go] of WAYS) {
    test(`${name} has the next group refused, and nothing of it stays`, async () => {
      await withWriter((stage) => {
        const first = stage.send([{ message: "before" }]);
        go(stage.file);
        const answers = [first, stage.send([{ message: "after" }]), stage.sendUnflushed([{ message: "and then" }])];
        const advice = reason.includes("replaced") ? "put the one before back" : "put it back";
        expect([answers, health(stage), errorsOf(stage)]).toEqual([
          [true, false, false],
          `gone: the data file cannot be written: ${reason}: ${advice}, or start the server again`,
          1,
        ]);
      });
    });

    test(`${name} is noticed while no group comes`, async () => {
      await withWriter(async (stage) => {
        stage.send([{ message: "before" }]);
        go(stage.file);
        await untilTrue("it is noticed", () =>
          health(stage).startsWith(`gone: the data file cannot be written: ${reason}`),
        );
      });
    });
  }

  test("moved away under a group in the redo log has that group refused, too", async () => {
    await withWriter((stage) => {
      for (let time = 0; time < 3; time++) stage.sendUnflushed([{ message: `kept ${time}` }]);
      renameSync(stage.file, `${stage.file}.moved`);
      expect(stage.sendUnflushed([{ message: "after" }])).toBe(false);
    });
  });

  test("moved while a transaction is committed has that refused", async () => {
    await withWriter((stage) => {
      stage.send([{ message: "before" }]);
      const look = spyOn(OpenedFiles.prototype, "mustBeThere").mockImplementationOnce(() => {
        // It is there, and moves before it is looked at again.
        renameSync(stage.file, `${stage.file}.moved`);
      });
      try {
        expect([stage.sendUnflushed([{ message: "after" }]), health(stage).slice(0, 4)]).toEqual([false, "gone"]);
      } finally {
        look.mockRestore();
      }
    });
  });

  test("put back unchanged is used again, with all entries that were answered and no others", async () => {
    await withWriter(async (stage) => {
      stage.send([{ message: "before" }]);
      moveAll(stage.file, `${stage.file}.moved`);
      const refused = stage.send([{ message: "refused" }]);
      moveAll(`${stage.file}.moved`, stage.file);
      await untilTrue("it goes on", () => health(stage) === "ready");
      const taken = stage.send([{ message: "after" }]);
      stage.crash("next");
      expect([refused, taken, stage.snapshot().records]).toEqual([false, true, 2]);
    });
  });

  test("replaced stays refused, by the next writer as well, and the file in its place is not changed", async () => {
    await withWriter((stage) => {
      stage.send([{ message: "before" }]);
      replaceByBackup(stage.file);
      const bytes = statSync(stage.file).size;
      stage.send([{ message: "refused" }]);
      expect(() => stage.crash()).toThrow(OperatingError);
      expect([messagesAt(stage.file), statSync(stage.file).size]).toEqual([0, bytes]);
    });
  });

  test("moved on its disk has all entries that were answered once the server has stopped", async () => {
    await withWriter((stage) => {
      stage.send([{ message: "before" }]);
      stage.sendUnflushed([{ message: "kept" }]);
      renameSync(stage.file, `${stage.file}.moved`);
      stage.send([{ message: "refused" }]);
      stage.writer.close();
      expect(messagesAt(`${stage.file}.moved`)).toBe(2);
    });
  });

  test("moved to another disk, which copies it, has with its log all entries that were answered", async () => {
    await withWriter((stage) => {
      stage.send([{ message: "before" }]);
      copyFileSync(stage.file, `${stage.file}.copy`);
      rmSync(stage.file);
      stage.send([{ message: "refused" }]);
      stage.writer.close();
      expect(() => messagesAt(stage.file)).toThrow("its log");
      renameSync(`${stage.file}.copy`, stage.file);
      expect(messagesAt(stage.file)).toBe(1);
    });
  });

  test("reached through a link is followed: another target is another file", async () => {
    await withFolder((folder) => {
      mkdirSync(join(folder, "disk"));
      const real = join(folder, "disk", "real.db");
      new StoreWriter(real, "write", "made").close();
      symlinkSync(real, join(folder, "data.db"));
      const stage = new WriterStage(folder);
      const taken = stage.send([{ message: "before" }]);
      new StoreWriter(join(folder, "disk", "other.db"), "write", "made").close();
      symlinkSync(join(folder, "disk", "other.db"), join(folder, "turned"));
      renameSync(join(folder, "turned"), join(folder, "data.db"));
      const refused = stage.send([{ message: "refused" }]);
      stage.writer.close();
      expect([taken, refused, readdirSync(join(folder, "disk")).includes("real.db")]).toEqual([true, false, true]);
    });
  });
});

describe("the files count as unchanged", () => {
  test("whatever SQLite does with the log: checkpoints, truncation, readers that come and go", async () => {
    await withWriter((stage) => {
      for (let time = 0; time < 20; time++) {
        stage.send([{ message: `${time} ${"x".repeat(100_000)}` }]);
        const reader = new Database(stage.file);
        reader.query("SELECT count(*) FROM blocks").get();
        if (time % 3 === 0) reader.query("PRAGMA wal_checkpoint(TRUNCATE)").all();
        reader.close();
      }
      expect([stage.snapshot().records, health(stage), errorsOf(stage)]).toEqual([20, "ready", 0]);
    });
  });
});

describe("a start is refused", () => {
  const logOf = (file: string) => {
    const store = new StoreWriter(file, "write", "run");
    store.commit(groupOf("shop", [recordOf(1)]));
    // As a process that is killed leaves it.
    for (const suffix of ["", "-wal"]) copyFileSync(file + suffix, `${file}.killed${suffix}`);
    store.close();
    return `${file}.killed`;
  };

  test.each([
    ["is not there", (file: string) => rmSync(file)],
    ["is empty", (file: string) => writeFileSync(file, "")],
  ])("where the log of a killed server is beside a data file that %s, and the log stays", async (how, go) => {
    await withFolder((folder) => {
      const file = logOf(join(folder, "data.db"));
      const bytes = statSync(`${file}-wal`).size;
      go(file);
      const message = `cannot use ${file}: it ${how}, but its log ${file}-wal holds what was stored last`;
      expect(() => new StoreWriter(file, "write", "next")).toThrow(message);
      expect([bytes > 0, statSync(`${file}-wal`).size]).toEqual([true, bytes]);
    });
  });

  test("also through a link that leads to it", async () => {
    await withFolder((folder) => {
      const file = logOf(join(folder, "data.db"));
      rmSync(file);
      symlinkSync(file, join(folder, "link.db"));
      expect(() => new StoreWriter(join(folder, "link.db"), "write", "next")).toThrow(`its log ${file}-wal holds`);
    });
  });
});
