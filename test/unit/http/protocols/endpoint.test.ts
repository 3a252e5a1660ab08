// The shared endpoint with a protocol made for the test: it answers in plain text.

import { describe, expect, test } from "bun:test";
import type { BatchOutcome, IncomingBatch, PushRefusal } from "../../../../src/core/batch.ts";
import { Admission } from "../../../../src/http/ingest/admission.ts";
import { ProtocolEndpoint } from "../../../../src/http/protocols/endpoint.ts";
import type { BodyForm, ProtocolRoute } from "../../../../src/http/protocols/protocol.ts";
import { directPosts, protocolRoutes } from "../../../../src/http/protocols/routes.ts";
import { BODY_BYTES_MAX, CLIENT_KEY, createFixture, ORIGIN, OTHER_ORIGIN, RATED_KEY, SERVER_KEY } from "../fixture.ts";

const URL = "http://localhost:7070/plain?x=1";
const FORMS: Readonly<Record<string, BodyForm>> = { "text/plain": "text", "application/x-bytes": "bytes" };

const ROUTE: ProtocolRoute = {
  path: "/plain",
  protocol: "loki",
  document: { id: "plain", summary: "Plain", access: "open", responses: {} },
  formOf: (headers) => FORMS[headers.get("content-type") ?? ""],
  accepted: ({ dropped, operations = "" }) => ({ status: 200, body: `${dropped.length} ${operations}` }),
  refused: ({ status, message }) => ({ status, body: message, contentType: "text/plain", headers: { "x-own": "1" } }),
};

function createStage(answer: (batch: IncomingBatch) => BatchOutcome | PushRefusal = () => "accepted") {
  const fixture = createFixture();
  const pushed: IncomingBatch[] = [];
  const dependencies = { access: () => fixture.access, metrics: fixture.metrics };
  const logged: string[] = [];
  const admission = new Admission({
    ...dependencies,
    intake: {
      push(batch) {
        pushed.push(batch);
        const outcome = answer(batch);
        const isPushRefusal =
          typeof outcome === "object" && "refused" in outcome && /^(?:full|too_large)$/.test(outcome.refused);
        return isPushRefusal ? (outcome as PushRefusal) : Promise.resolve(outcome as BatchOutcome);
      },
      retryAfterSeconds: () => 17,
    },
    clock: () => fixture.now,
    peerAddress: () => "192.0.2.1",
    isGone: () => false,
    log: (_, message) => logged.push(message),
  });
  const endpoint = new ProtocolEndpoint(dependencies, admission);
  const send = async (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) => {
    const sent = { authorization: `Bearer ${SERVER_KEY}`, "content-type": "text/plain", ...headers };
    const response = await endpoint.handle(new Request(URL, { method: "POST", body, headers: sent }), ROUTE);
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  return { endpoint, fixture, pushed, send, logged };
}

describe("a body is put into the queue", () => {
  test("as text, with its key, route and sender", async () => {
    const { pushed, send } = createStage();
    expect(await send("Grüße", { "user-agent": "probe/1", "idempotency-key": "i" })).toMatchObject({ status: 200 });
    expect(pushed).toMatchObject([
      {
        body: "Grüße",
        protocol: "loki",
        bytes: 7,
        apiKey: { name: "web shop", type: "server" },
        origin: null,
        route: "/plain?x=1",
        idempotencyKey: "i",
        sender: "192.0.2.1\nprobe/1",
      },
    ]);
  });

  test("as bytes, decompressed", async () => {
    const { pushed, send } = createStage();
    const body = Bun.gzipSync(new Uint8Array([0, 255, 1]));
    await send(body, { "content-type": "application/x-bytes", "content-encoding": "gzip" });
    expect(pushed).toMatchObject([{ body: new Uint8Array([0, 255, 1]), bytes: 3 }]);
  });
});

describe("the protocol answers", () => {
  test("with what the report says", async () => {
    const report = { dropped: [{ at: 1, reason: "too_old" }], operations: "ci" } as const;
    const { send } = createStage(() => ({ accepted: report }));
    expect(await send("x")).toMatchObject({ status: 200, text: "1 ci" });
  });

  test.each([
    ["unavailable", 503, "17"],
    [{ refused: "full", retryAfterSeconds: 5 }, 503, "5"],
    [{ refused: "too_large" }, 413, null],
    [{ refused: "malformed", problem: "It is cut off" }, 400, null],
    [{ refused: "rate", retryAfterSeconds: 3, debtMs: 0 }, 429, "3"],
    [{ refused: "too_many_entries" }, 413, null],
    [{ refused: "other_body" }, 422, null],
    [{ refused: "key_unknown" }, 401, null],
    ["set_aside", 500, null],
  ] as [BatchOutcome | PushRefusal, number, string | null][])("%j with %d", async (outcome, status, retryAfter) => {
    const { send } = createStage(() => outcome);
    const response = await send("x");
    expect([response.status, response.headers.get("retry-after"), response.headers.get("x-own")]).toEqual([
      status,
      retryAfter,
      "1",
    ]);
  });

  test("with what is wrong with a malformed body", async () => {
    const { send } = createStage(() => ({ refused: "malformed", problem: "It is cut off" }));
    expect((await send("x")).text).toBe("It is cut off");
  });

  test("500 without the text of an exception, which is logged", async () => {
    const { send, logged } = createStage(() => {
      throw new Error("secret");
    });
    expect(await send("x")).toMatchObject({ status: 500, text: "Internal error" });
    expect(logged).toEqual(["a batch could not be handled"]);
  });
});

describe("a body is not put into the queue", () => {
  test.each([
    ["without a key", { authorization: "" }, "x", 401],
    ["with a client key from another origin", { authorization: CLIENT_KEY, origin: OTHER_ORIGIN }, "x", 403],
    ["of an unknown type", { "content-type": "text/html" }, "x", 415],
    ["of an unknown coding", { "content-encoding": "lz4" }, "x", 415],
    ["that does not decompress", { "content-encoding": "gzip" }, "x", 400],
    ["that is too large", {}, "x".repeat(BODY_BYTES_MAX + 1), 413],
  ])("%s", async (_, headers, body, status) => {
    const { pushed, send } = createStage();
    expect((await send(body, headers)).status).toBe(status);
    expect(pushed).toEqual([]);
  });

  test("and not even read without a key", async () => {
    const { endpoint } = createStage();
    let pulls = 0;
    const body = new ReadableStream({
      pull(controller) {
        pulls++;
        controller.enqueue(new Uint8Array(1_000));
      },
    });
    const request = new Request(URL, { method: "POST", body });
    expect((await endpoint.handle(request, ROUTE)).status).toBe(401);
    expect(pulls).toBeLessThanOrEqual(1);
  });

  test("while its key is over its rate", async () => {
    const { pushed, send } = createStage(() => ({ refused: "rate", retryAfterSeconds: 3, debtMs: 3_000 }));
    const headers = { authorization: RATED_KEY };
    expect([(await send("x", headers)).status, (await send("x", headers)).status]).toEqual([429, 429]);
    expect(pushed).toHaveLength(1);
  });
});

describe("a page of an allowed origin", () => {
  test("can read every answer, the refusals too", async () => {
    const { send } = createStage();
    for (const authorization of [CLIENT_KEY, "unknown"]) {
      const { headers } = await send("x", { authorization, origin: ORIGIN });
      expect(headers.get("access-control-allow-origin")).toBe(ORIGIN);
    }
  });

  test("may send the key in a header", async () => {
    const { endpoint, fixture } = createStage();
    const [route] = protocolRoutes([ROUTE], endpoint, () => fixture.access);
    const headers = { origin: ORIGIN, "access-control-request-headers": "authorization,cookie,x-api-key" };
    const response = await route?.operations.OPTIONS?.handle(new Request(URL, { method: "OPTIONS", headers }));
    expect([response?.status, response?.headers.get("access-control-allow-headers")]).toEqual([
      204,
      "authorization, x-api-key",
    ]);
  });
});

test("paths without parameters are handed over directly", () => {
  const { endpoint } = createStage();
  expect(Object.keys(directPosts([ROUTE, { ...ROUTE, path: "/a/{b}" }], endpoint))).toEqual(["/plain"]);
});
