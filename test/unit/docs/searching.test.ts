// The pages on searching and on the HTTP API say what the server does.

import { describe, expect, test } from "bun:test";
import { METADATA_FIELD, SEARCH_FIELDS } from "../../../src/search/fields.ts";
import { parseSearch } from "../../../src/search/parse.ts";
import { createFixture } from "../http/fixture.ts";
import { spansOf } from "./markdown.ts";
import { readPage } from "./pages.ts";

const SEARCHING = readPage("docs/searching.md");
const ROUTES = readPage("docs/http_api.md");

/** "METHOD path" of every operation of openapi.json. */
async function describedOperations(): Promise<string[]> {
  const answer = await createFixture().fetch(new Request("http://localhost:7070/openapi.json"));
  const { paths } = (await answer.json()) as { paths: Record<string, Record<string, unknown>> };
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

/** Operations that other pages are about. */
const ELSEWHERE = [
  "POST /api/v1/enqueue",
  "OPTIONS /api/v1/enqueue",
  "GET /healthz",
  "GET /readyz",
  "GET /metrics",
  "GET /sdk/",
  "GET /sdk/{file}",
  "GET /sdk/{version}/{file}",
];

describe("the page on the HTTP API", () => {
  test("has every route, and none that there is not", async () => {
    const shown = ROUTES.rows("route").flatMap(([cell = ""]) => {
      const spans = spansOf(cell);
      const path = /\S*$/.exec(spans.at(-1)?.split("?")[0] ?? "")?.[0] ?? "";
      // Several methods of one path stand in one row; several paths with their methods, too.
      if (spans.every((span) => span.includes("/"))) {
        return spans.flatMap((span) => {
          const [methods = "", at = path] = span.split("?")[0]?.split(" ") ?? [];
          return [`${methods} ${at}`];
        });
      }
      return spans.map((span) => `${span.split(" ")[0]} ${path}`);
    });
    const described = (await describedOperations()).filter((operation) => !ELSEWHERE.includes(operation));
    expect(shown.toSorted()).toEqual(described.toSorted());
  });
});

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
