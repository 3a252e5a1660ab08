// The command line as scripts see it: what each command says of itself, exit codes, and which stream things go to.

import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withFolder } from "../support/folder.ts";
import { EXECUTABLE, run } from "../support/run.ts";
import { configText, withStoppedServer } from "../support/server.ts";

const manifest = JSON.parse(readFileSync(join(import.meta.dir, "../../package.json"), "utf8")) as { version: string };

/** Each command, and what its help must name. */
const COMMANDS: readonly (readonly [command: string, names: readonly string[]])[] = [
  ["", ["serve", "init", "check", "keys", "export", "--config", "--version", "--help"]],
  ["serve", ["--config", "--host", "--port", "--data"]],
  ["init", ["--config", "--force"]],
  ["check", ["--config", "--json"]],
  ["keys", ["create", "list", "revoke", "--config"]],
  [
    "keys create",
    ["--config", "--project", "--origin", "--rate", "--server-only", "--client-only", "--hashed", "--json"],
  ],
  ["keys list", ["--config", "--json"]],
  ["keys revoke", ["--config", "<name>"]],
  ["export", ["--config", "--format", "--project", "--from", "--to", "--data"]],
  ["sdk", ["--config", "--url", "--out", "--pack", "--json"]],
  ["clickhouse schema", ["--config"]],
  ["clickhouse check", ["--config", "--json"]],
  ["clickhouse status", ["--config", "--json"]],
];

function words(command: string): string[] {
  return command.split(" ").filter((word) => word !== "");
}

describe("simplelogs", () => {
  test.each(COMMANDS)("%s --help names every option on standard output and creates no file", (command, names) =>
    withFolder(async (folder) => {
      for (const option of ["--help", "-h"]) {
        const { exitCode, stdout, stderr } = await run(EXECUTABLE, [...words(command), option], { cwd: folder });
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
        expect(names.filter((name) => !stdout.includes(name))).toEqual([]);
        expect(stdout).toStartWith(`Usage: ${["simplelogs", ...words(command)].join(" ")}`);
      }
      expect(readdirSync(folder)).toEqual([]);
    }),
  );

  test("--version prints name and version", () =>
    withFolder(async (folder) => {
      const { exitCode, stdout, stderr } = await run(EXECUTABLE, ["--version"], { cwd: folder });
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(stdout.split(/[ \n]/).slice(0, 2)).toEqual(["simplelogs", manifest.version]);
    }));

  test("check says OK and what the configuration means", () =>
    withStoppedServer(configText({ tables: '[storage]\ndurability = "write"' }), async (server) => {
      const { exitCode, stdout, stderr } = await server.command("check");
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(stdout).toStartWith("OK simplelogs.toml\n");
      expect(stdout).toMatch(/durability +write/);
      expect(stdout).not.toMatch(/[sc]k_0123456789abcdefghij/);
    }));

  test("--config is accepted before and after the command", () =>
    withStoppedServer(configText(), async (server) => {
      for (const commandLine of [
        ["--config", "simplelogs.toml", "check"],
        ["check", "--config", "simplelogs.toml"],
        ["check", "-c", "./simplelogs.toml"],
      ]) {
        expect((await server.command(...commandLine)).exitCode).toBe(0);
      }
    }));
});

describe("wrong usage exits with 2, says why on standard error, and writes nothing to standard output:", () => {
  const cases: readonly (readonly [commandLine: readonly string[], says: RegExp])[] = [
    [["sever"], /serve/],
    [["serve", "--prot", "80"], /--prot.*\n?.*--port/],
    [["serve", "--port"], /--port/],
    [["serve", "--port", "65536"], /65535.*65536/],
    [["serve", "--port", "http"], /--port.*"http"/],
    [["check", "--config", "absent.toml"], /absent\.toml/],
    [["check", "--config", ""], /--config/],
    [["check", "surplus"], /argument/],
    [["export", "--format", "xml"], /ndjson or csv.*"xml"/],
    [["export", "--from", "yesterday"], /--from.*"yesterday"/],
    [["export", "--to", "2026-13-45"], /--to.*"2026-13-45"/],
    [["keys"], /create.*[\s\S]*revoke/],
    [["keys", "crate", "x"], /crate/],
    [["keys", "create"], /name/],
    [["keys", "create", "x"], /2 to 80 characters/],
    [["keys", "create", "test"], /already/],
    [["keys", "create", "web", "--origin", "https://a.example/path"], /--origin.*path/],
    [["keys", "create", "web", "--rate", "0"], /--rate.*"0"/],
    [["keys", "create", "web", "--server-only", "--client-only"], /exclude/],
    [["keys", "revoke", "tset"], /"test"/],
    [["init"], /simplelogs\.toml/],
  ];
  test.each(cases)("simplelogs %p", (commandLine, says) =>
    withStoppedServer(configText(), async (server) => {
      const { exitCode, stdout, stderr } = await server.command(...commandLine);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
      expect(stderr).toMatch(says);
      expect(stderr).not.toMatch(/\n +at /);
      expect(readdirSync(server.folder)).toEqual(["simplelogs.toml"]);
      expect(readFileSync(server.configFile, "utf8")).toBe(configText());
    }),
  );
});

describe("a failure that is not wrong usage exits with 1:", () => {
  test("export before the server ever ran", () =>
    withStoppedServer(configText(), async (server) => {
      const { exitCode, stdout, stderr } = await server.command("export");
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
      expect(stderr).toContain("simplelogs.db");
      expect(readdirSync(server.folder)).toEqual(["simplelogs.toml"]);
    }));
});
