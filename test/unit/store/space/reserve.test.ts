import { describe, expect, test } from "bun:test";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DISK_RESERVE_BYTES } from "../../../../src/core/limits.ts";
import { ReserveFile } from "../../../../src/store/space/reserve.ts";
import { withFolder } from "../../../support/folder.ts";

describe("the reserve file", () => {
  test("takes its room for this user alone, and gives it back", async () => {
    await withFolder((folder) => {
      const reserve = new ReserveFile(join(folder, "data.db"));
      expect([reserve.isThere, reserve.make(), reserve.isThere]).toEqual([false, true, true]);
      const { size, mode, blocks } = statSync(join(folder, "data.db-reserve"));
      expect([size, mode & 0o777, blocks * 512 >= DISK_RESERVE_BYTES]).toEqual([DISK_RESERVE_BYTES, 0o600, true]);
      expect(readdirSync(folder)).toEqual(["data.db-reserve"]);
      reserve.remove();
      reserve.remove();
      expect([reserve.isThere, readdirSync(folder)]).toEqual([false, []]);
    });
  });

  test("is made anew after a crash that left only a part of it", async () => {
    await withFolder((folder) => {
      writeFileSync(join(folder, "data.db-reserve"), "short");
      const reserve = new ReserveFile(join(folder, "data.db"));
      expect([reserve.isThere, reserve.make(), reserve.isThere]).toEqual([false, true, true]);
    });
  });
});

describe("the reserve file cannot be made", () => {
  test("where it cannot be written, and nothing is left of the attempt", async () => {
    await withFolder((folder) => {
      expect(new ReserveFile(join(folder, "absent", "data.db")).make()).toBe(false);
      expect(readdirSync(folder)).toEqual([]);
    });
  });
});
