import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { chmodSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { addConfigOption } from "../../../src/cli/context.ts";
import { checkClock, checkSpace, registerDoctor } from "../../../src/cli/doctor.ts";
import { OperatingError } from "../../../src/core/errors.ts";
import { freeBytes } from "../../../src/store/disk_space.ts";
import { lockData } from "../../../src/store/lock.ts";
import { ReserveFile } from "../../../src/store/space/reserve.ts";
import { withFolder } from "../../support/folder.ts";
import { type DataFile, withDataFile } from "./data_file.ts";

const CONFIG = `[[keys]]
name = "web shop"
project = "shop"
server = "sk_0123456789abcdef"

[storage]
max_size = "16MiB"
`;
const NOW = 1_769_860_800_000;

interface Run {
  readonly out: string;
  readonly error: OperatingError | undefined;
}

async function run(folder: string, line: readonly string[] = [], now = Date.now()): Promise<Run> {
  let out = "";
  const stdout = { write: (text: string) => (out += text) };
  const stderr = { write: () => undefined };
  const context = { stdout, stderr, env: {}, cwd: folder, isTerminal: false, isErrorTerminal: false };
  const program = addConfigOption(new Command("simplelogs"));
  registerDoctor(program, context, () => now);
  try {
    await program.parseAsync(["doctor", ...line], { from: "user" });
    return { out, error: undefined };
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return { out, error };
  }
}

/** A folder as a server leaves it: with a reserve, and a limit that the disk has room for. */
async function withGoodData(work: (data: DataFile, folder: string) => Promise<void>): Promise<void> {
  await withDataFile(async (data, folder) => {
    writeFileSync(join(folder, "simplelogs.toml"), CONFIG, { mode: 0o600 });
    data.write([{ message: "a" }, { duration: 5 }]);
    new ReserveFile(data.file).make();
    await work(data, folder);
  });
}

/** Severity and check of each line that has them. */
function lines(out: string): string[] {
  return [...out.matchAll(/^(ok|warning|problem) +(\w+(?: \w+)?)  /gm)].map(
    ([, severity, check]) => `${severity} ${check}`,
  );
}

const ALL_WELL = [
  "ok configuration",
  "ok data file",
  "ok permissions",
  "ok free space",
  "ok reserve",
  "ok clock",
  "ok contents",
];

describe("doctor", () => {
  test("finds all well with a file that is written to, and changes nothing", async () => {
    await withGoodData(async (data, folder) => {
      const before = readdirSync(folder).toSorted();
      const { out, error } = await run(folder);
      expect([lines(out), error]).toEqual([ALL_WELL, undefined]);
      expect(out).toContain("contents       2 records in 1 block (");
      expect(out).toContain("; no server runs on it\n");
      expect(out).toEndWith("\nAll is well.\n");
      expect(readdirSync(folder).toSorted()).toEqual(before);
      const lock = lockData(data.file);
      expect((await run(folder)).out).toContain(`; process ${process.pid} runs on it\n`);
      lock.release();
    });
  });

  test("says the same as JSON", async () => {
    await withGoodData(async (_, folder) => {
      const { ok, findings } = JSON.parse((await run(folder, ["--json"])).out) as {
        ok: boolean;
        findings: readonly { severity: string; check: string }[];
      };
      expect([ok, findings.map(({ severity, check }) => `${severity} ${check}`)]).toEqual([true, ALL_WELL]);
    });
  });

  test("looks at a copy without a configuration", async () => {
    await withGoodData(async (data, folder) => {
      data.close();
      rmSync(join(folder, "simplelogs.toml"));
      const { out, error } = await run(folder, ["--data", "simplelogs.db"]);
      expect([lines(out), error]).toEqual([
        ALL_WELL.filter((line) => line !== "ok configuration" && line !== "ok reserve"),
        undefined,
      ]);
    });
  });

  test("is content with warnings", async () => {
    await withGoodData(async (data, folder) => {
      rmSync(`${data.file}-reserve`);
      const { out, error } = await run(folder);
      expect(lines(out).filter((line) => !line.startsWith("ok"))).toEqual(["warning reserve"]);
      expect([out.endsWith("\n1 warning\n"), error]).toEqual([true, undefined]);
    });
  });
});

describe("doctor fails", () => {
  test("at a damaged block, which it names, with advice", async () => {
    await withGoodData(async (data, folder) => {
      data.write([{ message: "b" }]);
      const database = new Database(data.file);
      database.run("UPDATE pieces SET checksum = checksum + 1 WHERE key = (SELECT max(key) FROM pieces)");
      database.close();
      const { out, error } = await run(folder);
      expect(lines(out).filter((line) => !line.startsWith("ok"))).toEqual(["problem contents"]);
      expect(out).toMatch(
        /problem +contents +block 2: .*\n +-> it held 1 records of project "shop" .*\n\n1 problem\n$/,
      );
      expect([error?.code, error?.message]).toEqual(["data_unreadable", "1 problem found"]);
    });
  });

  test("at counters that do not add up", async () => {
    await withGoodData(async (data, folder) => {
      const database = new Database(data.file);
      database.run("UPDATE usage SET value = value + 1 WHERE name = 'received'");
      database.close();
      const { out, error } = await run(folder);
      expect(out).toContain("the sum of the counters does not close: received 3");
      expect(error?.code).toBe("data_unreadable");
    });
  });

  test("at a file that others may read", async () => {
    await withGoodData(async (data, folder) => {
      chmodSync(data.file, 0o644);
      const { out, error } = await run(folder);
      expect(lines(out).filter((line) => !line.startsWith("ok"))).toEqual(["problem permissions"]);
      expect(out).toContain(`simplelogs.db has the mode 644: others may read it\n`);
      expect(out).toContain(`-> chmod 600 ${data.file}\n`);
      expect(error?.code).toBe("data_unreadable");
    });
  });

  test("at every problem of the configuration, and looks no further without a data file's name", async () => {
    await withFolder(async (folder) => {
      writeFileSync(join(folder, "simplelogs.toml"), "port = 70000\nhots = 1\n", { mode: 0o600 });
      const { out, error } = await run(folder);
      expect(lines(out)).toEqual(["problem configuration", "problem configuration"]);
      expect(out).toContain("simplelogs.toml:1: port = 70000");
      expect([out.endsWith("\n2 problems\n"), error?.message]).toEqual([true, "2 problems found"]);
    });
  });

  test("where there is no data file", async () => {
    await withFolder(async (folder) => {
      writeFileSync(join(folder, "simplelogs.toml"), CONFIG, { mode: 0o600 });
      const { out, error } = await run(folder);
      expect([lines(out), error?.code]).toEqual([["ok configuration", "problem data file"], "data_unreadable"]);
    });
  });

  test("at a file that is no data file, and at one with missing pages", async () => {
    await withGoodData(async (data, folder) => {
      data.close();
      writeFileSync(join(folder, "other.db"), "not a database, but long enough to be read as one", { mode: 0o600 });
      const other = await run(folder, ["--data", "other.db"]);
      expect(lines(other.out).filter((line) => !line.startsWith("ok"))).toEqual(["problem contents"]);
      const database = new Database(data.file);
      const pages = (database.query("PRAGMA page_count").get() as { page_count: number }).page_count;
      database.close();
      writeFileSync(data.file, Buffer.alloc(4096, 1), { flag: "r+" });
      expect(pages).toBeGreaterThan(2);
      const broken = await run(folder);
      expect(lines(broken.out).filter((line) => line.startsWith("problem"))).toEqual(["problem contents"]);
    });
  });
});

describe("the clock", () => {
  test("may be a day before the newest record, as ingestion allows, and no more", () => {
    const day = 86_400_000;
    expect([checkClock(undefined, NOW).severity, checkClock(NOW + day, NOW).severity]).toEqual(["ok", "ok"]);
    expect(checkClock(NOW + day + 1, NOW)).toMatchObject({
      severity: "problem",
      what: "the newest record is from 2026-02-01 12:00:00.001, and this machine's clock says 2026-01-31 12:00:00.000",
    });
  });
});

describe("free space", () => {
  test("is scarce where the disk is full before max_size is reached", async () => {
    await withFolder((folder) => {
      const file = join(folder, "simplelogs.db");
      expect(checkSpace(file, freeBytes(file) * 2)).toMatchObject({ severity: "warning" });
      expect(checkSpace(file, 1)).toMatchObject({ severity: "ok" });
    });
  });
});
