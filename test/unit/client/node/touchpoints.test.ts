import { describe, expect, test } from "bun:test";
import { touchpointOfPath, touchpointOfPattern, withoutValues } from "../../../../src/client/node/touchpoints.ts";

describe("a route's pattern is a touchpoint:", () => {
  const cases: readonly (readonly [pattern: string, touchpoint: string])[] = [
    ["/", "/"],
    ["/orders/:id", "orders/[id]"],
    ["/orders/:id/", "orders/[id]"],
    ["/orders/:id(\\d+)", "orders/[id]"],
    ["/orders/:id([a-z0-9]{3,})/lines", "orders/[id]/lines"],
    ["/orders/:id?", "orders/[id]"],
    ["/orders{/:id}", "orders/[id]"],
    ["/orders/:id{[0-9]+}", "orders/[id]"],
    ["/posts/:page{[0-9]{1,3}}?", "posts/[page]"],
    ["/posts/:slug{.+\\.html}/x", "posts/[slug]/x"],
    ["/files/*path", "files/[path]"],
    ["/files/*", "files/[rest]"],
    ["/files/:rest*", "files/[rest]"],
    ["/flights/:from-:to", "flights/[from]-[to]"],
    ["/images/:name.:type", "images/[name].[type]"],
    ["/images/:name{.:type}", "images/[name].[type]"],
    ["/tenants/[tenant]/users/:user", "tenants/[tenant]/users/[user]"],
    ["/v2/orders/:order_id", "v2/orders/[order_id]"],
  ];
  test.each(cases)("%s is %s", (pattern, touchpoint) => {
    expect(touchpointOfPattern(pattern)).toBe(touchpoint);
  });
});

describe("a path without a route", () => {
  test("has its parameters' values named, and what looks like an id masked", () => {
    expect(touchpointOfPath("/tenants/acme/users/42", { tenant: "acme" })).toBe("tenants/[tenant]/users/[id]");
    expect(touchpointOfPath("/docs/a/b%20c", { slug: ["a", "b c"] })).toBe("docs/[slug]");
    expect(touchpointOfPath("/users/j%C3%BCrgen/x", { user: "jürgen", none: undefined, empty: "" })).toBe(
      "users/[user]/x",
    );
    expect(touchpointOfPath("/price/$&", { amount: "$&" })).toBe("price/[amount]");
    expect(touchpointOfPath("/broken/%E0%A4%A/7", {})).toBe("broken/%E0%A4%A/[id]");
  });

  test("is only masked where a whole segment is a value", () => {
    expect(withoutValues("/acme/acme-shop/acme", { tenant: "acme" })).toBe("/[tenant]/acme-shop/[tenant]");
  });

  test("shares a name with all others past a thousand names, so that scanners cannot fill the list", () => {
    const letters = "abcdefghij";
    const names = Array.from({ length: 3000 }, (_, n) =>
      touchpointOfPath(`/scan/${String(n).replace(/\d/g, (digit) => letters.charAt(Number(digit)))}`),
    );
    expect(new Set(names).size).toBeLessThanOrEqual(1001);
    expect(names.at(-1)).toBe("[other]");
    expect(touchpointOfPath("/tenants/acme/users/42", { tenant: "acme" })).toBe("tenants/[tenant]/users/[id]");
  });
});
