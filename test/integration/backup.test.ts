import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeColumns } from "../../src/block/open_block.ts";
import { recordsOf } from "../../src/block/records.ts";
import { OperatingError } from "../../src/core/errors.ts";
import { backupTo } from "../../src/store/backup.ts";
import { APPLICATION_ID, FORMAT_VERSION } from "../../src/store/schema.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { verifyData } from "../../src/store/verify/verify.ts";
import { withFolder } from "../support/folder.ts";
import { chunksOf, groupOf, mergeNow, NOW, recordOf } from "../support/groups.ts";
import { withSmallDisk } from "../support/small_disk.ts";

const TOUCHPOINTS = [{ project: "shop", name: "a/b", firstSeen: NOW, change: "server" as const }];

function noise(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("base64");
}

/** A store of `count` blocks that do not compress, some of them merged. */
function makeStore(file: string, count: number, bytes = 200_000): StoreWriter {
  const store = new StoreWriter(file, "write", "run");
  for (let id = 1; id <= count; id++) {
    store.commit(groupOf("shop", [recordOf(id, { message: noise(bytes) })], { touchpoints: TOUCHPOINTS }));
    if (id === 4) mergeNow(store);
  }
  return store;
}

function recordsIn(store: StoreWriter): unknown[] {
  return [...store.catalog.all()]
    .flatMap((block) => recordsOf(decodeColumns(chunksOf(store, block.id), block.records)))
    .sort((a, b) => a.id - b.id);
}

function findingsOf(file: string): unknown {
  const steps = verifyData(file);
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value.findings;
}

/** The files whose names begin as a copy's. */
function copiesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith("copy"))
    .sort();
}

/** What `work` is rejected with. */
async function errorOf(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await work;
  } catch (error) {
    if (error instanceof OperatingError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("it was not refused");
}

describe("a backup", () => {
  test("is a working data file of one moment, compact and for this user alone, while the store goes on", async () => {
    await withFolder(async (folder) => {
      const [file, target] = [join(folder, "data.db"), join(folder, "copy.db")];
      const store = makeStore(file, 100);
      store.removeBlocks([...store.catalog.all()].slice(1, 3).map((block) => block.id));
      const [before, state] = [recordsIn(store), store.restore()];
      const progress: number[][] = [];
      let id = 200;
      const report = await backupTo(file, target, (done, total) => {
        progress.push([done, total]);
        store.commit(groupOf("shop", [recordOf(id++)]));
        store.removeBlocks([[...store.catalog.all()][0]?.id ?? 0]);
      });
      expect(progress.length).toBeGreaterThan(1);
      const [last] = progress.slice(-1) as [number[]];
      expect([last[0], progress.every(([, total]) => total === last[1])]).toEqual([last[1] as number, true]);
      store.close();
      expect(report).toEqual({ records: 98, blocks: before.length - 3, bytes: statSync(target).size });
      expect([statSync(target).mode & 0o777, copiesIn(folder)]).toEqual([0o600, ["copy.db"]]);
      expect(findingsOf(target)).toEqual([]);
      const copy = new StoreWriter(target, "sync", "run");
      const pragma = (name: string) => Object.values(copy.database.query(`PRAGMA ${name}`).get() as object)[0];
      expect(["application_id", "user_version", "auto_vacuum", "journal_mode", "freelist_count"].map(pragma)).toEqual([
        APPLICATION_ID,
        FORMAT_VERSION,
        2,
        "wal",
        0,
      ]);
      expect([recordsIn(copy), copy.restore()]).toEqual([before, state]);
      copy.commit(groupOf("shop", [recordOf(id)]));
      copy.close();
    });
  });

  test("writes through no symbolic link at the paths of its temporary files", async () => {
    await withFolder(async (folder) => {
      const [file, target, victim] = [join(folder, "data.db"), join(folder, "copy.db"), join(folder, "victim")];
      makeStore(file, 2).close();
      writeFileSync(victim, "");
      for (const suffix of [".partial", ".partial-lock", ".partial-wal", ".partial-journal"]) {
        symlinkSync(victim, `${target}${suffix}`);
      }
      await backupTo(file, target);
      expect([statSync(victim).size, findingsOf(target)]).toEqual([0, []]);
    });
  });

  test("removes the temporary files of a killed backup", async () => {
    await withFolder(async (folder) => {
      const [file, target] = [join(folder, "data.db"), join(folder, "copy.db")];
      makeStore(file, 2).close();
      mkdirSync(`${target}.partial-abc123`);
      writeFileSync(join(`${target}.partial-abc123`, "copy.db"), "half");
      await backupTo(file, target);
      expect(copiesIn(folder)).toEqual(["copy.db"]);
    });
  });

  test("of an empty file, and of one under an odd name in another folder, succeeds", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "it's file:x?mode=memory.db");
      new StoreWriter(file, "write", "run").close();
      chmodSync(file, 0o644);
      const target = join(folder, 'a "copy" %20.db');
      expect(await backupTo(file, target)).toMatchObject({ records: 0, blocks: 0 });
      expect([findingsOf(target), statSync(target).mode & 0o777]).toEqual([[], 0o600]);
    });
  });
});

describe("a backup is refused, and leaves no file behind", () => {
  test("when a file of its name, or a log beside that name, already exists", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "data.db");
      makeStore(file, 1).close();
      const target = join(folder, "copy.db");
      const { code, message } = await errorOf(backupTo(file, join(folder, ".", "data.db")));
      expect([code, message]).toEqual(["io", expect.stringContaining("it is the data file itself")]);
      writeFileSync(`${target}-wal`, "");
      expect(await errorOf(backupTo(file, target))).toMatchObject({ message: expect.stringContaining("copy.db-wal") });
      writeFileSync(target, "mine");
      expect(await errorOf(backupTo(file, target))).toMatchObject({ message: expect.stringContaining("of that name") });
      expect(copiesIn(folder)).toEqual(["copy.db", "copy.db-wal"]);
    });
  });

  test("for a missing folder, and for a file that is no data file", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "data.db");
      makeStore(file, 1).close();
      const absent = join(folder, "absent", "copy.db");
      expect(await errorOf(backupTo(file, absent))).toEqual({
        code: "io",
        message: `cannot back up to ${absent}: there is no folder ${join(folder, "absent")}`,
      });
      expect(await errorOf(backupTo(file, folder))).toEqual({
        code: "io",
        message: `cannot back up to ${folder}: it is a folder; name a file in it`,
      });
      writeFileSync(join(folder, "text"), "x".repeat(5_000));
      const ofText = await errorOf(backupTo(join(folder, "text"), join(folder, "copy.db")));
      const ofNothing = await errorOf(backupTo(join(folder, "none"), join(folder, "copy.db")));
      expect([ofText.code, ofNothing.code]).toEqual(["data_unreadable", "data_unreadable"]);
      expect(copiesIn(folder)).toEqual([]);
    });
  });

  test("when another backup to the same name finishes first", async () => {
    await withFolder(async (folder) => {
      const [file, target] = [join(folder, "data.db"), join(folder, "copy.db")];
      makeStore(file, 60).close();
      const second: Promise<unknown>[] = [];
      const first = errorOf(
        backupTo(file, target, () => {
          if (second.length === 0) second.push(backupTo(file, target).catch((error: unknown) => error));
        }),
      );
      const taken = { code: "io", message: `cannot back up to ${target}: a file of that name was made meanwhile` };
      const outcomes = [await first.catch((error: unknown) => error), await second[0]];
      expect(outcomes.filter((outcome) => outcome instanceof OperatingError || "code" in (outcome as object))).toEqual([
        expect.objectContaining(taken),
      ]);
      expect([findingsOf(target), copiesIn(folder)]).toEqual([[], ["copy.db"]]);
    });
  });

  test("when a symbolic link is in its place, also a broken one, and nothing is written through it", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "data.db");
      makeStore(file, 1).close();
      const victim = join(folder, "victim");
      const target = join(folder, "copy.db");
      symlinkSync(victim, target);
      expect(await errorOf(backupTo(file, target))).toMatchObject({ message: expect.stringContaining("of that name") });
      expect(existsSync(victim)).toBe(false);
    });
  });

  test("when the disk is full", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "data.db");
      makeStore(file, 30).close();
      await withSmallDisk(4 * 1024 * 1024, async (disk) => {
        const { code, message } = await errorOf(backupTo(file, join(disk.folder, "copy.db")));
        expect([code, message]).toEqual(["io", expect.stringContaining("database or disk is full")]);
        expect(copiesIn(disk.folder)).toEqual([]);
      });
    });
  });

  test("when it is cancelled, and the data file can be used as before", async () => {
    await withFolder(async (folder) => {
      const [file, target] = [join(folder, "data.db"), join(folder, "copy.db")];
      const store = makeStore(file, 60);
      const ending = new AbortController();
      expect(await errorOf(backupTo(file, target, () => ending.abort(), ending.signal))).toEqual({
        code: "io",
        message: "the backup was ended before it was done",
      });
      expect(copiesIn(folder)).toEqual([]);
      store.commit(groupOf("shop", [recordOf(100)]));
      expect(store.catalog.records).toBe(61);
      store.close();
    });
  });
});
