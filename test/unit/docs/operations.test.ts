// The page on operations names what the server has.

import { describe, expect, test } from "bun:test";
import { metricNames } from "./metrics.ts";
import { readPage } from "./pages.ts";

const PAGE = readPage("docs/operations.md");

describe("the page on operations", () => {
  test("has every metric", async () => {
    expect(PAGE.names("metric").toSorted()).toEqual((await metricNames()).toSorted());
  });
});
