// The page on searching shows what the search language understands.

import { describe, expect, test } from "bun:test";
import { METADATA_FIELD, SEARCH_FIELDS } from "../../../src/search/fields.ts";
import { parseSearch } from "../../../src/search/parser.ts";
import { readPage } from "./pages.ts";

const SEARCHING = readPage("docs/searching.md");

describe("the page on searching", () => {
  test("shows terms that are understood", () => {
    const terms = SEARCHING.names("term").filter((term) => !term.includes("…"));
    expect(terms.length).toBeGreaterThan(20);
    expect(terms.filter((term) => !parseSearch(term).ok)).toEqual([]);
  });

  test("shows whole searches that are understood", () => {
    const searches = SEARCHING.blocks("text").flatMap((text) => text.trim().split("\n"));
    expect(searches.length).toBeGreaterThan(1);
    expect(searches.filter((search) => !parseSearch(search).ok)).toEqual([]);
  });

  test("has every field", () => {
    const shown = SEARCHING.names("term").map((term) => /^[A-Za-z]+(?=[:.])/.exec(term)?.[0]);
    const known = [...SEARCH_FIELDS, METADATA_FIELD].map(({ name }) => name.replace(/\..*/, ""));
    expect(known.filter((name) => !shown.includes(name))).toEqual([]);
  });
});
