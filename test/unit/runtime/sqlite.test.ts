// Both drivers do what the store relies on. Bun has node:sqlite too, so Deno's twin is shown here against it; on Deno
// itself the same facts are asked for by test/deno.

import { describe, expect, test } from "bun:test";
import { openDatabase, sqliteCode } from "../../../src/runtime/bun/sqlite.ts";
import * as onDeno from "../../../src/runtime/deno/sqlite.ts";
import { driverFacts } from "../../support/driver_facts.ts";
import { withFolder } from "../../support/folder.ts";

describe("the drivers of SQLite", () => {
  test("answer alike, value by value and error by error", async () => {
    await withFolder(async (first) => {
      await withFolder((second) => {
        const facts = driverFacts({ openDatabase, sqliteCode }, first);
        expect(driverFacts(onDeno, second)).toEqual(facts);
        expect(facts).toMatchObject({
          "no row is null": null,
          busy: ["SQLITE_BUSY", "SQLITE_BUSY"],
          full: ["SQLITE_FULL", false, "SQLITE_FULL"],
          "read-only": "SQLITE_READONLY",
          "a finished read blocks nothing": [[0, 0, 0]],
          "the last one that is closed leaves no log": [true, false],
          "a text with NUL is found": [[2 ** 53 - 1]],
        });
      });
    });
  });
});
