import { describe, expect, test } from "bun:test";
import { Command } from "commander";
import type { CliContext } from "../../../src/cli/context.ts";
import { addSearch, addSearchHelp, protectNegations } from "../../../src/cli/search_arguments.ts";
import { caretLines, refusalError } from "../../../src/cli/source.ts";
import { METADATA_FIELD, SEARCH_FIELDS } from "../../../src/search/fields.ts";
import { parseSearch } from "../../../src/search/parser.ts";

describe("a problem in a search", () => {
  test("is shown with marks under its place", () => {
    const { code, message } = refusalError(
      { code: "bad_query", message: "no such level", at: 8, length: 4 },
      "a level:eror b",
    );
    expect([code, message.split("\n")]).toEqual([
      "usage",
      ["cannot understand the search: no such level", "  a level:eror b", "          ^^^^"],
    ]);
  });

  test("is marked once where it has no length or lies at the end", () => {
    expect(caretLines("(a", 2, 0)).toBe("  (a\n    ^");
  });

  test("is marked at the right place after characters that are escaped or take two columns", () => {
    expect(caretLines("\u0007😀x", 3, 1)).toBe("  \\x07😀x\n        ^");
  });

  test("of a long search is shown with what is around it", () => {
    const q = `${"a".repeat(100)}!${"b".repeat(100)}`;
    expect(caretLines(q, 100, 1).split("\n")).toEqual([
      `  …${"a".repeat(60)}!${"b".repeat(60)}…`,
      `   ${" ".repeat(60)}^`,
    ]);
  });
});

describe("a refusal", () => {
  test.each([
    ["bad_range", "usage"],
    ["unknown_project", "usage"],
    ["unavailable", "data_unreadable"],
    ["busy", "data_unreadable"],
  ] as const)("of the code %s is an error of the code %s", (code, expected) => {
    expect(refusalError({ code, message: "m" }, "q")).toMatchObject({ code: expected, message: "m" });
  });
});

describe("the help on searches", () => {
  test("has an example of every field, each of which can be parsed", () => {
    const examples = [...SEARCH_FIELDS, METADATA_FIELD].map(({ example }) => example);
    let help = "";
    const context = { columns: 200 } as CliContext;
    const command = new Command("query").configureOutput({ writeOut: (text) => (help += text) });
    addSearchHelp(command, "", context).outputHelp();
    expect(examples.filter((example) => !help.includes(`  ${example}  `))).toEqual([]);
    expect(examples.filter((example) => !parseSearch(example).ok)).toEqual([]);
  });
});

/** Commands that take a search and options with values, and one that does neither. */
function programOf(): Command {
  const program = new Command("simplelogs").option("-c, --config <file>");
  for (const name of ["query", "tail", "erase"]) {
    addSearch(program.command(name)).option("--limit <number>").option("--token <token>").option("--json");
  }
  program.command("check");
  return program;
}

describe("words that begin with a dash", () => {
  test.each([
    [
      ["query", "-a", "-bc", "--limit", "3", "-(x"],
      ["query", "-a", " -bc", "--limit", "3", " -(x"],
    ],
    [
      ["--config", "query", "tail", "-client"],
      ["--config", "query", "tail", " -client"],
    ],
    [
      ["-c", "x", "erase", "--q", "-client", "--", "-client"],
      ["-c", "x", "erase", "--q", "-client", "--", "-client"],
    ],
    [
      ["query", "--token", "-abc", "-def", "--json", "-ghi", "--limit", "--", "-jkl"],
      ["query", "--token", "-abc", " -def", "--json", " -ghi", "--limit", "--", " -jkl"],
    ],
    [
      ["tail", "--token=-abc", "-def", "--token"],
      ["tail", "--token=-abc", " -def", "--token"],
    ],
    [
      ["check", "-cfile"],
      ["check", "-cfile"],
    ],
    [["-cfile"], ["-cfile"]],
    [[], []],
  ])("%j are %j", (args, expected) => {
    expect(protectNegations(args, programOf())).toEqual(expected);
  });
});
