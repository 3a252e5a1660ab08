import { describe, expect, test } from "bun:test";
import {
  BODY_BYTES_MAX,
  CLIENT_KEY,
  createFixture,
  ENQUEUE_URL,
  entries,
  ORIGIN,
  OTHER_ORIGIN,
  RATE,
  RATED_KEY,
  SERVER_KEY,
} from "../fixture.ts";

const BATCH = { key: CLIENT_KEY, source: "client", entries: [{ message: "hi" }] };

function preflight(headers: Record<string, string>): Promise<Response> {
  return createFixture().fetch(new Request(ENQUEUE_URL, { method: "OPTIONS", headers }));
}

/** Only what CORS adds. */
function corsOf({ headers }: Response): Record<string, string> {
  const isCors = (name: string) => name.startsWith("access-control-") || name === "vary";
  return Object.fromEntries([...headers].filter(([name]) => isCors(name)));
}

const READABLE = {
  "access-control-allow-origin": ORIGIN,
  "access-control-allow-credentials": "true",
  "access-control-expose-headers": "Retry-After",
  vary: "Origin",
};

describe("a preflight from an allowed origin", () => {
  const allowed = async (requested: string) =>
    (await preflight({ origin: ORIGIN, "access-control-request-headers": requested })).headers.get(
      "access-control-allow-headers",
    );

  test("is let in with every requested header but authorization and cookie", async () => {
    const requested =
      "Content-Type, X-Secret,sentry-trace , authorization,baggage,x-datadog-trace-id,newrelic,b3,COOKIE";
    const response = await preflight({
      origin: ORIGIN,
      "access-control-request-method": "POST",
      "access-control-request-headers": requested,
    });
    expect(response.status).toBe(204);
    expect(await response.text()).toBe("");
    expect(corsOf(response)).toEqual({
      "access-control-allow-origin": ORIGIN,
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": "content-type, x-secret, sentry-trace, baggage, x-datadog-trace-id, newrelic, b3",
      "access-control-allow-credentials": "true",
      "access-control-max-age": "7200",
      vary: "Origin, Access-Control-Request-Headers",
    });
  });

  test("is answered with names of headers only, and with 64 of them at most", async () => {
    expect(await allowed(`*, a b, x-a\t, "q", <script>, x@y, ${"n".repeat(101)}, , b3,b3`)).toBe("x-a, b3");
    expect(await allowed("authorization, Cookie")).toBeNull();
    const many = Array.from({ length: 1_000 }, (_, index) => `x-${index}`);
    expect(await allowed(many.join())).toBe(many.slice(0, 64).join(", "));
  });

  test("is let into a private network when it asks", async () => {
    const response = await preflight({ origin: ORIGIN, "access-control-request-private-network": "true" });
    expect(response.headers.get("access-control-allow-private-network")).toBe("true");
  });

  test("is let in for any client key's origin, echoed as it was written", async () => {
    const origin = OTHER_ORIGIN.replace("other", "OTHER");
    const response = await preflight({ origin });
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([204, origin]);
  });
});

describe("a preflight from elsewhere", () => {
  test.each([
    "https://evil.example",
    "null",
    `${ORIGIN}.evil.example`,
    `${ORIGIN}/`,
    `${ORIGIN}, ${ORIGIN}`,
    "x".repeat(400),
  ])("from %s is refused without CORS headers", async (origin) => {
    const response = await preflight({ origin, "access-control-request-private-network": "true" });
    expect(response.status).toBe(403);
    expect(corsOf(response)).toEqual({ vary: "Origin" });
  });

  test("without an origin is refused", async () => {
    expect((await preflight({})).status).toBe(403);
  });
});

describe("a page at an allowed origin can read every answer", () => {
  const bodies: [number, unknown, Record<string, string>][] = [
    [202, BATCH, {}],
    [400, "{", {}],
    [401, { ...BATCH, key: "ck_nobody" }, {}],
    [413, "x".repeat(BODY_BYTES_MAX + 1), {}],
    [415, BATCH, { "content-encoding": "nope" }],
    [422, { ...BATCH, entries: [] }, {}],
  ];
  test.each(bodies)("%d", async (status, body, headers) => {
    const response = await createFixture().post(body, { ...headers, origin: ORIGIN });
    expect([response.status, corsOf(response)]).toEqual([status, READABLE]);
  });

  test("403, at an origin that only another key allows", async () => {
    const response = await createFixture().post(BATCH, { origin: OTHER_ORIGIN });
    expect([response.status, corsOf(response)]).toEqual([
      403,
      { ...READABLE, "access-control-allow-origin": OTHER_ORIGIN },
    ]);
  });

  test("429 and 503, with how long to wait", async () => {
    const fixture = createFixture();
    const rated = { key: RATED_KEY, source: "server", entries: entries(RATE * 10) };
    await fixture.post(rated);
    const limited = await fixture.post(rated, { origin: ORIGIN });
    fixture.pushAnswer = () => ({ refused: "full", retryAfterSeconds: 4 });
    const full = await fixture.post(BATCH, { origin: ORIGIN });
    expect([limited.status, corsOf(limited)]).toEqual([429, READABLE]);
    expect([full.status, corsOf(full), full.headers.get("retry-after")]).toEqual([503, READABLE, "4"]);
  });
});

describe("nobody else can", () => {
  test("a page at an unknown origin gets no CORS headers, whatever its key", async () => {
    for (const key of [BATCH, { ...BATCH, key: SERVER_KEY, source: "server" }]) {
      const response = await createFixture().post(key, { origin: "https://evil.example" });
      expect(corsOf(response)).toEqual({ vary: "Origin" });
    }
  });

  test("an answer to no page has none", async () => {
    const response = await createFixture().post({ ...BATCH, key: SERVER_KEY, source: "server" });
    expect(corsOf(response)).toEqual({});
  });

  test("no other path has any", async () => {
    const fixture = createFixture();
    for (const path of ["/healthz", "/readyz", "/metrics", "/nowhere", "/api/v1"]) {
      for (const method of ["GET", "OPTIONS"]) {
        const request = new Request(`http://localhost:7070${path}`, { method, headers: { origin: ORIGIN } });
        expect(corsOf(await fixture.fetch(request))).toEqual({});
      }
    }
  });
});
