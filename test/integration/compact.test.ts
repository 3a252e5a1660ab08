import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { decodeColumns } from "../../src/block/open_block.ts";
import { recordsOf } from "../../src/block/records.ts";
import { lockData } from "../../src/store/lock.ts";
import { compactData, type RoomNeeded } from "../../src/store/space/compact.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { verifyData } from "../../src/store/verify/verify.ts";
import { withFolder } from "../support/folder.ts";
import { chunksOf, groupOf, recordOf } from "../support/groups.ts";
import { integer, runSeed, seededRandom } from "../support/random.ts";
import { rawFiles, slicesIn, slicesOf } from "../support/raw_bytes.ts";
import { withSmallDisk } from "../support/small_disk.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");

function noise(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("base64");
}

/**
 * A file with gaps: of `count` blocks that do not compress, each third is removed again, of which `onRemoved` hears.
 */
function makeFile(
  file: string,
  count: number,
  bytes = 100_000,
  onRemoved: (store: StoreWriter, ids: readonly number[]) => void = () => undefined,
): void {
  const store = new StoreWriter(file, "write", "run");
  for (let id = 1; id <= count; id++) store.commit(groupOf("shop", [recordOf(id, { message: noise(bytes) })]));
  const third = [...store.catalog.all()].filter((_, index) => index % 3 === 0).map((block) => block.id);
  onRemoved(store, third);
  store.removeBlocks(third);
  store.close();
}

/** The bytes of these blocks that no other has: what chunks have in common is nobody's. */
function ownSlices(store: StoreWriter, ids: readonly number[]): Set<string> {
  const own = new Set(ids.flatMap((id) => chunksOf(store, id).flatMap((chunk) => slicesOf(chunk.data))));
  const others = [...store.catalog.all()].filter(({ id }) => !ids.includes(id));
  const shared = slicesIn(own, ...others.flatMap(({ id }) => chunksOf(store, id).map((chunk) => chunk.data)));
  return own.difference(shared);
}

function recordsIn(file: string): unknown[] {
  const store = new StoreWriter(file, "write", "look");
  try {
    return [...store.catalog.all()].flatMap((block) =>
      recordsOf(decodeColumns(chunksOf(store, block.id), block.records)),
    );
  } finally {
    store.close();
  }
}

function findingsOf(file: string): unknown {
  const steps = verifyData(file);
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value.findings;
}

describe("compacting", () => {
  test("keeps the data in a smaller file without a byte of deleted records, and announces the room it needs", async () => {
    await withFolder((folder) => {
      const file = join(folder, "it's data.db");
      let removed = new Set<string>();
      makeFile(file, 60, 20_000, (store, ids) => {
        removed = ownSlices(store, ids);
      });
      const [before, size] = [recordsIn(file), statSync(file).size];
      expect(slicesIn(removed, ...rawFiles(file)).size).toBeGreaterThan(1_000);
      const told: (readonly RoomNeeded[] | string)[] = [];
      const report = compactData({ file, onRoom: (rooms) => told.push(rooms), onPhase: (phase) => told.push(phase) });
      expect(report).toEqual({ bytesBefore: size, bytesAfter: statSync(file).size });
      expect(report.bytesAfter).toBeLessThan(0.7 * size);
      const [[room, ...others], ...phases] = told as [RoomNeeded[], ...string[]];
      expect([others, phases]).toEqual([[], ["rewrite", "copy_back"]]);
      expect(room?.folder).toBe(folder);
      expect(room?.needed).toBeGreaterThan(2 * report.bytesAfter);
      expect([...slicesIn(removed, ...rawFiles(file))]).toEqual([]);
      expect([recordsIn(file), findingsOf(file)]).toEqual([before, []]);
      const store = new StoreWriter(file, "write", "look");
      expect(store.database.query("PRAGMA auto_vacuum").values()).toEqual([[2]]);
      store.close();
    });
  });

  test("takes no more room than it announced", async () => {
    await withSmallDisk(32 * 1024 * 1024, async (disk) => {
      const file = join(disk.folder, "data.db");
      makeFile(file, 30);
      const before = recordsIn(file);
      disk.addBallast(disk.freeBytes - 1_000_000);
      const rooms: RoomNeeded[] = [];
      expect(() => compactData({ file, onRoom: (told) => rooms.push(...told) })).toThrow("make room and try again");
      disk.removeBallast();
      // As little as it asked for.
      disk.addBallast(disk.freeBytes - (rooms[0]?.needed ?? 0) - 100_000);
      compactData({ file });
      expect([recordsIn(file), findingsOf(file)]).toEqual([before, []]);
    });
  }, 30_000);

  test("that is killed at any moment loses no data and leaves no other file behind", async () => {
    const random = seededRandom(runSeed("killed while compacting"));
    await withFolder(async (folder) => {
      const file = join(folder, "data.db");
      makeFile(file, 40, 300_000);
      const before = recordsIn(file);
      let killed = 0;
      for (let round = 0; round < 6; round++) {
        const copy = join(folder, `round${round}.db`);
        copyFileSync(file, copy);
        const child = spawn(process.execPath, [MAIN, "compact", "--data", copy], {
          stdio: ["ignore", "ignore", "pipe"],
        });
        const ended = new Promise<NodeJS.Signals | null>((resolve) => child.on("exit", (_, signal) => resolve(signal)));
        // From the moment on at which it says that it begins to write.
        await new Promise<void>((resolve) => child.stderr.once("data", () => resolve()));
        await Bun.sleep(integer(random, 120));
        child.kill("SIGKILL");
        if ((await ended) === "SIGKILL") killed++;
        expect(recordsIn(copy)).toEqual(before);
        expect(findingsOf(copy)).toEqual([]);
      }
      expect(killed).toBeGreaterThan(0);
      expect(readdirSync(folder).filter((name) => !/^(?:data|round\d)\.db(?:-lock|-wal|-shm)?$/.test(name))).toEqual(
        [],
      );
    });
  }, 120_000);
});

describe("compacting is refused, and changes nothing", () => {
  test("while a server holds the file, naming its process", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      makeFile(file, 3);
      const lock = lockData(file);
      expect(() => compactData({ file })).toThrow(`process ${process.pid} is running on it; stop that one first`);
      lock.release();
      expect(() => compactData({ file: `${file}.none` })).toThrow("there is no such file");
      expect(existsSync(`${file}.none-lock`)).toBe(false);
    });
  });

  test("where the disk has too little room, with both numbers", async () => {
    await withSmallDisk(24 * 1024 * 1024, async (disk) => {
      const file = join(disk.folder, "data.db");
      makeFile(file, 30);
      const before = recordsIn(file);
      disk.addBallast(disk.freeBytes - 1_000_000);
      expect(() => compactData({ file })).toThrow(/it needs \d+ bytes free in .*, and there are \d+: make room/);
      expect(recordsIn(file)).toEqual(before);
    });
  });
});
