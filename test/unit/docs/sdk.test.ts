// The pages on sending: settings, files and commands that they name are there, and their links lead somewhere.

import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { problemsOf, shownCommands } from "./commands.ts";
import { parseMarkdown, spansOf } from "./markdown.ts";

const ROOT = join(import.meta.dir, "../../..");
const PAGES = ["docs/sdk.md", "docs/posting.md", "src/client/README.md"];
const textOf = (path: string) => readFileSync(join(ROOT, path), "utf8");
const PAGE = parseMarkdown(textOf("docs/sdk.md"));

function rows(title: string): readonly (readonly string[])[] {
  const found = PAGE.tables.get(title) ?? [];
  expect(found.length).toBeGreaterThan(0);
  return found;
}

/** Names and comments of the members of an interface of the client's types. */
function membersOf(name: string): [string, string][] {
  const path = "src/client/core/types.ts";
  const tree = ts.createSourceFile(path, textOf(path), ts.ScriptTarget.Latest, true);
  const found = tree.statements.find((one) => ts.isInterfaceDeclaration(one) && one.name.text === name);
  if (found === undefined || !ts.isInterfaceDeclaration(found)) throw new Error(`there is no interface ${name}`);
  return found.members.map((member) => {
    const comment = ts.getJSDocCommentsAndTags(member).map((one) => one.getText(tree));
    return [member.name?.getText(tree) ?? "", comment.join(" ")];
  });
}

describe("the page on the client library", () => {
  test("has every setting, in the order of the types, with the default that they say", () => {
    const settings = membersOf("Options");
    expect(rows("option").map(([name = ""]) => spansOf(name)[0])).toEqual(settings.map(([name]) => name));
    const shown = new Map(rows("option").map(([name = "", byDefault = ""]) => [spansOf(name)[0], byDefault]));
    for (const [name, comment] of settings) {
      const said = /Default:? ([\d,.]+(?: MiB)?|false|true)(?=[.,;*\s])/.exec(comment)?.[1]?.replace(/[.,]$/, "");
      if (said !== undefined) expect([name, shown.get(name)]).toEqual([name, `\`${said}\``]);
    }
  });

  test("has every method of a logger, and every kind of capture", () => {
    const text = textOf("docs/sdk.md");
    const methods = rows("call").flatMap(([calls = ""]) => spansOf(calls).map((call) => call.replace(/\(.*/, "")));
    expect(methods).toEqual(membersOf("Logger").map(([name]) => name));
    const captured = membersOf("AutoCapture").filter(([name]) => !text.includes(`\`${name}\``));
    expect(captured).toEqual([]);
    const fields = membersOf("Problem").filter(([name]) => !text.includes(`\`${name}\``));
    expect(fields).toEqual([]);
  });
});

describe("the pages on sending", () => {
  test.each(PAGES)("%s has no link that leads nowhere", (path) => {
    const { links, anchors } = parseMarkdown(textOf(path));
    const isThere = (link: string) => {
      const [file = "", anchor] = link.split("#");
      if (file === "") return anchors.includes(link);
      const target = join(ROOT, path, "..", file);
      if (!existsSync(target)) return false;
      return anchor === undefined || parseMarkdown(readFileSync(target, "utf8")).anchors.includes(`#${anchor}`);
    };
    expect(links.filter((link) => !isThere(link))).toEqual([]);
  });

  test.each(PAGES)("%s shows no command or option that the program does not know", async (path) => {
    const problems = await Promise.all(shownCommands(parseMarkdown(textOf(path))).map(problemsOf));
    expect(problems.flat()).toEqual([]);
  });
});

describe("the README's links", () => {
  test("into these pages lead to a heading", () => {
    const links = parseMarkdown(textOf("README.md")).links.filter((link) => /^docs\/\w+\.md#/.test(link));
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) {
      const [file = "", anchor = ""] = link.split("#");
      expect([link, parseMarkdown(textOf(file)).anchors.includes(`#${anchor}`)]).toEqual([link, true]);
    }
  });
});
