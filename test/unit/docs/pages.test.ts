// Every page: its links lead somewhere, its commands and files are there, and it is written in the manner of the
// others.

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { problemsOf, shownCommands } from "./commands.ts";
import { PAGES, ROOT, readPage } from "./pages.ts";

/** A path in the checkout, of a file or a folder. */
const PATH = /^(?:scripts|src|test|docs)(?:\/[\w.-]+)+\/?$|^(?:LICENSE|\w+\.md)$/;

/** The lines outside fenced blocks. */
function proseLines(text: string): string[] {
  return text.replaceAll(/^ *```[^]*?^ *```$/gm, "").split("\n");
}

describe.each(PAGES)("%s", (path) => {
  const { text, markdown, blocks } = readPage(path);

  test("has no link that leads nowhere", () => {
    const isThere = (link: string) => {
      const [file = "", anchor] = link.split("#");
      if (file === "") return markdown.anchors.includes(link);
      const target = join(dirname(path), file);
      if (!existsSync(join(ROOT, target))) return false;
      return anchor === undefined || readPage(target).markdown.anchors.includes(`#${anchor}`);
    };
    expect(markdown.links.filter((link) => !/^https?:/.test(link) && !isThere(link))).toEqual([]);
  });

  test("links only to what is released with it, or to the web", () => {
    const targets = markdown.links
      .filter((link) => !/^(?:#|https?:)/.test(link))
      .map((link) => join(dirname(path), link));
    expect(targets.filter((target) => !/^(?:docs\/|README\.md|LICENSE|CHANGELOG\.md)/.test(target))).toEqual([]);
  });

  test("shows no command or option that the program does not know", async () => {
    const problems = await Promise.all(shownCommands(markdown).map(problemsOf));
    expect(problems.flat()).toEqual([]);
  });

  test("names no file or folder that is not there", () => {
    const words = [...markdown.spans, ...blocks("sh")].flatMap((span) => span.split(/\s+/));
    expect(words.filter((word) => PATH.test(word) && !existsSync(join(ROOT, word)))).toEqual([]);
  });

  test("wraps its prose at 100 columns", () => {
    const prose = proseLines(text).filter((line) => !/^[|#!]/.test(line));
    expect(prose.filter((line) => line.length > 100 && line.slice(2, 100).includes(" "))).toEqual([]);
  });

  test("calls the admin token and the example keys by one name each", () => {
    expect(text.match(/SIMPLELOGS_ADMIN_TOKEN|\b[sc]k_(?!your_server_key\b|your_client_key\b)\w+/g) ?? []).toEqual([]);
  });
});

describe("the documentation", () => {
  test("shows commands and files at all", () => {
    const pages = PAGES.map(readPage);
    expect(pages.flatMap(({ markdown }) => shownCommands(markdown)).length).toBeGreaterThan(40);
    const spans = pages.flatMap(({ markdown }) => markdown.spans);
    expect(spans.filter((span) => PATH.test(span)).length).toBeGreaterThan(15);
  });
});

describe("the README", () => {
  test("has at most 150 lines, and leads to every page", () => {
    const { text, markdown } = readPage("README.md");
    expect(text.split("\n").length).toBeLessThanOrEqual(151);
    const pages = PAGES.filter((path) => path.startsWith("docs/"));
    expect(pages.filter((path) => !markdown.links.includes(path))).toEqual([]);
  });
});
