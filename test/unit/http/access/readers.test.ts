// Readers: what each operation needs, and what a reader of some projects is given.

import { describe, expect, test } from "bun:test";
import type { AlertsResponse } from "../../../../src/core/alert_responses.ts";
import { SESSIONS_MAX } from "../../../../src/core/limits.ts";
import type { ExportRequest, QueryRequest, TailRequest } from "../../../../src/core/queries.ts";
import { ADMIN, createFixture, type Fixture, outcome, sha256 } from "../fixture.ts";

const TOKEN = "the token of everything";
const SHOP_TOKEN = "the-token-of-the-shop";
const ALL_TOKEN = TOKEN.replaceAll(" ", "-");
const READERS = [
  { name: "grafana", tokenSha256: sha256(ALL_TOKEN), projects: undefined },
  { name: "shop team", tokenSha256: sha256(SHOP_TOKEN), projects: ["shop", "web"] },
] as const;
const SAME_ORIGIN = { "sec-fetch-site": "same-origin" };

function createReadersFixture(): Fixture {
  const fixture = createFixture();
  fixture.access = { ...fixture.access, readers: READERS };
  return fixture;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

function send(fixture: Fixture, method: string, path: string, headers: Record<string, string>, body?: unknown) {
  const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
  return fixture.fetch(new Request(`http://localhost:7070${path}`, init));
}

/**
 * What every operation of this server needs that is not open. A new operation is added here, once it is decided who may: "reader" for
 * what shows records or figures of projects, "admin" for what changes something or shows keys.
 */
const NEEDED: Readonly<Record<string, string>> = {
  "GET /metrics": "reader",
  "GET /api/v1/session": "reader",
  "DELETE /api/v1/session": "reader",
  "POST /api/v1/tickets": "reader",
  "GET /api/v1/alerts": "reader",
  "POST /api/v1/alerts": "admin",
  "PATCH /api/v1/alerts": "admin",
  "DELETE /api/v1/alerts": "admin",
  "POST /api/v1/alerts/preview": "admin",
  "GET /api/v1/alerts/history": "reader",
  "POST /api/v1/alerts/test": "admin",
  "POST /api/v1/alerts/mute": "admin",
  "GET /api/v1/entries": "reader",
  "GET /api/v1/trace": "reader",
  "GET /api/v1/histogram": "reader",
  "GET /api/v1/patterns": "reader",
  "GET /api/v1/markers": "reader",
  "GET /api/v1/breakdown": "reader",
  "GET /api/v1/fields": "reader",
  "GET /api/v1/fields/{name}/values": "reader",
  "GET /api/v1/timings": "reader",
  "GET /api/v1/timings/series": "reader",
  "GET /api/v1/timings/running": "reader",
  "GET /api/v1/touchpoints": "reader",
  "POST /api/v1/touchpoints": "admin",
  "POST /api/v1/touchpoints/seen": "admin",
  "PATCH /api/v1/touchpoints": "admin",
  "DELETE /api/v1/touchpoints": "admin",
  "GET /api/v1/usage": "reader",
  "GET /api/v1/rejections": "reader",
  "GET /api/v1/refusals": "admin",
  "GET /api/v1/keys": "admin",
  "POST /api/v1/keys": "admin",
  "PATCH /api/v1/keys": "admin",
  "DELETE /api/v1/keys": "admin",
  "GET /api/v1/status": "reader",
  "GET /api/v1/tail": "reader",
  "GET /api/v1/export": "reader",
  "POST /api/v1/erase": "admin",
  "GET /api/v1/views": "reader",
  "POST /api/v1/views": "admin",
  "PATCH /api/v1/views/{id}": "admin",
  "DELETE /api/v1/views/{id}": "admin",
};

const OPEN = ["GET /healthz", "GET /readyz", "POST /api/v1/session", "GET /openapi.json"];
/** Where batches are sent to, what its clients ask before, and the client library. */
const FOR_SENDERS = /^OPTIONS |^POST \/api\/v1\/enqueue$|^POST .*\/v1\/metrics$|^GET \/(?:elasticsearch|sdk)\//;

interface Described {
  readonly operationId: string;
  readonly security: readonly Readonly<Record<string, unknown>>[];
}

/** Every operation that is served, by method and path, with who may, from the description. */
async function describedOperations(fixture: Fixture): Promise<[name: string, access: string][]> {
  const { paths } = (await (await send(fixture, "GET", "/openapi.json", {})).json()) as {
    paths: Record<string, Record<string, Described>>;
  };
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { security }]): [string, string] => {
      const schemes = security.flatMap((one) => Object.keys(one));
      const access = schemes.includes("readerToken") ? "reader" : schemes.includes("adminToken") ? "admin" : "";
      return [`${method.toUpperCase()} ${path}`, access || (schemes.includes("apiKey") ? "sender" : "open")];
    }),
  );
}

/** A request that each check before the handler's own lets through, as far as it needs no body. */
const addressOf = (path: string) =>
  path.replace("{name}", "level").replace("{id}", "1").replace("trace", "trace?key=k");

describe("every operation", () => {
  test("says who may, as this list has it", async () => {
    const described = await describedOperations(createReadersFixture());
    const needed = described.filter(([, access]) => access === "reader" || access === "admin");
    expect(Object.fromEntries(needed)).toEqual(NEEDED);
    const open = described.filter(([name, access]) => access === "open" && !FOR_SENDERS.test(name));
    expect(open.map(([name]) => name)).toEqual(OPEN);
  });

  test("that only the admin may is refused to each reader, before anything else is looked at", async () => {
    const fixture = createReadersFixture();
    const admins = (await describedOperations(fixture)).filter(([, access]) => access === "admin");
    expect(admins.length).toBeGreaterThan(5);
    for (const [name] of admins) {
      const [method = "", path = ""] = name.split(" ");
      for (const [reader, token] of [
        ["grafana", ALL_TOKEN],
        ["shop team", SHOP_TOKEN],
      ] as const) {
        const response = await send(fixture, method, `${addressOf(path)}?unknown=1`, bearer(token));
        expect([name, ...(await outcome(response))]).toEqual([
          name,
          403,
          { message: `${reader} may only read: this needs the admin token` },
        ]);
      }
    }
    expect(fixture.readers.asked).toEqual([]);
    expect(fixture.readers.changed).toEqual([]);
  });

  test("that a reader may is answered to one of all projects", async () => {
    const fixture = createReadersFixture();
    for (const [name, access] of await describedOperations(fixture)) {
      const [method = "", path = ""] = name.split(" ");
      if (access !== "reader" || method !== "GET") continue;
      const response = await send(fixture, method, addressOf(path), bearer(ALL_TOKEN));
      expect([name, response.status]).toEqual([name, 200]);
      await response.body?.cancel();
    }
    expect(fixture.readers.asked.filter((request) => "visible" in request)).toEqual([]);
  });

  test("runs its queries for a reader of some projects with exactly these", async () => {
    const fixture = createReadersFixture();
    for (const [name, access] of await describedOperations(fixture)) {
      const [method = "", path = ""] = name.split(" ");
      if (access !== "reader" || method !== "GET" || path === "/metrics") continue;
      const response = await send(fixture, method, addressOf(path), bearer(SHOP_TOKEN));
      // The history of alerts is records of a project that is not theirs.
      expect([name, response.status]).toEqual([name, path === "/api/v1/alerts/history" ? 403 : 200]);
      await response.body?.cancel();
    }
    expect(fixture.readers.asked.length).toBeGreaterThan(10);
    for (const request of fixture.readers.asked) expect(request.visible).toEqual(["shop", "web"]);
  });

  test("that takes a project refuses one that is not the reader's, whether or not there is one", async () => {
    const fixture = createReadersFixture();
    for (const [name, access] of await describedOperations(fixture)) {
      const [method = "", path = ""] = name.split(" ");
      if (access !== "reader" || method !== "GET") continue;
      const address = addressOf(path);
      const response = await send(
        fixture,
        method,
        `${address}${address.includes("?") ? "&" : "?"}project=other`,
        bearer(SHOP_TOKEN),
      );
      // 400: it takes no project.
      expect([name, response.status]).toEqual([name, path === "/metrics" || response.status === 403 ? 403 : 400]);
    }
    expect(fixture.readers.asked).toEqual([]);
  });

  test("answers 401 to a wrong token, and to a reader who is gone", async () => {
    const fixture = createReadersFixture();
    for (const [name, access] of await describedOperations(fixture)) {
      const [method = "", path = ""] = name.split(" ");
      if (access !== "reader" && access !== "admin") continue;
      expect([name, (await send(fixture, method, addressOf(path), {})).status]).toEqual([name, 401]);
    }
    fixture.access = { ...fixture.access, readers: READERS.slice(0, 1) };
    expect((await send(fixture, "GET", "/api/v1/usage", bearer(SHOP_TOKEN))).status).toBe(401);
    expect((await send(fixture, "GET", "/api/v1/usage", bearer(ALL_TOKEN))).status).toBe(200);
  });
});

describe("a reader of some projects", () => {
  test("sees the alert rules over these, without the names of other projects and destinations", async () => {
    const answer = await send(createReadersFixture(), "GET", "/api/v1/alerts", bearer(SHOP_TOKEN));
    const { rules, destinations } = (await answer.json()) as AlertsResponse;
    expect([rules.map(({ name }) => name), destinations]).toEqual([["errors"], []]);
    expect(rules[0]?.problem).toBe("It refers to what the configuration does not have");
  });

  test("asks for one of theirs, and gets it narrowed as well", async () => {
    const fixture = createReadersFixture();
    await send(fixture, "GET", "/api/v1/entries?project=web", bearer(SHOP_TOKEN));
    const [asked] = fixture.readers.asked as Extract<QueryRequest, { kind: "entries" }>[];
    expect([asked?.scope.project, asked?.visible]).toEqual(["web", ["shop", "web"]]);
  });

  test.each(["/api/v1/tail?project=other", "/api/v1/export?project=other", "/api/v1/rejections?project=other"])(
    "is refused %s with the projects that they may read",
    async (path) => {
      const fixture = createReadersFixture();
      expect(await outcome(await send(fixture, "GET", path, bearer(SHOP_TOKEN)))).toEqual([
        403,
        { message: 'shop team may not read project "other", only: shop, web' },
      ]);
    },
  );

  test("sees no sums over all projects", async () => {
    const fixture = createReadersFixture();
    const [status, body] = await outcome(await send(fixture, "GET", "/api/v1/status", bearer(SHOP_TOKEN)));
    expect([status, body]).toEqual([200, expect.objectContaining({ ready: true, entries: null, storage: null })]);
    expect((await send(fixture, "GET", "/metrics", bearer(SHOP_TOKEN))).status).toBe(403);
    fixture.access = { ...fixture.access, metricsOpen: true };
    expect((await send(fixture, "GET", "/metrics", bearer(SHOP_TOKEN))).status).toBe(200);
  });

  test("downloads with a ticket what they may read, and nothing else", async () => {
    const fixture = createReadersFixture();
    const ticketOf = async (target: string) => {
      const response = await send(fixture, "POST", "/api/v1/tickets", bearer(SHOP_TOKEN), { target });
      return ((await response.json()) as { ticket: string }).ticket;
    };
    const ticket = await ticketOf("/api/v1/export");
    expect((await send(fixture, "GET", `/api/v1/export?ticket=${ticket}`, {})).status).toBe(200);
    const [asked] = fixture.readers.asked as (ExportRequest | TailRequest)[];
    expect(asked?.visible).toEqual(["shop", "web"]);
    const other = await ticketOf("/api/v1/export?project=other");
    expect((await send(fixture, "GET", `/api/v1/export?project=other&ticket=${other}`, {})).status).toBe(403);
  });
});

interface Halves extends Record<string, string> {
  readonly cookie: string;
}

async function signIn(fixture: Fixture, token: string): Promise<Halves> {
  const response = await send(fixture, "POST", "/api/v1/session", SAME_ORIGIN, { token });
  expect(response.status).toBe(200);
  const { secret } = (await response.json()) as { secret: string };
  const cookie = response.headers.get("set-cookie")?.split(";")[0] ?? "";
  return { ...SAME_ORIGIN, cookie, "simplelogs-session": secret };
}

describe("a reader's session", () => {
  test("says who it is, as a token does", async () => {
    const fixture = createReadersFixture();
    const shop = { name: "shop team", isAdmin: false, projects: ["shop", "web"] };
    const whose = async (headers: Record<string, string>) =>
      (await outcome(await send(fixture, "GET", "/api/v1/session", headers)))[1];
    expect(await whose(await signIn(fixture, SHOP_TOKEN))).toEqual(shop);
    expect(await whose(bearer(SHOP_TOKEN))).toEqual(shop);
    expect(await whose(bearer(ALL_TOKEN))).toEqual({ name: "grafana", isAdmin: false, projects: null });
    expect(await whose(ADMIN)).toEqual({ name: "admin", isAdmin: true, projects: null });
  });

  test("may read, may not change anything, and signs out", async () => {
    const fixture = createReadersFixture();
    const session = await signIn(fixture, SHOP_TOKEN);
    expect((await send(fixture, "GET", "/api/v1/entries", session)).status).toBe(200);
    expect((await send(fixture, "POST", "/api/v1/erase", session, { project: "shop" })).status).toBe(403);
    expect((await send(fixture, "DELETE", "/api/v1/session", session)).status).toBe(204);
    expect((await send(fixture, "GET", "/api/v1/entries", session)).status).toBe(401);
  });

  test("outlives a restart, and ends with the reader or with another token; others stay", async () => {
    const fixture = createReadersFixture();
    const [shop, all] = [await signIn(fixture, SHOP_TOKEN), await signIn(fixture, ALL_TOKEN)];
    const again = createFixture(fixture.keptSessions);
    again.access = { ...again.access, readers: READERS };
    const ask = async (headers: Record<string, string>) => (await send(again, "GET", "/api/v1/usage", headers)).status;
    expect([await ask(shop), await ask(all)]).toEqual([200, 200]);
    const changed = { ...READERS[1], tokenSha256: sha256("another token of theirs") };
    again.access = { ...again.access, readers: [READERS[0], changed] };
    expect([await ask(shop), await ask(all)]).toEqual([401, 200]);
    again.access = { ...again.access, readers: [] };
    expect(await ask(all)).toBe(401);
  });

  test("is one of the reader's own when there are too many: nobody else's makes room", async () => {
    const fixture = createReadersFixture();
    const admin = await signIn(fixture, ADMIN.authorization.slice("Bearer ".length));
    for (let at = 0; at < SESSIONS_MAX; at++) await signIn(fixture, SHOP_TOKEN);
    expect((await send(fixture, "GET", "/api/v1/usage", admin)).status).toBe(200);
  });
});

test("readers read where there is no admin token, and nobody changes anything", async () => {
  const fixture = createReadersFixture();
  fixture.access = { ...fixture.access, adminTokenSha256: undefined };
  expect((await send(fixture, "GET", "/api/v1/usage", bearer(ALL_TOKEN))).status).toBe(200);
  expect((await send(fixture, "GET", "/api/v1/keys", bearer(ALL_TOKEN))).status).toBe(403);
  expect((await send(fixture, "GET", "/api/v1/usage", ADMIN)).status).toBe(401);
});
