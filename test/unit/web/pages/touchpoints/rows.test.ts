// The tree of touchpoints as rows: filtered, opened and closed, and in the address.

import { describe, expect, test } from "bun:test";
import type { TouchpointRow } from "../../../../../src/core/account_responses.ts";
import { touchpointTrees } from "../../../../../src/query/responses/tables.ts";
import { nameProblem } from "../../../../../src/web/pages/touchpoints/dialogs.tsx";
import {
  formatKeys,
  parseKeys,
  type RowOptions,
  touchpointRows,
} from "../../../../../src/web/pages/touchpoints/rows.ts";

const ALL: RowOptions = { filter: "", isUnregisteredOnly: false, isOpenAtFirst: true, turned: new Set() };

/** Names that end with "?" are unregistered. */
function treesOf(names: Readonly<Record<string, readonly string[]>>) {
  const rows = Object.entries(names).flatMap(([project, list]) =>
    list.map((name): TouchpointRow => {
      return { project, name: name.replace("?", ""), registered: !name.endsWith("?"), firstSeen: 1 };
    }),
  );
  return touchpointTrees(rows);
}

/** "  label" for each row, indented by its depth, with what is closed and what is unregistered. */
function linesOf(names: Readonly<Record<string, readonly string[]>>, options: Partial<RowOptions> = {}): string[] {
  return touchpointRows(treesOf(names), { ...ALL, ...options }).map((row) => {
    const state = row.registered === null ? "/" : row.registered ? "" : "?";
    const closed = row.isOpen === false ? ` (${row.namesBelow}, ${row.unregisteredBelow} unregistered)` : "";
    return `${"  ".repeat(row.depth)}${row.label}${state}${closed}`;
  });
}

const SHOP = { shop: ["api/orders", "api/orders/list?", "api/users?", "web"] };

describe("the rows of a tree", () => {
  test("are its levels, and a name can have names below it", () => {
    expect(linesOf(SHOP)).toEqual(["api/", "  orders", "    list?", "  users?", "web"]);
  });

  test("have a row for each project where there are several", () => {
    expect(linesOf({ shop: ["a"], blog: ["b/c?"] })).toEqual(["blog/", "  b/", "    c?", "shop/", "  a"]);
  });

  test("are one for categories with nothing else in them", () => {
    const names = ["ext/pay/eu/authorize", "ext/pay/eu/capture?", "jobs/nightly", "a", "a/b/c/d"];
    expect(linesOf({ shop: names })).toEqual([
      "a",
      "  b/c/",
      "    d",
      "ext/pay/eu/",
      "  authorize",
      "  capture?",
      "jobs/",
      "  nightly",
    ]);
    const turned = new Set(["shop:ext/pay/eu"]);
    expect(linesOf({ shop: names }, { turned })).toContain("ext/pay/eu/ (2, 1 unregistered)");
    expect(linesOf({ shop: names }, { filter: "capture" })).toEqual(["ext/pay/eu/", "  capture?"]);
  });

  test("say what is below a closed one", () => {
    expect(linesOf(SHOP, { turned: new Set(["shop:api"]) })).toEqual(["api/ (3, 2 unregistered)", "web"]);
    expect(linesOf(SHOP, { isOpenAtFirst: false })).toEqual(["api/ (3, 2 unregistered)", "web"]);
    expect(linesOf(SHOP, { isOpenAtFirst: false, turned: new Set(["shop:api"]) })).toEqual([
      "api/",
      "  orders (1, 1 unregistered)",
      "  users?",
      "web",
    ]);
  });

  test("are those whose whole name has the filter in it, whatever the case, with the levels above", () => {
    expect(linesOf(SHOP, { filter: "ORDERS/L" })).toEqual(["api/", "  orders", "    list?"]);
    expect(linesOf(SHOP, { filter: "api/u" })).toEqual(["api/", "  users?"]);
    expect(linesOf(SHOP, { filter: "nothing" })).toEqual([]);
    expect(linesOf({ shop: ["a"], blog: ["b"] }, { filter: "b" })).toEqual(["blog/", "  b"]);
  });

  test("can be the unregistered ones alone", () => {
    expect(linesOf(SHOP, { isUnregisteredOnly: true })).toEqual(["api/", "  orders", "    list?", "  users?"]);
  });

  test("have different keys, also where projects and names hold the signs that keys are made of", () => {
    const names = { "a:b": ["c", "c,d", "%2C"], a: ["b:c", "b,c", "100%", "", "/x"] };
    const keys = touchpointRows(treesOf(names), ALL).map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(parseKeys(formatKeys(keys))).toEqual(new Set(keys));
  });
});

describe("keys in an address", () => {
  test("stay legible where they can", () => {
    expect(formatKeys(["shop:api/orders", "shop:web"])).toBe("shop:api/orders,shop:web");
  });

  test("are none where the text is no list of keys", () => {
    expect(parseKeys("%E0%A4%A")).toEqual(new Set());
    expect(parseKeys("")).toEqual(new Set());
  });
});

describe("a new name", () => {
  test("is what the server takes", () => {
    expect([nameProblem("api/orders"), nameProblem(" x "), nameProblem("x".repeat(512))]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("may be whatever can be sent, spaces and control characters included", () => {
    expect([nameProblem("  "), nameProblem("a\u0007b"), nameProblem(" x\n")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("is refused when it is empty or too long", () => {
    expect(nameProblem("")).toBe("A touchpoint needs a name.");
    expect(nameProblem("x".repeat(513))).toBe("A name has at most 512 characters; this one has 513.");
  });
});
