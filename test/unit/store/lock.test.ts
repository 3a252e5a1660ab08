import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { OperatingError } from "../../../src/core/errors.ts";
import { lockData } from "../../../src/store/lock.ts";
import { ReserveFile } from "../../../src/store/space/reserve.ts";
import { withFolder } from "../../support/folder.ts";

/**
 * A data file that nobody has open any more: a connection of this process would last until its statements are
 * collected.
 */
function makeData(file: string): void {
  const database = new Database(file);
  database.run("PRAGMA journal_mode = WAL");
  database.run("CREATE TABLE t (x)");
  database.close(true);
}

describe("the lock on a data file", () => {
  test("can be taken again once it is released, and its file is for this user alone", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      for (let time = 0; time < 3; time++) lockData(file).release();
      expect(statSync(`${file}-lock`).mode & 0o777).toBe(0o600);
    });
  });

  test("of one file leaves another file free", async () => {
    await withFolder((folder) => {
      const locks = ["a.db", "b.db"].map((name) => lockData(join(folder, name)));
      for (const lock of locks) lock.release();
      expect(locks.length).toBe(2);
    });
  });
});

/** A user that is not root, by number; nobody need exist. */
const SERVICE = 12_345;

/** Needs root, as CI containers are. */
describe("a lock that root takes", () => {
  test("can be taken by the user who has the data, also where root made its file earlier", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      writeFileSync(file, "", { mode: 0o640 });
      chownSync(file, SERVICE, SERVICE + 1);
      lockData(file).release();
      const owned = () => {
        const { uid, gid, mode } = statSync(`${file}-lock`);
        return [uid, gid, mode & 0o777];
      };
      expect(owned()).toEqual([SERVICE, SERVICE + 1, 0o640]);
      chownSync(`${file}-lock`, 0, 0);
      chmodSync(`${file}-lock`, 0o600);
      lockData(file).release();
      expect(owned()).toEqual([SERVICE, SERVICE + 1, 0o640]);
    });
  });

  test("belongs to the folder's user where there is no data yet", async () => {
    await withFolder((folder) => {
      const inner = join(folder, "data");
      mkdirSync(inner);
      chownSync(inner, SERVICE, SERVICE);
      lockData(join(inner, "data.db")).release();
      expect(statSync(join(inner, "data.db-lock")).uid).toBe(SERVICE);
      expect(new ReserveFile(join(inner, "data.db")).make()).toBe(true);
      expect(statSync(join(inner, "data.db-reserve")).uid).toBe(SERVICE);
    });
  });
});

/** A server's connection in another process, which `work` finds open. */
async function whileOpenElsewhere(file: string, work: () => void): Promise<void> {
  const source = JSON.stringify(join(import.meta.dir, "../../../src/store/store_writer.ts"));
  const script =
    `const { StoreWriter } = await import(${source}); new StoreWriter(${JSON.stringify(file)}, "write", "run");` +
    `console.log("open"); setInterval(() => undefined, 1_000);`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  try {
    await once(child.stdout, "data");
    work();
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

describe("the lock on a data file with more than one name, or whose lock's file is gone,", () => {
  test("is free while nobody has the file open", async () => {
    await withFolder((folder) => {
      const [file, other] = [join(folder, "data.db"), join(folder, "other.db")];
      makeData(file);
      lockData(file).release();
      linkSync(file, other);
      for (const name of [file, other, file]) lockData(name).release();
      expect(readdirSync(folder).toSorted()).toEqual(["data.db", "data.db-lock", "other.db", "other.db-lock"]);
    });
  });

  test("is refused while another process has it open by another name", async () => {
    await withFolder(async (folder) => {
      const [file, other] = [join(folder, "data.db"), join(folder, "other.db")];
      await whileOpenElsewhere(file, () => {
        linkSync(file, other);
        for (const name of [file, other]) {
          const message = `cannot use ${name}: it has more than one name (hard links), and a process has it open; stop that one first`;
          expect(() => lockData(name)).toThrow(new OperatingError("data_locked", message));
        }
      });
      lockData(other).release();
    });
  });

  test("is refused while another process has it open, and somebody took its lock for a stale one", async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "data.db");
      await whileOpenElsewhere(file, () => {
        expect(() => lockData(file, { isFirstToOpen: true })).toThrow(
          `cannot use ${file}: ${file}-lock is gone, and a process has it open; stop that one first`,
        );
      });
    });
  });

  test("is refused beside a log that would be deleted by asking", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      writeFileSync(file, "");
      writeFileSync(`${file}-wal`, "what a killed server left");
      expect(() => lockData(file, { isFirstToOpen: true })).toThrow("but its log");
      expect(statSync(`${file}-wal`).size).toBe(25);
    });
  });
});

describe("the lock is refused", () => {
  test("where a link lies in its place, through which nothing is made", async () => {
    await withFolder((folder) => {
      const [file, victim] = [join(folder, "data.db"), join(folder, "victim")];
      symlinkSync(victim, `${file}-lock`);
      expect(() => lockData(file)).toThrow(`cannot use ${file}-lock: it is a symbolic link; remove it`);
      expect([existsSync(victim), lstatSync(`${file}-lock`).isSymbolicLink()]).toEqual([false, true]);
    });
  });

  test("while it is held, naming the process that holds it", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const lock = lockData(file);
      const message = `cannot use ${file}: process ${process.pid} is running on it; stop that one first`;
      expect(() => lockData(file)).toThrow(new OperatingError("data_locked", message));
      lock.release();
    });
  });

  test("where there is no folder for it", () => {
    expect(() => lockData("/nowhere/at/all/data.db")).toThrow("does the folder exist and may this user write to it?");
  });
});
