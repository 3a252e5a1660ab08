import { describe, expect, test } from "bun:test";
import type { TouchpointNode, TouchpointRow } from "../../../../src/core/account_responses.ts";
import { type TablesSource, touchpointTrees, usageResponse } from "../../../../src/query/responses/tables.ts";
import type { ReadRules } from "../../../../src/query/scan/scope.ts";
import { cpuRatio } from "../../../support/cpu_ratio.ts";
import { seededRandom } from "../../../support/random.ts";
import { collidingName, differentNames, ordinaryName } from "../../../support/raw_collisions.ts";

const NOW = Date.UTC(2026, 5, 1);
const HOUR = 3_600_000;
const RULES: ReadRules = {
  projects: {},
  defaultProject: { retentionMs: HOUR, monthlyEntries: 100, overage: "drop" },
};

function tablesOf(parts: Partial<TablesSource>): TablesSource {
  return {
    touchpoints: () => [],
    registered: () => [],
    usageCounters: () => [],
    storage: () => [],
    monthBytes: () => [],
    rejections: () => [],
    openStarts: () => [],
    keyUse: () => [],
    views: () => [],
    ambiguousPairs: () => new Map(),
    ...parts,
  };
}

describe("usage", () => {
  test("shows no expired time", () => {
    const stored = { records: 5, blocks: 1, bytes: 100 };
    const tables = tablesOf({
      storage: () => [
        { project: "half", ...stored, oldest: NOW - 2 * HOUR, newest: NOW },
        { project: "gone", ...stored, oldest: NOW - 3 * HOUR, newest: NOW - 2 * HOUR },
        { project: "none", records: 0, blocks: 0, bytes: 0, oldest: null, newest: null },
      ],
    });
    const { storage } = usageResponse(tables, RULES, NOW);
    expect(storage.map(({ project, oldest, newest }) => [project, oldest, newest])).toEqual([
      ["half", NOW - HOUR, NOW],
      ["gone", null, null],
      ["none", null, null],
    ]);
  });

  test("counts what was admitted past the limit", () => {
    const counter = (name: string, value: number) => ({ project: "shop", month: "2026-05", name, value });
    const tables = tablesOf({
      usageCounters: () =>
        [counter("admitted", 130), counter("received", 140), counter("dropped.quota", 10)].concat([
          counter("ambiguous", 6),
          counter("admitted.client", 60),
        ]),
    });
    expect(usageResponse(tables, RULES, NOW).usage).toEqual([
      {
        project: "shop",
        month: "2026-05",
        received: 140,
        stored: 0,
        admitted: 130,
        dropped: { quota: 10 },
        limit: 100,
        overage: 30,
        overagePolicy: "drop",
        ambiguous: 6,
        bytes: 0,
      },
    ]);
  });
});

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

  test("keeps empty segments, and the end of a very deep name as one node", () => {
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
        8,
      ),
    ).toBeLessThan(8);
  });

  test("of nothing is nothing", () => {
    expect(touchpointTrees([])).toEqual([]);
  });
});
