import { describe, expect, test } from "bun:test";
import { parseSearch } from "../../../../src/search/parser.ts";
import {
  exactTerm,
  hasTerm,
  itemsOf,
  joinSearches,
  metadataField,
  prefixTerm,
  termOf,
  withoutField,
  withoutTerm,
  withTerm,
} from "../../../../src/web/state/search_text.ts";

/** The one term of a search, as the server understands it. */
function understood(term: string | undefined): unknown {
  const parsed = parseSearch(term ?? "");
  return parsed.ok ? parsed.search : parsed.problem.message;
}

describe("NOT", () => {
  test("is a dash: it excludes, and the term itself replaces it", () => {
    expect(itemsOf("a NOT level:error")).toEqual([
      { text: "a", field: undefined, isNegated: false },
      { text: "NOT level:error", field: "level", isNegated: true },
    ]);
    expect(withTerm("NOT level:error b", "level:error")).toBe("b level:error");
    expect(withTerm("NOT level:error b", "level:error", true)).toBe("b -level:error");
    expect(withoutField("NOT level:error level:warn", "level")).toBe("NOT level:error");
  });
});

describe("terms made of values", () => {
  test("mean exactly the value to the server, whatever signs are in it", () => {
    const values = ["plain", "web shop", 'say "hi"', "back\\slash", "a,b", "api/*", "(x)", ">5", "1..5", "-x", "", "*"];
    for (const value of values) {
      expect(understood(termOf("key", value))).toEqual({
        kind: "exact",
        field: "key",
        patterns: [{ text: value, isPrefix: false }],
      });
      expect(understood(termOf(metadataField(["n"]), value))).toEqual({
        kind: "metadata",
        name: "n",
        patterns: [{ text: value, isPrefix: false }],
      });
    }
  });

  test("have quotes only where the value needs them", () => {
    expect(exactTerm("touchpoint", "api/orders")).toBe("touchpoint:api/orders");
    expect(exactTerm("touchpoint", "api/*")).toBe('touchpoint:"api/*"');
    expect(exactTerm("apiKey", 'the "web" \\ shop')).toBe('apiKey:"the \\"web\\" \\\\ shop"');
  });

  test("take odd names of metadata fields, and ways through objects", () => {
    for (const path of [["odd name"], ["a", "b c"], ['q"uote'], ["co:lon"], ["(p)"], ["Ünï"], ["<img src=x>"]]) {
      expect(understood(termOf(metadataField(path), "v"))).toEqual({
        kind: "metadata",
        name: path.join("."),
        patterns: [{ text: "v", isPrefix: false }],
      });
    }
  });

  test("of numbers, booleans and null are as they are written", () => {
    expect([12.5, -3, true, null].map((value) => termOf("metadata.n", value))).toEqual([
      "metadata.n:12.5",
      'metadata.n:"-3"',
      "metadata.n:true",
      "metadata.n:null",
    ]);
    expect(understood(termOf("duration", 273.3629))).toMatchObject({ kind: "number", field: "duration" });
    expect(understood(termOf("time", 1795433601000.25))).toMatchObject({ kind: "number", field: "time" });
  });

  test("of several lines or great length find what begins so", () => {
    expect(termOf("metadata.stack", "Error: x\n    at y")).toBe('metadata.stack:"Error: x"*');
    expect(termOf("message", "Error: x\n    at y")).toBe('message:"Error: x"');
    expect(termOf("key", "a".repeat(600))).toBe(`key:${"a".repeat(500)}*`);
    expect(termOf("key", "\nx")).toBeUndefined();
  });

  test("of a prefix keep its star out of the quotes", () => {
    for (const prefix of ["api/", "a b/", '"/']) {
      expect(understood(prefixTerm("touchpoint", prefix))).toEqual({
        kind: "exact",
        field: "touchpoint",
        patterns: [{ text: prefix, isPrefix: true }],
      });
    }
  });
});

describe("a search that buttons change", () => {
  test("is cut into what all records must match", () => {
    const texts = (search: string) => itemsOf(search)?.map(({ text }) => text);
    expect(texts('level:error AND -"a (b" (x OR y) -(z) metadata."odd name":"v w"')).toEqual([
      "level:error",
      '-"a (b"',
      "(x OR y)",
      "-(z)",
      'metadata."odd name":"v w"',
    ]);
    expect(texts("")).toEqual([]);
    expect(["a OR b", "(a", "a)", "-"].map(texts)).toEqual([undefined, undefined, undefined, undefined]);
  });

  test("takes a term once, and in place of its opposite", () => {
    expect(withTerm("", "level:error")).toBe("level:error");
    expect(withTerm("timeout", "level:error")).toBe("timeout level:error");
    expect(withTerm("level:error timeout", "level:error")).toBe("timeout level:error");
    expect(withTerm("timeout level:error", "level:error", true)).toBe("timeout -level:error");
    expect(withTerm("-level:error", "level:error")).toBe("level:error");
  });

  test("keeps an OR together", () => {
    expect(withTerm("a OR b", "level:error")).toBe("(a OR b) level:error");
    expect(understood(withTerm("a OR b", "c", true))).toMatchObject({ kind: "and" });
  });

  test("removes a term or a field again, and says whether it has one", () => {
    expect(withoutTerm("a AND level:error b", "level:error")).toBe("a b");
    expect(withoutField("a touchpoint:api/* -touchpoint:x (touchpoint:y)", "touchpoint")).toBe(
      "a -touchpoint:x (touchpoint:y)",
    );
    expect([hasTerm("a level:error", "level:error"), hasTerm("a OR level:error", "level:error")]).toEqual([
      true,
      false,
    ]);
  });

  test("of several searches needs all of them, and empty ones are left out", () => {
    expect(joinSearches("", undefined, " ")).toBe("");
    expect(joinSearches("", "a OR b")).toBe("a OR b");
    expect(joinSearches("a OR b", "", "status:completed")).toBe("(a OR b) (status:completed)");
  });
});
