import { describe, expect, test } from "bun:test";
import {
  BODY_BYTES_MAX,
  CLIENT_KEY,
  CLIENT_KEY_WITHOUT_ORIGINS,
  createFixture,
  ENQUEUE_URL,
  ENTRIES_MAX,
  entries,
  ORIGIN,
  OTHER_ORIGIN,
  outcome,
  RATE,
  RATED_KEY,
  SERVER_KEY,
} from "../fixture.ts";

const BATCH = { key: SERVER_KEY, source: "server", entries: [{ message: "hi" }] };
const TOO_LARGE: [number, unknown] = [413, { message: "Payload too large" }];
const INVALID_JSON: [number, unknown] = [400, { message: "Invalid JSON" }];

function invalid(fieldErrors: object, formErrors: string[] = []): [number, unknown] {
  return [422, { message: "Invalid enqueue payload", errors: { fieldErrors, formErrors } }];
}

async function statusOf(response: Promise<Response>): Promise<number> {
  return (await response).status;
}

describe("a batch is accepted", () => {
  test("and handed on as the text it came as", async () => {
    const fixture = createFixture();
    const text = JSON.stringify(BATCH, null, 2);
    const response = await fixture.post(text, { "user-agent": "probe/1" });
    expect(await outcome(response)).toEqual([202, { queued: true }]);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(fixture.pushed).toEqual([
      {
        body: text,
        protocol: "enqueue",
        bytes: text.length,
        apiKey: { name: "web shop", project: "shop", type: "server", origins: [], rate: undefined },
        origin: null,
        route: "/api/v1/enqueue",
        idempotencyKey: undefined,
        isDisconnected: expect.any(Function) as never,
        sender: "192.0.2.1\nprobe/1",
        receivedAt: fixture.now,
      },
    ]);
  });

  test.each([
    "text/plain;charset=UTF-8",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "nonsense",
  ])("with content type %s", async (type) => {
    expect(await statusOf(createFixture().post(BATCH, { "content-type": type }))).toBe(202);
  });

  test("with members that the schema does not name, at both levels", async () => {
    const body = { ...BATCH, sdk: "x", entries: [{ message: "hi", traceId: 5, nested: { a: [1] } }] };
    expect(await statusOf(createFixture().post(body))).toBe(202);
  });

  test("with a byte order mark, which the queue does not get", async () => {
    const fixture = createFixture();
    const text = JSON.stringify(BATCH);
    expect(await statusOf(fixture.post(`\uFEFF${text}`))).toBe(202);
    expect(fixture.pushed[0]?.body).toBe(text);
  });

  test("with bytes that are no UTF-8, which become U+FFFD", async () => {
    const fixture = createFixture();
    const text = JSON.stringify({ ...BATCH, entries: [{ message: "@" }] });
    const bytes = Buffer.from(text);
    bytes[text.indexOf("@")] = 0xff;
    expect(await statusOf(fixture.post(bytes))).toBe(202);
    expect(fixture.pushed[0]?.body).toBe(text.replace("@", "\uFFFD"));
  });

  test("with metadata nested deeper than the worker takes, since only that entry is dropped", async () => {
    const metadata = JSON.parse(`${'{"a":'.repeat(300)}1${"}".repeat(300)}`);
    expect(await statusOf(createFixture().post({ ...BATCH, entries: [{ metadata }] }))).toBe(202);
  });

  test("from a client key at its origin", async () => {
    const body = { ...BATCH, key: CLIENT_KEY, source: "client" };
    expect(await statusOf(createFixture().post(body, { origin: ORIGIN }))).toBe(202);
  });

  test("with max_entries entries, and not with one more", async () => {
    const fixture = createFixture();
    expect(await statusOf(fixture.post({ ...BATCH, entries: entries(ENTRIES_MAX) }))).toBe(202);
    expect(await outcome(await fixture.post({ ...BATCH, entries: entries(ENTRIES_MAX + 1) }))).toEqual(TOO_LARGE);
  });

  test("with a body of max_body bytes, and not with one more", async () => {
    const fixture = createFixture();
    const text = JSON.stringify(BATCH);
    expect(await statusOf(fixture.post(text + " ".repeat(BODY_BYTES_MAX - text.length)))).toBe(202);
    expect(await outcome(await fixture.post(text + " ".repeat(BODY_BYTES_MAX - text.length + 1)))).toEqual(TOO_LARGE);
  });
});

describe("each check refuses with its own answer", () => {
  const refusals: [string, unknown, Record<string, string>, [number, unknown]][] = [
    ["1: a body that is too large", "x".repeat(BODY_BYTES_MAX + 1), {}, TOO_LARGE],
    [
      "2: an unknown encoding",
      BATCH,
      { "content-encoding": "compress" },
      [415, { message: "Unknown Content-Encoding: send identity, gzip, deflate, br or zstd" }],
    ],
    ["3: no JSON", "{", {}, INVALID_JSON],
    ["3: an empty body", "", {}, INVALID_JSON],
    ["3: a body that is not what its encoding says", BATCH, { "content-encoding": "gzip" }, INVALID_JSON],
    ["4: an array", "[]", {}, invalid({}, ["Expected object, received array"])],
    ["4: a string", '"x"', {}, invalid({}, ["Expected object, received string"])],
    ["4: null", "null", {}, invalid({}, ["Expected object, received null"])],
    ["4: a number", "1", {}, invalid({}, ["Expected object, received number"])],
    ["5: no key", { ...BATCH, key: undefined }, {}, [401, { message: "API key is missing" }]],
    ["5: a null key", { ...BATCH, key: null }, {}, [401, { message: "API key is missing" }]],
    ["5: an empty key", { ...BATCH, key: "" }, {}, [401, { message: "API key is missing" }]],
    ["6: an unknown key", { ...BATCH, key: "sk_unknown" }, {}, [401, { message: "API key is unknown or revoked" }]],
    ["7: another type", { ...BATCH, source: "client" }, {}, [401, { message: "API key type does not match source" }]],
    [
      "8: no origin",
      { ...BATCH, key: CLIENT_KEY, source: "client" },
      {},
      [403, { message: "Origin is not allowed for this API key" }],
    ],
    [
      "8: another key's origin",
      { ...BATCH, key: CLIENT_KEY, source: "client" },
      { origin: OTHER_ORIGIN },
      [403, { message: "Origin is not allowed for this API key" }],
    ],
    [
      "8: a key without origins",
      { ...BATCH, key: CLIENT_KEY_WITHOUT_ORIGINS, source: "client" },
      { origin: ORIGIN },
      [403, { message: "Origin is not allowed for this API key" }],
    ],
    ["10: a key that is no string", { ...BATCH, key: 5 }, {}, invalid({ key: ["Expected string, received number"] })],
    ["10: no source", { ...BATCH, source: undefined }, {}, invalid({ source: ["Required"] })],
    [
      "10: an unknown source",
      { ...BATCH, source: "x" },
      {},
      invalid({ source: ["Invalid enum value. Expected 'server' | 'client', received 'x'"] }),
    ],
    [
      "10: no entries",
      { ...BATCH, entries: [] },
      {},
      invalid({ entries: ["Array must contain at least 1 element(s)"] }),
    ],
    ["11: too many entries", { ...BATCH, entries: entries(ENTRIES_MAX + 1) }, {}, TOO_LARGE],
  ];

  test.each(refusals)("%s", async (_name, body, headers, expected) => {
    const fixture = createFixture();
    expect(await outcome(await fixture.post(body, headers))).toEqual(expected);
    expect(fixture.pushed).toEqual([]);
  });

  test("9: a rate that is used up, with whole seconds to wait", async () => {
    const fixture = createFixture();
    const burst = { ...BATCH, key: RATED_KEY, entries: entries(RATE * 10) };
    expect(await statusOf(fixture.post(burst))).toBe(202);
    const refused = await fixture.post({ ...burst, entries: entries(3) });
    expect(refused.headers.get("retry-after")).toBe("2");
    expect(await outcome(refused)).toEqual([429, { message: "Rate limit of this API key exceeded" }]);
    fixture.now += 1500;
    expect(await statusOf(fixture.post({ ...burst, entries: entries(3) }))).toBe(202);
  });

  test("11: a batch that the queue could never hold", async () => {
    const fixture = createFixture();
    fixture.pushAnswer = () => ({ refused: "too_large" });
    expect(await outcome(await fixture.post(BATCH))).toEqual(TOO_LARGE);
  });

  test("12: a queue without room, with what it says to wait", async () => {
    const fixture = createFixture();
    fixture.pushAnswer = () => ({ refused: "full", retryAfterSeconds: 7 });
    const response = await fixture.post(BATCH);
    expect(response.headers.get("retry-after")).toBe("7");
    expect(await outcome(response)).toEqual([503, { message: "Ingestion queue is temporarily unavailable" }]);
  });

  test("13: a batch that was queued and not committed", async () => {
    const fixture = createFixture();
    fixture.pushAnswer = () => Promise.resolve("unavailable");
    const response = await fixture.post(BATCH);
    expect(response.headers.get("retry-after")).toBe("17");
    expect(await outcome(response)).toEqual([503, { message: "Ingestion queue is temporarily unavailable" }]);
  });

  test("a batch that was set aside", async () => {
    const fixture = createFixture();
    fixture.pushAnswer = () => Promise.resolve("set_aside");
    expect(await outcome(await fixture.post(BATCH))).toEqual([500, { message: "Internal error" }]);
  });

  test("an exception, whose text stays here", async () => {
    const fixture = createFixture();
    fixture.pushAnswer = () => {
      throw new Error("secret");
    };
    const response = await fixture.post(BATCH, { origin: ORIGIN });
    expect(await outcome(response)).toEqual([500, { message: "Internal error" }]);
    expect(response.headers.get("access-control-allow-origin")).toBe(ORIGIN);
    expect(fixture.logged).toEqual(["error a batch could not be handled"]);
  });
});

describe("verbose 422", () => {
  test("lists the problems with their paths", async () => {
    const fixture = createFixture();
    const body = JSON.stringify({ ...BATCH, timestamp: null, entries: [{}, 5, { level: "fatal" }] });
    const response = await fixture.fetch(new Request(`${ENQUEUE_URL}?verbose=1`, { method: "POST", body }));
    const level = "Invalid enum value. Expected 'info' | 'warn' | 'error' | 'debug', received 'fatal'";
    expect(await outcome(response)).toEqual([
      422,
      {
        message: "Invalid enqueue payload",
        errors: {
          fieldErrors: {
            timestamp: ["Expected number, received null"],
            entries: ["Expected object, received number", level],
          },
          formErrors: [],
        },
        issues: [
          { path: ["timestamp"], message: "Expected number, received null" },
          { path: ["entries", 1], message: "Expected object, received number" },
          { path: ["entries", 2, "level"], message: level },
        ],
      },
    ]);
  });
});
