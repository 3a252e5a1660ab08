import { describe, expect, test } from "bun:test";
import { newId } from "../../../../src/client/core/ids.ts";
import { retryDelayMs } from "../../../../src/client/core/retry.ts";
import { routePattern, routeTouchpoint } from "../../../../src/client/core/route_pattern.ts";
import { traceIdsOf, traceparentOf } from "../../../../src/client/core/trace.ts";

describe("a route's pattern", () => {
  const cases: readonly (readonly [path: string, pattern: string])[] = [
    ["/", "/"],
    ["/orders", "orders"],
    ["/orders/42", "orders/[id]"],
    ["/orders/42/items/7?tab=1#x", "orders/[id]/items/[id]"],
    ["/users/3f2504e0-4f89-41d3-9a0c-0305e82c3301", "users/[id]"],
    ["/blobs/65a1b2c3d4e5f60718293a4b", "blobs/[id]"],
    ["/s/V1StGXR8_Z5jdHi6B-myT", "s/[id]"],
    ["/verify/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl", "verify/[id]"],
    ["/reset/q7+Zk2==/a%2F9f8b3c1e5d7a/next", "reset/q7+Zk2==/[id]/next"],
    ["/reports/2026-01-02/12:30", "reports/[id]/[id]"],
    ["/users/bob@example.com", "users/[id]"],
    ["/assets/main.4f3a9b2c.js", "assets/[id]"],
    ["/oauth2/step-2/http2", "oauth2/step-2/http2"],
    ["/orders/:orderId", "orders/[orderId]"],
    ["/orders/{orderId}/", "orders/[orderId]"],
    ["/api/v1/entries", "api/v1/entries"],
    ["/docs/getting-started-with-timings", "docs/getting-started-with-timings"],
    ["/products/deadbeef", "products/deadbeef"],
  ];
  test.each(cases)("%s is %s", (path, pattern) => {
    expect(routePattern(path)).toBe(pattern);
  });

  test("makes a touchpoint under its kind", () => {
    expect([routeTouchpoint("fetch", "/api/orders/42"), routeTouchpoint("page-view", "/")]).toEqual([
      "fetch/api/orders/[id]",
      "page-view",
    ]);
  });
});

describe("a trace", () => {
  const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

  test("goes on where traceparent says so, in headers of either kind", () => {
    for (const carrier of [{ Traceparent: TRACEPARENT }, new Headers({ traceparent: TRACEPARENT })]) {
      const ids = traceIdsOf(carrier);
      expect(ids).toMatchObject({ traceId: "4bf92f3577b34da6a3ce929d0e0e4736", parentSpanId: "00f067aa0ba902b7" });
      expect(traceparentOf(ids)).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[\da-f]{16}-01$/);
    }
  });

  test.each([
    undefined,
    "",
    "00-0-0-01",
    `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
    "ff".concat(TRACEPARENT.slice(2)),
  ])("begins where it says %p", (traceparent) => {
    const ids = traceIdsOf({ traceparent });
    expect(ids).toEqual({
      traceId: expect.stringMatching(/^[\da-f]{32}$/),
      spanId: expect.stringMatching(/^[\da-f]{16}$/),
    });
  });
});

describe("an id", () => {
  test("is new each time, also without randomUUID", () => {
    const original = Object.getOwnPropertyDescriptor(crypto, "randomUUID");
    try {
      Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
      const ids = Array.from({ length: 10_000 }, newId);
      expect(new Set(ids).size).toBe(10_000);
      expect(ids.every((id) => /^[\w.-]{10,40}$/.test(id))).toBe(true);
    } finally {
      if (original) Object.defineProperty(crypto, "randomUUID", original);
      else Reflect.deleteProperty(crypto, "randomUUID");
    }
  });
});

describe("Retry-After", () => {
  const cases: readonly (readonly [header: string | null | undefined, fromMs: number, toMs: number])[] = [
    ["0", 1000, 1001],
    ["60", 60_000, 60_001],
    ["0.5", 1000, 1001],
    ["999999999", 3_600_000, 3_600_001],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 1000, 1001],
    ["soon", 1000, 2001],
    ["", 1000, 2001],
    [null, 1000, 2001],
    [undefined, 1000, 2001],
  ];
  test.each(cases)("%p waits %d to %d ms", (header, fromMs, toMs) => {
    expect(retryDelayMs(0, header)).toBeWithin(fromMs, toMs);
  });
});
