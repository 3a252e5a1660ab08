// Where a reading command gets its records: options, environment and configuration, in this order.

import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { addConfigOption, type CliContext } from "../../../src/cli/context.ts";
import { readableDataOf } from "../../../src/cli/data_file.ts";
import {
  addSourceOptions,
  parseInstant,
  remoteAddressOf,
  type SourceOptions,
  scopeOf,
} from "../../../src/cli/options.ts";
import { DEFAULT_PROJECT } from "../../../src/config/settings.ts";
import { OperatingError } from "../../../src/core/errors.ts";
import { localTimeZone, TimeZone } from "../../../src/core/time_zone.ts";
import { failureOf } from "../../support/failure.ts";
import { withFolder } from "../../support/folder.ts";

const VARIABLES = { SIMPLELOGS_URL: "https://env.example.com", SIMPLELOGS_TOKEN: "token-of-the-environment" };

interface Parsed {
  readonly command: Command;
  readonly options: SourceOptions;
  readonly context: CliContext;
}

/** What a command sees of a command line. */
function parsed(line: readonly string[], env: Record<string, string> = {}, cwd = "/"): Parsed {
  const sink = { write: () => undefined };
  const context = { stdout: sink, stderr: sink, env, cwd, isTerminal: false, isErrorTerminal: false };
  const program = addConfigOption(new Command("simplelogs")).exitOverride();
  const command = addSourceOptions(addConfigOption(program.command("query"))).action(() => undefined);
  program.parse(["query", ...line], { from: "user" });
  return { command, options: command.opts(), context };
}

function addressOf(line: readonly string[], env: Record<string, string> = {}): unknown {
  const { command, options, context } = parsed(line, env);
  try {
    return remoteAddressOf(command, options, context) ?? "local";
  } catch (error) {
    return (error as OperatingError).message;
  }
}

describe("the server that is asked", () => {
  test("is what --url names, else the environment, else none", () => {
    expect(addressOf(["--url", "http://127.0.0.1:7070/", "--token", "t"], VARIABLES)).toEqual({
      url: "http://127.0.0.1:7070",
      token: "t",
    });
    expect(addressOf([], VARIABLES)).toEqual({ url: "https://env.example.com", token: "token-of-the-environment" });
    expect(addressOf(["--url", "https://a.example.com/logs/"], VARIABLES)).toEqual({
      url: "https://a.example.com/logs",
      token: "token-of-the-environment",
    });
    expect(addressOf([])).toBe("local");
    expect(addressOf([], { SIMPLELOGS_URL: "" })).toBe("local");
  });

  test("is none if an option names a data file or a configuration, whatever the environment says", () => {
    expect(addressOf(["--data", "x.db"], VARIABLES)).toBe("local");
    expect(addressOf(["--config", "x.toml"], VARIABLES)).toBe("local");
  });
});

describe("the server that is asked is refused", () => {
  const wanted = "expected an address such as https://logs.example.com or http://127.0.0.1:7070, got";

  test.each([
    [["--url", "localhost:7070"], {}, `--url: ${wanted} "localhost:7070"`],
    [["--url", "ftp://a"], {}, `--url: ${wanted} "ftp://a"`],
    [["--url", "http://a/?q=1"], {}, `--url: ${wanted} "http://a/?q=1"`],
    [["--url", "http://me:secret@a"], {}, `--url: ${wanted} "http://me:secret@a"`],
    [[], { SIMPLELOGS_URL: "a" }, `SIMPLELOGS_URL: ${wanted} "a"`],
    [["--url", "http://a"], {}, "--url needs the admin token: set SIMPLELOGS_TOKEN, or give --token"],
    [["--url", "http://a", "--data", "b"], {}, "--url and --data exclude each other: a server reads its own data file"],
    [
      ["--url", "http://a", "--token", "a b"],
      {},
      "the admin token has spaces or characters outside ASCII: is it the right one?",
    ],
  ])("with %j and %j", (line, env, message) => {
    expect(addressOf(line, env as Record<string, string>)).toBe(message);
  });
});

describe("the data file that is read", () => {
  test("is the configuration's with its retention, or that of --data without one", async () => {
    await withFolder(async (folder) => {
      writeFileSync(join(folder, "simplelogs.toml"), '[projects.shop]\nretention = "3d"\n', { mode: 0o600 });
      const shop = { retentionMs: 259_200_000, monthlyEntries: undefined, overage: "continue" };
      const of = async (line: readonly string[]) => {
        const { command, options, context } = parsed(line, {}, folder);
        const { file, rules } = await readableDataOf(command, options, context, "records");
        return { file, projects: { ...rules.projects }, other: rules.defaultProject };
      };
      expect(await of([])).toEqual({
        file: join(folder, "simplelogs.db"),
        projects: { shop: shop as never },
        other: DEFAULT_PROJECT,
      });
      expect((await of(["--data", "b.db"])).file).toBe(join(folder, "b.db"));
      const all = { retentionMs: Number.POSITIVE_INFINITY };
      expect(await of(["--data", "b.db"])).toMatchObject({ projects: {}, other: all });
      expect(await of(["--data", "b.db", "--config", "simplelogs.toml"])).toMatchObject({ projects: { shop: all } });
    });
  });

  test("needs no configuration where --data names it", async () => {
    await withFolder(async (folder) => {
      const { command, options, context } = parsed(["--data", "b.db"], {}, folder);
      const { file, rules } = await readableDataOf(command, options, context, "records");
      expect([file, Object.keys(rules.projects), "toString" in rules.projects]).toEqual([
        join(folder, "b.db"),
        [],
        false,
      ]);
    });
  });

  test("is not guessed if the configuration is missing or was named", async () => {
    await withFolder(async (folder) => {
      for (const line of [[], ["--data", "b.db", "--config", "none.toml"]]) {
        const { command, options, context } = parsed(line, {}, folder);
        expect(await failureOf(readableDataOf(command, options, context, "records"))).toMatchObject({
          code: "config_invalid",
        });
      }
    });
  });
});

describe("a scope", () => {
  test("has the joined words and the times before now", () => {
    expect(scopeOf(["a", " -b "], { project: "p", from: "1h", to: "1970-01-01T00:00:01Z" }, 7_200_000)).toEqual({
      project: "p",
      q: "a  -b",
      from: 3_600_000,
      to: 1_000,
    });
    expect(scopeOf([], {}, 0)).toEqual({ project: undefined, q: "", from: undefined, to: undefined });
  });
});

const NOW = Date.UTC(2026, 10, 23, 12);
const HERE = new TimeZone(localTimeZone());

describe("an instant is read", () => {
  test.each([
    ["1718900000000", 1_718_900_000_000],
    ["1718900000000.5", 1_718_900_000_000.5],
    ["2026-11-23T10:30Z", Date.UTC(2026, 10, 23, 10, 30)],
    ["2026-11-23T10:30:00+02:00", Date.UTC(2026, 10, 23, 8, 30)],
    ["2026-11-23T10:30", new Date(2026, 10, 23, 10, 30).getTime()],
    ["2026-11-23 10:30:15.250", new Date(2026, 10, 23, 10, 30, 15, 250).getTime()],
    ["24h", NOW - 86_400_000],
  ])("%s", (text, expected) => {
    expect(parseInstant(text, "--from", NOW)).toBe(expected);
    expect(parseInstant(text, "--to", NOW)).toBe(expected);
  });

  test("a date is its whole day in the local time zone", () => {
    expect(parseInstant("2026-11-23", "--from", NOW)).toBe(HERE.startOfDay(Date.UTC(2026, 10, 23)));
    expect(parseInstant("2026-11-23", "--to", NOW)).toBe(HERE.startOfDay(Date.UTC(2026, 10, 24)));
  });
});

describe("an instant is refused", () => {
  test.each(["", " ", "yesterday", "1e3", "15w", "-15m", "1.5h", "2026-11-23x", "Infinity", "0x10"])("%p", (text) => {
    expect(() => parseInstant(text, "--from", NOW)).toThrow(
      new OperatingError(
        "usage",
        `--from: expected Unix milliseconds, ISO 8601 ("2026-01-31T12:00:00Z"), a time as it is printed ("2026-01-31 12:00:00.123"), a date (its whole day), or a time before now ("15m", "24h", "7d"), got ${JSON.stringify(text)}`,
      ),
    );
  });

  test("with a hint where one can be given", () => {
    expect(() => parseInstant("2026", "--to", NOW)).toThrow(
      /^--to: expected .*, got "2026": that would be in 1970: a year\? write 2026-01-01$/,
    );
  });
});
