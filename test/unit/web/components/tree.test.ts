// Names with levels as a tree.

import { describe, expect, test } from "bun:test";
import { buildTree, namesOf, openRows, type TreeNode } from "../../../../src/web/components/tree.tsx";

describe("a tree", () => {
  const tree = buildTree(["db/query", "api/orders/submit", "api", "api/orders/list", "cron"]);
  const paths = (nodes: readonly TreeNode[]) => nodes.map(({ path }) => path);

  test("has a level for each part of a name, in order", () => {
    expect(paths(openRows(tree, () => true))).toEqual([
      "api",
      "api/orders",
      "api/orders/list",
      "api/orders/submit",
      "cron",
      "db",
      "db/query",
    ]);
  });

  test("shows only open branches", () => {
    expect(paths(openRows(tree, ({ path }) => path === "api"))).toEqual(["api", "api/orders", "cron", "db"]);
  });

  test("knows which categories are names themselves, and all names below", () => {
    const [api] = tree;
    expect(api?.isName).toBe(true);
    expect(api?.children[0]?.isName).toBe(false);
    expect(api === undefined ? [] : namesOf(api)).toEqual(["api", "api/orders/list", "api/orders/submit"]);
  });

  test("has one row for levels with nothing else in them, down to the last that has more below", () => {
    const names = ["ext/pay/eu/authorize", "ext/pay/eu/capture", "jobs/nightly", "a/b", "a/b/c/d/e", "a/b/c/d/f"];
    const rows = openRows(buildTree(names), () => true).map(({ depth, label }) => `${"  ".repeat(depth)}${label}`);
    expect(rows).toEqual([
      "a",
      "  b",
      "    c/d",
      "      e",
      "      f",
      "ext/pay/eu",
      "  authorize",
      "  capture",
      "jobs",
      "  nightly",
    ]);
  });

  test("takes empty levels and names like __proto__ as they are", () => {
    expect(paths(openRows(buildTree(["a//b", "/", "__proto__/x"]), () => true))).toEqual([
      "",
      "/",
      "__proto__",
      "__proto__/x",
      "a/",
      "a//b",
    ]);
  });
});
