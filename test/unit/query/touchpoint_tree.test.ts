import { describe, expect, test } from "bun:test";
import type { TouchpointNode, TouchpointRow } from "../../../src/core/answers.ts";
import { touchpointTrees } from "../../../src/query/touchpoint_tree.ts";

function row(name: string, project = "shop", registered = true): TouchpointRow {
  return { project, name, registered, firstSeen: 5 };
}

function category(path: string, children: TouchpointNode[]): TouchpointNode {
  return { name: path.split("/").at(-1) ?? "", path, registered: null, firstSeen: null, children };
}

function leaf(path: string, registered = true, children: TouchpointNode[] = []): TouchpointNode {
  return { name: path.split("/").at(-1) ?? "", path, registered, firstSeen: 5, children };
}

describe("the tree of touchpoints", () => {
  test("has a node for each part of a name, and says which of them are touchpoints", () => {
    const rows = [row("web"), row("api/orders/submit", "shop", false), row("api/orders"), row("api/users")];
    expect(touchpointTrees(rows)).toEqual([
      {
        project: "shop",
        children: [
          category("api", [leaf("api/orders", true, [leaf("api/orders/submit", false)]), leaf("api/users")]),
          leaf("web"),
        ],
      },
    ]);
  });

  test("is one a project, by name", () => {
    const trees = touchpointTrees([row("b", "two"), row("a", "one")]);
    expect(trees.map(({ project, children }) => [project, children[0]?.path])).toEqual([
      ["one", "a"],
      ["two", "b"],
    ]);
  });

  test("keeps empty parts, and the end of a very deep name in one piece", () => {
    const [tree] = touchpointTrees([row("/a//b"), row("/".repeat(10_000))]);
    const depthOf = (node: TouchpointNode): number => 1 + Math.max(0, ...node.children.map(depthOf));
    expect(Math.max(...(tree?.children ?? []).map(depthOf))).toBe(32);
    const deepest = (node: TouchpointNode): TouchpointNode =>
      node.children.length === 0 ? node : deepest(node.children[0] as TouchpointNode);
    expect(deepest(tree?.children[0] as TouchpointNode).path).toBe("/".repeat(10_000));
  });

  test("of nothing is nothing", () => {
    expect(touchpointTrees([])).toEqual([]);
  });
});
