// The API client over a fake fetch: what is sent, what responses become, and when a query is retried.

import { describe, expect, test } from "bun:test";
import { Api, valuesPath } from "../../../../src/web/api/client.ts";

interface Sent {
  readonly path: string;
  readonly init: RequestInit;
}

/** Responses in their order; the last one again and again. */
function makeApi(...responses: (() => Response | Promise<Response>)[]) {
  const sent: Sent[] = [];
  const waits: number[] = [];
  const told: string[] = [];
  const api = new Api({
    fetch: async (path, init) => {
      sent.push({ path, init });
      const response = responses[Math.min(sent.length, responses.length) - 1];
      if (response === undefined) throw new Error("no response");
      return response();
    },
    wait: async (ms) => {
      waits.push(ms);
    },
    onResponse: () => told.push("response"),
  });
  return { api, sent, waits, told };
}

const json = (status: number, value: unknown, headers?: Record<string, string>) => () =>
  new Response(JSON.stringify(value), { status, ...(headers === undefined ? {} : { headers }) });

describe("a query", () => {
  test("is sent with its parameters, and its response is a value", async () => {
    const { api, sent, told } = makeApi(json(200, { entries: [], nextCursor: null }));
    const parameters = { project: "web shop", q: 'level:error "a&b"', from: undefined, cursor: "", limit: 50 };
    expect(await api.get("/api/v1/entries", parameters)).toEqual({
      ok: true,
      value: { entries: [], nextCursor: null },
    });
    expect(sent.map(({ path }) => path)).toEqual([
      "/api/v1/entries?project=web+shop&q=level%3Aerror+%22a%26b%22&limit=50",
    ]);
    expect(told).toEqual(["response"]);
  });

  test("about a field's values has the name in its path, escaped", () => {
    expect(valuesPath("metadata.a/b c")).toBe("/api/v1/fields/metadata.a%2Fb%20c/values");
    expect(valuesPath("metadata.\uD800")).toBe("/api/v1/fields/metadata.%EF%BF%BD/values");
  });

  test("of a busy server is retried: after the time it names, or longer each time", async () => {
    const busy = json(503, { message: "Too many queries wait" });
    const { api, waits } = makeApi(
      busy,
      json(503, {}, { "retry-after": "2" }),
      busy,
      json(200, { keys: [], obstacle: null }),
    );
    expect(await api.get("/api/v1/keys")).toEqual({ ok: true, value: { keys: [], obstacle: null } });
    expect(waits).toEqual([500, 2_000, 2_000]);
  });
});

describe("a query without a response", () => {
  test("of a server that asks for a longer wait than anybody looks at a page says so at once", async () => {
    const { api, sent, waits } = makeApi(
      json(503, { message: "cannot read from ClickHouse" }, { "retry-after": "15" }),
    );
    expect(await api.get("/api/v1/keys")).toEqual({
      ok: false,
      problem: { kind: "busy", status: 503, message: "cannot read from ClickHouse" },
    });
    expect([sent.length, waits]).toEqual([1, []]);
  });

  test("of a server that stays busy says so after four tries", async () => {
    const { api, sent, waits } = makeApi(json(503, { message: "Too many queries wait" }, { "retry-after": "5" }));
    expect(await api.get("/api/v1/keys")).toEqual({
      ok: false,
      problem: { kind: "busy", status: 503, message: "Too many queries wait" },
    });
    expect(sent.length).toBe(4);
    expect(waits).toEqual([5_000, 5_000, 5_000]);
  });

  test("says which member of a rule is wrong", async () => {
    const { api } = makeApi(json(422, { message: "expected a number", member: "above" }));
    expect(await api.change({ method: "POST", path: "/api/v1/alerts", body: {} })).toEqual({
      ok: false,
      problem: { kind: "refused", status: 422, message: "expected a number", member: "above" },
    });
  });

  test("with a wrong search says where", async () => {
    const { api, sent } = makeApi(json(400, { message: "expected a value", at: 6, length: 1 }));
    expect(await api.get("/api/v1/entries", { q: "level:" })).toEqual({
      ok: false,
      problem: { kind: "refused", status: 400, message: "expected a value", at: 6, length: 1 },
    });
    expect(sent.length).toBe(1);
  });

  test("because nobody is signed in ends the session", async () => {
    const { api, told } = makeApi(json(401, { message: "Admin token is missing" }));
    const outcome = await api.get("/api/v1/usage");
    expect(outcome).toEqual({
      ok: false,
      problem: { kind: "signed_out", status: 401, message: "Admin token is missing" },
    });
    expect(told).toEqual([]);
  });

  test("from a server that is not there is offline, and confirms no session", async () => {
    const { api, told } = makeApi(() => Promise.reject(new TypeError("fetch failed")));
    expect(await api.get("/api/v1/usage")).toMatchObject({ ok: false, problem: { kind: "offline", status: 0 } });
    expect(told).toEqual([]);
  });

  test("with an error that is no JSON shows no text of it", async () => {
    const { api } = makeApi(() => new Response("<html>bad gateway</html>", { status: 502 }));
    expect(await api.get("/api/v1/usage")).toEqual({
      ok: false,
      problem: { kind: "failed", status: 502, message: "The server responded with 502." },
    });
  });

  test("because it was aborted has the problem 'aborted', even while it waits for a retry", async () => {
    const aborted = new AbortController();
    const { api, sent } = makeApi(() => {
      aborted.abort();
      return json(503, {})();
    });
    expect(await api.get("/api/v1/usage", {}, aborted.signal)).toMatchObject({
      ok: false,
      problem: { kind: "aborted" },
    });
    expect(sent.length).toBe(1);
  });
});

describe("a change", () => {
  test("is sent as JSON, and a response without a body is undefined", async () => {
    const { api, sent } = makeApi(() => new Response(null, { status: 204 }));
    const body = { project: "shop", name: "api/orders" };
    expect(await api.change({ method: "POST", path: "/api/v1/touchpoints", body })).toEqual({
      ok: true,
      value: undefined,
    });
    expect(sent).toEqual([
      {
        path: "/api/v1/touchpoints",
        init: { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
      },
    ]);
  });

  test("is never sent twice, not even to a busy server", async () => {
    const { api, sent } = makeApi(json(503, { message: "later" }));
    expect(await api.change({ method: "POST", path: "/api/v1/erase", body: {} })).toEqual({
      ok: false,
      problem: { kind: "busy", status: 503, message: "later" },
    });
    expect(sent.length).toBe(1);
  });
});

describe("signing in", () => {
  test("sends the token once, in the body", async () => {
    const { api, sent } = makeApi(json(200, { secret: "s", expiresAt: 5 }));
    expect(await api.signIn("a-token")).toEqual({ ok: true, value: { secret: "s", expiresAt: 5 } });
    expect(sent.map(({ path, init }) => [path, init.method, init.body])).toEqual([
      ["/api/v1/session", "POST", '{"token":"a-token"}'],
    ]);
  });

  test("with a wrong token is a problem to show, not a session that ended", async () => {
    const { api, told } = makeApi(json(401, { message: "Admin token is wrong" }));
    expect(await api.signIn("x")).toMatchObject({ ok: false, problem: { message: "Admin token is wrong" } });
    expect(told).toEqual([]);
  });
});

describe("a download", () => {
  test("has a ticket for its very path and query", async () => {
    const { api, sent } = makeApi(json(200, { ticket: "a-ticket" }));
    const address = await api.downloadAddress("/api/v1/export", { q: "a b", from: "", format: "csv" });
    expect(address).toEqual({ ok: true, value: "/api/v1/export?q=a+b&format=csv&ticket=a-ticket" });
    expect(sent.map(({ path, init }) => [path, init.method, init.body])).toEqual([
      ["/api/v1/tickets", "POST", '{"target":"/api/v1/export?q=a+b&format=csv"}'],
    ]);
  });

  test("without a ticket has no address", async () => {
    const { api } = makeApi(json(401, { message: "Admin token is missing" }));
    expect(await api.downloadAddress("/api/v1/export", {})).toMatchObject({ ok: false });
  });
});
