import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { registerExport } from "../../../src/cli/export.ts";
import { batchesOf } from "../../../src/commit/redo_group.ts";
import { OperatingError } from "../../../src/core/errors.ts";
import { Ingester } from "../../../src/ingest/ingester.ts";
import { StoreWriter } from "../../../src/store/store_writer.ts";
import { readingAt } from "../../support/clock_reading.ts";
import { withFolder } from "../../support/folder.ts";

const KEYS = [{ project: "shop", name: "web shop", type: "server" }] as const;

const CONFIG = `[[keys]]
name = "web shop"
project = "shop"
server = "sk_0123456789abcdef"

[projects.empty]
retention = "3d"
`;

interface Run {
  readonly out: string;
  readonly err: string;
  readonly error: OperatingError | undefined;
}

/** Runs `export`; the reader of its output goes away after `writesMax` writes. */
async function run(
  folder: string,
  line: readonly string[],
  writesMax = Number.POSITIVE_INFINITY,
  isTerminal = false,
): Promise<Run> {
  let [out, err] = ["", ""];
  const stdout = { write: () => undefined };
  const stderr = { write: (text: string) => (err += text) };
  const context = { stdout, stderr, env: {}, cwd: folder, isTerminal, isErrorTerminal: false };
  const program = new Command("simplelogs");
  let writes = 0;
  registerExport(program, context, (text) => {
    out += text;
    return Promise.resolve(++writes < writesMax);
  });
  try {
    await program.parseAsync(["export", ...line], { from: "user" });
    return { out, err, error: undefined };
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    return { out, err, error };
  }
}

/**
 * A folder with a configuration and a data file that holds the messages, a block each, one a day from `firstTime` on.
 */
async function withData(
  messages: readonly string[],
  firstTime: number,
  work: (folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    writeFileSync(join(folder, "simplelogs.toml"), CONFIG, { mode: 0o600 });
    const store = new StoreWriter(join(folder, "simplelogs.db"), "write", "run");
    const worker = new Ingester({
      state: store.restore(),
      pairing: { openMax: 100, openBytesMax: 1e7, clientShare: 0.5, timeoutMs: 3_600_000, orphanGraceMs: 60_000 },
      requests: { windowMs: 600_000, requests: 1_000, clientShare: 0.5 },
      run: "run",
      rules: {
        keys: KEYS,
        projects: {},
        defaultProject: { retentionMs: 1e12, monthlyEntries: undefined, overage: "continue" },
      },
      deadlinesFrom: 0,
      clock: readingAt(0),
    });
    messages.forEach((message, index) => {
      const timestamp = firstTime + index * 86_400_000;
      const body = { key: "k", source: "server", entries: [{ message, timestamp }] };
      const batches = batchesOf(JSON.stringify([index + 1, 0, timestamp, 10, "s", body]), KEYS);
      store.commit(worker.group(batches, index + 1, readingAt(timestamp)));
      worker.committed();
    });
    store.close();
    await work(folder);
  });
}

function messagesOf(out: string): unknown[] {
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as { message: unknown }).message);
}

describe("export", () => {
  test("writes one JSON line a record, without expired records", async () => {
    const today = Date.now();
    await withData(["expired", "one", "two"], today - 30.5 * 86_400_000, async (folder) => {
      const { out, err, error } = await run(folder, []);
      expect([messagesOf(out), err, error]).toEqual([["one", "two"], "", undefined]);
    });
  });

  test("takes times, a project and another data file", async () => {
    const first = Date.now() - 5 * 86_400_000;
    await withData(["a", "b", "c"], first, async (folder) => {
      const range = ["--from", String(first + 1), "--to", new Date(first + 2 * 86_400_000).toISOString()];
      expect(messagesOf((await run(folder, range)).out)).toEqual(["b"]);
      expect(messagesOf((await run(folder, ["--project", "shop", "--from", "106h"])).out)).toEqual(["b", "c"]);
      expect(await run(folder, ["--project", "empty"])).toEqual({ out: "", err: "", error: undefined });
      const { error } = await run(folder, ["--data", "other.db"]);
      const message = `cannot read ${join(folder, "other.db")}: there is no such file; did the server ever run?`;
      expect(error).toEqual(new OperatingError("data_unreadable", message));
    });
  });

  test("takes a search, alone and with times", async () => {
    const first = Date.now() - 5 * 86_400_000;
    await withData(["disk full", "disk slow", "timeout"], first, async (folder) => {
      expect(messagesOf((await run(folder, ["-q", "disk"])).out)).toEqual(["disk full", "disk slow"]);
      expect(messagesOf((await run(folder, ["--query", "-full"])).out)).toEqual(["disk slow", "timeout"]);
      expect(messagesOf((await run(folder, ["-q", "disk", "--from", String(first + 1)])).out)).toEqual(["disk slow"]);
      expect((await run(folder, ["--query", "project:other", "--format", "csv"])).out.split("\r\n").length).toBe(2);
    });
  });

  test("is escaped on a terminal, and exact elsewhere", async () => {
    const hostile = "\u001b[2J\u009b31m\u202eabc";
    await withData([hostile], Date.now(), async (folder) => {
      const shown = await run(folder, [], undefined, true);
      expect([shown.out, messagesOf(shown.out)]).toEqual([
        expect.stringContaining("\\u001b[2J\\u009b31m\\u202eabc"),
        [hostile],
      ]);
      const csv = ["--format", "csv"];
      expect((await run(folder, csv, undefined, true)).out).toContain(",\\x1b[2J\\x9b31m\\u202eabc,");
      expect((await run(folder, csv)).out).toContain(`,${hostile},`);
    });
  });

  test("for spreadsheets begins with a byte order mark, has ISO times, and is CSV without --format", async () => {
    await withData(["a"], Date.now(), async (folder) => {
      for (const args of [
        ["--csv", "spreadsheet"],
        ["--format", "csv", "--csv", "spreadsheet"],
      ]) {
        const { out } = await run(folder, args);
        expect(out).toStartWith("\ufeffid,project,");
        expect(out.split("\r\n")[1]).toMatch(/,\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z,/);
      }
      expect((await run(folder, ["--csv", "exact"])).out).toStartWith("id,project,");
    });
  });

  test("writes csv with a header, also when there is nothing else", async () => {
    await withData(["a,b"], Date.now(), async (folder) => {
      const { out } = await run(folder, ["--format", "csv"]);
      expect(out.split("\r\n").map((line) => line.split(",").length)).toEqual([17, 18, 1]);
      expect((await run(folder, ["--format", "csv", "--project", "empty"])).out.split("\r\n").length).toBe(2);
    });
  });

  test("ends without an error when the reader closes the pipe", async () => {
    await withData(["x".repeat(300_000), "b", "c"], Date.now(), async (folder) => {
      const { out, error } = await run(folder, [], 1);
      expect([messagesOf(out), error]).toEqual([["x".repeat(300_000)], undefined]);
    });
  });
});

describe("export fails", () => {
  test("at wrong options, with the allowed values", async () => {
    await withData(["a"], Date.now(), async (folder) => {
      const messages = [];
      for (const line of [
        ["--format", "xml"],
        ["--project", "shp"],
        ["--from", "x"],
        ["--csv", "excel"],
        ["--format", "ndjson", "--csv", "spreadsheet"],
        ["-q", "level:eror"],
      ]) {
        const { error } = await run(folder, line);
        messages.push([error?.code, error?.message.slice(0, 50)]);
      }
      expect(messages).toEqual([
        ["usage", '--format: expected ndjson or csv, got "xml"'],
        ["usage", 'there is no project "shp"; there are: empty, shop'],
        ["usage", '--from: expected Unix milliseconds, ISO 8601 ("202'],
        ["usage", '--csv: expected exact or spreadsheet, got "excel"'],
        ["usage", "--csv needs --format csv"],
        ["usage", "cannot understand the search: level takes debug, i"],
      ]);
    });
  });

  test("at last, after it has given every block but the damaged one and has named that", async () => {
    await withData(["a", "b", "c"], Date.now(), async (folder) => {
      const file = join(folder, "simplelogs.db");
      const database = new Database(file);
      database.run("UPDATE pieces SET checksum = 1 WHERE key = (SELECT max(key) FROM pieces) - 512");
      database.close();
      const { out, err, error } = await run(folder, []);
      expect(messagesOf(out)).toEqual(["a", "c"]);
      expect(err).toMatch(
        /^simplelogs: block 2 \(project "shop", records: 1, ids 2 to 2\) is left out: column "\*" is damaged: .*\n$/,
      );
      expect([error?.code, error?.message]).toEqual([
        "data_unreadable",
        `${file} is damaged: blocks left out: 1, records in them: 1; all others are exported; check the disk, ` +
          "and take the missing records from a backup",
      ]);
    });
  });
});
