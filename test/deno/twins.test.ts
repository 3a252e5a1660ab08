// Deno's twins on Deno itself: they answer what they answer on Bun, where the unit tests hold them against Bun's own.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openDatabase, sqliteCode } from "#runtime/sqlite.ts";
import { hashText } from "../../src/runtime/deno/hash.ts";
import { driverFacts } from "../support/driver_facts.ts";
import { withFolder } from "../support/folder.ts";
import { runDeno } from "./run_deno.ts";

describe("the page on Deno", () => {
  test("names the permissions that these tests give, and no others", () => {
    const permissions = (text: string) =>
      [...text.matchAll(/--allow-(?!all)[a-z]+[^\s`']*/g)].map(([option]) => option);
    const command = /^deno run .*serve$/m.exec(readFileSync(join(import.meta.dir, "../../docs/deno.md"), "utf8"))?.[0];
    const launcher = readFileSync(join(import.meta.dir, "simplelogs"), "utf8");
    expect(permissions(command ?? "")).toEqual(permissions(launcher));
    expect(permissions(launcher)).toHaveLength(5);
  });
});

describe("on Deno", () => {
  test("SQLite, hash and widths behave as on Bun", async () => {
    await withFolder(async (folder) => {
      const { exitCode, stdout, stderr } = await runDeno("facts_program.ts", folder);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      await withFolder((other) => {
        expect(JSON.parse(stdout)).toEqual({
          // As JSON says it.
          sqlite: JSON.parse(JSON.stringify(driverFacts({ openDatabase, sqliteCode }, other))) as unknown,
          hash: ["", "a", "Grüße 👍"].map((text) => [...hashText(text, 0x0706_0504_0302_0100n)]),
          width: [0, 9, 2],
        });
      });
    });
  });
});
