import { describe, expect, test } from "bun:test";
import type { MessagePatternCount } from "../../../../../../src/core/responses.ts";
import { parseSearch } from "../../../../../../src/search/parser.ts";
import { levelsOf, patternRows, patternSearch } from "../../../../../../src/web/pages/logs/patterns/pattern_rows.ts";

function row(pattern: string, count: number, more: Partial<MessagePatternCount> = {}): MessagePatternCount {
  const levels = { debug: 0, info: count, warn: 0, error: 0 };
  return { pattern, count, first: 0, last: 1, levels, counts: [count], example: { id: 1, message: "" }, ...more };
}

const PATTERNS = [
  row("often", 9, { previous: 4, first: 10 }),
  row("new", 5, { previous: 0, first: 30 }),
  row("old", 3, { previous: 1, first: 40 }),
  row("rare and new", 1, { previous: 0, first: 20 }),
];

const PREVIOUS = { from: 0, to: 1, kept: "whole", keptFrom: 0 } as const;

function names(order: string, areNewOnly = false): string[] {
  return patternRows({ patterns: PATTERNS, previous: PREVIOUS }, order, areNewOnly).map(({ pattern }) => pattern);
}

describe("patterns", () => {
  test("are by count, with the new ones first, or with those that began last first", () => {
    expect(names("")).toEqual(["often", "new", "old", "rare and new"]);
    expect(names("new")).toEqual(["new", "rare and new", "often", "old"]);
    expect(names("newest")).toEqual(["old", "new", "rare and new", "often"]);
    expect(names("anything")).toEqual(names(""));
  });

  test("can be only the new ones; where nothing was compared, none is new", () => {
    expect(names("", true)).toEqual(["new", "rare and new"]);
    expect(patternRows({ patterns: PATTERNS }, "", true)).toEqual([]);
    expect(patternRows({ patterns: PATTERNS, previous: { ...PREVIOUS, kept: "none" } }, "", true)).toEqual([]);
    expect(patternRows({ patterns: PATTERNS, previous: { ...PREVIOUS, kept: "part" } }, "", true)).toHaveLength(2);
  });

  test("have their levels with the gravest first", () => {
    expect(levelsOf(row("a", 3, { levels: { debug: 0, info: 1, warn: 0, error: 2 } }))).toEqual([
      ["error", 2],
      ["info", 1],
    ]);
  });

  test("become searches that parse, whatever is in them; the opposite term goes", () => {
    for (const pattern of ["order <num> placed", 'say "<text>" \\ a,b* (c) -d OR', "*", "", "level:error"]) {
      for (const isExcluded of [false, true]) {
        const search = patternSearch("level:error", pattern, isExcluded);
        const term = { kind: "exact", field: "pattern", patterns: [{ text: pattern, isPrefix: false }] };
        if (pattern === "") continue;
        expect(parseSearch(search)).toMatchObject({
          ok: true,
          search: { kind: "and", members: [{}, isExcluded ? { kind: "not", member: term } : term] },
        });
        expect(patternSearch(search, pattern, !isExcluded).includes("-")).toBe(!isExcluded || pattern.includes("-"));
      }
    }
  });
});
