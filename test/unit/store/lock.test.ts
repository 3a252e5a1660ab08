import { describe, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { OperatingError } from "../../../src/core/errors.ts";
import { lockData } from "../../../src/store/lock.ts";
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

describe("the lock is refused", () => {
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
