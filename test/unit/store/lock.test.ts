import { describe, expect, test } from "bun:test";
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OperatingError } from "../../../src/core/errors.ts";
import { lockData } from "../../../src/store/lock.ts";
import { ReserveFile } from "../../../src/store/reserve.ts";
import { withFolder } from "../../support/folder.ts";

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
