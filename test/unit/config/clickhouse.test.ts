// The [clickhouse] table: what it becomes, and what is refused or warned about.

import { describe, expect, test } from "bun:test";
import { parseSettings } from "../../../src/config/load.ts";
import { diffSettings } from "../../../src/config/reload.ts";
import type { Settings } from "../../../src/config/settings.ts";
import { problemsOf } from "../../support/configuration.ts";

const URL_LINE = 'url = ["http://clickhouse-1:8123"]\n';
const table = (lines: string) => `[clickhouse]\n${lines}`;

function loaded(text: string): Settings {
  const result = parseSettings(text, "simplelogs.toml", {});
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
  return result.settings;
}

function warningsOf(text: string): string[] {
  const result = parseSettings(text, "simplelogs.toml", {});
  return result.ok
    ? result.warnings.map(({ message }) => message).filter((message) => message.includes("clickhouse"))
    : ["refused"];
}

describe("a [clickhouse] table", () => {
  test("is absent by default", () => {
    expect(loaded("").clickhouse).toBeUndefined();
  });

  test("needs nothing but an address", () => {
    const { password, ...rest } = loaded(table(URL_LINE)).clickhouse ?? {};
    expect(rest).toEqual({
      urls: ["http://clickhouse-1:8123"],
      database: "simplelogs",
      user: "default",
      cluster: "",
      node: 1,
      keepLocalMs: 86_400_000,
      backlogBytesMax: 10 * 2 ** 30,
    });
    expect(password?.reveal()).toBe("");
  });

  test("takes each server once, without the slash at its end", () => {
    const lines = 'url = ["http://a:8123/", "http://a:8123", "https://b:8443/clickhouse/"]\n';
    expect(loaded(table(lines)).clickhouse?.urls).toEqual(["http://a:8123", "https://b:8443/clickhouse"]);
  });

  test("does not show its password where settings are printed", () => {
    const settings = loaded(table(`${URL_LINE}password = "kept to myself"\n`));
    expect(JSON.stringify(settings)).not.toContain("kept to myself");
    expect(settings.clickhouse?.password.reveal()).toBe("kept to myself");
  });

  test("applies with a restart only", () => {
    const before = loaded(table(URL_LINE));
    const after = loaded(table(`${URL_LINE}node = 2\nkeep_local = "2d"\n`));
    expect(diffSettings(before, after)).toEqual(["clickhouse.node", "clickhouse.keep_local"]);
    expect(diffSettings(before, loaded(""))).toContain("clickhouse.url");
    expect(diffSettings(before, before)).toEqual([]);
  });
});

describe("a [clickhouse] table is refused", () => {
  for (const [lines, expected] of [
    ["", "is missing: expected a list"],
    ["url = []\n", "clickhouse.url"],
    ['url = ["clickhouse-1:8123"]\n', "HTTP interface"],
    ['url = ["tcp://clickhouse-1:9000"]\n', "HTTP interface"],
    ['url = ["http://clickhouse-1:9000"]\n', "native protocol"],
    ['url = ["https://clickhouse-1:9440"]\n', "native protocol"],
    ['url = ["http://user:secret@clickhouse-1:8123"]\n', "clickhouse.user"],
    ['url = ["http://clickhouse-1:8123/?database=x"]\n', "without ?"],
    [`${URL_LINE}databse = "logs"\n`, 'did you mean "database"'],
    [`${URL_LINE}database = "my-logs"\n`, "clickhouse.database"],
    [`${URL_LINE}database = "x; DROP TABLE y"\n`, "clickhouse.database"],
    [`${URL_LINE}cluster = "a'b"\n`, "clickhouse.cluster"],
    [`${URL_LINE}cluster = "a\`b"\n`, "clickhouse.cluster"],
    [`${URL_LINE}node = 0\n`, "from 1 to 8191"],
    [`${URL_LINE}node = 8192\n`, "from 1 to 8191"],
    [`${URL_LINE}node = 1.5\n`, "from 1 to 8191"],
    [`${URL_LINE}keep_local = "0s"\n`, "clickhouse.keep_local"],
    [`${URL_LINE}backlog_max = "1KiB"\n`, "clickhouse.backlog_max"],
    [`${URL_LINE}backlog_max = "30GiB"\n`, "storage.max_size (20GiB)"],
    [`${URL_LINE}[storage]\nmax_size = "5GiB"\n`, "storage.max_size (5GiB)"],
  ] as const) {
    test(`with ${JSON.stringify(lines)}`, () => {
      const problems = problemsOf(table(lines));
      expect(problems).toHaveLength(1);
      expect(problems[0]?.toString()).toContain(expected);
    });
  }

  test.each([
    ['url = ["https://logs:hunter2@clickhouse-1:8443"]', "https://logs:…@clickhouse-1:8443"],
    ['url = "https://logs:hunter2@clickhouse-1:8443"', "https://logs:…@clickhouse-1:8443"],
    ['url = ["https://logs:hun/ter2@@clickhouse-1"]', "https://logs:…@clickhouse-1"],
    ['url = ["tcp://logs:hunter2@clickhouse-1:9000"]', "tcp://logs:…@clickhouse-1:9000"],
    ['url = ["logs:hunter2@clickhouse-1"]', "logs:…@clickhouse-1"],
    ['url = ["http://logs:hunter2 @clickhouse-1"]', "http://logs:…@clickhouse-1"],
    ['url = ["https://clickhouse-1/?user=logs&password=hunter2"]', "?user=…&password=…"],
  ])("without the password of an address in the message: %s", (line, shown) => {
    const problems = problemsOf(table(`${line}\n`)).join("\n");
    expect(problems).toContain(shown);
    expect(problems).not.toMatch(/hun|ter2/);
  });

  test("without its password in the message", () => {
    const problems = problemsOf(table(`${URL_LINE}password = "sécret"\n`));
    expect(JSON.stringify(problems)).not.toContain('cret"');
    expect(problems).toHaveLength(1);
  });
});

describe("a [clickhouse] table is warned about", () => {
  test("where records expire before keep_local has passed", () => {
    const text = `${table(`${URL_LINE}keep_local = "60d"\n`)}[projects.shop]\nretention = "7d"\n`;
    expect(warningsOf(text)).toEqual([
      'clickhouse.keep_local is more than the retention of "shop", which holds here too',
    ]);
  });

  test("where its password goes unencrypted to another machine", () => {
    expect(warningsOf(table(`${URL_LINE}password = "secret"\n`))).toHaveLength(1);
    expect(warningsOf(table('url = ["http://localhost:8123"]\npassword = "secret"\n'))).toEqual([]);
    expect(warningsOf(table('url = ["https://clickhouse-1:8443"]\npassword = "secret"\n'))).toEqual([]);
  });
});
