// The address: what is shown comes back from the text, whatever people or programs put into it.

import { describe, expect, test } from "bun:test";
import { PAGE_NAMES } from "../../../../src/core/pages.ts";
import { changeParameters, formatAddress, parseAddress, scopeOf } from "../../../../src/web/state/address.ts";
import { integer, pick, runSeed, seededRandom } from "../../../support/random.ts";

function parse(text: string) {
  const { pathname, search } = new URL(text, "http://localhost");
  return parseAddress(pathname, search);
}

describe("an address", () => {
  test("stays legible: only what must be escaped is", () => {
    const parameters = {
      q: 'level:warn,error touchpoint:api/* "a & b" 50%',
      to: "2026-01-31T12:00:00.000Z",
      project: "web shop",
    };
    expect(formatAddress({ page: "logs", parameters })).toBe(
      "/logs?project=web+shop&to=2026-01-31T12:00:00.000Z&q=level:warn,error+touchpoint:api/*+%22a+%26+b%22+50%25",
    );
  });

  test("begins with the scope and the search, and has all other parameters by name", () => {
    const parameters = { view: "tree", q: "a", by: "level", to: "2", from: "1", project: "p" };
    expect(formatAddress({ page: "timings", parameters })).toBe(
      "/timings?project=p&from=1&to=2&q=a&by=level&view=tree",
    );
  });

  test("comes back as it was, for any parameters", () => {
    const random = seededRandom(runSeed("address"));
    const characters = [
      "a",
      "Z",
      "0",
      " ",
      "+",
      "&",
      "=",
      "#",
      "%",
      "/",
      "?",
      ":",
      '"',
      "é",
      "日",
      "😀",
      "\n",
      "\u0000",
      "<",
      "__proto__",
    ];
    const text = () => Array.from({ length: 1 + integer(random, 12) }, () => pick(random, characters)).join("");
    for (let round = 0; round < 500; round++) {
      const entries = Array.from({ length: integer(random, 5) }, () => [text(), text()] as const);
      const address = { page: pick(random, PAGE_NAMES), parameters: changeParameters({}, Object.fromEntries(entries)) };
      expect(parse(formatAddress(address))).toEqual(address);
    }
  });

  test("of the path with a slash at its end is the page's", () => {
    expect(parse("/logs/?q=a")).toEqual({ page: "logs", parameters: { q: "a" } });
  });

  test("keeps a parameter named __proto__ as a parameter", () => {
    const { parameters } = parse("/?__proto__=x");
    expect(Object.entries(parameters)).toEqual([["__proto__", "x"]]);
    expect(formatAddress({ page: "overview", parameters })).toBe("/?__proto__=x");
  });

  test("takes the first of two equal names, and none that is empty", () => {
    expect(parse("/logs?q=&q=first&q=second&project=")).toEqual({ page: "logs", parameters: { q: "first" } });
  });
});

describe("an address that is none", () => {
  test("is the overview", () => {
    expect(parse("/nowhere?q=a")).toEqual({ page: "overview", parameters: { q: "a" } });
  });

  test("with broken escapes is read as it stands", () => {
    expect(parse("/logs?q=%E0%A4%A")).toEqual({ page: "logs", parameters: { q: "\uFFFD%A" } });
  });

  test("cannot be made of a lone surrogate: it is replaced", () => {
    expect(formatAddress({ page: "logs", parameters: { q: "a\uD800" } })).toBe("/logs?q=a%EF%BF%BD");
  });
});

describe("parameters", () => {
  test("are set, replaced and removed", () => {
    expect(changeParameters({ a: "1", b: "2", c: "3" }, { a: "", b: undefined, c: "4", d: "5" })).toEqual({
      c: "4",
      d: "5",
    });
  });

  test("of the scope are those that all pages share", () => {
    expect(scopeOf({ project: "p", from: "1h", to: "2", q: "a", sort: "-p99" })).toEqual({
      project: "p",
      from: "1h",
      to: "2",
    });
  });
});
