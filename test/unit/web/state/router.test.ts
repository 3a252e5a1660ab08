// The address: parsing and formatting are inverse, whatever the text holds; pages and history.

import { describe, expect, test } from "bun:test";
import { PAGE_NAMES } from "../../../../src/core/pages.ts";
import { changeParameters, formatAddress, parseAddress, Router, scopeOf } from "../../../../src/web/state/router.ts";
import { integer, pick, runSeed, seededRandom } from "../../../support/random.ts";

function parse(text: string) {
  const { pathname, search } = new URL(text, "http://localhost");
  return parseAddress(pathname, search);
}

describe("a path that is no page's", () => {
  test.each(["/nowhere", "/logs/deeper", "/timings.html", "/LOGS", "//"])("stays as it is: %s", (path) => {
    const address = parseAddress(path, "?project=shop");
    expect(address.unknownPath).toBe(path);
    expect(formatAddress(address)).toBe(`${path}?project=shop`);
  });

  test("keeps its path while parameters change, and is left by a link to a page", () => {
    const bar = new FakeBar("/nowhere?from=24h");
    const router = new Router(bar);
    router.change({ project: "shop" });
    expect(bar.entries.at(-1)).toBe("/nowhere?project=shop&from=24h");
    router.go(router.place("logs"));
    expect([bar.entries.at(-1), router.address.value.unknownPath]).toEqual(["/logs?project=shop&from=24h", undefined]);
  });
});

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
  test("is a path without a page, whose parameters count", () => {
    expect(parse("/nowhere?q=a")).toEqual({ page: "overview", parameters: { q: "a" }, unknownPath: "/nowhere" });
  });

  test("with broken escapes is read as it is", () => {
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

class FakeBar {
  readonly entries: string[];
  at = 0;
  #listener: () => void = () => {};

  constructor(start: string) {
    this.entries = [start];
  }

  get location() {
    const { pathname, search } = new URL(this.entries[this.at] ?? "", "http://localhost");
    return { pathname, search };
  }

  readonly history = {
    pushState: (_state: unknown, _title: string, url?: string | URL | null) => {
      this.entries.splice(this.at + 1, Number.POSITIVE_INFINITY, String(url));
      this.at++;
    },
    replaceState: (_state: unknown, _title: string, url?: string | URL | null) => {
      this.entries[this.at] = String(url);
    },
  };

  addEventListener(_type: "popstate", listener: () => void): void {
    this.#listener = listener;
  }

  back(): void {
    this.at--;
    this.#listener();
  }
}

describe("the router", () => {
  test("begins where the browser is", () => {
    const router = new Router(new FakeBar("/logs?q=level:error&from=24h"));
    expect(router.address.value).toEqual({ page: "logs", parameters: { q: "level:error", from: "24h" } });
  });

  test("keeps project and range on the way to another page, and drops the rest", () => {
    const router = new Router(new FakeBar("/logs?project=shop&from=24h&q=a&sort=-p99"));
    expect(router.place("timings", { touchpoint: "api/orders" })).toEqual({
      page: "timings",
      parameters: { project: "shop", from: "24h", touchpoint: "api/orders" },
    });
  });

  test("goes back to what was pushed, not to what was replaced", () => {
    const bar = new FakeBar("/logs");
    const router = new Router(bar);
    router.change({ q: "a" });
    router.change({ q: "ab" }, "replace");
    router.go(router.place("timings"));
    expect(bar.entries).toEqual(["/logs", "/logs?q=ab", "/timings"]);
    bar.back();
    expect(router.address.value).toEqual({ page: "logs", parameters: { q: "ab" } });
    bar.back();
    expect(router.address.value).toEqual({ page: "logs", parameters: {} });
  });

  test("makes no entry for where it already is", () => {
    const bar = new FakeBar("/logs?q=a");
    const router = new Router(bar);
    router.change({ q: "a" });
    router.go({ page: "logs", parameters: { q: "a" } });
    expect(bar.entries).toEqual(["/logs?q=a"]);
  });

  test("notifies readers of the address of each change", () => {
    const router = new Router(new FakeBar("/"));
    const seen: string[] = [];
    const stop = router.address.subscribe(({ page }) => {
      seen.push(page);
    });
    router.go(router.place("keys"));
    stop();
    router.go(router.place("usage"));
    expect(seen).toEqual(["overview", "keys"]);
  });
});
