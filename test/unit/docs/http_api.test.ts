// The page on the HTTP API is what the server's OpenAPI description says.

import { describe, expect, test } from "bun:test";
import { describedApi, renderPage } from "../../../scripts/src/http_api.ts";
import { readPage } from "./pages.ts";

const PAGE = readPage("docs/http_api.md");

describe("the page on the HTTP API", () => {
  test("is current; `bun scripts/src/http_api.ts` makes it so", async () => {
    expect(PAGE.text).toBe(renderPage(PAGE.text, await describedApi()));
  });

  test("has every route that is served, and every object", async () => {
    const { paths, components } = await describedApi();
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(routes.length).toBeGreaterThan(25);
    expect(PAGE.names("route")).toEqual(routes);
    const headings = PAGE.text.split("\n").filter((line) => line.startsWith("### "));
    expect(headings).toEqual([...routes, ...Object.keys(components.schemas)].map((title) => `### ${title}`));
  });

  test("tells a route's own answers from shared ones", () => {
    const page = "by hand\n<!-- Below this line: made by `bun scripts/src/http_api.ts`. -->\nold\n";
    const get = (description: string) => ({
      get: { summary: "Gets it", security: [], responses: { 200: { description: "Done" }, 404: { description } } },
    });
    const paths = { "/a": get("Gone"), "/b": get("Gone"), "/c": get("Gone"), "/d": get("Gone"), "/e": get("Lost") };
    const made = renderPage(page, {
      paths,
      components: { schemas: { Thing: { properties: { id: { type: "integer" } } } } },
    });
    expect(made).toStartWith("by hand\n<!--");
    expect(made).not.toContain("old");
    expect(made).toContain("### GET /a\n\nGets it.\n\nShared answers: 200 and 404.\n");
    expect(made).toContain("### GET /e\n\nGets it.\n\n| status | when | answer |\n|---|---|---|\n| 404 | Lost |  |\n");
    expect(made).toEndWith(
      "### Thing\n\n| member | type | meaning |\n|---|---|---|\n| `id` | integer, optional |  |\n",
    );
  });
});
