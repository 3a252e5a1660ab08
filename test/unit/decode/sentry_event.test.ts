import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../../src/core/json.ts";
import { eventEntry } from "../../../src/decode/sentry_event.ts";

const SDK = { name: "sentry.python", version: "2.1.0" };

/** The metadata of an event, without the SDK's name. */
function metadataOf(event: JsonObject): JsonObject | undefined {
  return eventEntry(event, undefined).metadata;
}

function thrown(type: string, value: string, frames: readonly JsonObject[] = []): JsonObject {
  return { type, value, stacktrace: { frames } };
}

function touchpointOf(event: JsonObject): string | undefined {
  return eventEntry(event, undefined).touchpoint;
}

describe("an exception", () => {
  test("is an error with its stack, what caused it, and what was known of the request", () => {
    const event: JsonObject = {
      event_id: "a67b55c182ca44a4b62fb237bea6624d",
      timestamp: "2026-11-29T18:16:39.038Z",
      platform: "python",
      level: "fatal",
      release: "shop@1.2",
      environment: "production",
      transaction: "/api/orders/{order_id}",
      exception: {
        values: [
          thrown("ConnectionError", "refused", [{ filename: "db.py", function: "connect", lineno: 7 }]),
          thrown("CheckoutError", "no stock", [
            { filename: "django/base.py", function: "get_response", lineno: 181, in_app: false },
            {
              filename: "shop/orders.py",
              abs_path: "/srv/shop/orders.py",
              function: "submit",
              lineno: 12,
              in_app: true,
              vars: { password: "x" },
            },
          ]),
        ],
      },
      logentry: { message: "order %s failed", params: ["17"], formatted: "order 17 failed" },
      contexts: { trace: { trace_id: "c9c3c886588444ee9071c3a22878126e", span_id: "a883ad230fc8c4c9" } },
      user: { id: 17, email: "zoe@example.com", ip_address: "{{auto}}", plan: "pro" },
      tags: { region: "eu" },
      extra: { cart: [1, 2] },
      request: {
        method: "POST",
        url: "https://shop.example.com/api/orders/17",
        data: { card: "4111" },
        cookies: "a=b",
      },
      fingerprint: ["{{ default }}"],
      modules: { django: "5.1" },
    };
    expect(eventEntry(event, SDK)).toEqual({
      touchpoint: "errors/CheckoutError/api/orders/[order_id]",
      key: "c9c3c886588444ee9071c3a22878126e",
      level: "error",
      message: "CheckoutError: no stock",
      timestamp: Date.UTC(2026, 10, 29, 18, 16, 39, 38),
      metadata: {
        event_id: "a67b55c182ca44a4b62fb237bea6624d",
        release: "shop@1.2",
        environment: "production",
        platform: "python",
        transaction: "/api/orders/{order_id}",
        spanId: "a883ad230fc8c4c9",
        message: "order 17 failed",
        stack: "at submit (shop/orders.py:12)\nat get_response (django/base.py:181) [library]",
        causes: [{ type: "ConnectionError", message: "refused", stack: "at connect (db.py:7)" }],
        user: { id: 17, email: "zoe@example.com", plan: "pro" },
        tags: { region: "eu" },
        extra: { cart: [1, 2] },
        request: { method: "POST", url: "https://shop.example.com/api/orders/17" },
        sdk: "sentry.python 2.1.0",
      },
    });
  });

  test("is the last of the list, in each form that a list has, and of 25 causes the nearest 20 are kept", () => {
    const values = Array.from({ length: 26 }, (_, index) => thrown(`E${index}`, "v"));
    const metadata = metadataOf({ exception: values });
    const causes = metadata?.["causes"] as JsonObject[];
    expect([eventEntry({ exception: { values } }, undefined).message, causes.length, causes[0]?.["type"]]).toEqual([
      "E25: v",
      20,
      "E24",
    ]);
  });

  test.each([
    [{ type: "E" }, "E"],
    [{ value: "v" }, "v"],
    [{ type: "E", value: "" }, "E"],
    [{ type: 7, value: { a: 1 } }, "7"],
  ])("with %j says %j", (exception, message) => {
    expect(eventEntry({ exception: { values: [exception] } }, undefined).message).toBe(message);
  });

  test("that the application chose to group otherwise keeps its fingerprint", () => {
    expect(metadataOf({ fingerprint: ["{{ default }}", "stripe"] })).toEqual({
      fingerprint: ["{{ default }}", "stripe"],
    });
  });
});

describe("a stack", () => {
  const frame = (index: number): JsonObject => ({ function: `f${index}`, filename: "a.js", lineno: index, colno: 1 });

  test("has the innermost 100 frames, and says how many more there were", () => {
    const frames = Array.from({ length: 140 }, (_, index) => frame(index));
    const lines = String(metadataOf({ exception: { values: [thrown("E", "v", frames)] } })?.["stack"]).split("\n");
    expect([lines.length, lines[0], lines.at(-2), lines.at(-1)]).toEqual([
      101,
      "at f139 (a.js:139:1)",
      "at f40 (a.js:40:1)",
      "… 40 more",
    ]);
  });

  test("has a class's name before its method's, an address for a name, and no line where none is known", () => {
    const stackOf = (platform: string, one: JsonObject) =>
      metadataOf({ platform, exception: { values: [thrown("E", "v", [one])] } })?.["stack"];
    expect([
      stackOf("java", { module: "com.example.Shop", function: "buy", filename: "Shop.java", lineno: 3 }),
      stackOf("native", { instruction_addr: "0x1f", package: "libshop.so" }),
      stackOf("javascript", { abs_path: "https://shop.example.com/app.js" }),
      stackOf("javascript", {}),
      stackOf("javascript", { function: {}, filename: [], lineno: "x", colno: null }),
    ]).toEqual([
      "at com.example.Shop.buy (Shop.java:3)",
      "at 0x1f (libshop.so)",
      "at ? (https://shop.example.com/app.js)",
      "at ? (?)",
      "at ? (?:x)",
    ]);
  });

  test("of a captured message is that of the event or of its current thread", () => {
    const stacktrace = { frames: [frame(1)] };
    const events = [
      { message: "m", stacktrace },
      {
        message: "m",
        threads: {
          values: [
            { id: 1, stacktrace: { frames: [frame(2)] } },
            { current: true, stacktrace },
          ],
        },
      },
    ];
    expect(events.map((event) => metadataOf(event)?.["stack"])).toEqual(["at f1 (a.js:1:1)", "at f1 (a.js:1:1)"]);
  });
});

describe("a touchpoint", () => {
  const withTransaction = (transaction: string) =>
    touchpointOf({ transaction, exception: { values: [thrown("TypeError", "v")] } });

  test.each([
    ["GET /api/orders/:id", "errors/TypeError/api/orders/[id]"],
    ["/api/orders/{id}/items/<int:item>", "errors/TypeError/api/orders/[id]/items/[item]"],
    ["/blog/[...slug]", "errors/TypeError/blog/[slug]"],
    ["/orders/17/", "errors/TypeError/orders/[id]"],
    ["/orders/0190f1b2-1c2d-7e3f-8a4b-5c6d7e8f9a0b?token=abc", "errors/TypeError/orders/[id]"],
    ["/o/5f2b8c1d9e0a4b6c#x", "errors/TypeError/o/[id]"],
    ["https://shop.example.com/cart", "errors/TypeError/cart"],
    ["shop.orders.submit", "errors/TypeError/shop.orders.submit"],
    ["nightly job", "errors/TypeError/nightly job"],
    ["/", "errors/TypeError"],
    ["  \n ", "errors/TypeError"],
  ])("of transaction %j is %s", (transaction, touchpoint) => {
    expect(withTransaction(transaction)).toBe(touchpoint);
  });

  test("without a transaction has module and function of the application's innermost frame", () => {
    const inFrames = (...frames: JsonObject[]) => touchpointOf({ exception: { values: [thrown("E", "v", frames)] } });
    expect([
      inFrames(
        { function: "lib", in_app: false },
        { module: "shop.cart", function: "total", in_app: true },
        { function: "sum", in_app: false },
      ),
      inFrames({ function: "outer" }, { function: "inner" }),
      inFrames({ module: "server", function: "?" }),
      inFrames({ function: "<anonymous>", filename: "https://shop.example.com/assets/app.js?v=3" }),
      inFrames({ module: "routes/orders/index", function: "Object.get" }),
      inFrames({}),
      inFrames(),
    ]).toEqual([
      "errors/E/shop.cart/total",
      "errors/E/inner",
      "errors/E/server",
      "errors/E/app.js",
      "errors/E/routes.orders.index/Object.get",
      "errors/E",
      "errors/E",
    ]);
  });

  test("is equal wherever in the code and with whatever values it happened", () => {
    const at = (lineno: number, value: string) =>
      touchpointOf({
        exception: { values: [thrown("E", value, [{ function: "f", filename: "a.js", lineno, in_app: true }])] },
      });
    expect(at(1, "user 17")).toBe(at(99, "user 18"));
  });

  test("has the type as one part, and is short enough for the list whatever is sent", () => {
    const long = "x/\u0000 ".repeat(5_000);
    const touchpoint = touchpointOf({ transaction: long, exception: { values: [thrown(long, "v")] } });
    expect([
      touchpointOf({ exception: { values: [thrown("github.com/shop/orders.Error", "v")] } }),
      Number(touchpoint?.length) <= 310,
      /\p{Cc}/u.test(String(touchpoint)),
    ]).toEqual(["errors/github.com.shop.orders.Error", true, false]);
  });

  test("of a message is among messages; the logger's name stands in for a place", () => {
    expect([touchpointOf({ message: "m", logger: "shop.orders" }), touchpointOf({ message: "m" })]).toEqual([
      "messages/shop.orders",
      "messages",
    ]);
  });

  test("is the tag of that name where the application sets one", () => {
    expect(touchpointOf({ message: "m", tags: { touchpoint: "api/orders/submit" } })).toBe("api/orders/submit");
  });
});

describe("a message", () => {
  test.each([
    [{ message: "m" }, "m"],
    [{ message: { message: "a %s", formatted: "a b" } }, "a b"],
    [{ logentry: { message: "a %s" } }, "a %s"],
    [{ logentry: { formatted: "f" }, message: "m" }, "f"],
    [{ message: ["m"] }, undefined],
  ])("of %j is %j", (event, message) => {
    expect(eventEntry(event, undefined).message).toBe(message);
  });

  test("has the level it was captured with, and is an error without one", () => {
    const levels = ["debug", "info", "log", "warning", "error", "fatal", "strange", 30];
    expect(levels.map((level) => eventEntry({ message: "m", level }, undefined).level)).toEqual([
      "debug",
      "info",
      "info",
      "warn",
      "error",
      "error",
      "error",
      "info",
    ]);
  });
});

describe("what comes with an event is bounded", () => {
  test("breadcrumbs: the last 20, compact, without what is long", () => {
    const values = Array.from({ length: 30 }, (_, index) => ({
      timestamp: 1795976199.5 + index,
      type: "http",
      category: "fetch",
      level: "info",
      message: "x".repeat(2_000),
      data: index % 2 === 0 ? { url: "/a" } : { body: "x".repeat(2_000) },
    }));
    const breadcrumbs = metadataOf({ message: "m", breadcrumbs: { values } })?.["breadcrumbs"] as JsonObject[];
    const compact = {
      time: "2026-11-29T18:16:49.500Z",
      category: "fetch",
      level: "info",
      message: `${"x".repeat(1_000)}…`,
    };
    expect([breadcrumbs.length, breadcrumbs[0], breadcrumbs[1]]).toEqual([
      20,
      { ...compact, data: { url: "/a" } },
      { ...compact, time: "2026-11-29T18:16:50.500Z" },
    ]);
  });

  test("contexts: what names an installation, and an application's own where they are short", () => {
    const contexts = {
      device: { model: "X", free_memory: 123, arch: "arm64" },
      os: { name: "Debian", version: "12", kernel_version: "6.1" },
      culture: { locale: "en" },
      cloud_resource: {},
      order: { id: 17 },
      state: { value: "x".repeat(3_000) },
    };
    expect(metadataOf({ message: "m", contexts })).toEqual({
      contexts: { device: { model: "X", arch: "arm64" }, os: { name: "Debian", version: "12" }, order: { id: 17 } },
    });
  });
});

test("an event whose members have any other type is a log of what is left", () => {
  const members =
    "event_id timestamp level platform exception message logentry contexts user tags extra request sdk breadcrumbs threads stacktrace transaction fingerprint".split(
      " ",
    );
  const odd = [
    null,
    0,
    "",
    "text",
    [],
    [null, [], 7, "x"],
    {},
    { values: 3 },
    { values: [null, 1, [], {}] },
    { values: { 0: {} } },
    { frames: 1 },
  ];
  for (const value of odd) {
    const entry = eventEntry(Object.fromEntries(members.map((name) => [name, value])), value);
    expect([typeof entry.touchpoint, typeof entry.metadata]).toEqual(["string", "object"]);
  }
  expect(eventEntry({}, undefined)).toEqual({ touchpoint: "messages", level: "error", metadata: {} });
});
