// Whatever an application hands over becomes plain JSON values, and never an exception.

import { describe, expect, test } from "bun:test";
import { runInNewContext } from "node:vm";
import { plainCopy } from "../../../../src/client/core/plain_values.ts";

/** As it is sent. */
const sent = (value: unknown) => JSON.parse(JSON.stringify({ value: plainCopy(value) })).value;

describe("JSON's own values stay as they are", () => {
  const values = [
    null,
    true,
    false,
    0,
    -1.5,
    1e300,
    "",
    "text €",
    [],
    {},
    [1, [2, { three: 3 }]],
    { a: { b: [null] } },
  ];
  test.each(values.map((value) => [value] as const))("%j", (value) => {
    expect(sent(value)).toEqual(value);
  });

  test("and members that are undefined are left out", () => {
    expect(sent({ a: undefined, b: [undefined] })).toEqual({ b: [null] });
  });

  test("and __proto__, constructor and toString are names like any other", () => {
    const value = JSON.parse('{"__proto__":{"a":1},"constructor":2,"toString":3}');
    expect(JSON.stringify(plainCopy(value))).toBe('{"__proto__":{"a":1},"constructor":2,"toString":3}');
  });
});

class Hostile {
  get fine(): number {
    throw new Error("no");
  }
}

const circular: Record<string, unknown> = { name: "a" };
circular["self"] = circular;
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const shared = { one: 1 };

describe("what JSON cannot say is described", () => {
  const cases: readonly (readonly [what: string, value: unknown, shown: unknown])[] = [
    ["a circle", circular, { name: "a", self: "[circular]" }],
    ["one object twice, which is no circle", [shared, shared], [{ one: 1 }, { one: 1 }]],
    ["a BigInt", { id: 12345678901234567890n }, { id: "12345678901234567890" }],
    ["numbers that are none", [Number.NaN, Number.POSITIVE_INFINITY], [null, "Infinity"]],
    ["a function", { work: () => 1 }, { work: "[function]" }],
    ["a symbol", { mark: Symbol("x") }, { mark: "Symbol(x)" }],
    ["a date", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["a date that is none", { at: new Date(Number.NaN) }, { at: null }],
    [
      "a map",
      new Map<unknown, unknown>([
        ["a", 1],
        [2, { b: 3n }],
      ]),
      { a: 1, 2: { b: "3" } },
    ],
    ["a set", new Set([1, "two"]), [1, "two"]],
    ["a pattern", /a+/g, "/a+/g"],
    ["bytes", { bytes: new Uint8Array(3) }, { bytes: "[Uint8Array]" }],
    ["a node of a document", { button: { nodeType: 1, nodeName: "BUTTON" } }, { button: "<BUTTON>" }],
    [
      "a getter that throws",
      {
        get a(): number {
          throw new Error("no");
        },
        b: 1,
      },
      { a: "[error]", b: 1 },
    ],
    [
      "a toJSON that throws",
      {
        a: {
          toJSON() {
            throw new Error("no");
          },
        },
      },
      { a: "[error]" },
    ],
    ["a toJSON", { a: { toJSON: () => ({ b: 1n }) } }, { a: { b: "1" } }],
    [
      "a toJSON that returns its own object",
      {
        a: {
          b: 1,
          toJSON() {
            return this;
          },
        },
      },
      { a: { b: 1, toJSON: "[function]" } },
    ],
    ["a class with a getter that throws", new Hostile(), {}],
    ["a proxy that is no more", { a: revoked.proxy }, { a: "[error]" }],
    [
      "an object whose names cannot be listed",
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error("no");
          },
        },
      ),
      "[error]",
    ],
  ];
  test.each(cases)("%s", (_, value, shown) => {
    expect(sent(value)).toEqual(shown);
  });

  test("an Error, with its cause, its errors and its own members", () => {
    const error = Object.assign(new TypeError("outer", { cause: new RangeError("inner") }), { code: "E1" });
    expect(sent(error)).toEqual({
      name: "TypeError",
      message: "outer",
      stack: error.stack,
      code: "E1",
      cause: { name: "RangeError", message: "inner", stack: (error.cause as Error).stack },
    });
    expect(sent(new AggregateError([new Error("one")], "all")).errors[0].message).toBe("one");
  });

  test("an Error of another realm", () => {
    expect(sent(runInNewContext('new Error("elsewhere")'))).toMatchObject({ name: "Error", message: "elsewhere" });
  });

  test("an Error that is its own cause", () => {
    const error = new Error("round");
    error.cause = error;
    expect(sent(error).cause).toBe("[circular]");
  });
});

describe("what is too large is cut", () => {
  test("a text of 10 million characters", () => {
    expect(sent({ text: "x".repeat(10_000_000) }).text).toBe(`${"x".repeat(8192)}…`);
  });

  test("a list of a million, and names of a million", () => {
    expect(sent(Array.from({ length: 1_000_000 }, (_, at) => at)).length).toBeLessThan(5002);
    const names = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`n${at}`, at]));
    expect(Object.keys(sent(names)).length).toBeLessThan(5002);
  });

  test("an object whose parts repeat without end", () => {
    let value: unknown = 1;
    for (let at = 0; at < 40; at++) value = [value, value];
    expect(JSON.stringify(plainCopy(value)).length).toBeLessThan(100_000);
  });

  const nested = (levels: number) => {
    let value: Record<string, unknown> = {};
    for (let level = 1; level < levels; level++) value = { in: value };
    return value;
  };

  test("what is deeper than the server takes; 100 levels stay", () => {
    expect(sent(nested(100))).toEqual(nested(100));
    expect(JSON.stringify(sent(nested(101)))).toContain('{"in":"…"}');
    expect(JSON.stringify(sent(nested(50_000)))).toContain('{"in":"…"}');
  });
});

describe("redaction", () => {
  test("replaces values by the names of their members, at any depth but the first level, where an entry's own fields are", () => {
    const entry = {
      key: "k",
      metadata: { Password: "a", deep: [{ apiKey: 1, list: [{ password: {} }] }], passwords: 2 },
    };
    expect(plainCopy(entry, ["password", /^api/gi, "key"])).toEqual({
      key: "k",
      metadata: {
        Password: "[redacted]",
        deep: [{ apiKey: "[redacted]", list: [{ password: "[redacted]" }] }],
        passwords: 2,
      },
    });
  });

  test("takes a text for itself, whatever its characters, and a pattern with its own flags", () => {
    const names = ["$token", "api.key", "apiXkey", "c++", "a|b", "ab", "pass[word]", "(", "\\\\", "Größe", "TOKEN"];
    const metadata = Object.fromEntries(names.map((name) => [name, 1]));
    const redacted = (redact: (string | RegExp)[]) => {
      const shown = plainCopy({ metadata }, redact).metadata;
      return names.filter((name) => shown[name] === "[redacted]");
    };
    expect(redacted(["$TOKEN", "api.key", "c++", "a|b", "pass[word]", "(", "\\\\"])).toEqual(
      names.filter((name) => !["apiXkey", "ab", "Größe", "TOKEN"].includes(name)),
    );
    expect(redacted([/^\p{Lowercase}+$/u])).toEqual(["ab"]);
    expect(redacted([/token/])).toEqual(["$token"]);
    expect(redacted([/^TOKEN/y])).toEqual(["TOKEN"]);
  });

  test("does not read what it replaces", () => {
    const metadata = {
      get secret(): string {
        throw new Error("read");
      },
    };
    expect(plainCopy({ metadata }, ["secret"])).toEqual({ metadata: { secret: "[redacted]" } });
  });
});
