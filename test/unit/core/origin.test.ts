import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { matchesOrigin, parseOriginPattern } from "../../../src/core/origin.ts";
import { runSeed } from "../../support/random.ts";

function normalised(texts: readonly string[]): string[] {
  return texts.map((text) => {
    const result = parseOriginPattern(text);
    if (!result.ok) throw new Error(`${text}: ${result.problem}`);
    return result.pattern;
  });
}

describe("parseOriginPattern accepts", () => {
  test.each([
    ["https://shop.example.com", "https://shop.example.com"],
    ["HTTPS://Shop.Example.COM", "https://shop.example.com"],
    ["https://shop.example.com:443", "https://shop.example.com"],
    ["http://shop.example.com:80", "http://shop.example.com"],
    ["http://shop.example.com:443", "http://shop.example.com:443"],
    ["https://shop.example.com:80", "https://shop.example.com:80"],
    ["http://localhost:3000", "http://localhost:3000"],
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["http://[::1]:3000", "http://[::1]:3000"],
    ["https://*.Example.com", "https://*.example.com"],
    ["https://*.example.com:8443", "https://*.example.com:8443"],
    ["https://*.example.com:443", "https://*.example.com"],
    ["https://bücher.example", "https://xn--bcher-kva.example"],
    ["http://LocalHost:*", "http://localhost:*"],
    ["http://[::1]:*", "http://[::1]:*"],
    ["https://*.example.com:*", "https://*.example.com:*"],
    ["Tauri://LocalHost", "tauri://localhost"],
    ["capacitor://localhost", "capacitor://localhost"],
    ["app://-", "app://-"],
    ["app://notes.example:8080", "app://notes.example:8080"],
    ["chrome-extension://abcdefghij", "chrome-extension://abcdefghij"],
  ])("%s as %s", (text, pattern) => {
    expect(parseOriginPattern(text)).toEqual({ ok: true, pattern });
  });
});

describe("parseOriginPattern refuses", () => {
  test.each([
    ["*", "name each"],
    ["null", "sandboxed"],
    ["NULL", "sandboxed"],
    ["", "scheme://host"],
    ["shop.example.com", "scheme://host"],
    ["localhost:3000", "scheme://host"],
    ["ftp://shop.example.com", "http or https"],
    ["https://", "scheme://host"],
    ["https://shop.example.com/", 'write "https://shop.example.com"'],
    ["https://shop.example.com/admin", "has no path"],
    ["https://shop.example.com?x", "has no path"],
    ["https://shop.example.com#x", "has no path"],
    ["https://user@shop.example.com", "scheme://host"],
    ["https://shop.example.com:", "scheme://host"],
    ["https://shop.example.com:99999", "not a host name"],
    ["https://shop.example.com:port", "not a host name"],
    ["https://shop example.com", "scheme://host"],
    [" https://shop.example.com", "scheme://host"],
    ["https://shop..example.com", "not a host name"],
    ["https://.example.com", "not a host name"],
    ["https://*", "whole first label"],
    ["https://*.*.example.com", "whole first label"],
    ["https://shop.*.com", "whole first label"],
    ["https://shop*.example.com", "whole first label"],
    ["https://*.", "scheme://host"],
    ["https://*.127.0.0.1", "not an address"],
    ["*://shop.example.com", "scheme://host"],
    ["http://*", "whole first label"],
    ["http://*:*", "whole first label"],
    ["http://localhost:3000:*", "scheme://host"],
    ["http://localhost:30*", "whole first label"],
    ["http://:*", "scheme://host"],
    ["file://", "http or https"],
    ["ws://localhost", "http or https"],
    ["tauri://", "an app's origin"],
    ["tauri://*", "an app's origin"],
    ["app://*.example", "an app's origin"],
    ["app://localhost:*", "an app's origin"],
    ["app://user@localhost", "an app's origin"],
    ["app://localhost/", 'write "app://localhost"'],
  ])("%j", (text, part) => {
    const result = parseOriginPattern(text);
    expect(result).toEqual({ ok: false, problem: expect.stringContaining(part) });
  });
});

describe("matchesOrigin", () => {
  const patterns = normalised([
    "https://shop.example.com",
    "https://*.example.org",
    "http://localhost:3000",
    "http://[::1]",
    "http://127.0.0.1:*",
    "https://*.example.net:*",
    "tauri://localhost",
    "app://notes:80",
  ]);

  test.each([
    "http://127.0.0.1",
    "http://127.0.0.1:80",
    "http://127.0.0.1:65535",
    "https://a.example.net",
    "https://a.example.net:8443",
    "TAURI://localhost",
    "app://notes:80",
    "https://shop.example.com",
    "https://SHOP.example.com",
    "https://shop.example.com:443",
    "https://a.example.org",
    "https://a-b_1.example.org:443",
    "http://localhost:3000",
    "http://[::1]",
    "http://[::1]:80",
  ])("lets %s through", (header) => {
    expect(matchesOrigin(patterns, header)).toBe(true);
  });

  test.each([
    "null",
    "",
    "*",
    "http://shop.example.com",
    "https://shop.example.com:8443",
    "https://shop.example.com.evil.test",
    "https://evilshop.example.com",
    "https://shop.example.com/",
    "https://shop.example.com https://evil.test",
    "https://example.org",
    "https://.example.org",
    "https://*.example.org",
    "https://a.b.example.org",
    "https://a.example.org:8443",
    "http://a.example.org",
    "https://evil.test/.example.org",
    "https://evil.test#.example.org",
    "https://user@a.example.org",
    "https://aexample.org",
    "http://localhost",
    "http://localhost:30000",
    "shop.example.com",
    "https://127.0.0.1:3000",
    "http://127.0.0.1:*",
    "http://127.0.0.11:3000",
    "https://a.b.example.net:1",
    "https://example.net:1",
    "tauri://localhost:80",
    "tauri://localhost.evil.test",
    "xtauri://localhost",
    "app://notes",
    "app://notes:8080",
    "capacitor://localhost",
  ])("keeps %j out", (header) => {
    expect(matchesOrigin(patterns, header)).toBe(false);
  });

  test("lets nothing through without patterns", () => {
    expect(matchesOrigin([], "https://shop.example.com")).toBe(false);
  });
});

describe("for any origin", () => {
  const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
  const origin = fc
    .record({
      scheme: fc.constantFrom("http", "https"),
      labels: fc.array(label, { minLength: 2, maxLength: 4 }),
      port: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
    })
    // Names whose last label reads as a number are addresses to a URL parser; labels here begin with a letter.
    .map(({ scheme, labels, port }) => ({ scheme, labels, end: port === undefined ? "" : `:${port}` }));
  const seed = runSeed("origin");

  test("normalising is stable, and what was normalised matches its own text in any letter case", () => {
    fc.assert(
      fc.property(origin, ({ scheme, labels, end }) => {
        const text = `${scheme}://${labels.join(".")}${end}`;
        const [pattern = ""] = normalised([text]);
        expect(normalised([pattern])).toEqual([pattern]);
        expect(matchesOrigin([pattern], text)).toBe(true);
        expect(matchesOrigin([pattern], text.toUpperCase())).toBe(true);
      }),
      { seed },
    );
  });

  test("a wildcard lets exactly one label stand before its host", () => {
    fc.assert(
      fc.property(origin, fc.array(label, { maxLength: 3 }), ({ scheme, labels, end }, before) => {
        const [pattern = ""] = normalised([`${scheme}://*.${labels.join(".")}${end}`]);
        const header = `${scheme}://${[...before, ...labels].join(".")}${end}`;
        expect(matchesOrigin([pattern], header)).toBe(before.length === 1);
      }),
      { seed },
    );
  });
});
