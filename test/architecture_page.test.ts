// What the page on the architecture says is so: its rooms, who imports whom, who owns which package, and where threads
// begin.

import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { roomImports } from "./architecture/graph.ts";
import { ENTRY_POINTS, ROOMS } from "./architecture/rules.ts";
import { readSources } from "./architecture/sources.ts";
import { spansOf } from "./unit/docs/markdown.ts";
import { readPage } from "./unit/docs/pages.ts";

const ROOT = join(import.meta.dir, "..");
const { markdown, rows } = readPage("docs/architecture.md");
const threads = rows("thread");
const rooms = rows("room");

describe("the page on the architecture", () => {
  test("has every room once, with exactly the rooms and packages that its files import", () => {
    const found = roomImports(readSources(ROOT, "src"));
    const said = rooms.map(([name = "", , imports = "", owns = ""]) => [
      spansOf(name)[0],
      { rooms: spansOf(imports), packages: spansOf(owns) },
    ]);
    expect(said.map(([name]) => name)).toEqual([...new Set(said.map(([name]) => name))]);
    expect(Object.fromEntries(said)).toEqual(Object.fromEntries(found));
  });

  test("names no import that the rules forbid", () => {
    for (const [name = "", , imports = ""] of rooms) {
      const allowed = ROOMS[spansOf(name)[0] ?? ""] ?? [];
      expect(spansOf(imports).filter((room) => !allowed.includes(room))).toEqual([]);
    }
  });

  test("lists each room after all that it imports, so that it can be read from top to bottom", () => {
    const before: string[] = [];
    for (const [name = "", , imports = ""] of rooms) {
      expect([name, spansOf(imports).filter((room) => !before.includes(room))]).toEqual([name, []]);
      before.push(...spansOf(name));
    }
  });

  test("says where each thread begins: at the entry points of the rules, but for those in browsers and applications", () => {
    const begins = threads.flatMap(([, file = ""]) => spansOf(file));
    expect(begins.toSorted()).toEqual(ENTRY_POINTS.filter((file) => !/^src\/(?:web|client)\//.test(file)).toSorted());
    expect(begins.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  test("names no file or folder that is not there", () => {
    const paths = markdown.spans.filter((span) => /^(src|test|scripts)\//.test(span));
    expect(paths.length).toBeGreaterThan(60);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test("names no symbol that the sources do not have", () => {
    const text = [...readSources(ROOT, "src").values()].map(({ tree }) => tree.text).join("\n");
    const symbols = markdown.spans.filter((span) => /^(?:#\w+|[A-Z][A-Z_]+|[a-z]+[A-Z]\w*|[A-Z][a-z]\w+)$/.test(span));
    expect(symbols.length).toBeGreaterThan(8);
    expect(symbols.filter((symbol) => !text.includes(symbol))).toEqual([]);
  });
});
