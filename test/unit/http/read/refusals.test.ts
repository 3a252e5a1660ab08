// GET /api/v1/refusals, after requests to the ingestion endpoints.

import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import type { BatchOutcome } from "../../../../src/core/batch.ts";
import { type RefusalsResponse, RefusalsSchema } from "../../../../src/core/refusals.ts";
import { Admission } from "../../../../src/http/ingest/admission.ts";
import { ProtocolEndpoint } from "../../../../src/http/protocols/endpoint.ts";
import type { ProtocolRoute } from "../../../../src/http/protocols/protocol.ts";
import {
  BODY_BYTES_MAX,
  CLIENT_KEY,
  createFixture,
  ENQUEUE_URL,
  ENTRIES_MAX,
  entries,
  type Fixture,
  ORIGIN,
  OTHER_ORIGIN,
  RATED_KEY,
  SERVER_KEY,
} from "../fixture.ts";

const UNKNOWN_KEY = "sk_wxyz56789abcdefghi";
const batch = (members: object = {}) => ({
  key: SERVER_KEY,
  source: "server",
  entries: [{ message: "hi" }],
  ...members,
});

async function refusals(fixture: Fixture, query = ""): Promise<RefusalsResponse> {
  const response = await fixture.read("GET", `/api/v1/refusals${query}`);
  expect(response.status).toBe(200);
  const list = (await response.json()) as RefusalsResponse;
  expect([...Value.Errors(RefusalsSchema, list)]).toEqual([]);
  return list;
}

/** What a single request leaves. */
async function refusedAs(body: unknown, headers: Record<string, string> = {}, prepare?: (fixture: Fixture) => void) {
  const fixture = createFixture();
  prepare?.(fixture);
  const response = await fixture.post(body, headers);
  const { refusals: rows } = await refusals(fixture);
  expect(rows.map(({ status, count }) => [status, count])).toEqual([[response.status as 400, 1]]);
  expect(JSON.stringify(rows)).not.toMatch(/[sc]k_\w{5}/);
  return rows[0];
}

describe("a refused batch of POST /api/v1/enqueue is listed", () => {
  test("with an unknown key by its mask", async () => {
    const row = await refusedAs(batch({ key: UNKNOWN_KEY }), { origin: OTHER_ORIGIN });
    expect(row).toMatchObject({
      status: 401,
      reason: "key_unknown",
      apiKey: null,
      masked: "sk_wxyz…",
      project: null,
      protocol: "enqueue",
      origin: OTHER_ORIGIN,
      addresses: ["192.0.2.1"],
    });
  });

  test.each([
    ["a key of another place, short or long", 401, "key_unknown", { masked: "…" }, batch({ key: "not-ours" })],
    ["a prefix alone", 401, "key_unknown", { masked: "sk_…" }, batch({ key: "sk_short" })],
    [
      "a key with escapes",
      401,
      "key_unknown",
      { masked: "sk_wxyz…" },
      JSON.stringify(batch({ key: UNKNOWN_KEY })).replace("wxyz", "w\\u0078yz"),
    ],
    [
      "an unknown key, and a live one in a message",
      401,
      "key_unknown",
      { apiKey: null, masked: "sk_wxyz…" },
      batch({ key: UNKNOWN_KEY, entries: [{ message: SERVER_KEY }] }),
    ],
    [
      "an unknown key behind entries with keys",
      401,
      "key_unknown",
      { masked: "sk_wxyz…" },
      { entries: [{ key: "order-1" }], source: "server", key: UNKNOWN_KEY },
    ],
    ["no key", 401, "key_missing", { apiKey: null, masked: null }, { source: "server", entries: [{ key: "order-1" }] }],
    [
      "a large body without a live key",
      401,
      "key_not_found",
      { masked: "sk_wxyz…" },
      batch({ key: UNKNOWN_KEY, entries: [{ message: "x".repeat(70_000) }] }),
    ],
    [
      "a key of the other type",
      401,
      "key_type_differs",
      { apiKey: "web shop", keyType: "server", project: "shop" },
      batch({ source: "client" }),
    ],
    [
      "a key from another page",
      403,
      "origin_refused",
      { apiKey: "web shop", keyType: "client" },
      batch({ key: CLIENT_KEY, source: "client" }),
    ],
    ["too many entries", 413, "too_many_entries", { apiKey: "web shop" }, batch({ entries: entries(ENTRIES_MAX + 1) })],
    [
      "a wrong entry",
      422,
      "invalid",
      { apiKey: "web shop", problem: expect.stringContaining("entries.0.level") },
      batch({ entries: [{ level: "loud" }] }),
    ],
    ["no JSON", 400, "not_json", { apiKey: "web shop" }, `{"key":"${SERVER_KEY}", oops`],
  ] as const)("with %s", async (_, status, reason, others, body) => {
    const row = await refusedAs(body, {}, (fixture) => {
      fixture.access = { ...fixture.access, bodyBytesMax: 100_000 };
    });
    expect(row).toMatchObject({ status, reason, ...others });
  });

  test("with a body that was not read: nothing is known of its key", async () => {
    const large = await refusedAs(batch({ entries: [{ message: "x".repeat(BODY_BYTES_MAX) }] }));
    expect(large).toMatchObject({ status: 413, reason: "too_large", apiKey: null, masked: null });
    expect(await refusedAs(batch(), { "content-encoding": "lzma" })).toMatchObject({
      status: 415,
      reason: "unknown_encoding",
    });
    expect(await refusedAs(batch(), { "content-type": "text/plain; charset=utf-16" })).toMatchObject({
      reason: "utf16",
    });
  });

  test("over its rate, or while nothing can be stored", async () => {
    const fixture = createFixture();
    const over = batch({ key: RATED_KEY, entries: entries(ENTRIES_MAX) });
    for (let at = 0; at < 3; at++) await fixture.post(over, { "idempotency-key": String(at) });
    expect((await refusals(fixture)).refusals).toMatchObject([
      { status: 429, reason: "rate", apiKey: "rated", count: 2 },
    ]);
    const unavailable = (fixture: Fixture) => {
      fixture.pushAnswer = () => ({ refused: "full", retryAfterSeconds: 3 });
    };
    expect(await refusedAs(batch(), {}, unavailable)).toMatchObject({
      status: 503,
      reason: "unavailable",
      apiKey: "web shop",
    });
    const set = (outcome: BatchOutcome) => (fixture: Fixture) => {
      fixture.pushAnswer = () => Promise.resolve(outcome);
    };
    expect(await refusedAs(batch(), {}, set("unavailable"))).toMatchObject({ status: 503 });
    expect(await refusedAs(batch(), {}, set("set_aside"))).toMatchObject({ status: 500, reason: "internal" });
  });

  test("with a hint, whatever the reason", async () => {
    expect((await refusedAs(batch({ key: UNKNOWN_KEY })))?.hint.length).toBeGreaterThan(20);
  });
});

test("accepted batches leave nothing", async () => {
  const fixture = createFixture();
  await fixture.post(batch());
  await fixture.post(batch({ key: CLIENT_KEY, source: "client" }), { origin: ORIGIN });
  const { refusals: rows, hours } = await refusals(fixture);
  expect([rows, hours.flatMap(({ refused }) => Object.keys(refused))]).toEqual([[], []]);
});

describe("the list", () => {
  test("is of one project where it is named, and as long as it may be", async () => {
    const fixture = createFixture();
    await fixture.post(batch({ key: UNKNOWN_KEY }));
    await fixture.post(batch({ key: CLIENT_KEY, source: "client" }), { origin: OTHER_ORIGIN });
    expect((await refusals(fixture)).refusals).toHaveLength(2);
    expect((await refusals(fixture, "?project=shop")).refusals).toMatchObject([{ origin: OTHER_ORIGIN }]);
    expect((await refusals(fixture, "?project=blog")).refusals).toEqual([]);
    expect(await refusals(fixture, "?limit=1")).toMatchObject({ more: 1, refusals: [{ status: 403 }] });
    expect((await fixture.read("GET", "/api/v1/refusals?limit=501")).status).toBe(400);
  });

  test("names a revoked pair whose key is still sent", async () => {
    const fixture = createFixture();
    await fixture.post(batch({ key: "sk_old0123456789abcdef" }));
    expect((await refusals(fixture, "?project=default")).refusals).toMatchObject([
      { apiKey: "old", masked: "sk_old0…", isRevoked: true },
    ]);
  });

  test("is for readers only", async () => {
    expect((await createFixture().fetch(new Request("http://localhost:7070/api/v1/refusals"))).status).toBe(401);
  });
});

describe("a refused batch of another protocol is listed", () => {
  const ROUTE: ProtocolRoute = {
    path: "/plain",
    protocol: "loki",
    document: { id: "plain", summary: "Plain", access: "open", responses: {} },
    formOf: (headers) => (headers.get("content-type") === "text/plain" ? "text" : undefined),
    accepted: () => ({ status: 200, body: null }),
    refused: () => ({ status: 418, body: null }),
  };

  async function rowOf(headers: Record<string, string>, outcome: BatchOutcome = "accepted") {
    const fixture = createFixture();
    const dependencies = { access: () => fixture.access, metrics: fixture.metrics };
    const admission = new Admission({
      ...dependencies,
      intake: { push: () => Promise.resolve(outcome), retryAfterSeconds: () => 1 },
      clock: () => fixture.now,
      peerAddress: () => "192.0.2.9",
      isGone: () => false,
      log: () => undefined,
    });
    const endpoint = new ProtocolEndpoint(dependencies, admission);
    const sent = { "content-type": "text/plain", ...headers };
    await endpoint.handle(new Request(ENQUEUE_URL, { method: "POST", body: "x", headers: sent }), ROUTE);
    const { pairs } = fixture.access;
    const { refusals: rows } = admission.refusedBatches.list({ project: undefined, limit: 9, pairs, now: fixture.now });
    expect(JSON.stringify(rows)).not.toMatch(/[sc]k_\w{5}/);
    return rows;
  }
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });

  test.each([
    ["an unknown key", { authorization: `Bearer ${UNKNOWN_KEY}` }, { status: 401, masked: "sk_wxyz…" }],
    ["an unknown key as a password", basic(`me:${UNKNOWN_KEY}`), { status: 401, masked: "sk_wxyz…" }],
    ["a name and password of elsewhere", basic("me:secret"), { status: 401, masked: "…" }],
    ["no key", {}, { reason: "key_missing", masked: null, apiKey: null }],
    ["a client key without an origin", { "x-api-key": CLIENT_KEY }, { status: 403, apiKey: "web shop" }],
    [
      "another type of body",
      { "x-api-key": SERVER_KEY, "content-type": "a/b" },
      { status: 415, reason: "unknown_type", apiKey: "web shop" },
    ],
  ] as const)("with %s, by the status of the specification", async (_, headers, expected) => {
    const shared = { protocol: "loki", addresses: ["192.0.2.9"], count: 1 };
    expect(await rowOf(headers as unknown as Record<string, string>)).toMatchObject([
      { ...shared, ...expected },
    ] as never);
  });

  test("with a body that cannot be read, and what is wrong with it", async () => {
    const refused = { refused: "malformed", problem: "no streams" } as const;
    expect(await rowOf({ "x-api-key": SERVER_KEY }, refused)).toMatchObject([
      { status: 400, reason: "malformed", problem: "no streams", apiKey: "web shop" },
    ]);
    expect(await rowOf({ "x-api-key": SERVER_KEY })).toEqual([]);
  });
});
