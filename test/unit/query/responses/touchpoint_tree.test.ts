import { describe, expect, test } from "bun:test";
import type { TouchpointNode, TouchpointRow } from "../../../../src/core/account_responses.ts";
import { touchpointTrees } from "../../../../src/query/responses/touchpoint_tree.ts";
import { cpuRatio } from "../../../support/cpu_ratio.ts";
import { seededRandom } from "../../../support/random.ts";
import { collidingName, differentNames, ordinaryName } from "../../../support/raw_collisions.ts";

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
    expect(Math.max(...(tree?.children ?? []).map(depthOf))).toBe(17);
    const deepest = (node: TouchpointNode): TouchpointNode =>
      node.children.length === 0 ? node : deepest(node.children[0] as TouchpointNode);
    expect(deepest(tree?.children[0] as TouchpointNode).path).toBe("/".repeat(10_000));
  });

  test("has each node once, whatever stands between the parts of other names", () => {
    const [tree] = touchpointTrees(["a", "a-b", "a/b", "a-b/c", "a/b/c", "a!"].map((name) => row(name)));
    expect(tree?.children).toEqual([
      leaf("a", true, [leaf("a/b", true, [leaf("a/b/c")])]),
      leaf("a!"),
      leaf("a-b", true, [leaf("a-b/c")]),
    ]);
  });

  test("is a few times as long as its names at most, however they are filled with slashes", () => {
    const part = (count: number, length: number) => (index: number) =>
      Array.from({ length: count }, (_, level) => `${index}${level}`.padEnd(length, "x")).join("/");
    const fillings = [
      part(32, 15),
      part(250, 1),
      part(2, 255),
      part(12, 41),
      (index: number) => `${index}/`.repeat(100),
    ];
    for (const fill of fillings) {
      const rows = Array.from({ length: 100 }, (_, index) => row(fill(index).slice(0, 512)));
      const names = rows.reduce((sum, { name }) => sum + name.length, 0);
      expect(JSON.stringify(touchpointTrees(rows)).length).toBeLessThan(10 * Math.max(names, 100 * 300));
    }
  });

  test("of names with one hash costs no more than of others", () => {
    const levels = (names: readonly string[]) => {
      const [tree] = touchpointTrees(names.map((name) => row(name)));
      return tree?.children.length;
    };
    const random = seededRandom(1);
    const colliding = differentNames(4_000, () => collidingName(random));
    const ordinary = differentNames(4_000, () => ordinaryName(random));
    expect([levels(ordinary), levels(colliding)]).toEqual([4_000, 4_000]);
    expect(
      cpuRatio(
        () => levels(colliding),
        () => levels(ordinary),
      ),
    ).toBeLessThan(8);
  });

  test("of nothing is nothing", () => {
    expect(touchpointTrees([])).toEqual([]);
  });
});
