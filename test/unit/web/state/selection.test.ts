// The selection of the timings page: in the address, and as a search that the parser reads back.

import { describe, expect, test } from "bun:test";
import { cutTouchpoint } from "../../../../src/core/touchpoint.ts";
import { parseSearch } from "../../../../src/search/parser.ts";
import {
  formatSelection,
  outerCategories,
  parseSelection,
  type Selection,
  selectionTerm,
  selectionTitle,
  touchpointsTerm,
} from "../../../../src/web/state/selection.ts";

describe("a selection in the address", () => {
  test.each<[string, Selection]>([
    ["none", { kind: "none" }],
    ["touchpoint:api/orders", { kind: "touchpoint", name: "api/orders" }],
    ["touchpoint:none", { kind: "touchpoint", name: "none" }],
    ["touchpoint:touchpoint:a\nb/", { kind: "touchpoint", name: "touchpoint:a\nb/" }],
    ["category:api/", { kind: "category", name: "api/" }],
    ["category:/", { kind: "category", name: "/" }],
  ])("%j is read and written back", (text, selection) => {
    expect(parseSelection(text)).toEqual(selection);
    expect(formatSelection(selection)).toBe(text);
  });

  test.each(["", "api/orders", "touchpoint:", "category:api", "category:", "None", "project:a"])(
    "%j selects nothing",
    (text) => {
      expect(parseSelection(text)).toBeUndefined();
    },
  );
});

describe("a selection as a search", () => {
  test.each<[Selection, string]>([
    [{ kind: "none" }, "-touchpoint:*"],
    [{ kind: "touchpoint", name: 'a "b" \\ c*' }, 'touchpoint:"a \\"b\\" \\\\ c*"'],
    [{ kind: "category", name: "api/or ders/" }, 'touchpoint:"api/or ders/"*'],
  ])("%j is %s", (selection, term) => {
    expect(selectionTerm(selection)).toBe(term);
  });

  test("names are taken by the search language as they are, whatever signs they have", () => {
    const names = [
      "api/*",
      "a,b",
      '"><script>alert(1)</script>',
      "back\\slash\\",
      "AND",
      "(",
      "-x:y",
      "ünï\u0000 codé",
    ];
    expect(parseSearch(touchpointsTerm(names))).toEqual({
      ok: true,
      search: { kind: "exact", field: "touchpoint", patterns: names.map((text) => ({ text, isPrefix: false })) },
    });
  });
});

describe("what lies around a selection", () => {
  test.each<[Selection, readonly string[]]>([
    [{ kind: "none" }, []],
    [{ kind: "touchpoint", name: "render" }, []],
    [{ kind: "touchpoint", name: "api/orders/list" }, ["api/", "api/orders/"]],
    [{ kind: "category", name: "api/orders/" }, ["api/"]],
    [{ kind: "category", name: "api/" }, []],
    [{ kind: "touchpoint", name: "api/" }, ["api/"]],
    [{ kind: "touchpoint", name: "a//b" }, ["a/", "a//"]],
  ])("%j lies in %j", (selection, categories) => {
    expect(outerCategories(selection)).toEqual(categories);
  });

  test("ends where categories end", () => {
    expect(outerCategories({ kind: "touchpoint", name: "/".repeat(1_000) })).toHaveLength(16);
    expect(outerCategories({ kind: "category", name: "a/b/" })).toEqual(["a/"]);
  });

  test("is searched by the beginning of a name that was cut", () => {
    const cut = cutTouchpoint("x".repeat(600));
    expect(selectionTerm({ kind: "touchpoint", name: cut })).toBe(`touchpoint:"${"x".repeat(511)}"*`);
    expect(touchpointsTerm(["a", cut])).toBe(`touchpoint:"a","${"x".repeat(511)}"*`);
  });

  test("timings without a touchpoint have a title of words", () => {
    expect(selectionTitle({ kind: "none" })).toBe("Without a touchpoint");
    expect(selectionTitle({ kind: "category", name: "api/" })).toBe("api/");
  });
});
