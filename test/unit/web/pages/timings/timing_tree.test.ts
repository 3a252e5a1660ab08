// The rows of the tree of timings, and which categories are open.

import { describe, expect, test } from "bun:test";
import type { CategoryTimings, TimingStats, TouchpointTimings } from "../../../../../src/core/responses.ts";
import { parseSort } from "../../../../../src/web/components/data_table.tsx";
import {
  formatOpen,
  initiallyOpen,
  isOpenIn,
  parseOpen,
  responsesByProject,
  type TimingRow,
  timingRows,
  toggleOpen,
} from "../../../../../src/web/pages/timings/timing_tree.ts";

function figures(count: number, p99: number | null): TimingStats {
  const none = { min: null, mean: null, max: null, p50: null, p75: null, p90: null, p95: null };
  return { count, ...none, p99, running: 0, unfinished: 0 };
}

function touchpoint(name: string, count: number, p99: number | null, registered = true): TouchpointTimings {
  return { project: "shop", touchpoint: name, registered, ambiguous: 0, ...figures(count, p99) };
}

function category(name: string, count: number, p99: number | null): CategoryTimings {
  return { project: "shop", category: name, ...figures(count, p99) };
}

const ANSWER = {
  more: 0,
  registering: ["shop"],
  touchpoints: [
    touchpoint("", 1, 5, false),
    touchpoint("api/", 2, 900),
    touchpoint("api/orders", 3, 30),
    touchpoint("api/orders/list", 4, 40),
    touchpoint("api/orders/submit", 5, null, false),
    touchpoint("db/query", 6, 60),
    touchpoint("render", 7, 70),
  ],
  categories: [category("api/", 14, 100), category("api/orders/", 9, 40), category("db/", 6, 60)],
};

const everything = () => true;
const linesOf = (rows: readonly TimingRow[]) =>
  rows.map(({ depth, label, isOpen, figures }) => {
    const sign = isOpen === undefined ? "" : isOpen ? "- " : "+ ";
    return `${"  ".repeat(depth)}${sign}${label} ${figures.count}`;
  });

describe("the tree of timings", () => {
  test("has categories with their own figures, and names without what is around them", () => {
    expect(linesOf(timingRows(ANSWER, everything, parseSort("name")))).toEqual([
      "(none) 1",
      "- api/ 14",
      "  (itself) 2",
      "  orders 3",
      "  - orders/ 9",
      "    list 4",
      "    submit 5",
      "- db/ 6",
      "  query 6",
      "render 7",
    ]);
  });

  test("shows nothing below what is closed", () => {
    const rows = timingRows(ANSWER, (name) => name === "api/", parseSort("name"));
    expect(linesOf(rows)).toEqual([
      "(none) 1",
      "- api/ 14",
      "  (itself) 2",
      "  orders 3",
      "  + orders/ 9",
      "+ db/ 6",
      "render 7",
    ]);
  });

  test("is ordered beside each other, a category by its own figure, what has none last", () => {
    expect(linesOf(timingRows(ANSWER, everything, parseSort("-p99")))).toEqual([
      "- api/ 14",
      "  (itself) 2",
      "  - orders/ 9",
      "    list 4",
      "    submit 5",
      "  orders 3",
      "render 7",
      "- db/ 6",
      "  query 6",
      "(none) 1",
    ]);
    const ascending = timingRows(ANSWER, (name) => name !== "db/", parseSort("p99"));
    expect(linesOf(ascending).at(-1)).toBe("  (itself) 2");
    expect(linesOf(ascending).slice(-4, -1)).toEqual(["  - orders/ 9", "    list 4", "    submit 5"]);
  });

  test("marks unregistered touchpoints, and gives each row a unique id", () => {
    const rows = timingRows(ANSWER, everything, parseSort("name"));
    expect(rows.filter(({ isUnregistered }) => isUnregistered).map(({ id }) => id)).toEqual([
      "touchpoint:api/orders/submit",
    ]);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  });

  test("marks no name where its project registers none", () => {
    const rows = timingRows({ ...ANSWER, registering: ["blog"] }, everything, parseSort("name"));
    expect(rows.some(({ isUnregistered }) => isUnregistered)).toBe(false);
  });

  test("is one of each project, by project", () => {
    const inProject = (project: string) => (one: TouchpointTimings) => ({ ...one, project });
    const touchpoints = [...ANSWER.touchpoints, ...ANSWER.touchpoints.map(inProject("blog"))];
    const categories = [...ANSWER.categories, { ...category("api/", 1, 1), project: "blog" }];
    const projects = responsesByProject({ touchpoints, categories, registering: ["shop"] });
    expect(projects.map((one) => [one.project, one.touchpoints.length, one.categories?.length])).toEqual([
      ["blog", 7, 1],
      ["shop", 7, 3],
    ]);
    expect(responsesByProject({ touchpoints: [], registering: [] })).toEqual([]);
  });

  test("of nothing is empty", () => {
    expect(timingRows({ touchpoints: [], registering: [] }, everything, parseSort(""))).toEqual([]);
  });
});

describe("a chain of categories with nothing else in them", () => {
  const names = ["ext/pay/eu/stripe/authorize", "ext/pay/eu/stripe/capture", "a/b", "a/c/d/e"];
  const categories = ["ext/", "ext/pay/", "ext/pay/eu/", "ext/pay/eu/stripe/", "a/", "a/c/", "a/c/d/"];
  const answer = {
    touchpoints: names.map((name) => touchpoint(name, 1, 1)),
    categories: categories.map((name) => category(name, 2, 1)),
    registering: [],
  };

  test("is one row, named after all of them and opened by the last", () => {
    expect(linesOf(timingRows(answer, everything, parseSort("name")))).toEqual([
      "- a/ 2",
      "  b 1",
      "  - c/d/ 2",
      "    e 1",
      "- ext/pay/eu/stripe/ 2",
      "  authorize 1",
      "  capture 1",
    ]);
    const closed = timingRows(answer, (name) => name !== "ext/pay/eu/stripe/", parseSort("name"));
    expect(linesOf(closed).at(-1)).toBe("+ ext/pay/eu/stripe/ 2");
  });
});

describe("open categories", () => {
  test.each<[boolean, readonly string[], string]>([
    [false, [], ","],
    [false, ["db/", "api/"], "api/,db/"],
    [false, ["a,b/", "100%/", "%2C/"], "%252C/,100%25/,a%2Cb/"],
    [false, ["*/"], "*/"],
    [true, [], "*"],
    [true, ["db/", "a,b/"], "*,a%2Cb/,db/"],
  ])("all: %p, but %j, are %j in the address", (isAll, names, text) => {
    expect(formatOpen({ isAll, but: new Set(names) })).toBe(text);
    expect(parseOpen(text)).toEqual({ isAll, but: new Set(names) });
  });

  test("are nobody's choice where the address says nothing", () => {
    expect(parseOpen("")).toBeUndefined();
  });

  test("are turned one by one, from all and from none", () => {
    for (const isAll of [true, false]) {
      const turned = toggleOpen({ isAll, but: new Set() }, "api/");
      expect([isOpenIn(turned, "api/"), isOpenIn(turned, "db/")]).toEqual([!isAll, isAll]);
      expect(toggleOpen(turned, "api/")).toEqual({ isAll, but: new Set() });
    }
  });

  test("are all at first, unless there are too many touchpoints to look through", () => {
    expect(initiallyOpen(ANSWER)).toEqual({ isAll: true, but: new Set() });
    const many = Array.from({ length: 31 }, (_, at) => touchpoint(`api/${at}`, 1, 1));
    expect(initiallyOpen({ touchpoints: many })).toEqual({ isAll: false, but: new Set() });
  });
});
