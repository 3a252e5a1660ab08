import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { KeyLookup } from "../../../../src/http/access/keys.ts";
import { isOnlyKey, keyInBody } from "../../../../src/http/ingest/key_in_body.ts";
import { cpuMsOf } from "../../../support/cpu_ratio.ts";
import { CLIENT_KEY, createFixture, type Fixture, knownKey, ORIGIN, SERVER_KEY } from "../fixture.ts";

const LARGE = 64 * 1024;

function largeFixture(): Fixture {
  const fixture = createFixture();
  fixture.access = { ...fixture.access, bodyBytesMax: 5 * 1024 * 1024, entriesMax: 10_000 };
  return fixture;
}

/** JSON text of a batch of more than 64 KiB, its members in the given order. */
function batch(order: readonly string[], members: Readonly<Record<string, string>> = {}): string {
  const all: Record<string, string> = {
    key: JSON.stringify(SERVER_KEY),
    source: '"server"',
    entries: JSON.stringify(
      Array.from({ length: 1_000 }, (_, index) => ({ message: `entry ${index} ${"x".repeat(60)}` })),
    ),
    ...members,
  };
  return `{${order.map((name) => `${JSON.stringify(name)}:${all[name]}`).join()}}`;
}

function escaped(text: string): string {
  return text.replaceAll(/./gs, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

const NOT_SHOWN = [
  401,
  { message: "API key is missing, unknown or revoked: a body over 64 KiB has it in its first or last KiB" },
];

async function sent(fixture: Fixture, body: string | Uint8Array, headers: Record<string, string> = {}) {
  const response = await fixture.post(body, headers);
  return [response.status, await response.json()];
}

describe("a body over 64 KiB is taken", () => {
  test.each([
    ["first", batch(["key", "source", "entries"])],
    ["last", batch(["entries", "source", "key"])],
    ["behind other members", batch(["timestamp", "key", "entries", "source"], { timestamp: "1" })],
    ["in both places", batch(["key", "entries", "source", "key"])],
    ["escaped", batch(["key", "source", "entries"], { key: `"${escaped(SERVER_KEY)}"` })],
    ["escaped, at the end", batch(["entries", "source", "key"], { key: `"sk_${escaped(SERVER_KEY.slice(3))}"` })],
    ["behind quotes and backslashes", batch(["a", "key", "source", "entries"], { a: JSON.stringify('"\\"\\\\"sk_"') })],
    ["with its name escaped", batch(["key", "source", "entries"]).replace('"key"', '"\\u006bey"')],
  ])("whose key stands %s", async (_place, body) => {
    expect(body.length).toBeGreaterThan(LARGE);
    const fixture = largeFixture();
    expect(await sent(fixture, body)).toEqual([202, { queued: true }]);
    expect(await sent(fixture, gzipSync(body), { "content-encoding": "gzip" })).toEqual([202, { queued: true }]);
    expect(await sent(fixture, JSON.stringify(JSON.parse(body), null, 2))).toEqual([202, { queued: true }]);
  });

  test("from a client key", async () => {
    const body = batch(["source", "entries", "key"], { key: JSON.stringify(CLIENT_KEY), source: '"client"' });
    expect(await sent(largeFixture(), body, { origin: ORIGIN })).toEqual([202, { queued: true }]);
  });
});

describe("a body over 64 KiB is refused unparsed", () => {
  const cases: [string, string][] = [
    ["its key is unknown", batch(["key", "source", "entries"], { key: '"sk_nobody0123456789"' })],
    ["it has none", batch(["source", "entries"])],
    ["its key is in the middle", batch(["a", "key", "entries", "source"], { a: JSON.stringify("x".repeat(2_000)) })],
    ["it is no JSON", '{"'.repeat(LARGE)],
    ["it is no object", `[${"1,".repeat(LARGE)}1]`],
    ["it nests deeply", "[".repeat(LARGE * 10)],
  ];
  test.each(cases)("when %s", async (_fault, body) => {
    expect(await sent(largeFixture(), body)).toEqual(NOT_SHOWN);
    expect(await sent(largeFixture(), gzipSync(body), { "content-encoding": "gzip" })).toEqual(NOT_SHOWN);
  });
});

describe("what a body shows is no proof", () => {
  test("the last key decides, and a live key elsewhere than under its name is none", async () => {
    const twice = batch(["key", "source", "entries", "key"]);
    const at = twice.lastIndexOf(SERVER_KEY);
    const other = `${twice.slice(0, at)}sk_nobody${twice.slice(at + 9)}`;
    expect(await sent(largeFixture(), other)).toEqual([401, { message: "API key is unknown or revoked" }]);
    expect(await sent(largeFixture(), batch(["note", "source", "entries"], { note: `"${SERVER_KEY}"` }))).toEqual([
      401,
      { message: "API key is missing" },
    ]);
  });
});

describe("a body of up to 64 KiB", () => {
  test("is parsed wherever its key stands and however it is written", async () => {
    const padding = "x".repeat(20_000);
    const [name, key] = [escaped("key"), escaped(SERVER_KEY)];
    const bodies = [
      `{"a":"${padding}","${name}":"${key}","source":"server","entries":[{"message":"hi"}],"b":"${padding}"}`,
      `{"key":null,"a":"${padding}","k\\u0065y":"sk_\\u0030${SERVER_KEY.slice(4)}","source":"server","entries":[{}],"b":"${padding}"}`,
    ];
    for (const body of bodies) expect(await sent(largeFixture(), body)).toEqual([202, { queued: true }]);
    expect(await sent(largeFixture(), "[1]")).toEqual([422, expect.anything()]);
  });
});

describe("the look for a key", () => {
  const keys = new KeyLookup([
    knownKey('sk_"quoted\\0123456789', "server", "odd"),
    knownKey(SERVER_KEY, "server", "even"),
  ]);

  test("finds one with quotes and backslashes in it, at the beginning and at the end", () => {
    const key = JSON.stringify('sk_"quoted\\0123456789');
    const padding = "x".repeat(5_000);
    expect(keyInBody(`{"key":${key},"a":"${padding}"}`, keys)).toBeDefined();
    expect(keyInBody(`{"a":"${padding}","key":${key}}`, keys)).toBeDefined();
    expect(keyInBody(`{"a":"${padding}","key":${key},"b":"${padding}"}`, keys)).toBeUndefined();
  });

  test("finds one at the very edge of the KiB", () => {
    const padding = "x".repeat(5_000);
    const first = `{"a":"${"x".repeat(1_024 - 14)}","${SERVER_KEY}`;
    expect(keyInBody(`${first}":"${padding}`, keys)).toBeDefined();
    expect(keyInBody(`${padding}"${SERVER_KEY}"${" ".repeat(1_024 - SERVER_KEY.length - 2)}`, keys)).toBeDefined();
    expect(keyInBody(`${padding}"${SERVER_KEY}"${" ".repeat(1_024)}`, keys)).toBeUndefined();
  });

  test("takes the same short time whatever the text", () => {
    const texts = ['"', '""', '"\\', "\\", '"sk_', '"\\u0073', '"a"'].map((piece) =>
      piece.repeat(5_000_000 / piece.length),
    );
    for (const text of texts) {
      const ms = cpuMsOf(() => expect(keyInBody(text, keys)).toBeUndefined());
      expect(ms).toBeLessThan(500);
    }
  });
});

test("a key that is shown decides only where no other member can have its name", () => {
  expect(isOnlyKey(`{"key":"${SERVER_KEY}","entries":[]}`)).toBe(true);
  expect(isOnlyKey(`{"key":"${SERVER_KEY}","entries":[{"key":"a"}]}`)).toBe(false);
  expect(isOnlyKey(`{"key":"${SERVER_KEY}","k\\u0065y":"b"}`)).toBe(false);
});
