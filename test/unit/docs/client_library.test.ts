// The page on the client library has every setting, method and kind of capture of the library's types.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { spansOf } from "./markdown.ts";
import { ROOT, readPage } from "./pages.ts";

const { text, rows } = readPage("docs/client_library.md");

/** Names and comments of the members of an interface of the client's types. */
function membersOf(name: string): [string, string][] {
  const path = "src/client/core/types.ts";
  const tree = ts.createSourceFile(path, readFileSync(join(ROOT, path), "utf8"), ts.ScriptTarget.Latest, true);
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
    const methods = rows("call").flatMap(([calls = ""]) => spansOf(calls).map((call) => call.replace(/\(.*/, "")));
    expect(methods).toEqual(membersOf("Logger").map(([name]) => name));
    const captured = membersOf("AutoCapture").filter(([name]) => !text.includes(`\`${name}\``));
    expect(captured).toEqual([]);
    const fields = membersOf("Problem").filter(([name]) => !text.includes(`\`${name}\``));
    expect(fields).toEqual([]);
  });
});
