import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { registerBackup } from "../../../src/cli/backup.ts";
import { OperatingError } from "../../../src/core/errors.ts";
import { DataReader } from "../../../src/store/tables_reader.ts";
import { withDataFile } from "./data_file.ts";

interface Run {
  readonly out: string;
  readonly error: OperatingError | undefined;
}

/** Runs `backup` in the folder; `interrupted` sends SIGINT before it begins to copy. */
async function run(folder: string, line: readonly string[], interrupted = false): Promise<Run> {
  let out = "";
  const stdout = { write: (text: string) => (out += text) };
  const stderr = { write: () => undefined };
  const context = { stdout, stderr, env: {}, cwd: folder, isTerminal: false, isErrorTerminal: false };
  const program = new Command("simplelogs");
  const signals = {
    on: (signal: string, handle: () => void) => {
      if (interrupted && signal === "SIGINT") handle();
    },
  };
  registerBackup(program, context, signals);
  try {
    await program.parseAsync(["backup", ...line], { from: "user" });
    return { out, error: undefined };
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return { out, error };
  }
}

function recordsIn(file: string): number[] {
  const reader = new DataReader(file);
  try {
    return reader.tables.storage().map(({ records }) => records);
  } finally {
    reader.close();
  }
}

describe("backup", () => {
  test("copies a file that a server writes to, and reports the copy's records", async () => {
    await withDataFile(async (data, folder) => {
      data.write([{ message: "a" }, { message: "b" }]);
      const { out, error } = await run(folder, ["copy.db"]);
      expect([out, error]).toEqual([
        expect.stringMatching(/^Copied 2 records to copy\.db \(\d+\.\d KiB\)\n$/) as unknown as string,
        undefined,
      ]);
      data.write([{ message: "c" }]);
      expect([recordsIn(join(folder, "copy.db")), recordsIn(data.file)]).toEqual([[2], [3]]);
    });
  });

  test("says the same as JSON, and takes another data file", async () => {
    await withDataFile(async (data, folder) => {
      data.write([{ message: "a" }]);
      await run(folder, ["first.db"]);
      const { out } = await run(folder, ["--data", "first.db", "second.db", "--json"]);
      const file = join(folder, "second.db");
      expect(JSON.parse(out)).toEqual({ file, bytes: statSync(file).size, records: 1 });
    });
  });
});

describe("backup fails", () => {
  test("where the target exists, which stays as it is", async () => {
    await withDataFile(async (data, folder) => {
      data.write([{ message: "a" }]);
      writeFileSync(join(folder, "there.db"), "mine");
      const { out, error } = await run(folder, ["there.db"]);
      expect([out, error?.code, error?.message]).toEqual([
        "",
        "io",
        expect.stringContaining("there is a file of that name") as unknown as string,
      ]);
      expect(statSync(join(folder, "there.db")).size).toBe(4);
    });
  });

  test("where the target's folder does not exist", async () => {
    await withDataFile(async (data, folder) => {
      data.write([{ message: "a" }]);
      expect((await run(folder, ["none/copy.db"])).error?.code).toBe("io");
      expect(existsSync(join(folder, "none"))).toBe(false);
    });
  });

  test("at Ctrl-C, and leaves no file", async () => {
    await withDataFile(async (data, folder) => {
      data.write([{ message: "a" }]);
      const before = readdirSync(folder).toSorted();
      const { out, error } = await run(folder, ["copy.db"], true);
      expect([out, error?.code]).toEqual(["", "io"]);
      expect(readdirSync(folder).toSorted()).toEqual(before);
    });
  });
});
